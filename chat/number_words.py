"""Words for numbers and months in the interface's languages, as `folded` writes them: lower case, plain Latin."""

from __future__ import annotations

from ingestion.index import tokens

_ENGLISH = """
two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty
"""
_GERMAN = """
zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn
neunzehn zwanzig
"""
_SERBIAN = """
dva tri četiri pet šest sedam osam devet deset jedanaest dvanaest trinaest četrnaest petnaest šesnaest sedamnaest
osamnaest devetnaest dvadeset
"""
_ARABIC = (
    "اثنان اثنين اثنتان اثنتين اثنا اثني اثنتا اثنتي",
    "ثلاثة ثلاث",
    "أربعة أربع اربعة اربع",
    "خمسة خمس",
    "ستة ست",
    "سبعة سبع",
    "ثمانية ثماني ثمان",
    "تسعة تسع",
    "عشرة عشر",
)
_ARABIC_TENS = (
    "عشرون عشرين",
    "ثلاثون ثلاثين",
    "أربعون أربعين اربعون اربعين",
    "خمسون خمسين",
    "ستون ستين",
    "سبعون سبعين",
    "ثمانون ثمانين",
    "تسعون تسعين",
)
_MONTHS = (
    "january jan januar jänner januara januaru sijecanj sijecnja يناير",
    "february feb februar februara februaru veljaca veljace فبراير شباط",
    "march mar märz marta martu ozujak ozujka مارس آذار",
    "april apr aprila aprilu travanj travnja أبريل إبريل ابريل نيسان",
    "may mai maj maja maju svibanj svibnja مايو أيار",
    "june jun juni juna junu lipanj lipnja يونيو يونيه حزيران",
    "july jul juli jula julu srpanj srpnja يوليو يوليه تموز",
    "august aug avgust avgusta avgustu kolovoz kolovoza أغسطس اغسطس آب",
    "september sep sept septembar septembra septembru rujan rujna سبتمبر أيلول",
    "october oct oktober okt oktobar oktobra oktobru listopad listopada أكتوبر اكتوبر",
    "november nov novembar novembra novembru studeni studenog نوفمبر",
    "december dec dezember dez decembar decembra decembru prosinac prosinca ديسمبر",
)


def folded(word: str) -> str:
    """The word as the lexical index has it, without stemming: case, accents and Serbian scripts make no difference."""
    return "".join(tokens.terms(word, ""))


def _counted(words: str) -> dict[str, int]:
    return {folded(word): number for number, word in enumerate(words.split(), 2)}


def _tens(words: str) -> dict[str, int]:
    return {folded(word): 10 * number for number, word in enumerate(words.split(), 3)}


def _german() -> dict[str, int]:
    ones, tens = _counted(_GERMAN), _tens("dreißig vierzig fünfzig sechzig siebzig achtzig neunzig") | {"zwanzig": 20}
    digits = {word: number for word, number in ones.items() if number < 10} | {"ein": 1}
    below = ones | tens | {f"{one}und{ten}": a + b for one, a in digits.items() for ten, b in tens.items()}
    hundreds = {f"{one}hundert": 100 * number for one, number in digits.items()}
    behind = below | {"eins": 1, "": 0}
    whole = {f"{ten}{word}": a + b for ten, a in (hundreds | {"hundert": 100}).items() for word, b in behind.items()}
    thousands = {f"{word}tausend": 1000 * number for word, number in (below | {"ein": 1}).items()}
    del whole["hundert"]  # alone it multiplies the number before it, as in "2 hundert"
    return below | whole | thousands


def _arabic() -> dict[str, int]:
    """Two words are joined, as `folded` joins them: fifteen is "five ten", and twenty-five "five and-twenty"."""
    ones = {word: number for number, words in enumerate(_ARABIC, 2) for word in words.split()}
    tens = {word: 10 * number for number, words in enumerate(_ARABIC_TENS, 2) for word in words.split()}
    first = {word: number for word, number in ones.items() if number < 10}
    teens = {f"{word} {ten}": 10 + number for word, number in first.items() for ten in ("عشر", "عشرة")}
    elevens = {"أحد عشر": 11, "إحدى عشرة": 11, "احد عشر": 11, "احدى عشرة": 11}
    with_one = first | dict.fromkeys(("واحد", "واحدة", "إحدى", "أحد"), 1)
    together = {f"{word} و{ten}": a + b for word, a in with_one.items() for ten, b in tens.items()}
    return {folded(word): number for word, number in (ones | tens | teens | elevens | together).items()}


NUMBERS: dict[str, dict[str, int]] = {
    "en": _counted(_ENGLISH) | _tens("thirty forty fifty sixty seventy eighty ninety"),
    "de": _german(),
    "ar": _arabic(),
    "sr": _counted(_SERBIAN)
    | _tens("trideset četrdeset pedeset šezdeset sedamdeset osamdeset devedeset")
    | {"dve": 2, "dvije": 2, "sto": 100, "dvesta": 200, "trista": 300, "dvoje": 2, "troje": 3},
}
"""Language -> word -> number. One is not among them: "one" and "ein" are more often no number."""
IN_TWO_WORDS = frozenset({"ar"})
"""Languages with numbers below a hundred that are two words, the second of which is no number, or another one."""
ONES = frozenset({"واحد", "واحدة", "one", "eins", "ein", "eine", "einen", "jedan", "jedna", "jedno"})
JOINERS = frozenset({"i", "и"})
"""Between tens and ones, as in "dvadeset i pet"."""
SCALES = {
    "hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "hundert": 10**2, "tausend": 10**3, "millionen": 10**6, "milliarden": 10**9, "milliarde": 10**9,
    "stotine": 10**2, "stotina": 10**2, "hiljada": 10**3, "hiljade": 10**3, "hiljadu": 10**3, "tisuca": 10**3,
    "miliona": 10**6, "milion": 10**6, "milijuna": 10**6, "milijardi": 10**9, "milijarde": 10**9,
    "milijarda": 10**9, "milioni": 10**6, "milijun": 10**6, "milijuni": 10**6, "billionen": 10**12,
    "k": 10**3, "tsd": 10**3, "mio": 10**6, "mil": 10**6, "mrd": 10**9, "mlrd": 10**9, "bn": 10**9,
    "ألف": 10**3, "ألفا": 10**3, "آلاف": 10**3, "مليون": 10**6, "مليونا": 10**6, "ملايين": 10**6,
    "مليار": 10**9, "مليارا": 10**9, "مليارات": 10**9,
}  # fmt: skip
"""Words and abbreviations that multiply the number before them."""
MONTHS = {folded(name): number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
AMBIGUOUS_MONTHS = frozenset(
    {"may", "march", "mar", "jan", "mai", "maja", "maju", "sep", "dez", "marta", "avgust", "مارس"}
)
"""They are other words or names, too, so that they are months beside a number only, …"""
CAPITAL_MONTHS = frozenset({"May", "March"})
"""… or where they are written so and begin no sentence."""
