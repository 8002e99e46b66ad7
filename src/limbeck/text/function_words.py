"""Frequent English words, by which English texts are told from others, and words that tell less than they seem to.

Written down for this purpose, with an eye to reviews and messages.
"""

from __future__ import annotations

_ENGLISH = """
    about acting actually after again against ago ain't almost also although always amazing and another any anyone
    anything are aren't around arrived ask asked ass away awesome awful back bad beautiful because been before beginning
    being believe best better big bit book books boring both bought boy bro broke broken but buy buying call called came
    can't cannot cant character characters cheap child children come comes coming could could've couldn't couldnt crazy
    customer damn day days did didn't didnt disappointed disappointing disappointment does doesn't doesnt doing don't
    done dont down dude dull dumb during each easy end ending enjoy enjoyable enjoyed enough even ever every everybody
    everyone everything expected expecting fact family feel feeling feels felt few find finds first food found friend
    friends from fuck fucking fun funny gave get gets getting girl give given gives go god goes going gone gonna good
    got gotta great guy guys hadn't half happy hard has hasn't hate hated hates have haven't having he he's help here
    here's herself highly him himself his hope hour hours house how how's however i'd i'll i'm i've if into isn't isnt
    it it's item its itself ive just keep keeps kept kid kids kinda knew know known knows large last left let's life
    like liked likes little lol look looked looking looks lot lots love loved lovely loves loving made make makes making
    many may maybe might mine money month more morning most movie movies much must my myself need needed needs never new
    next nice night nobody not nothing now of off often okay omg once only other our out own people phone picture play
    played plays please poor poorly pretty price probably put quality quick quite rated rather rating really reason
    recommend recommended recommends refund return returned review reviews right room sad said same saw say says school
    screen see seeing seem seemed seems seen she she's shit short should should've shouldn't showed shown shows since
    slow small some somebody someone something sometimes sorry sorta start started still stories stuff stupid such sure
    take taken takes tell tells than thank thanks that that's the their them themselves then there there's these they
    they're they've thing things think thinks this those though thought three through time times today together told
    tomorrow too took tried true try trying two ugly until up us use used uses using very wanna want wanted wants wasn't
    wasnt waste wasted watch watched watching way ways we'll we're we've weird well went were weren't what what's when
    where which while who who's whole whom whose why wish with within without woman women won't wonderful wont work
    worked working works world worse worst worth would would've wouldn't wouldnt wow wrong yeah year years yes yesterday
    yet you you'll you're you've your yours yourself that'd it'll there'll everyone's nothing's instead somewhere
    anywhere everywhere cuz thats whats theres heres youre theyre thx pls plz ur throughout between among along above
    below behind beside towards toward whether unless except despite due able unable become became becomes fell fall
    falls lost lose losing leave leaves leaving run runs running ran bring brings brought sound sounds sounded taste
    tastes tasted smell smells warm early late later soon strong young full empty free different difficult interesting
    interested entertaining predictable annoying annoyed disgusting useless pointless terribly badly nicely easily
    simply hardly nearly exactly completely absolutely totally definitely certainly truly especially usually recently
    finally already anyway ought shall dead alive she'd he'd they'd we'd you'd who'd rocks sucks rules kills slaps owns
    bores disappoints delivers excels shines fails drags masterpiece classics overrated underrated brilliant hilarious
    gorgeous stunning trash garbage crap favourite favorite directed starring sequel song songs game games season
    soundtrack performances performance lead leads remains stays turns captures explores follows offers lacks written
    filmed edited dated flawed moving touching gripping thrilling heartbreaking laugh laughed laughing cry cried smile
    forget forgot remember understand understood one can least far less playing mean black death sense city read job
    live father white country either heart else killed mind wife low head audience government evil several hit mother
    power close others glad lives killer murder kill living heard dark guess taking body happened news south piece
    talking town fire thinking perhaps fight saying experience middle tries starts alone named lack rights future
    brother eyes win happen girls unfortunately blood attempt interest deal baby pay writer near likely business
    relationship fear daughter eat earth husband parents third overall tale obvious imagine talk writing huge view voice
    expect supposed happens mostly seriously move means reading student students extremely luck ones common effort
    particularly members scary rock boys feature office straight giving agree meant street ultimately died ends share
    deep energy save strange forced outside realize king involved upon literally sister church joke battle inside break
    clear sweet none meet obviously silly ok haha ridiculous honest honestly basically whatever somewhat usual decent
    quickly beyond clearly
"""
_WEAK = """
    ab aber actores ada adore af agar ai aika aime aina ak akhir aki aku algo ali alku alla alle als ama amb ami ang anh
    ans apa argent atau att au aus av avant awal ay az azi ba bara baru batterie beaucoup bei bella bello bem ben bien
    bin bis bitte bo boa boken bol bom bon bona bord bu buat buenos buku bun ca cada cara caro carte ce cel chambre che
    cher chez chi cho chose ci co contre cosa così credo creo cu cui cuisine da dal dan dann dar dari das dat de deci
    dei del della delle dem den denne der des det dette di dia dias dice dich dico dir dit doar doch doet dos du dua dus
    duur déjà e ea eben ei ein el ela ele eles elke elle els em en ende entre erg es est et eu euch excelente ez fare
    fin fra freundlich fut får gaan ganda geld genial gick ging grande grandes gusto gut gå gì gör göra hai hakuna halt
    han har hari hasta hatten heb heel hele helt hen heute hi hieno hier hindi ho hogy hos hoy hun hän ieder ihm ihn
    ihre il ile inga ini io itt ja jag jam je jelek jen jest jij jour juuri kald kali kall kamera kami kamu kan kao kasi
    kata katastrof katastrofa kaya ke keer kell ki kila kim kinh kita kitap kleine kleinen ko koko kold kom komen kto
    kunde kung la laden lagi lahat lang lange las lat le lei len lento les liian lo loppu loro los lu lui lustig ma mag
    mai mais mal mam mana mange marche mare mas masa masih massa mat mau mañana mea med meg meine meno menos mer merci
    mes mesa mest meu mga mi mi-a mia mig mimi min mio mir mit mitt moc moet molt mon monde mucho mundo na nada nagy nam
    nao nasa nay ne ne-a neko nel nem nett ng nhất ni noi non nos notre nova novi novo nu nye o ob ober od oda og ole
    oleh oli om ona oni ono ont onu op ora ore ori os ou oui paket pakket paquete para pas passé pe personne peu pia
    plat plusieurs po por pot pour poze prima prix puta que quel quelle quoi qué rece rien rok rom sa saa sai sais sale
    sam sana sans sao sarà satu sau saya se seg sei sein seine selbst sen sera servis sett si sig sila ska skal smo soba
    sobre som sommige sous spora ste stesso sto su suis suka sul sunt superbe sur sus säga ta tag tage tahu tant tanto
    tarde te tel telefon telefono telefonul teléfono temps thích ti tiga tijd til timer todo ton tous tout tra tror tu
    tutte tutti ty um uma un una uns uur uusi v va var varje ve ved ver vers vet veux vez vi vies vill vind visto voir
    volt voltam vont vor vu vår wa waar waren wat weer welk wer werd wil wo wy y ya yang z za zaman zou zu ça év über ő
"""

ENGLISH = frozenset(_ENGLISH.split())
"""Words that speak for English and for none of the languages in :data:`limbeck.text.foreign_words.WORDS`."""

SHARED = {
    "a": "es pt it hu ro ca cs sk pl hr fr",
    "all": "de sv",
    "am": "de ro",
    "an": "de",
    "as": "pt fr",
    "at": "da no",
    "be": "ro",
    "by": "sk cs pl da sv no",
    "die": "de nl",
    "do": "pt pl cs sk hr",
    "for": "da no",
    "had": "nl",
    "hat": "de",
    "her": "tr nl da no",
    "hem": "nl tr",
    "i": "it pl sv da no hr ca",
    "im": "de",
    "in": "de it nl ro",
    "is": "nl hu",
    "man": "de nl sv da no",
    "me": "es pt fr it nl hr fi",
    "men": "sv da no nl",
    "met": "nl",
    "no": "es it pt ca",
    "on": "fr fi tr pl cs hr",
    "or": "fr it ro ca",
    "over": "nl da no",
    "per": "it ca",
    "so": "de da no",
    "son": "es fr",
    "to": "pl cs sk da hr",
    "under": "sv da no",
    "war": "de",
    "was": "de nl",
    "we": "nl pl",
    "will": "de",
    "con": "es it",
    "pro": "cs",
    "sin": "es",
    "hay": "es vi",
    "male": "it",
    "dove": "it",
    "era": "it es pt ro",
    "van": "nl hu",
    "ten": "pl cs",
    "ale": "pl cs sk",
    "mint": "hu",
    "din": "ro sv da",
    "bra": "sv no",
    "tot": "nl ca ro",
    "ha": "it es sv ca hu",
    "ser": "es pt",
}
"""Words that are frequent in English and, as it happens, in the languages of these codes too."""

WEAK = frozenset(_WEAK.split())
"""Words of other languages that say little by themselves: English names, phrases and abbreviations are full of them."""
