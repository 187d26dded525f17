"""Vertical writing in a PDF, as in Japanese and Chinese books: columns that are read downwards, from right to left.

pdfium takes columns for pieces of one horizontal line, in the order from left to right. So the places of the characters
decide here what a column is, and which one comes next. Coordinates are PDF points; y grows upwards.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ingestion.parsers.pdf_layout import Line

EAST_ASIAN = re.compile("[\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
NO_WIDTH = 0.01
"""Points. pdfium leaves out what is no wider, and a column in a font that is not there seems to be so."""
SLANT = 0.0005
"""Points to the right for each point upwards: gives a column of two characters a width, and moves nothing visibly."""
MIN_VERTICAL_SHARE = 0.5
"""Of the steps from one character to the next."""
SAME_LINE = 0.3
"""How far characters of a column lie beside each other at most, in their size."""
MAX_STEP = 2.5
"""Down to the next character of a column, in their size; more is a gap, and another column."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character, the place of its origin, and its size."""

    text: str
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class _Run:
    """Characters one below the other, or one beside the other."""

    glyphs: Sequence[Glyph]

    @property
    def text(self) -> str:
        return "".join(glyph.text for glyph in self.glyphs)

    @property
    def x(self) -> float:
        return self.glyphs[0].x

    @property
    def top(self) -> float:
        return max(glyph.y for glyph in self.glyphs)

    @property
    def foot(self) -> float:
        return min(glyph.y for glyph in self.glyphs)

    @property
    def size(self) -> float:
        return self.glyphs[0].size


def with_flat_columns(page: Any, text_page: Any, text: str) -> Any:
    """Return the text of `page` with the columns that `text_page`, whose text is `text`, lacks; it itself when it
    lacks none. Of two text pages the old one is closed."""
    if (text and not EAST_ASIAN.search(text)) or not _give_width(page):
        return text_page
    text_page.close()
    return page.get_textpage()


def column_lines(text_page: Any, text: str) -> list[Line]:
    """Return what is written on a vertical page, without places; nothing when it is not a vertical page."""
    if not EAST_ASIAN.search(text):
        return []
    glyphs = list(_glyphs(text_page))
    return [Line(line) for line in in_reading_order(glyphs)] if is_vertical(glyphs) else []


def is_vertical(glyphs: Sequence[Glyph]) -> bool:
    steps = [_goes_down(above, below) for above, below in pairwise(glyphs)]
    return sum(steps) > MIN_VERTICAL_SHARE * len(steps)


def in_reading_order(glyphs: Sequence[Glyph]) -> list[str]:
    """Columns from right to left; one that ends at the foot goes on in the next. What stands below all of them comes
    after all of them."""
    lines: list[str] = []
    for band in _bands(_runs(glyphs)):
        head, foot = max(run.top for run in band), min(run.foot for run in band)
        goes_on = False
        for run in _from_right_to_left(band):
            text = run.text.strip()
            if not text:
                continue
            if goes_on and head - run.top < run.size:
                lines[-1] += text
            else:
                lines.append(text)
            goes_on = run.foot - foot < run.size
    return lines


def _give_width(page: Any) -> bool:
    """Slant the columns without a width; whether there were any."""
    from pypdfium2 import PdfMatrix, raw

    found = False
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=1):
        left, bottom, right, top = item.get_bounds()
        if right - left < NO_WIDTH < top - bottom:
            item.transform(PdfMatrix(1, 0, SLANT, 1, -SLANT * bottom, 0))
            found = True
    return found


def _glyphs(text_page: Any) -> Iterator[Glyph]:
    from pypdfium2 import raw

    x, y = ctypes.c_double(), ctypes.c_double()
    for number in range(text_page.count_chars()):
        code = raw.FPDFText_GetUnicode(text_page, number)
        if not code or raw.FPDFText_IsGenerated(text_page, number):
            continue
        if raw.FPDFText_GetCharOrigin(text_page, number, x, y):
            size = raw.FPDFText_GetFontSize(text_page, number)
            yield Glyph(chr(code), x.value, y.value, max(size, 0.1))


def _goes_down(above: Glyph, below: Glyph) -> bool:
    return abs(above.x - below.x) < SAME_LINE * above.size and 0 < above.y - below.y < MAX_STEP * above.size


def _goes_right(left: Glyph, right: Glyph) -> bool:
    return abs(left.y - right.y) < SAME_LINE * left.size and 0 < right.x - left.x < MAX_STEP * left.size


def _runs(glyphs: Sequence[Glyph]) -> list[_Run]:
    runs: list[list[Glyph]] = []
    for glyph in glyphs:
        run = runs[-1] if runs else []
        step = _goes_right if len(run) > 1 and _goes_right(run[0], run[1]) else _goes_down
        if run and (step(run[-1], glyph) or (len(run) == 1 and _goes_right(run[0], glyph))):
            run.append(glyph)
        else:
            runs.append([glyph])
    return [_Run(run) for run in runs]


def _bands(runs: Sequence[_Run]) -> list[list[_Run]]:
    """Columns beside each other, from the top of the page to its foot."""
    bands: list[list[_Run]] = []
    foot = 0.0
    for run in sorted(runs, key=lambda run: -run.top):
        if bands and run.top > foot:
            bands[-1].append(run)
            foot = min(foot, run.foot)
        else:
            bands.append([run])
            foot = run.foot
    return bands


def _from_right_to_left(band: Sequence[_Run]) -> Iterator[_Run]:
    """Runs at one place are one column, of which the upper part comes first."""
    column: list[_Run] = []
    for run in sorted(band, key=lambda run: -run.x):
        if column and column[0].x - run.x > SAME_LINE * run.size:
            yield from sorted(column, key=lambda run: -run.top)
            column = []
        column.append(run)
    yield from sorted(column, key=lambda run: -run.top)
