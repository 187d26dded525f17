"""Which language a text is in."""

from __future__ import annotations

from functools import cache
from typing import Any

SAMPLE_CHARACTERS = 3_000
MIN_LETTERS = 12
"""Fewer say nothing: "OK 2024" is in every language."""
MIN_CONFIDENCE = 0.5

SOUTH_SLAVIC = ("sr", "hr", "bs")
"""One language to a statistic of letters: on a page of Serbian the three share what it is sure of."""
ARABIC = ("ar", "ary", "arz")
"""One written language, of which statistics make the standard, Moroccan and Egyptian."""


def detect(text: str) -> str:
    """Return the ISO 639-1 code of the language of `text`, "" when unsure.

    Looked at are up to `SAMPLE_CHARACTERS` from the beginning, the middle and the end, because documents begin with
    title pages. Serbian, in either script, and Croatian are "sr" and "hr"; Bosnian is what of the two is nearer.
    """
    sample = _sample(text)
    if sum(map(str.isalpha, sample)) < MIN_LETTERS:
        return ""
    ranked: list[tuple[str, float]] = _identifier().rank(sample)
    shares = dict(ranked)
    together = sum(shares.get(code, 0.0) for code in SOUTH_SLAVIC)
    if together >= MIN_CONFIDENCE:
        return max("sr", "hr", key=lambda code: shares.get(code, 0.0))
    if sum(shares.get(code, 0.0) for code in ARABIC) >= MIN_CONFIDENCE:
        return "ar"
    code, confidence = ranked[0]
    return code if len(code) == 2 and confidence >= MIN_CONFIDENCE else ""


def _sample(text: str) -> str:
    if len(text) <= SAMPLE_CHARACTERS:
        return text
    part = SAMPLE_CHARACTERS // 3
    middle = len(text) // 2
    return " ".join((text[:part], text[middle : middle + part], text[-part:]))


@cache
def _identifier() -> Any:
    """The model of py3langid, of about 20 MB, loaded at the first question."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
