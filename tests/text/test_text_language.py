"""Another language is told only where it is sure: many English texts that must never be refused, and some others."""

from __future__ import annotations

import re

import pytest

from limbeck.text import foreign_words, function_words
from limbeck.text.language import NAMES, READ_CHARACTERS, foreign, names, speaks_for

PHRASES = """
C'est la vie!|Well, c'est la vie.|Das Boot|Der Untergang is a masterpiece.|La La Land|La Dolce Vita
Les Misérables|De La Soul|Los Angeles|Vincent van Gogh|Oscar de la Hoya vs Miguel de la Torre|El Niño
It has that je ne sais quoi.|Je ne sais quoi|That je ne sais quoi!|Que sera, sera|Hasta la vista, baby
Mamma mia!|Merci!|Danke!|gracias amigo|muy caliente lol|no bueno|déjà vu|bon appétit|café au lait|crème brûlée
Beyoncé|Almodóvar's Todo sobre mi madre|Y tu mamá también rocks|Amélie|an energy to Y Tu Mamá También
Como agua para chocolate is great|La vita è bella is my favourite|Ursula von der Leyen
Pan's Labyrinth (El laberinto del fauno)|Jean-Claude Van Damme|Robert De Niro|Leonardo da Vinci
José María de la Cruz|Maria do Carmo dos Santos|Guillermo del Toro|Björk|Sigur Rós|Mötley Crüe|Häagen-Dazs
Thích Nhất Hạnh|Nguyễn Văn Minh|Ang Lee|Place de la Concorde|Real Madrid vs. Atlético de Madrid|Unter den Linden
Universidad Nacional Autónoma de México|raison d'être|São Paulo|Buenos Aires|Tour de France|Cinco de Mayo
Día de los Muertos|chili con carne|pico de gallo|coq au vin|por favor|sans serif|tout court|faux pas|en route
et al.|ad hoc|Carpe diem|Schadenfreude|über-cool|Vorsprung durch Technik|al dente|Così fan tutte|O sole mio
Eine kleine Nachtmusik|el cheapo|no problemo|mais oui|oh la la|très chic|merci beaucoup|hola|olé|sehr gut
bel canto|cosa nostra|persona non grata|status quo|Hakuna Matata|Feng shui|La vie en rose|Despacito|femme fatale
"""
SHORT = """
lol|omg|meh|gr8 film m8|luv it|soooo goooood|nooooo|idk|smh|tbh|af|sus af|bruh|yas queen|no cap|ok|k|nah|yep|ily
hmm|haha|xD|a|I|u|Good|Bad|Fine.|not bad|so so|Terrible|Excellent|Horrible|Super|Top|Mega|Film|Hotel|Die Hard
Die Another Day|Am I in it?|is it on?|was it so?|so it was|on me|me too|no|no no no|no, no, no!|nope|so bad
an ad|as if|or not|to do|do it|In a van|tot|men at war|man, oh man|an all-star|bra too small|gift|My son|fast
Gut feeling|I was in Die Hard|will he come|we are in|@jean_de_la_rue thanks|#DasIstGut yes
https://www.elpais.com/la-vida-es-un-carnaval|5/5 would buy|zero stars|A+|n/a|naïve|façade|résumé|Pokémon
jalapeño|ｗｏｗ|𝓵𝓸𝓿𝓮 it|¯\\_(ツ)_/¯|ʕ•ᴥ•ʔ|(´・ω・`)|5 μm gap|π|α male|ok ок|Phở|bánh mì|I loved 千と千尋の神隠し
Spirited Away (千と千尋の神隠し)|Привет! That was great|Kudos to Дмитрий for the help|東京 was fun
"""
OTHERS = {
    "German": [
        "Das Essen war leider kalt und der Kellner unfreundlich.",
        "Das Essen war schrecklich.",
        "Der Akku hält keinen Tag.",
    ],
    "French": [
        "Le service était très lent et la nourriture froide.",
        "Ce film est nul.",
        "Je ne recommande pas ce produit.",
    ],
    "Spanish": [
        "La comida estaba fría y el servicio fue muy lento.",
        "muy buena calidad, llegó rápido",
        "No me gusta nada este producto.",
    ],
    "Italian": ["Il cibo era freddo e il servizio lento.", "Un film bellissimo, mi è piaciuto molto."],
    "Portuguese": ["A comida estava fria e o atendimento foi muito lento.", "Não recomendo este produto."],
    "Dutch": ["Het eten was koud en de bediening traag.", "Niet goed, na een week al kapot."],
    "Swedish": ["Maten var kall och servicen långsam.", "Jag är mycket besviken på den här produkten."],
    "Danish": ["Maden var kold og betjeningen langsom.", "Jeg er meget skuffet over dette produkt."],
    "Norwegian": ["Jeg er veldig skuffet over dette produktet."],
    "Finnish": ["Tämä elokuva oli todella hyvä.", "Ruoka oli kylmää ja palvelu hidasta."],
    "Polish": ["Bardzo dobry film, polecam każdemu.", "Jedzenie było zimne, a obsługa powolna."],
    "Czech": ["Jídlo bylo studené a obsluha pomalá."],
    "Slovak": ["Veľmi dobrý film, páčil sa mi."],
    "Hungarian": ["Nagyon jó film, nekem tetszett.", "Az étel hideg volt és a kiszolgálás lassú."],
    "Romanian": ["Un film foarte bun, mi-a plăcut mult."],
    "Catalan": ["Aquesta pel·lícula és molt bona, però massa llarga."],
    "Croatian": ["Ovo nije ono što sam očekivao."],
    "Turkish": ["Yemek soğuktu ve servis çok yavaştı.", "Çok güzel bir film, tavsiye ederim."],
    "Indonesian": ["Film ini sangat bagus, saya suka sekali."],
    "Vietnamese": ["Phim này rất hay, tôi rất thích."],
    "Tagalog": ["Ang ganda ng pelikula, nagustuhan ko talaga."],
    "Swahili": ["Chakula kilikuwa kizuri sana lakini huduma ni mbaya."],
    "Cyrillic": ["Очень скучный фильм.", "Не работает!", "Я люблю iPhone"],
    "Chinese": ["这部电影很好看", "好", "iPhone 很好"],
    "Japanese": ["とても面白かった", "映画は最高でした"],
    "Korean": ["이 영화 정말 재미있어요"],
    "Arabic": ["الطعام كان باردا"],
    "Hebrew": ["האוכל היה קר"],
    "Greek": ["Το φαγητό ήταν κρύο"],
    "Thai": ["อาหารเย็นชืด"],
    "Devanagari": ["खाना ठंडा था"],
    "Tamil": ["அருமையான படம்"],
    "Georgian": ["ძალიან კარგი"],
}
LISTED = {code: words.split() for code, words in foreign_words.WORDS.items()}


@pytest.mark.parametrize("text", [text for line in (PHRASES + SHORT).split("\n") for text in line.split("|") if text])
def test_english_is_never_refused(text: str) -> None:
    assert foreign(text, is_whole=lambda _: False) == ""  # however odd its words look to the tokenizer


@pytest.mark.parametrize(("language", "text"), [(name, text) for name, texts in OTHERS.items() for text in texts])
def test_another_language_is_named(language: str, text: str) -> None:
    assert language in foreign(text)


def test_a_foreign_sentence_among_english_ones_is_no_reason() -> None:
    text = "She said: das Essen war leider kalt und der Kellner unfreundlich. I did not agree, the food was good."
    assert foreign(text) == ""
    assert (
        foreign("das Essen war leider kalt und der Kellner sehr unfreundlich, nicht wahr, und das ist nicht gut " * 3)
        == "German"
    )


@pytest.mark.parametrize("code", LISTED)
def test_a_language_that_the_model_reads_is_not_refused(code: str) -> None:
    name = next(name for name in OTHERS if name in NAMES[code])
    for text in OTHERS[name]:
        assert NAMES[code] not in foreign(text, ("en", code))
    assert foreign(OTHERS[name][0], (code,)) == ""


def test_alphabets_of_the_models_languages_are_not_refused() -> None:
    assert foreign("Очень скучный фильм.", ("en", "ru")) == ""
    assert foreign("映画は最高でした", ("ja",)) == ""
    assert foreign("映画は最高でした", ("zh",)) == "Japanese"
    assert foreign("Очень скучный фильм.", ("en", "xx")) == ""  # who knows what xx is written in


def test_odd_words_tip_the_scales_and_only_few_are_asked() -> None:
    asked: list[str] = []

    def is_whole(word: str) -> bool:
        asked.append(word)
        return False

    text = "Recomiendo la " + " ".join(f"xyz{'q' * n}" for n in range(30))
    assert foreign("Recomiendo la mezquita grancosa") == ""
    assert foreign("Recomiendo la mezquita grancosa", is_whole=lambda _: False) == "Spanish"
    foreign(text, is_whole=is_whole)
    assert len(asked) == 8
    asked.clear()
    foreign("The food was good and the staff were kind, so I will come again.", is_whole=is_whole)
    assert not asked


def test_only_the_beginning_is_looked_at() -> None:
    english = "The food was good. " * (READ_CHARACTERS // 19 + 1)
    assert foreign(english + "Das Essen war leider kalt. " * 1000) == ""
    assert foreign("x" * 10_000_000) == ""


def test_the_lists_are_what_they_say() -> None:
    word = re.compile(r"[^\W\d_]+(?:['·-][^\W\d_]+)*")
    used = {entry for entries in LISTED.values() for entry in entries}
    assert set(LISTED) | {"en"} == set(NAMES)
    assert not used & function_words.ENGLISH and not used & function_words.SHARED.keys()
    assert not function_words.ENGLISH & function_words.SHARED.keys()
    assert used >= function_words.WEAK
    for entries in (*LISTED.values(), function_words.ENGLISH, function_words.SHARED):
        assert all(entry == entry.lower() and word.fullmatch(entry) for entry in entries)
    assert all(len(entries) == len(set(entries)) for entries in LISTED.values())
    assert all(code in LISTED for codes in function_words.SHARED.values() for code in codes.split())


def test_names_of_languages() -> None:
    assert (names(["en"]), names(["en", "de"]), names(["en", "fr", "ru"])) == (
        "English",
        "English and German",
        "English, French and ru",
    )


def test_what_speaks_for_a_language() -> None:
    assert speaks_for("the room was cold and the soup was not", ("en",)) is True
    assert speaks_for("这部电影 很 好看 我 很 喜欢 它", ("en",)) is False
    assert speaks_for("lovely room", ("en",)) is None
    assert speaks_for("http://the.com/and @this #was you the", ("en",)) is None  # names, and one word
    assert speaks_for("the room was cold and the soup was not", ("xx",)) is None


def test_words_that_english_has_too_speak_against_another_language() -> None:
    # three German words; beside them three that are frequent in English and not in German, or that no list has
    assert foreign("nicht auch sehr we by at") == ""
    assert foreign("nicht auch sehr xylo yurt zorb") == "German"
