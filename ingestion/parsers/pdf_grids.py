"""Grids of rulings: which lines on a page belong to one table, and where its cells are.

Coordinates here are those of a reader: x grows to the right and y down the page, whichever way the page is turned.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingestion.parsers.pdf_rulings import Ruling, Rulings

SAME_LINE = 3.0
"""Points: lines no further apart are one line, drawn double or in pieces; so near do lines of one table meet."""
MIN_LENGTH = 8.0
MIN_COLUMNS = 2
MIN_WIDTH = 60.0
"""Points, of a grid. Printers' marks are smaller, and stand on every page of some books."""
MAX_MEETINGS = 250_000
"""Pairs of a level and a plumb line that are looked at; a page with more is a drawing."""

MAX_GRIDS = 100
"""On one page; one with more is a drawing."""
MAX_PLACES = 20_000
"""Cells of one grid; as many words do not fit onto a page."""

Place = tuple[int, int]
"""Row and column, from 0."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Edges of columns and rows, in order; and the first place of each cell, for every place that it covers."""

    xs: Sequence[float]
    ys: Sequence[float]
    cells: Mapping[Place, Place]
    header_rows: int = 0
    """0 where only the cells tell."""

    @property
    def size(self) -> float:
        return (self.xs[-1] - self.xs[0]) * (self.ys[-1] - self.ys[0])

    @property
    def area(self) -> tuple[float, float, float, float]:
        return self.xs[0], self.ys[0], self.xs[-1], self.ys[-1]

    def cell(self, x: float, y: float) -> Place | None:
        """The first place of the cell at a point; None outside of the grid."""
        return self.cells.get((bisect(self.ys, y) - 1, bisect(self.xs, x) - 1))


def grids(rulings: Rulings) -> list[Grid]:
    """Return the grids of a page with two columns or more, the smallest first: one may lie in a cell of another."""
    level, plumb = merged(rulings.level), merged(rulings.plumb)
    if len(level) * len(plumb) > MAX_MEETINGS:
        return []
    found = [grid for lines in _connected(level, plumb) if (grid := _grid(*lines)) is not None]
    return sorted(found, key=lambda grid: grid.size) if len(found) <= MAX_GRIDS else []


def merged(rulings: Iterable[Ruling]) -> list[Ruling]:
    """One line for what is drawn in several pieces or twice."""
    merged: list[Ruling] = []
    for near in _near(sorted(rulings, key=lambda ruling: ruling.at), lambda ruling: ruling.at):
        at = sum(ruling.at for ruling in near) / len(near)
        start = end = None
        for ruling in sorted(near, key=lambda ruling: ruling.start):
            if start is None or end is None:
                start, end = ruling.start, ruling.end
            elif ruling.start > end + SAME_LINE:
                merged.append(Ruling(at, start, end))
                start, end = ruling.start, ruling.end
            else:
                end = max(end, ruling.end)
        if start is not None and end is not None:
            merged.append(Ruling(at, start, end))
    return [ruling for ruling in merged if ruling.end - ruling.start >= MIN_LENGTH]


def _near(rulings: Sequence[Ruling], place: Callable[[Ruling], float]) -> Iterator[list[Ruling]]:
    group: list[Ruling] = []
    for ruling in rulings:
        if group and place(ruling) - place(group[0]) > SAME_LINE:
            yield group
            group = []
        group.append(ruling)
    if group:
        yield group


def _connected(level: Sequence[Ruling], plumb: Sequence[Ruling]) -> Iterator[tuple[list[Ruling], list[Ruling]]]:
    """The lines of each drawing whose lines meet."""
    joined = _Joined(len(level) + len(plumb))
    for row, line in enumerate(level):
        for column, other in enumerate(plumb, start=len(level)):
            if _reaches(line, other.at) and _reaches(other, line.at):
                joined.join(row, column)
    groups: dict[int, tuple[list[Ruling], list[Ruling]]] = {}
    for number, line in enumerate((*level, *plumb)):
        groups.setdefault(joined.first(number), ([], []))[number >= len(level)].append(line)
    yield from (group for group in groups.values() if all(group))


def _reaches(line: Ruling, at: float) -> bool:
    return line.start - SAME_LINE <= at <= line.end + SAME_LINE


def _grid(level: Sequence[Ruling], plumb: Sequence[Ruling]) -> Grid | None:
    """Where the outermost lines are missing, the ends of the others are the edges."""
    xs = _edges((*(line.at for line in plumb), *_ends(level)))
    ys = _edges((*(line.at for line in level), *_ends(plumb)))
    if len(xs) <= MIN_COLUMNS or xs[-1] - xs[0] < MIN_WIDTH or len(xs) * len(ys) > MAX_PLACES:
        return None
    return Grid(xs, ys, _cells(xs, ys, level, plumb))


def _ends(lines: Sequence[Ruling]) -> tuple[float, float]:
    return min(line.start for line in lines), max(line.end for line in lines)


def _edges(places: Iterable[float]) -> list[float]:
    edges: list[float] = []
    for place in sorted(places):
        if not edges or place - edges[-1] > SAME_LINE:
            edges.append(place)
    return edges


def _cells(
    xs: Sequence[float], ys: Sequence[float], level: Sequence[Ruling], plumb: Sequence[Ruling]
) -> dict[Place, Place]:
    """Places that no line parts are one cell."""
    rows, columns = len(ys) - 1, len(xs) - 1
    joined = _Joined(rows * columns)
    below, beside = _walls(ys, xs, level), _walls(xs, ys, plumb)
    for row in range(rows):
        for column in range(columns):
            number = row * columns + column
            if column + 1 < columns and (column + 1, row) not in beside:
                joined.join(number, number + 1)
            if row + 1 < rows and (row + 1, column) not in below:
                joined.join(number, number + columns)
    return {divmod(number, columns): divmod(joined.first(number), columns) for number in range(rows * columns)}


def _walls(edges: Sequence[float], across: Sequence[float], lines: Sequence[Ruling]) -> set[tuple[int, int]]:
    """Which stretch between two of `across` each of `edges` has a line along."""
    walls = set()
    middles = [(first + last) / 2 for first, last in pairwise(across)]
    for line in lines:
        edge = min(range(len(edges)), key=lambda number: abs(edges[number] - line.at))
        walls |= {(edge, number) for number, middle in enumerate(middles) if line.start <= middle <= line.end}
    return walls


class _Joined:
    """Numbers that were joined, directly or through others."""

    def __init__(self, count: int) -> None:
        self._before = list(range(count))

    def first(self, number: int) -> int:
        """The smallest of those that `number` was joined with."""
        while self._before[number] != number:
            self._before[number] = self._before[self._before[number]]
            number = self._before[number]
        return number

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.first(one), self.first(other)))
        self._before[high] = low
