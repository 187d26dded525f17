"""Words that a question is put together with. They say nothing about what it asks for, but the interrogatives among
them are rare in documents, so that BM25 would take them for telling.

They are left out of questions only: the index holds every word, and a list can change without building it anew. No
list has a word in it that is also a common noun of its language. Measured in docs/adr/0003-lexical-search.md, except
for Arabic's.
"""

from __future__ import annotations

_ENGLISH = """
a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my not of
on or our shall should so such than that the their them then there these they this those to was we were what when
where which while who whom whose why will with would you your
"""
_GERMAN = """
aber als am an auch auf aus bei bin bis da damit dann das dass dem den denn der des die dies diese diesem diesen
dieser dieses dir doch du durch ein eine einem einen einer eines er es für gibt haben hat hatte ich ihr im in ist kann
kannst können man mein mich mir mit muss nach nicht noch oder sehr sich sie sind so soll über um und uns unter vom von
vor wann war waren warum was weil welche welchem welchen welcher welches wem wen wenn wer werden wessen wie wieso wird
wo wodurch woher wohin worden wurde wurden zu zum zur
"""
_SERBIAN = """
a ako ali bez bi bih bila bile bili bilo bio biti čega čemu čija čije čiji da do dok ga gde gdje god i ih ili im ima
iz ja je jedan jedna jedno jer jesam jesi jest jeste jesu jesmo joj još kad kada kako kakav kakva kakve kakvi kakvo ko
koga koja koje kojeg kojem koji kojih kojim kojima kojoj koju koliko kome kuda li me mene mi može možemo mogu moj moja
moje na nad ne neka neke neki neko nego ni nije nisu njega njegov njen njih njihov njoj o od odakle on ona one oni ono
ova ovaj ove ovi ovo pa po pod pre pri prije s sa se smo ste su šta što ta taj te ti tim to toga tome tu u uz već za
zašto cega cemu cija cije ciji gde jos moze mozemo sta vec zasto а ако али без би бих била биле били било био бити
чега чему чија чије чији да до док га где гдје год и их или им има из ја је један једна једно јер јесам јеси јест
јесте јесу јесмо јој још кад када како какав каква какве какви какво ко кога која које којег којем који којих којим
којима којој коју колико коме куда ли ме мене ми може можемо могу мој моја моје на над не нека неке неки неко него ни
није нису њега његов њен њих њихов њој о од одакле он она оне они оно ова овај ове ови ово па по под пре при прије с
са се смо сте су шта што та тај те ти тим то тога томе ту у уз већ за зашто
"""
_SPANISH = """
a al algún alguna algunas algunos antes como cómo con cuál cuáles cuándo cuando cuánta cuántas cuánto cuántos de del
desde donde dónde el él ella ellas ellos en entre era eran es esa esas ese eso esos esta está estaba están estas este
esto estos fue fueron ha había han hay la las le les lo los más me mi muy no nos o para pero por porque que qué quién
quiénes se ser si sí sin sobre son su sus también te tiene tienen tu un una unas uno unos y ya yo
"""
_FRENCH = """
a à au aux avec c ce ces cet cette combien comme comment d dans de des du elle elles en est et étaient était été être
eu fait il ils j je l la le les leur leurs lequel laquelle lesquels lesquelles lui m ma mais mes n ne nos notre nous
on ont où ou par pas pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se ses si son sont sur t
ta te tes ton tu un une vos votre vous y
"""
_ITALIAN = """
a ad ai al alla alle allo anche c che chi ci come con cosa cui d da dai dal dalla dalle dei del della delle dello di
dove e è ed era erano fu furono gli ha hai hanno ho i il in io l la le lo ma mi nei nel nella nelle non o per perché
più quale quali quando quanta quante quanti quanto se si sia siano sono su sua sue sui sul sulla suo suoi ti tra tu un
una uno
"""
_RUSSIAN = """
а без более бы был была были было быть в вам вас во все вы где да для до его ее её ей если есть еще ещё же за и из или
им их к как какая какие каким каких какого какое какой каком какую когда ко кого кому которая которое которого которой
которую которые который которых кто куда ли между меня мне можно мой мы на над нас не него нет ни но ну о об от откуда
он она они оно от по под почему при с сколько со так также такой там то того тоже той только том ты у уже чего чей чем
что чтобы чья чьё эта эти это этого этой этом этот я
"""
_ARABIC = """
أن أو أي أية إلى إن إنه إنها أين التي الذي الذين الى ان انه او اي اين بأن بأي بكم بين به بها بهذا بهذه تلك ثم ذلك على
عليه عليها عن عند عندما فما في فيه فيها قد كان كانت كم كما كيف لا لأن لكن لكي لكم لم لماذا لن له لها ليس ليست ما ماذا
متى مع من منه منها مما نحن هذا هذان هذه هل هم هنا هناك هو هي وإن وأن وفي وكم وكيف وما ومتى ومن وهل وهو وهي يا
"""

QUESTION_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(_ENGLISH.split()),
    "de": frozenset(_GERMAN.split()),
    "sr": frozenset(_SERBIAN.split()),
    "hr": frozenset(_SERBIAN.split()),
    "bs": frozenset(_SERBIAN.split()),
    "es": frozenset(_SPANISH.split()),
    "fr": frozenset(_FRENCH.split()),
    "it": frozenset(_ITALIAN.split()),
    "ru": frozenset(_RUSSIAN.split()),
    "ar": frozenset(_ARABIC.split()),
}
"""ISO 639-1 code -> words in lower case with their accents; Serbian in both scripts, and also as typed without them."""
