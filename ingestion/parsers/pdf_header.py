"""Whether a row of a table on a PDF page is its header, and the header of one that has it above its first line."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Sequence
from itertools import pairwise

from ingestion.parsers.pdf_cell_rows import Cell
from ingestion.parsers.pdf_order import cuts_lines
from ingestion.parsers.pdf_words import Word

FIGURE = re.compile(r"[\W_]*\d[\W\d_]*")
BEGINS_AS_FIGURE = re.compile(r"[\W_]*\d")
YEAR = re.compile(r"(?:19|20)\d\d\W*")
REACH = 2.0
"""How far above its table a header stands at most, in letter heights."""
MIN_GAP = 0.8
"""Between columns, in letter heights. A space is a quarter to a third."""
MAX_LINES = 3
ROOM_ABOVE = 60.0
"""Points above a table in which words are looked at."""


def are_figures(cells: Sequence[Cell], text: str) -> bool:
    """Whether most cells are numbers other than years. A row of those is no header, if there is one."""
    return _share(cells, text, FIGURE.fullmatch) > 0.5


def has_amounts(cells: Sequence[Cell], text: str) -> bool:
    """Whether many cells are numbers other than years, or begin with one: a header above them is more of a header."""
    return _share(cells, text, BEGINS_AS_FIGURE.match) >= 0.5


def header_above(edges: Sequence[float], top: float, words: Sequence[Word], text: str) -> list[Cell] | None:
    """Return the cells of the lines right above a table, whose columns are between `edges`, if they are its header.

    Each column has its title, or half of them, far apart from the next one, and nothing else stands among the titles.
    """
    above = [word for word in words if edges[0] <= word.middle[0] <= edges[-1] and word.middle[1] < top]
    taken: list[Word] = []
    for _ in range(MAX_LINES):
        line = _lowest(above, top)
        if not line or not _are_titles(edges, line, text):
            return None
        taken = sorted((*taken, *line), key=lambda word: word.first)
        if _is_one_piece(taken, text):
            return None if cuts_lines(taken, text) else _in_columns(edges, taken)
        top = min(word.middle[1] for word in line) - line[0].height / 2
    return None


def _lowest(words: Sequence[Word], top: float) -> list[Word]:
    """The words on the line right above `top`."""
    near = [word for word in words if 0 < top - word.middle[1] <= REACH * word.height]
    foot = max((word.middle[1] for word in near), default=0.0)
    return [word for word in near if foot - word.middle[1] <= word.height / 2]


def _are_titles(edges: Sequence[float], line: Sequence[Word], text: str) -> bool:
    titles = [cell for cell in _in_columns(edges, line) if cell]
    if len(titles) < max(2, (len(edges) - 1) / 2) or has_amounts(titles[1:], text):
        return False
    gaps = (min(word.box[0] for word in right) - max(word.box[2] for word in left) for left, right in pairwise(titles))
    return all(gap >= MIN_GAP * line[0].height for gap in gaps)


def _in_columns(edges: Sequence[float], words: Sequence[Word]) -> list[Cell]:
    cells: list[list[Word]] = [[] for _ in edges[1:]]
    for word in words:
        cells[min(bisect(edges, word.middle[0]), len(cells)) - 1].append(word)
    return list(cells)


def _is_one_piece(words: Sequence[Word], text: str) -> bool:
    """Whether nothing else is written among them."""
    first, end = min(word.first for word in words), max(word.end for word in words)
    return len("".join(text[first:end].split())) == sum(word.end - word.first for word in words)


def _share(cells: Sequence[Cell], text: str, matches: Callable[[str], object]) -> float:
    """Of the cells with text, how many look so; those with a year do not."""
    written = [[text[word.first : word.end] for word in cell] for cell in cells if cell]
    alike = [cell for cell in written if matches("".join(cell)) and not any(map(YEAR.fullmatch, cell))]
    return len(alike) / len(written) if written else 0.0
