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

from chat.number_words import AMBIGUOUS_MONTHS, CAPITAL_MONTHS, IN_TWO_WORDS, MONTHS, NUMBERS, ONES, SCALES, folded

DECIMAL_POINT = frozenset({"en", "zh", "ja", "ko", "th", "he", "hi", "ta"})
"""Languages that write 1,000.5; the others write 1.000,5."""
EITHER_POINT = frozenset({"ar"})
"""Languages that write both, each in other countries."""
SERBIAN = frozenset({"hr", "bs", "sh"})
"""They count with Serbian's words."""

Readings = frozenset[str]

_SPACE = r"[ \u00a0\u202f\u2009'’]"
_PIECE = re.compile(
    rf"""
    (?P<iso>\b\d{{4}}-\d{{1,2}}-\d{{1,2}}\b)
    | (?P<date>\b\d{{1,2}}(?P<dot>[./])\s?\d{{1,2}}(?P=dot)\s?(?:\d{{4}}|\d{{2}})\b)
    | (?P<number>\d{{1,3}}(?:{_SPACE}\d{{3}})+(?!\d)(?:[.,]\d+)? | \d+(?:[.,]\d+)*)
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
        elif piece["number"]:
            values = _values(written, language)
            yield Fact(written, _numbers(written, values | _scaled(values, pieces, at))), True
        elif at in pairs:
            values = {Decimal(pairs[at])}
            both = f"{written} {pieces[at + 1][0]}"
            yield Fact(both, _numbers("", _scaled(values, pieces, at + 1) or values)), True
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
    yield Fact(written, _numbers(year, {Decimal(year)}), is_date=True), True


def _of_word(pieces: Sequence[re.Match[str]], at: int, numbers: dict[str, int]) -> Iterator[tuple[Fact, bool]]:
    written = pieces[at][0]
    word = folded(written)
    if word in MONTHS:
        beside = pieces[max(0, at - 1) : at + 2]
        in_english = at > 0 and written in CAPITAL_MONTHS
        certain = word not in AMBIGUOUS_MONTHS or in_english or any(each["number"] for each in beside)
        yield Fact(written, frozenset({f"month {MONTHS[word]}"}), is_date=True), certain
    elif word in ONES:
        yield Fact(written, frozenset({"1"})), False
    elif word in numbers:
        values = {Decimal(numbers[word])}
        if numbers[word] % 10 == 0 and (ones := _ones(pieces, at, numbers)):
            values = {Decimal(numbers[word] + ones)}
            yield Fact(written, frozenset({str(numbers[word])})), False
        elif at and _ones(pieces, at - 1, numbers):  # "twenty-five" was whole before
            return
        scaled = _scaled(values, pieces, at)
        yield Fact(written, _numbers("", scaled or values)), True


def _ones(pieces: Sequence[re.Match[str]], at: int, numbers: dict[str, int]) -> int:
    """The "five" of the "twenty-five" that begins here, or 0."""
    tens = numbers.get(folded(pieces[at][0]), 0)
    after = numbers.get(folded(pieces[at + 1][0]), 0) if at + 1 < len(pieces) and tens else 0
    return after if tens in range(20, 100, 10) and after in range(1, 10) else 0


def _scaled(values: set[Decimal], pieces: Sequence[re.Match[str]], at: int) -> set[Decimal]:
    """The values times the "million" behind them."""
    behind = pieces[at + 1] if at + 1 < len(pieces) else None
    scale = SCALES.get(folded(behind[0])) if behind else None
    return {value * scale for value in values} if scale else set()


def _values(written: str, language: str) -> set[Decimal]:
    digits = re.sub(_SPACE, "", written)
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


def _numbers(written: str, values: set[Decimal]) -> Readings:
    """As text without zeros that say nothing, and as it was written: whoever copies a number copies it right."""
    return frozenset(f"{value.normalize():f}" for value in values) | ({written} if written else frozenset())
