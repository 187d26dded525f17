"""Saying that the documents do not hold the answer, in the language and script of the question."""

from __future__ import annotations

import re
from functools import lru_cache

from chat.citations import CITATION
from chat.prompts import refusals
from ingestion import languages

FALLBACK = "en"
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_SERBIAN_CYRILLIC = re.compile(r"[ђћџљњјЂЋЏЉЊЈ]")
_SOUTH_SLAVIC = frozenset({"sr", "hr", "bs"})
_SERBIAN_WORDS = re.compile(
    r"\b(шта|што|где|када|зашто|колико|који|која|које|да ли|има ли|šta|što|gde|gdje|zašto|koliko|koji|koja|koje"
    r"|kako|kakav|kakva|kakvo|koliki|kolika|kada|čij[iae]|(?:da|ima|je|postoji|mogu) li)\b",
    re.IGNORECASE,
)
_ARABIC = re.compile(r"[\u0621-\u063a\u0641-\u064a]")
_NO_ARABIC = re.compile(r"[\u0672-\u06d3]")
"""Letters of Persian, Urdu and others that are written in the Arabic script, and that Arabic does without."""
_ARABIC_WORDS = re.compile(r"\W*[وف]?(?:ما|ماذا|من|متى|أين|اين|كيف|كم|لماذا|هل|أي|اي|أية)\b")
"""What a question in Arabic begins with, whatever names follow in Latin letters."""
_CITED = re.compile(rf"^[\s.。]*(?:{CITATION.pattern}[\s.。]*)+")
"""What is cited for the refusal itself."""


@lru_cache(maxsize=1024)  # asked for in several places while one question is answered
def language_of(question: str, *, hint: tuple[str, ...] = ()) -> str:
    """A key of `refusals()`. Questions are short, so that a few tell-tale letters and words weigh more than
    statistics; `hint` are the tenant's languages, preferred among relatives."""
    if _SERBIAN_CYRILLIC.search(question):
        return "sr-Cyrl"
    if _SERBIAN_WORDS.search(question):
        return "sr-Cyrl" if _CYRILLIC.search(question) else "sr-Latn"
    if _is_arabic(question):
        return "ar"
    code = languages.detect(question)
    if code in _SOUTH_SLAVIC:
        code = next((each for each in hint if each in _SOUTH_SLAVIC), code)
    if code == "sr":
        code = "sr-Cyrl" if _CYRILLIC.search(question) else "sr-Latn"
    return code if code in refusals() else FALLBACK


def _is_arabic(question: str) -> bool:
    letters = len(_ARABIC.findall(question))
    if not letters or _NO_ARABIC.search(question):
        return False
    return _ARABIC_WORDS.match(question) is not None or 2 * letters > sum(map(str.isalpha, question))


def script_of(language: str, text: str) -> str:
    """A text's language with its script, where it may be in either: `sr` is Cyrillic and `sr-Latn` is not."""
    if language in _SOUTH_SLAVIC:
        return "sr" if _CYRILLIC.search(text) else "sr-Latn"
    return language


def refusal_for(question: str, *, hint: tuple[str, ...] = ()) -> str:
    return refusals()[language_of(question, hint=hint)]


def is_refusal(answer: str, refusal: str) -> bool:
    """Whether a model has said what it was told to say when nothing fits, give or take a full stop. Many say more
    behind it; one that goes on with something for which it cites a passage has answered."""
    said, wanted = answer.strip().casefold(), refusal.rstrip(".。").casefold()
    behind = _CITED.sub("", said[len(wanted) :], count=1)
    return said.startswith(wanted) and CITATION.search(behind) is None
