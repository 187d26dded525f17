"""Lines that were recognised one by one, without blocks and paragraphs, to the order in which they are read.

Coordinates are pixels; y grows downwards, other than in `Line`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ingestion.parsers.ocr_layout import HYPHENS
from ingestion.parsers.pdf_layout import SOFT_HYPHEN, Line

MIN_CONFIDENCE = 0.5
"""Of 1. Patterns that are taken for letters have less."""
MAX_UNREAD = 0.1
"""Of a line's ink. Of lines in Latin letters everything is read, of lines with one Cyrillic word 0.13 is not."""
GREEK_WORD = re.compile(r"[\u0370-\u03ff]{2}")
"""Accents and some letters of Greek are unknown to the model; a single letter is a sign of mathematics."""

COLUMN_LINES = 3
"""A column has at least so many lines, and is so many line heights wide: a table's cells are narrower."""
COLUMN_WIDTH = 6.0
MAX_CROSSING = 0.25
"""Of the lines beside each other: captions and headings that run across the columns."""
SAME_SIZE = 1.6
"""Letters without ascenders make a line look lower than its neighbours, by less than this."""
UPRIGHT = 1.5


@dataclass(frozen=True, slots=True)
class SeenLine:
    """`unread` is the share of its ink in which no letter was recognised."""

    text: str
    confidence: float
    unread: float
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return max(self.right - self.left, self.bottom - self.top)

    @property
    def height(self) -> float:
        return max(1.0, min(self.right - self.left, self.bottom - self.top))

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def is_upright(self) -> bool:
        """Whether it runs up or down the margin."""
        return self.bottom - self.top > UPRIGHT * (self.right - self.left)

    @property
    def says_something(self) -> bool:
        return self.confidence >= MIN_CONFIDENCE and any(map(str.isalnum, self.text))


def is_unread(line: SeenLine) -> bool:
    """Whether it has letters that were not recognised: then those that were are not to be trusted either."""
    return line.unread > MAX_UNREAD or GREEK_WORD.search(line.text) is not None


def in_reading_order(lines: Sequence[SeenLine], *, mark: str) -> list[Line]:
    """Columns one after the other, what stands in a margin last; `mark` for each stretch of lines that are unread, and
    a `SOFT_HYPHEN` where a word is divided."""
    lying = _of_even_height([line for line in lines if not line.is_upright])
    ordered = [*_ordered(lying), *(line for line in lines if line.is_upright)]
    marked = [replace(line, text=mark) if is_unread(line) else line for line in ordered]
    kept = [
        line for above, line in pairwise([None, *marked]) if line and not (above and above.text == line.text == mark)
    ]
    return [_line(line, below) for line, below in pairwise([*kept, None]) if line]


def _of_even_height(lines: list[SeenLine]) -> list[SeenLine]:
    """Lines of about the usual height get it, so that lines of a paragraph are seen to be of one size."""
    if not lines:
        return []
    usual = median(line.height for line in lines)
    return [
        replace(line, top=line.middle - usual / 2, bottom=line.middle + usual / 2)
        if usual / SAME_SIZE <= line.height <= usual * SAME_SIZE
        else line
        for line in lines
    ]


def _ordered(lines: Sequence[SeenLine]) -> Iterator[SeenLine]:
    gutter = _gutter(lines)
    if gutter is None:
        yield from _by_rows(lines)
        return
    beside: list[SeenLine] = []
    for line in sorted(lines, key=lambda line: line.middle):
        if line.left < gutter < line.right:  # it runs across the columns: what is above it is read first
            yield from _one_side_first(beside, gutter)
            yield line
            beside = []
        else:
            beside.append(line)
    yield from _one_side_first(beside, gutter)


def _one_side_first(lines: Sequence[SeenLine], gutter: float) -> Iterator[SeenLine]:
    yield from _ordered([line for line in lines if line.right <= gutter])
    yield from _ordered([line for line in lines if line.right > gutter])


def _gutter(lines: Sequence[SeenLine]) -> float | None:
    """The x between two columns of text, which the fewest lines run across; None where there are no columns."""
    best: tuple[int, float] | None = None
    for x in sorted({line.right for line in lines}):
        left = [line for line in lines if line.right <= x]
        right = [line for line in lines if line.left > x]
        if not (_is_column(left) and _is_column(right)):
            continue
        top, bottom = _shared_height(left, right)
        if not _count_within(left, top, bottom) >= COLUMN_LINES <= _count_within(right, top, bottom):
            continue
        within = [line for line in lines if top <= line.middle <= bottom]
        crossing = sum(line.left <= x < line.right for line in within)
        if crossing <= MAX_CROSSING * len(within) and (best is None or crossing < best[0]):
            best = crossing, (x + min(line.left for line in right)) / 2
    return best[1] if best else None


def _is_column(lines: Sequence[SeenLine]) -> bool:
    return len(lines) >= COLUMN_LINES and median(line.width / line.height for line in lines) >= COLUMN_WIDTH


def _count_within(lines: Sequence[SeenLine], top: float, bottom: float) -> int:
    return sum(top <= line.middle <= bottom for line in lines)


def _shared_height(left: Sequence[SeenLine], right: Sequence[SeenLine]) -> tuple[float, float]:
    """From where to where there is something on both sides."""
    return (
        max(min(line.top for line in side) for side in (left, right)),
        min(max(line.bottom for line in side) for side in (left, right)),
    )


def _by_rows(lines: Sequence[SeenLine]) -> Iterator[SeenLine]:
    """From top to bottom, and what stands in a row from left to right."""
    row: list[SeenLine] = []
    for line in sorted(lines, key=lambda line: line.middle):
        if row and line.middle - row[0].middle > row[0].height / 2:
            yield from sorted(row, key=lambda line: line.left)
            row = []
        row.append(line)
    yield from sorted(row, key=lambda line: line.left)


def _line(line: SeenLine, below: SeenLine | None) -> Line:
    text = line.text.strip()
    if below and text[-1:] in HYPHENS and text[-2:-1].isalpha() and below.text[:1].islower():
        text = text[:-1] + SOFT_HYPHEN
    return Line(text, (line.left, -line.bottom, line.right, -line.top))
