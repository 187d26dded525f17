"""Grids on a PDF page with the words in them: which of them are tables, and what of those is the header.

What has lines around it and is no table (a frame, a form with a box, a chart) stays with the text around it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingestion.parsers.pdf_cell_rows import Cell, cell_rows
from ingestion.parsers.pdf_grids import Grid, Place
from ingestion.parsers.pdf_header import are_figures, has_amounts, header_above
from ingestion.parsers.pdf_order import cuts_lines, is_scattered
from ingestion.parsers.pdf_words import Word

MIN_SIDE = 2
"""Rows with so many cells that hold text."""
MIN_FILLED = 0.5
"""Of the cells; a form that nobody has filled in has less, a chart has next to nothing between its lines."""
MAX_TITLE_CHARACTERS = 200
"""In a cell that is as wide as the table; one with more is text, in a frame that a table is part of."""
MAX_CELL_CHARACTERS = 300
"""On average; lines between the columns and the articles of a newspaper make cells with more."""
MAX_HEADER_ROWS = 3


@dataclass(frozen=True, slots=True)
class Filled:
    """A table: the edges of its columns, and the cells of its rows from left to right."""

    columns: Sequence[float]
    header: list[list[Cell]]
    rows: list[list[Cell]]

    @property
    def cells(self) -> list[Cell]:
        return [cell for row in (*self.header, *self.rows) for cell in row]

    @property
    def words(self) -> list[Word]:
        return [word for cell in self.cells for word in cell]


def filled(grid: Grid, words: Sequence[Word], text: str) -> Iterator[Filled]:
    """Yield the tables that `words` of a page with `text` make in a grid: several, where framed text lies between."""
    cells: defaultdict[Place, list[Word]] = defaultdict(list)
    for word in words:
        if (place := grid.cell(*word.middle)) is not None:
            cells[place].append(word)
    start = 0
    for row in (*_rows_of_text(grid, cells), len(grid.ys) - 1):
        inside = {place: cell for place, cell in cells.items() if start <= place[0] < row}
        if _has_sides(grid, inside) and not _disagrees(table := _table(grid, inside, text), text):
            yield table if start else _with_header_above(table, grid.ys[0], words, text)
        start = row + 1


def _rows_of_text(grid: Grid, cells: Mapping[Place, Sequence[Word]]) -> list[int]:
    """Rows in which one cell is as wide as the grid and holds more than a title."""
    rows = []
    for row in range(len(grid.ys) - 1):
        first = grid.cells[row, 0]
        is_one_cell = all(grid.cells[row, column] == first for column in range(len(grid.xs) - 1))
        if is_one_cell and _length(cells.get(first, ())) > MAX_TITLE_CHARACTERS:
            rows.append(row)
    return rows


def _length(words: Sequence[Word]) -> int:
    return sum(word.end - word.first + 1 for word in words)


def _has_sides(grid: Grid, cells: Mapping[Place, Sequence[Word]]) -> bool:
    """Whether there are rows and columns, and some text in most cells. Empty rows and columns are only room."""
    if sum(map(_length, cells.values())) > MAX_CELL_CHARACTERS * len(cells):
        return False
    rows, columns = _used(cells)
    beside = Counter(row for row, _ in cells)
    if sum(count >= MIN_SIDE for count in beside.values()) < MIN_SIDE:
        return False
    places = [grid.cells[row, column] in cells for row in rows for column in columns]
    return sum(places) >= MIN_FILLED * len(places)


def _disagrees(table: Filled, text: str) -> bool:
    return (
        any(is_scattered(row, header=True) for row in table.header)
        or any(is_scattered(row, header=False) for row in table.rows)
        or cuts_lines(table.words, text)
    )


def _used(cells: Mapping[Place, Sequence[Word]]) -> tuple[list[int], list[int]]:
    """The rows and the columns in which a cell with text begins."""
    return sorted({row for row, _ in cells}), sorted({column for _, column in cells})


def _table(grid: Grid, cells: Mapping[Place, Cell], text: str) -> Filled:
    rows, columns = _used(cells)
    all_cells = [[cells.get((row, column), ()) for column in columns] for row in rows]
    amounts = [has_amounts(row[1:], text) for row in all_cells]
    depth = _header_depth(grid, rows, columns, amounts)
    header = [part for row in all_cells[:depth] for part in cell_rows(row, text, header=True)]
    body = [part for row in all_cells[depth:] for part in cell_rows(row, text)]
    if are_figures(header[0][1:], text):
        depth = 0
    edges = [*(grid.xs[column] for column in columns), grid.xs[-1]]
    return Filled(edges, header[:depth], [*header[depth:], *body])


def _with_header_above(table: Filled, top: float, words: Sequence[Word], text: str) -> Filled:
    """The table with the line above it as its header, where its first row is none."""
    rows = [*table.header, *table.rows]
    if not has_amounts(rows[0][1:], text) or (header := header_above(table.columns, top, words, text)) is None:
        return table
    return replace(table, header=[header], rows=rows)


def _header_depth(grid: Grid, rows: Sequence[int], columns: Sequence[int], amounts: Sequence[bool]) -> int:
    """How many of the first rows are the header: more than one where a cell of it covers several rows or columns.

    Amounts below a wide cell are no header. A table that would be all header has one row of it.
    """
    if told := sum(row < grid.header_rows for row in rows):
        return min(told, len(rows) - 1)
    depth = 1
    while depth < min(MAX_HEADER_ROWS + 1, len(rows)):
        above, below = rows[depth - 1], rows[depth]
        goes_down = any(grid.cells[above, column] == grid.cells[below, column] for column in columns)
        spans = any(grid.cells[above, one] == grid.cells[above, other] for one, other in pairwise(columns))
        if not goes_down and (not spans or amounts[depth]):
            return depth
        depth += 1
    return 1
