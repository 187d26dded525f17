"""Rows of a table on a PDF page that no line parts: many have one below each fifth row, or below the header alone.

Only how the lines of the cells lie beside each other tells such rows from one row whose cells have several lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingestion.parsers.pdf_words import Word

DIGIT = re.compile(r"\d")
MIN_ALIGNED = 0.6
"""Of the cells with text: they have as many lines as the longest, at the same heights."""
MAX_WORDS = 3
"""In a line, on average. Those of prose have more."""
MIN_COLUMNS_OF_NUMBERS = 2
MIN_COLUMNS_OF_WORDS = 2
MIN_LINES_OF_WORDS = 3
"""Without numbers: cells of two lines each are too often names and titles that were too long for one."""

Cell = Sequence[Word]


def cell_rows(cells: Sequence[Cell], text: str, *, header: bool = False) -> list[list[Cell]]:
    """Return the rows that the cells of one row between two lines are: in nearly all tables that row itself.

    Only numbers below each other tell that more than the header is in it; titles have as many lines as they need.
    """
    lines = [_lines(cell) for cell in cells]
    longest = max(lines, key=len)
    aligned = [cell for cell in lines if _beside(cell, longest)]
    if len(longest) < 2 or len(aligned) < MIN_ALIGNED * sum(map(bool, lines)):
        return [list(cells)]
    if not _numbers(aligned, text) and (header or not _words(aligned, lines)):
        return [list(cells)]
    rows: list[list[list[Word]]] = [[[] for _ in cells] for _ in longest]
    for column, cell in enumerate(lines):
        for line in cell:
            rows[_nearest(line, longest, alone=len(cell) == 1)][column].extend(line)
    return [list(row) for row in rows]


def _lines(cell: Cell) -> list[list[Word]]:
    lines: list[list[Word]] = []
    for word in cell:
        near = (line for line in lines if abs(line[0].middle[1] - word.middle[1]) <= word.height / 2)
        if (line := next(near, None)) is not None:
            line.append(word)
        else:
            lines.append([word])
    return sorted(lines, key=lambda line: line[0].middle[1])


def _beside(cell: Sequence[Cell], other: Sequence[Cell]) -> bool:
    return len(cell) == len(other) and all(map(_level, cell, other))


def _level(line: Cell, other: Cell) -> bool:
    return abs(line[0].middle[1] - other[0].middle[1]) <= other[0].height / 2


def _numbers(aligned: Sequence[Sequence[Cell]], text: str) -> bool:
    columns = [cell for cell in filter(_is_short, aligned) if all(_has_digit(line, text) for line in cell)]
    return len(columns) >= MIN_COLUMNS_OF_NUMBERS


def _words(aligned: Sequence[Sequence[Cell]], cells: Sequence[Sequence[Cell]]) -> bool:
    if len(aligned) < sum(map(bool, cells)) or len(aligned) < MIN_COLUMNS_OF_WORDS:
        return False
    return len(aligned[0]) >= MIN_LINES_OF_WORDS and all(map(_is_short, aligned))


def _is_short(cell: Sequence[Cell]) -> bool:
    return sum(map(len, cell)) <= MAX_WORDS * len(cell)


def _has_digit(line: Cell, text: str) -> bool:
    return any(DIGIT.search(text, word.first, word.end) for word in line)


def _nearest(line: Cell, lines: Sequence[Cell], *, alone: bool) -> int:
    """The row of a line. A cell of one line that is level with none holds for all rows, and is in the first."""
    distances = [abs(line[0].middle[1] - other[0].middle[1]) for other in lines]
    nearest = min(range(len(lines)), key=distances.__getitem__)
    return 0 if alone and not _level(line, lines[nearest]) else nearest
