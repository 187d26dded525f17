"""Words of a PDF page with their places, which tell into which cell of a table each belongs.

Coordinates of words are those of a reader: x grows to the right and y down the page. A page may be turned, or a table
lie on its side: then most of its letters are turned as well.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.parsers.pdf_rulings import Ruling, Rulings

SAMPLES = 50
"""Letters of a page that say which way it is turned."""
MIN_GAP = 0.1
"""In letter heights: words of neighbouring cells may stand closer than a space is wide, yet not as close as letters."""

Box = tuple[float, float, float, float]
"""Left, upper, right, lower edge."""


@dataclass(frozen=True, slots=True)
class Word:
    """Characters `first` up to `end` of the page's text, with nothing between them."""

    first: int
    end: int
    box: Box

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]

    @property
    def middle(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


def quarter_turns(text_page: Any, text: str) -> int:
    """Return how often a quarter turn to the left turns upright letters into most of those of a page: 0 to 3."""
    from pypdfium2 import raw

    letters = [match.start() for match in re.finditer(r"\S", text)]
    sample = letters[:: max(1, len(letters) // SAMPLES)]
    angles = (raw.FPDFText_GetCharAngle(text_page, index) for index in sample)
    turns = Counter(round(-angle / (math.pi / 2)) % 4 for angle in angles)
    return max(turns, key=turns.__getitem__, default=0)


def turned_rulings(rulings: Rulings, turns: int) -> Rulings:
    """Return the lines in a reader's coordinates."""
    level = [_turned((line.start, line.at, line.end, line.at), turns) for line in rulings.level]
    plumb = [_turned((line.at, line.start, line.at, line.end), turns) for line in rulings.plumb]
    if turns % 2:
        level, plumb = plumb, level
    return Rulings(
        [Ruling(upper, left, right) for left, upper, right, _ in level],
        [Ruling(left, upper, lower) for left, upper, _, lower in plumb],
    )


def words(text_page: Any, text: str, turns: int, areas: Sequence[Box]) -> list[Word]:
    """Return the words of a page with `text` that begin or end in one of `areas`; what has a gap inside is several."""
    found: list[Word] = []
    for match in re.finditer(r"\S+", text):
        ends = (_box(text_page, index, turns) for index in (match.start(), match.end() - 1))
        if any(_is_in(box, area) for box in ends for area in areas):
            found.extend(_parts(text_page, match.start(), match.end(), turns))
    return found


def _is_in(box: Box, area: Box) -> bool:
    return box[0] <= area[2] and area[0] <= box[2] and box[1] <= area[3] and area[1] <= box[3]


def _parts(text_page: Any, start: int, end: int, turns: int) -> Iterator[Word]:
    first, box = start, _box(text_page, start, turns)
    for index in range(start + 1, end):
        letter = _box(text_page, index, turns)
        if _follows(box, letter):
            box = min(box[0], letter[0]), min(box[1], letter[1]), max(box[2], letter[2]), max(box[3], letter[3])
        else:
            yield Word(first, index, box)
            first, box = index, letter
    yield Word(first, end, box)


def _follows(word: Box, letter: Box) -> bool:
    """Marks above a letter, and letters of scripts that run to the left, lie within or before what they follow."""
    gap = max(letter[0] - word[2], word[0] - letter[2])
    height = max(word[3] - word[1], letter[3] - letter[1])
    return gap <= MIN_GAP * height and word[1] < (letter[1] + letter[3]) / 2 < word[3]


def _box(text_page: Any, index: int, turns: int) -> Box:
    left, bottom, right, top = text_page.get_charbox(index, loose=True)
    return _turned((left, bottom, right, top), turns)


def _turned(box: tuple[float, float, float, float], turns: int) -> Box:
    """From left, bottom, right and top of the page as it lies in the file."""
    left, bottom, right, top = box
    if turns == 0:
        return left, -top, right, -bottom
    if turns == 1:
        return bottom, left, top, right
    if turns == 2:
        return -right, bottom, -left, top
    return -top, -right, -bottom, -left
