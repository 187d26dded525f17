"""Tables of a PDF that have lines above, below their header and at their end, and none between their columns.

Between such lines, columns are where the words of all rows keep the same wide gaps free. Without lines they are not
looked for: what then is a table, and what its header, a page of columns of text or a list does not tell reliably.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean

from ingestion.parsers.pdf_grids import SAME_LINE, Grid, Place, merged
from ingestion.parsers.pdf_header import MIN_GAP
from ingestion.parsers.pdf_rulings import Ruling
from ingestion.parsers.pdf_words import Word

MIN_WIDTH = 100.0
"""Points, of a line that rules a table off."""
MIN_LINES = 3
MAX_LINES = 500
"""Level lines of a page; one with more is a drawing."""
MIN_ROWS_OF_CELLS = 0.7
"""Of the rows between two lines; the others are titles, or the rest of a long cell."""
MAX_WORDS = 3.0
"""In a cell beside the first, on average. Columns of prose have twice as many in a line."""
MAX_HEADER_ROWS = 4
MIN_BODY_ROWS = 2


@dataclass(frozen=True, slots=True)
class _Row:
    """Words on one line, in order, with those that stand closely together in one group."""

    groups: list[list[Word]]

    @property
    def middle(self) -> float:
        return mean(word.middle[1] for group in self.groups for word in group)

    @property
    def height(self) -> float:
        return max(word.height for group in self.groups for word in group)


def stacks(level: Sequence[Ruling]) -> list[list[Ruling]]:
    """Return lines of one length below each other, from the top: three or more, and as wide as a table."""
    lines = [line for line in merged(level) if line.end - line.start >= MIN_WIDTH]
    if len(lines) > MAX_LINES:
        return []
    found: list[list[Ruling]] = []
    for line in sorted(lines, key=lambda line: line.at):
        for stack in found:
            if abs(stack[0].start - line.start) <= SAME_LINE and abs(stack[0].end - line.end) <= SAME_LINE:
                stack.append(line)
                break
        else:
            found.append([line])
    return [stack for stack in found if len(stack) >= MIN_LINES]


def area(stack: Sequence[Ruling]) -> tuple[float, float, float, float]:
    return stack[0].start, stack[0].at, stack[0].end, stack[-1].at


def ruled_off(rules: Sequence[Sequence[Ruling]], words: Sequence[Word]) -> Iterator[Grid]:
    """Yield a grid for each table among `words` that `stacks` gives away; its header is above its second line."""
    for stack in rules:
        for run in _runs([_rows(words, upper, lower) for upper, lower in pairwise(stack)]):
            header, body = run[0], [row for band in run[1:] for row in band]
            if len(header) <= MAX_HEADER_ROWS and len(body) >= MIN_BODY_ROWS:
                yield from _grid(stack[0], [*header, *body], header=len(header))


def _rows(words: Sequence[Word], upper: Ruling, lower: Ruling) -> list[_Row]:
    """The words between two lines."""
    inside = [
        word for word in words if upper.start <= word.middle[0] <= upper.end and upper.at <= word.middle[1] <= lower.at
    ]
    lines: list[list[Word]] = []
    for word in sorted(inside, key=lambda word: word.middle[1]):
        if lines and word.middle[1] - lines[-1][0].middle[1] <= word.height / 2:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [_Row(_groups(line)) for line in lines]


def _groups(line: Sequence[Word]) -> list[list[Word]]:
    groups: list[list[Word]] = []
    for word in sorted(line, key=lambda word: word.box[0]):
        if groups and word.box[0] - groups[-1][-1].box[2] < MIN_GAP * word.height:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _runs(bands: Sequence[list[_Row]]) -> Iterator[list[list[_Row]]]:
    """Two or more neighbouring bands that look like rows of a table."""
    run: list[list[_Row]] = []
    for band in (*bands, []):
        if _is_tabular(band):
            run.append(band)
            continue
        if len(run) > 1:
            yield run
        run = []


def _is_tabular(band: Sequence[_Row]) -> bool:
    in_cells = [row for row in band if len(row.groups) > 1]
    if not in_cells or len(in_cells) < MIN_ROWS_OF_CELLS * len(band):
        return False
    return mean(len(group) for row in in_cells for group in row.groups[1:]) <= MAX_WORDS


def _grid(rule: Ruling, rows: Sequence[_Row], *, header: int) -> Iterator[Grid]:
    """One, if the rows have columns. A row of one group, such as a title among them, is one cell."""
    taken = sorted((group[0].box[0], group[-1].box[2]) for row in rows if len(row.groups) > 1 for group in row.groups)
    height = mean(row.height for row in rows)
    gaps, right = [], taken[0][1]
    for start, end in taken:
        if start - right >= MIN_GAP * height:
            gaps.append((start + right) / 2)
        right = max(right, end)
    if not gaps:
        return
    xs = [rule.start - SAME_LINE, *gaps, rule.end + SAME_LINE]
    between = ((above.middle + below.middle) / 2 for above, below in pairwise(rows))
    ys = [rows[0].middle - rows[0].height, *between, rows[-1].middle + rows[-1].height]
    cells: dict[Place, Place] = {}
    for number, row in enumerate(rows):
        whole = len(row.groups) == 1
        cells |= {(number, column): (number, 0 if whole else column) for column in range(len(xs) - 1)}
    yield Grid(xs, ys, cells, header)
