"""Tables on a PDF page, taken out of its text. A word is in one cell or in no table: none is lost or doubled.

The words are pdfium's own. A library for tables would read the page a second time, more slowly and into another text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any
from unicodedata import bidirectional

from ingestion.parsers.pdf_cell_rows import Cell
from ingestion.parsers.pdf_filled import Filled, filled
from ingestion.parsers.pdf_grids import Grid, grids
from ingestion.parsers.pdf_header import ROOM_ABOVE
from ingestion.parsers.pdf_layout import PDFIUM_HYPHEN, SOFT_HYPHEN, Line, Table
from ingestion.parsers.pdf_ruled_off import MIN_LINES, area, ruled_off, stacks
from ingestion.parsers.pdf_rulings import page_rulings
from ingestion.parsers.pdf_words import Word, quarter_turns, turned_rulings, words
from ingestion.parsers.tables import joined_cells


@dataclass(frozen=True, slots=True)
class Found:
    """A table as one line, where in the page's text it begins, and the stretches of text that are in it."""

    line: Line
    start: int
    stretches: Sequence[tuple[int, int]]


def page_tables(page: Any, text_page: Any, text: str) -> list[Found]:
    """Return the tables of a page with `text`, each character of which is one of `text_page`."""
    rulings = page_rulings(page)
    counts = len(rulings.level), len(rulings.plumb)
    if not min(counts) and max(counts) < MIN_LINES:
        return []
    turns = quarter_turns(text_page, text)
    rulings = turned_rulings(rulings, turns)
    boxes, rules = grids(rulings), stacks(rulings.level)
    if not boxes and not rules:
        return []
    areas = [*(grid.area for grid in boxes), *(area(stack) for stack in rules)]
    areas = [(left, upper - ROOM_ABOVE, right, lower) for left, upper, right, lower in areas]
    free = _Free(words(text_page, text, turns, areas), text)
    tables = [table for grid in boxes for table in free.taken(grid)]
    tables += [table for grid in ruled_off(rules, free.words) for table in free.taken(grid)]
    return [_found(table, text, turned=turns != 0) for table in tables]


@dataclass
class _Free:
    """The words of a page that are in no table yet."""

    words: list[Word]
    text: str

    def taken(self, grid: Grid) -> list[Filled]:
        tables = list(filled(grid, self.words, self.text))
        taken = {word.first for table in tables for word in table.words}
        self.words = [word for word in self.words if word.first not in taken]
        return tables


def _found(table: Filled, text: str, *, turned: bool) -> Found:
    inside = table.words
    left, upper = min(word.box[0] for word in inside), min(word.box[1] for word in inside)
    right, lower = max(word.box[2] for word in inside), max(word.box[3] for word in inside)
    order = -1 if _runs_to_the_left("".join(_cell_text(cell, text) for cell in table.cells)) else 1

    def lines(rows: Iterable[Sequence[Cell]]) -> tuple[str, ...]:
        return tuple(joined_cells([_cell_text(cell, text) for cell in row][::order]) for row in rows)

    header, rows = lines(table.header), lines(table.rows)
    line = Line(
        "\n".join((*header, *rows)),
        None if turned else (left, -lower, right, -upper),
        Table(tuple(table.columns), header, rows, median(word.height for word in inside)),
    )
    return Found(line, min(word.first for word in inside), [(word.first, word.end) for word in inside])


def _cell_text(cell: Cell, text: str) -> str:
    """Words apart by a space, but where one goes on after a gap, or after a hyphen at the end of a line."""
    written, end = "", None
    for word in cell:
        apart = "" if end in (None, word.first) or written.endswith(SOFT_HYPHEN) else " "
        written += apart + text[word.first : word.end].replace(PDFIUM_HYPHEN, SOFT_HYPHEN)
        end = word.end
    return written


def _runs_to_the_left(text: str) -> bool:
    directions = [bidirectional(character) for character in text]
    return directions.count("L") < directions.count("R") + directions.count("AL")
