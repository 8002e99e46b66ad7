"""Frequent words of some languages that are written in Latin letters, by which their texts are told apart.

Written down for this purpose, with an eye to reviews and messages; words that English uses as its own stand in no list.
"""

from __future__ import annotations

WORDS = {
    "de": """
        und nicht ist ein eine einen einem einer eines sich auf für mit auch dass daß wenn wie nur noch nach bei aus
        sehr schon wird werden wurde kann können haben habe hatte sind ich wir ihr mir mich uns kein keine alles nichts
        immer wieder mehr viel gut gute guter schlecht schlechte schön leider einfach zum zur vom über oder weil doch
        diese dieser dieses jetzt ganz gibt macht essen schmeckt hier aber nie gewesen bitte unbedingt das den dem der
        des zu als bis dann du sein diesem buch keinen keiner begeistert enttäuscht lieferung qualität empfehlen
        empfehle gerne langweilig preis geld zeit nochmal zimmer hält geht wäre hätte waren hatten selbst denn etwas
        besser teuer lecker lange sogar dafür davon deshalb trotzdem vielen wirklich eigentlich keinem ihre seine meine
        unser bin ab nochmals schade kaputt gekauft bestellt heute gutes starken starke schlechter passt perfekt farbe
        einmal würde besuchen sie ihnen euch dich dir ihm ihn ob bevor während gegen ohne unter zwischen seit trotz
        statt jeder jede jedes jeden alle allem einige manche welche welcher niemand jemand mal halt eben eher gerade
        genau natürlich vielleicht bestimmt absolut ganzes kleine kleinen großen große neue neuen alte erste ersten
        letzte tag tage stunde jahr jahre leute mensch menschen kunde bedienung laden frühstück sauber freundlich
        unfreundlich nett netten tolle tolles schrecklich furchtbar grausam wunderbar herrlich lustig traurig müde kommt
        kam kommen gekommen ging gegangen gemacht gesehen gelesen gefallen gefällt gegessen funktioniert defekt finde
        fand weiß wusste sagen sagt wollte wollen soll sollte muss müssen musste darf lassen lässt bleibt bekommt
        bekommen schauspieler handlung ende anfang geschichte paket daran darauf dabei dazu wieso warum wo wer
    """,
    "fr": """
        nous vous ils elles une sont était c'est n'est j'ai qu'il qu'on d'un d'une l'on s'est n'a n'ai j'aime dans avec
        mais où très trop toute tous toutes cette cela ça sans même aussi être avoir faire jamais rien parce ses leur
        notre votre oui bonne mauvais mauvaise déçu déçue beaucoup histoire qualité je qui est-ce sur pour les tout fois
        déjà après livre repas le la des est et un en ne pas ce peu bon bien nul merci ma ta du de ou recommande produit
        chaque soirée lente froid froide nourriture prix argent temps moins assez vraiment jour livraison ennuyeux
        dommage acheter acheté achat quand quelle quel ici nos mes ton leurs depuis pendant chez donc alors avant
        toujours personne chose étaient c'était j'avais j'étais qu'elle passé batterie font mal couleur plaît acteurs
        bons bonnes retournerai restaurant répond semaines parfait deux il elle se lui y eux mon celui celle ceux quoi
        quels quelles tel plusieurs aucun aucune certains autre autres mêmes tant tellement plutôt presque surtout
        seulement ensuite enfin bientôt hier aujourd'hui demain maintenant ainsi puis si lorsque puisque sous vers entre
        contre sauf selon ai ont avait avais avons avez suis es sommes êtes serait sera fut soit peut peux peuvent veux
        veut voulait doit faut fallait va vais vont allez venu vu lu mangé trouvé trouve pense crois sais sait dit voir
        aime aimé adore adoré déteste conseille marche fonctionne arrivé arrivée colis téléphone appareil serveur
        accueil cuisine plat plats hôtel chambre propre sale bruyant cher chère superbe génial géniale nulle fin début
        personnages monde gens ans année heure heures l'histoire l'hôtel l'acteur n'y s'il d'accord
    """,
    "es": """
        qué pero más muy está esta este sobre también tambien había hasta desde donde cuando todos porque fue tiene
        nunca siempre bueno buena malo mala mejor peor película pelicula comida servicio lugar calidad gusta gustó gusto
        encanta encantó estoy somos años aquí ahora algo hacer hace dinero tiempo como una por es para lo nada mucho
        mucha ese eso esto sus les nos tú él el la los las de que y en un se su si te tu mi mas todo bien na libro
        aburrido aburrida demasiado excelente producto recomiendo precio tarde lento lenta frío fría vuelvo volver llegó
        rápido estaba estaban fueron gente cada otra otro otros mismo misma entre pesar menos casi así entonces sólo
        nadie ninguna habitación pésimo malísimo genial divertida divertido ni zapatos color semanas responde perfecto
        recomendada volvería restaurante dos buenos buenas ellos ellas nosotros usted ustedes nuestro nuestra cual
        cuales quien quienes cuyo cuánto aunque mientras según contra durante tras bajo pues luego después antes ayer
        hoy mañana allí allá poco poca pocos muchos muchas todas cierto algún alguna algunos ningún han hemos haya sido
        siendo estado eran fueran será sería puede puedo pueden podía quiero quiere debe debería voy va vamos vino visto
        leído comido dice dicen digo creo sé sabe ver decir parece quedó quedé llega recomendable recomendado teléfono
        cámara paquete dañado camarero mesa limpia sucio sucia ruido caro cara barato hermosa hermoso precioso preciosa
        maravillosa maravilloso aburre principio actores personajes historia mundo hora horas días vez veces nuevo nueva
        grandes
    """,
    "it": """
        è sono gli una questo questa quello quella molto anche più perché perche quando stato stata essere fatto buono
        buona cattivo bellissimo bellissima brutto pessimo ottimo ottima tutto niente sempre troppo libro grazie degli
        nel nella dello delle che del della dal cosa così ancora dopo senza mia mio suo fare il lo la le di e un non da
        ma si se ho hai mi ci bella bello tutti alla dei cibo servizio freddo lento prodotto consiglio comprare comprate
        prezzo arrivato piaciuto noioso soldi sul alle agli ogni loro nostro vostro qualità però già lì qui ora fatta
        tanto meno bel ottimi ottime piace colore scarpe settimane perfetto ristorante tornerei io tu lui lei noi ti vi
        chi cui quale quali quanto quanta quanti qualche alcuni alcune nessuno nessuna tutte tutta stesso stessa poi
        prima durante contro verso tra fra entro sotto sopra mentre perciò quindi oppure invece infatti forse appena
        davvero oggi ieri domani adesso allora siamo siete sei erano sarà sarebbe abbiamo avete hanno avevo aveva posso
        può possono voglio vuole devo deve vado va andiamo andato venuto visto letto mangiato dice dico credo sa vedere
        sembra consigliato telefono fotocamera pacco danneggiato cameriere tavolo piatto piatti albergo pulita sporco
        caro costoso fantastico meraviglioso bellissime bellissimi noiosa orribile inizio attori personaggi storia mondo
        gente anni ore volta volte nuovo nuova grande pessima c'è c'era dell'hotel l'albergo un'ora nell'insieme
    """,
    "pt": """
        não muito muita também você voce isso mesmo já até sempre tudo gostei adorei filme produto quando meu minha pelo
        pela é são está foi mais como que uma para por às péssimo ótimo ruim melhor pior ele ela seu sua tinha aqui nada
        esse essa nunca porque qualidade o os de da dos das na um e mas nao em se comida atendimento livro recomendo
        preço dinheiro chegou comprar lento fria chato então depois antes cada outro outra mesma pois bem maravilhoso
        ótima boa bom ficou gente coisa nem quem onde este esta isto há sapatos cor semanas perfeito duas restaurante
        voltaria ótimos ótimas bons nós vocês eles elas lhe nosso nossa qual quais quanto embora enquanto segundo contra
        durante desde sobre ontem hoje amanhã ali lá assim tão pouco pouca poucos muitos muitas todos todas todo toda
        algum alguma nenhum têm temos tinham sido sendo estado estava estavam eram será seria pode posso podem quero
        quer deve vou vai vão veio visto lido comido diz dizem digo acho sei sabe ver dizer parece chega recomendável
        celular câmera lindas lindo pacote danificado garçom mesa prato quarto limpo sujo barulho caro barata
        maravilhosa chata início atores personagens história mundo anos hora horas dia dias vez vezes novo nova grande
        grandes
    """,
    "nl": """
        het een ik niet zijn voor aan maar ook bij uit wel naar heeft hebben wordt worden hij zij wij mijn geen veel
        goed goede slecht slechte mooi lekker erg deze omdat altijd nooit alles niets toch leuk gewoon beetje helaas dat
        kan wat nog om als eten de en je te op dan heb ben boek blij dit prachtige prachtig genoten bediening koud saai
        jammer waar zonder zeker kapot aanrader geld tijd weer hier daar echt vond eens zeer tegen dus na haar zal moet
        gaat kunnen zou kom heel eerste koop gekocht hen ons onze jullie jij wie welke welk iedere ieder iedereen iemand
        niemand elke enkele sommige alle allemaal meer meest minder zoals terwijl toen nu straks gisteren vandaag morgen
        vaak soms misschien bijna ongeveer tussen tijdens volgens sinds hadden waren geweest werd werden konden wil
        willen mag mogen gaan ging komen kwam gekomen gezien gelezen gegeten gekregen krijgt doet doen vind vindt denk
        weet zeggen zei lijkt blijft werkt beschadigd pakket telefoon foto's maakt mooie ober tafel kamer schoon vies
        duur goedkoop geweldig geweldige prima vreselijk verschrikkelijk einde verhaal acteurs mensen jaar jaren uur
        keer nieuwe grote kleine
    """,
    "sv": """
        och är på för inte ett så från mycket dålig dåligt filmen också när efter bara vara eller aldrig väldigt tycker
        hela denna detta jag att det som har mig kan skulle bättre maten en ni om de vi var av med besviken skrattade
        tiden underbar tråkig kall mat boken köpa här där dem sig blir blev få alltid helt kommer ganska hos utan vill
        ska måste långsam starka gillar färgen skorna han oss deras min mitt mina ditt vår våra vem vilken vilket varje
        någon något några ingen inget inga alla allt mer mest mindre än eftersom medan då nu igår idag imorgon ofta
        ibland kanske nästan mellan hade varit blivit kunde ville gå gick komma kom sett läst ätit fått får gör göra
        gjorde tyckte tror vet säga sa verkar fungerar paketet telefon bilder kameran servitören bord hotellet smutsigt
        dyrt billigt fantastisk fantastiskt hemsk katastrof slutet början historien skådespelarna människor år timme
        gånger nya stora
    """,
    "da": """
        ikke jeg på meget dårlig også fra efter være blev når hvor hvad filmen denne ingen noget eller havde bliver
        aldrig og det af til som har kan skal bedre maden en et med vi den mig skuffet dette hele tiden kold langsom
        betjeningen bogen kedelig købe blive sig lidt helt altid gode dejlig vidunderlig uden mange nogle var hun han os
        jer deres min mit vores hvem hvilken hver nogen ingenting mest mindre fordi mens da nu igår idag ofte måske
        næsten mellem siden været blevet kunne ville skulle måtte gå gik komme kom læst spist fået får gør gøre gjorde
        synes tror ved sige virker pakken telefon billeder tjeneren bord værelse hotellet beskidt dyrt billigt
        fantastisk forfærdelig katastrofe slutningen historien skuespillerne mennesker år timer gange nye
    """,
    "no": """
        ikke jeg på veldig ble også å hva hvor mye noe være når etter denne filmen dårlig eller hadde ingen skulle og
        det av til som har kan skal bedre maten en et med vi mig skuffet dette hele tiden kald treg betjeningen boken
        kjedelig kjøpe bli seg litt helt alltid uten mange noen var hun han oss dere deres min mitt vår våre hvem
        hvilken hver ingenting mer mest mindre enn fordi mens da nå igår idag ofte kanskje nesten mellom siden vært
        blitt kunne ville måtte gå gikk komme kom sett spist fått får gjør gjøre gjorde synes tror vet si virker pakken
        telefon bilder servitøren bord rom hotellet skittent dyrt billig forferdelig katastrofe slutten historien
        skuespillerne mennesker år timer ganger nye
    """,
    "fi": """
        että mutta kun niin hän tämä mitä joka ovat myös kuin minä minun hyvä huono todella erittäin elokuva paljon sitä
        mikä olen ollut vielä siitä ihan ei oli ole ja ruoka kaikki aina se ne te palvelu kirja pidä tästä tylsä kylmää
        hidasta liian hyvin nähnyt juuri sekä koska jotka tuote olisi sen tuli pitää suosittelen enää huonoa hyvää minua
        sinä sinun hänen meidän meitä teidän heidän kuka mikään joku jokin jotain kukaan kaikkia enemmän vähän hieman
        melko aika kuitenkin vaikka koko taas nyt eilen tänään huomenna usein joskus ehkä lähes ilman kanssa jälkeen
        ennen asti emme ette eivät en et olivat ollaan tehdä tekee teki menee meni tulee saa saapui sai näin luin söin
        pidin tykkään luulen tiedän sanoa näyttää toimii paketti puhelin kamera tarjoilija pöytä huone hotelli likainen
        kallis halpa hieno upea ihana kamala katastrofi loppu alku tarina näyttelijät ihmiset vuosi tunti kertaa uusi
        suuri koskaan lainkaan
    """,
    "pl": """
        nie się że jest jak tak bardzo dla już był była było są tego tylko przez mnie może czy dobry dobra dobre zły
        słaby słaba polecam dobrze wszystko oraz który która którzy gdy jedzenie bo po od za na ze też z co mi ma je o
        obsługa powolna zimne każdemu nudny nudna książka pokój więcej trochę zawsze nigdy ani gdzie kiedy jednak więc
        ponieważ sobie można został jakość czas produkt naprawdę świetny świetna buty kolor podoba ja ty ona wy oni mój
        moja moje twój nasz nasza nas nam wam ich jego jej kto jaki jaka jakie każdy każda wszyscy nikt ktoś coś mniej
        najbardziej także albo lub jeśli gdyby choć podczas przed nad między bez teraz wczoraj dziś jutro często czasem
        prawie dość zbyt mam masz mamy miał miała być będzie byłem byłam byli mogę możesz chcę chce musi muszę idę
        poszedł przyszedł przyszła widziałem widziałam czytałem jadłem dostałem robi zrobił myślę wiem mówi wygląda
        działa dotarła przesyłka paczka telefon aparat zdjęcia kelner stół brudny drogi tani piękne piękny wspaniały
        okropny katastrofa koniec początek historia aktorzy ludzie rok lat godzinę razy nowy duży
    """,
    "cs": """
        že jsem není jako byl bylo byla velmi dobrý dobré špatný špatné už jsou tak mě tento nebo který když jsme
        strašně dobře také být všechno jen na je se jídlo moc nic v za si co obsluha pomalá studené líbil nedoporučuji
        doporučuji týdnu po kniha nudný pokoj více ještě vždy nikdy kde protože mezi která které bych kvalita výborný
        skvělý boty barva nelíbí líbí já ty ona vy oni můj moje tvůj náš naše nás nám jeho její kdo jaký jaká každý
        všichni nikdo někdo něco méně nejvíce taky jestli ačkoliv během před nad bez teď včera dnes zítra často někdy
        skoro docela příliš mám máme měl měla bude budou byli mohu můžu chci chce musí jdu šel přišel přišla viděl četl
        jedl dostal dělá udělal myslím vím říká vypadá funguje balík telefon foťák fotky číšník stůl špinavý drahý levný
        krásné krásný hrozný katastrofa konec začátek příběh herci lidé rok hodinu krát nový velký
    """,
    "sk": """
        nie veľmi bol ako tak sú už čo sa že ktorý alebo dobrý dobré zlý zlé všetko iba som je na len jedlo v za si
        obsluha pomalá studené páčil odporúčam kniha nudný izba viac ešte vždy nikdy kde pretože medzi ktorá ktoré mi
        bolo kvalita výborný ja ty ona vy oni môj moja moje náš naša nás nám ich jeho jej kto aký aká každý všetci nikto
        niekto niečo menej najviac tiež ak hoci počas pred nad bez teraz včera dnes zajtra často niekedy skoro dosť
        príliš mám máme mal mala bude budú boli môžem chcem musí idem prišiel prišla videl čítal jedol dostal robí
        myslím viem vyzerá funguje balík telefón čašník stôl špinavý drahý lacný krásny hrozný katastrofa koniec príbeh
        herci ľudia rok rokov hodinu krát nový veľký
    """,
    "hu": """
        és nem hogy egy csak nagyon jó rossz már még minden szerintem azt ezt nincs tetszett nekem volt az ez vagy kell
        lesz étel könyv meg itt aki ami ki de hideg lassú kiszolgálás ajánlom minőség unalmas szoba több mindig soha
        ahol mert között amely voltam lehet jól pedig után előtt annyira sajnos ezek azok cipő színe sem tetszik én te ő
        mi ti ők engem téged őt minket nekünk neki nekik amit milyen mindenki senki valaki valami kevés kevesebb bár
        közben tegnap ma holnap gyakran néha talán majdnem elég túl vagyok vagyunk voltunk voltak lett leszek tud tudok
        akar akarok megy ment jött láttam olvastam ettem kaptam csinál gondolom tudom mond látszik működik csomag
        telefon kamera képek pincér asztal koszos drága olcsó szép gyönyörű csodálatos szörnyű katasztrófa vége eleje
        történet színészek emberek év óra órán alkalommal új nagy többet sose nélkül miatt
    """,
    "ro": """
        și şi este că sunt foarte rău fost pentru să acest această filmul nimic deci într sau când îmi nu cu mai mult
        dar cea bună mâncarea prost pe de la un ca ai se bun rece lentă servirea plăcut recomand produs carte
        plictisitor cameră mereu niciodată unde între fără doar dacă atât cel după aveți calitate mă nu-mi culoarea
        pantofii eu tu el ea noi ei ele meu mea mei noastră nostru nostri cine ce fiecare toți toate nimeni cineva ceva
        puțin multe încă deși timp înainte acum ieri azi mâine adesea poate aproape destul prea avem au avea eram erau
        va vor pot vreau vrea trebuie merg mers venit văzut citit mâncat primit făcut știu spune pare funcționează
        pachetul telefonul poze chelnerul masa murdar scump ieftin frumos frumoasă minunat oribil dezastru sfârșit
        început povestea actori oameni ani oră ori nou nouă mare ne-a mi-a
    """,
    "ca": """
        és amb els aquest aquesta però bé són també més pel·lícula molt una que les el la de un en del menjar servei
        llibre massa llarga aquests aquestes quan sempre mai perquè hi està bona bon vaig només altre
    """,
    "hr": """
        nije što šta ili vrlo jako dobar dobra loš loša ovo ovaj sve nema koji koja već još je na za da kao bilo hrana
        samo ali se su sam hladna usluga spora bila očekivao preporuke knjiga dosadan soba više uvijek uvek nikad gdje
        gde zato jer između koje kvaliteta ono ova nakon ja ti ona mi vi oni moj moja moje tvoj naš naša nas nam ih
        njegov njena tko ko kakav svaki svi nitko niko netko neko nešto manje najviše također takođe ako iako tijekom
        prije bez sada jučer juče danas sutra često ponekad možda skoro dosta previše ima imamo bili smo ste će biće
        mogu želim hoću moram idem otišao došao došla vidio čitao jeo dobio radi mislim znam kaže izgleda paket telefon
        konobar sto prljav skup jeftin lijepo lepo lijep odličan grozno katastrofa kraj početak priča glumci ljudi
        godina puta novi veliki
    """,
    "tr": """
        bir çok için değil gibi daha yok şey güzel kötü iyi hiç filmi olarak oldu sonra şu böyle bana beni tavsiye
        ederim ürün aldım yemek kadar bu ve ama var ben olan da de ile ne en sen ki mi o yavaştı soğuktu servis
        beğenmedim beğendim kitap oda sıkıcı fiyat kalite para zaman fakat çünkü ancak sadece bunu onu bizim sizin
        gerçekten kesinlikle berbat harika lezzetli artık önce göre rengini ayakkabı sıkıyor siz onlar benim senin onun
        bize sana ona kim hangi herkes kimse birçok biraz az fazla ya veya ise eğer rağmen sırasında şimdi dün bugün
        yarın bazen belki neredeyse oldukça vardı yoktu oldum olur olacak ediyor etti eder edin geldi gelmedi gitti
        gittim gördüm okudum yedim aldık yapıyor yaptı düşünüyorum biliyorum diyor görünüyor çalışıyor çalışmıyor paket
        hasarlı telefon kamera kamerası fotoğraf garson masa otel kirli pahalı ucuz muhteşem korkunç felaket sonu başı
        hikaye oyuncular insanlar yıl saat kez yeni büyük asla tam bizi sizi
    """,
    "id": """
        ini itu dengan untuk tidak dari dalam akan pada juga saya bisa sangat bagus buruk sudah tapi karena lebih banyak
        mereka filmnya enak sekali yang dan ada tak di ke makanan makanannya dingin pelayanan pelayanannya lambat suka
        produk buku kamar harga kualitas atau oleh tersebut kita bagi agar tetapi belum masih selalu aku kamu anda dia
        siapa apa mana bagaimana kenapa semua setiap bukan jangan jika kalau meskipun ketika sebelum setelah sekarang
        kemarin hari besok sering mungkin hampir cukup terlalu paling telah pernah harus ingin mau dapat pergi datang
        kembali lagi lihat baca makan minum beli membeli buat kata pikir tahu kelihatan berfungsi paket rusak telepon
        kamera pelayan meja kotor mahal murah indah cantik hebat luar biasa jelek bencana akhir awal cerita aktor orang
        tahun jam kali baru besar selama satu dua tiga
    """,
    "vi": """
        là và của không có được này một rất người những với tôi phim các đã để thì mà nhưng đó ở như quá tốt đẹp cho món
        ăn nguội phục vụ chậm thích nên mua chất lượng tệ giá nhà hàng hơn lại đi vào khi nếu vì chỉ nó anh chị em bạn
        họ chúng mình ai gì nào sao mỗi mọi hết cả cũng đều hoặc tuy trước sau bây giờ hôm qua nay mai thường thể gần
        hơi nhất đang sẽ phải muốn đến về xem đọc uống làm nói nghĩ biết thấy bao quay tiếng suốt phòng bàn khách sạn
        bẩn đắt rẻ tuyệt vời dở chán kinh khủng cuối đầu chuyện diễn viên năm lần mới lớn
    """,
    "tl": """
        mga siya ako naman yung maganda talaga nila pero hindi ang ng sa na ko wala lang kung ba ay pelikula serbisyo
        nagustuhan masarap sila kami kasi dahil para lahat sobra pagkain kaya nito nasa ganda
    """,
    "sw": """
        kwa katika hii lakini kama nzuri mbaya yangu watu sana ni wa hakuna na ya huduma chakula filamu wote kitabu yake
        zaidi pia hiyo hizi kila mimi
    """,
}
"""Code of a language -> words that are frequent in it, separated by blanks."""
