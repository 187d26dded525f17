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
_MONTHS = (
    "january jan januar jänner januara januaru sijecanj sijecnja",
    "february feb februar februara februaru veljaca veljace",
    "march mar märz marta martu ozujak ozujka",
    "april apr aprila aprilu travanj travnja",
    "may mai maja maju svibanj svibnja",
    "june jun juni juna junu lipanj lipnja",
    "july jul juli jula julu srpanj srpnja",
    "august aug avgust avgusta avgustu kolovoz kolovoza",
    "september sep sept septembar septembra septembru rujan rujna",
    "october oct oktober okt oktobar oktobra oktobru listopad listopada",
    "november nov novembar novembra novembru studeni studenog",
    "december dec dezember dez decembar decembra decembru prosinac prosinca",
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
    together = {f"{one}und{ten}": a + b for one, a in digits.items() for ten, b in tens.items()}
    return ones | tens | together


NUMBERS: dict[str, dict[str, int]] = {
    "en": _counted(_ENGLISH) | _tens("thirty forty fifty sixty seventy eighty ninety"),
    "de": _german(),
    "sr": _counted(_SERBIAN)
    | _tens("trideset četrdeset pedeset šezdeset sedamdeset osamdeset devedeset")
    | {"dve": 2, "dvije": 2, "sto": 100, "dvesta": 200, "trista": 300, "dvoje": 2, "troje": 3},
}
"""Language -> word -> number. One is not among them: "one" and "ein" are more often no number."""
ONES = frozenset({"one", "eins", "ein", "eine", "einen", "jedan", "jedna", "jedno"})
SCALES = {
    "hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "hundert": 10**2, "tausend": 10**3, "millionen": 10**6, "milliarden": 10**9, "milliarde": 10**9,
    "stotine": 10**2, "stotina": 10**2, "hiljada": 10**3, "hiljade": 10**3, "hiljadu": 10**3, "tisuca": 10**3,
    "miliona": 10**6, "milion": 10**6, "milijuna": 10**6, "milijardi": 10**9, "milijarde": 10**9,
    "milijarda": 10**9,
}  # fmt: skip
"""Words that multiply the number before them."""
MONTHS = {folded(name): number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
AMBIGUOUS_MONTHS = frozenset({"may", "march", "mar", "jan", "mai", "maja", "maju", "sep", "dez", "marta", "avgust"})
"""They are other words or names, too, so that they are months beside a number only, …"""
CAPITAL_MONTHS = frozenset({"May", "March"})
"""… or where they are written so and begin no sentence."""
