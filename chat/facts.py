"""The numbers and dates of a text, however they are written: what a sentence must have exactly as its source has it.

A fact is a set of readings, of which one has to be in the source: `1,000` is a thousand in English and one in German,
and where nobody says which language it is, it is both. A date is three facts: day, month and year.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from chat.number_words import (
    AMBIGUOUS_MONTHS,
    CAPITAL_MONTHS,
    IN_TWO_WORDS,
    JOINERS,
    MONTHS,
    NUMBERS,
    ONES,
    SCALES,
    folded,
)

DECIMAL_POINT = frozenset({"en", "zh", "ja", "ko", "th", "he", "hi", "ta"})
"""Languages that write 1,000.5; the others write 1.000,5."""
EITHER_POINT = frozenset({"ar"})
"""Languages that write both, each in other countries."""
SERBIAN = frozenset({"hr", "bs", "sh"})
"""They count with Serbian's words."""

Readings = frozenset[str]

_SPACE = r"[ \u00a0\u202f\u2009'’]"
_ARABIC_SEPARATORS = frozenset("٬٫")
_IN_ENGLISH = str.maketrans("٬٫", ",.")
_PIECE = re.compile(
    rf"""
    (?P<iso>\b\d{{4}}-\d{{1,2}}-\d{{1,2}}(?!\d))                  # a time may cling to it
    | (?P<date>\b\d{{1,2}}(?P<dot>[./])\s?\d{{1,2}}(?P=dot)\s?(?:\d{{4}}|\d{{2}})\b)
    | (?P<month>\b(?:\d{{4}}-(?:0[1-9]|1[0-2])|(?:0?[1-9]|1[0-2])/\d{{4}})(?![\d/-]))
    | (?P<number>\d{{1,3}}(?:{_SPACE}\d{{3}})+(?!\d)(?:[.,٫]\d+)? | \d+(?:[.,٫٬]\d+)*)
    | (?P<word>[^\W\d_]+)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Fact:
    written: str
    readings: Readings
    is_date: bool = False


def facts(text: str, language: str) -> list[Fact]:
    """What `text` states in numbers. `language` is ISO 639-1, or empty where it is not known."""
    return [fact for fact, certain in _facts(text, language) if certain]


def readings(text: str, language: str) -> Readings:
    """Everything that a fact may agree with in `text`."""
    return frozenset().union(*(fact.readings for fact, _certain in _facts(text, language)))


def _facts(text: str, language: str) -> Iterator[tuple[Fact, bool]]:
    """Each fact, and whether it certainly is one: "may" is a month now and then, and "one" hardly ever a number."""
    pieces = list(_PIECE.finditer(text))
    words = NUMBERS.get("sr" if language in SERBIAN else language, {})
    pairs = _pairs(pieces, words) if language in IN_TWO_WORDS else {}
    for at, piece in enumerate(pieces):
        written = piece[0]
        if piece["iso"]:
            year, month, day = written.split("-")
            yield from _date(written, day, {month}, year)
        elif piece["date"]:
            first, second, year = (part.strip() for part in written.split(piece["dot"]))
            yield from _date(written, first, {second, first} if piece["dot"] == "/" else {second}, year)
        elif piece["month"]:
            month, year = sorted(re.split("[-/]", written), key=len)
            yield Fact(written, _numbers(month, {Decimal(month)}) | {f"month {int(month)}"}, is_date=True), True
            yield Fact(written, _numbers(year, {Decimal(year)}), is_date=True), True
        elif piece["number"]:
            yield Fact(written, _counted(written, _values(written, language), _scale(pieces, at))), True
        elif at in pairs:
            values = {pairs[at] * (_scale(pieces, at + 1) or Decimal(1))}
            yield Fact(f"{written} {pieces[at + 1][0]}", _numbers("", values)), True
        elif at - 1 not in pairs:
            yield from _of_word(pieces, at, words)


def _pairs(pieces: Sequence[re.Match[str]], numbers: dict[str, int]) -> dict[int, int]:
    """The numbers that are two words: where the first of them is, and which number it is."""
    found = {}
    for at, (one, other) in enumerate(pairwise(pieces)):
        if one["word"] and other["word"] and (number := numbers.get(folded(f"{one[0]} {other[0]}"))):
            found[at] = number
    return found


def _date(written: str, day: str, months: set[str], year: str) -> Iterator[tuple[Fact, bool]]:
    days = {Decimal(day)} | ({Decimal(month) for month in months} if len(months) > 1 else set())
    yield Fact(written, _numbers(day, days), is_date=True), True
    yield Fact(written, frozenset(f"month {int(month)}" for month in months), is_date=True), True
    yield Fact(written, frozenset(str(int(month)) for month in months), is_date=True), False
    years = {Decimal(year), *(Decimal(century + year) for century in ("19", "20") if len(year) == 2)}
    yield Fact(written, _numbers(year, years), is_date=True), True


def _of_word(pieces: Sequence[re.Match[str]], at: int, numbers: dict[str, int]) -> Iterator[tuple[Fact, bool]]:
    written = pieces[at][0]
    word = folded(written)
    if word in MONTHS:
        beside = pieces[max(0, at - 1) : at + 2]
        in_english = at > 0 and written in CAPITAL_MONTHS
        certain = word not in AMBIGUOUS_MONTHS or in_english or any(each["number"] for each in beside)
        yield Fact(written, frozenset({f"month {MONTHS[word]}"}), is_date=True), certain
    elif word in ONES:
        scale = _scale(pieces, at)
        yield Fact(written, _numbers("", {scale or Decimal(1)})), scale is not None
    elif word in numbers:
        value = Decimal(numbers[word])
        ones, further = _ones(pieces, at, numbers)
        if ones:
            yield Fact(written, _numbers("", {value})), False
        elif any(_ones(pieces, at - back, numbers)[1] == back for back in (1, 2)):  # "twenty-five" was whole before
            return
        yield Fact(written, _numbers("", {(value + ones) * (_scale(pieces, at + further) or 1)})), True
    elif word in SCALES and not (at and _is_number(pieces[at - 1], numbers)):  # "a hundred"
        yield Fact(written, _numbers("", {Decimal(SCALES[word])})), False


def _is_number(piece: re.Match[str], numbers: dict[str, int]) -> bool:
    return bool(piece["number"]) or (word := folded(piece[0])) in numbers or word in ONES


def _ones(pieces: Sequence[re.Match[str]], at: int, numbers: dict[str, int]) -> tuple[int, int]:
    """The "five" of the "twenty-five" that begins here, and how many words behind it stands; zeros without one."""
    if at < 0 or numbers.get(folded(pieces[at][0]), 0) not in range(20, 100, 10):
        return 0, 0
    behind = [folded(piece[0]) for piece in pieces[at + 1 : at + 3]]
    further = 2 if behind and behind[0] in JOINERS else 1
    word = behind[further - 1] if len(behind) >= further else ""
    ones = 1 if word in ONES else numbers.get(word, 0)
    return (ones, further) if ones in range(1, 10) else (0, 0)


def _scale(pieces: Sequence[re.Match[str]], at: int) -> Decimal | None:
    """What the "million" behind it makes of a number."""
    behind = pieces[at + 1] if at + 1 < len(pieces) else None
    scale = SCALES.get(folded(behind[0])) if behind else None
    return Decimal(scale) if scale else None


def _values(written: str, language: str) -> set[Decimal]:
    digits = re.sub(_SPACE, "", written)
    if _ARABIC_SEPARATORS.intersection(digits):
        digits, language = digits.translate(_IN_ENGLISH), "en"
    parts = re.split(r"[.,]", digits)
    separators = [each for each in digits if each in ".,"]
    if not separators:
        return {Decimal(digits)}
    grouped = all(len(part) == 3 for part in parts[1:]) and parts[0] not in {"", "0"} and len(parts[0]) <= 3
    if len(set(separators)) == 2:
        return {Decimal("".join(parts[:-1]) + "." + parts[-1])}
    if len(separators) > 1:
        return {Decimal("".join(parts))} if grouped else {Decimal(part) for part in parts}
    whole, fraction = Decimal("".join(parts)), Decimal(".".join(parts))
    if not grouped:
        return {fraction}
    if not language or language in EITHER_POINT:
        return {whole, fraction}
    return {fraction if (separators[0] == ".") == (language in DECIMAL_POINT) else whole}


def _counted(written: str, values: set[Decimal], scale: Decimal | None) -> Readings:
    """Of a number with or without a "million" behind it. Tables say "in millions" above their columns, so that a bare
    number may stand for any; whoever says another word than the source says another number."""
    forms = _numbers(written, values)
    if scale is None:
        return forms | {f"{form} × {each}" for form in forms for each in set(SCALES.values())}
    return _numbers("", {value * scale for value in values}) | {f"{form} × {scale}" for form in forms}


def _numbers(written: str, values: set[Decimal]) -> Readings:
    """As text without zeros that say nothing, and as it was written: whoever copies a number copies it right."""
    return frozenset(f"{value.normalize():f}" for value in values) | ({written} if written else frozenset())
