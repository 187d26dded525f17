"""Tables as text: one row a line, cells apart by a tab, the header again above each group of rows.

A tab costs a prompt less than a drawn table, and a phrase search still finds neighbouring cells side by side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ingestion.parsers.cleaning import one_line

GROUP_CHARACTERS = 1_000
"""A group of rows with its header fits into one chunk (1,200 characters), so that no row is cut off from its header."""

MAX_HEADER_CHARACTERS = GROUP_CHARACTERS // 3
"""A longer header is not repeated: there would be more header than rows."""

GAP = re.compile(r"\t{9,}")
"""So many empty cells keep nothing in line with its header any more; a sheet can have 16,383 of them in a row."""


def row_line(cells: Iterable[str]) -> str:
    """Return the cells on one line; "" when all of them are empty."""
    return joined_cells(one_line(cell) for cell in cells)


def joined_cells(cells: Iterable[str]) -> str:
    """Return what `row_line` does of cells that are one line each already."""
    return GAP.sub("\t", "\t".join(cells)).rstrip()


def row_groups(lines: Iterable[str], *, header: str = "") -> Iterator[str]:
    """Yield blocks of at most `GROUP_CHARACTERS`, a longer single row alone; each begins with `header`.

    Empty lines are left out. A header without rows is a block of its own.
    """
    repeated = header if len(header) <= MAX_HEADER_CHARACTERS else ""
    group, size, rows = [header] if header else [], len(header), 0
    for line in lines:
        if not line:
            continue
        if rows and size + len(line) > GROUP_CHARACTERS:
            yield "\n".join(group)
            group, size, rows = [repeated] if repeated else [], len(repeated), 0
        group.append(line)
        size += len(line) + 1
        rows += 1
    if group:
        yield "\n".join(group)


def table_blocks(rows: Iterable[Sequence[str]], *, header: bool) -> Iterator[str]:
    """Yield the blocks of a table; with `header`, its first row that holds anything stands above each of them."""
    lines = filter(None, (row_line(row) for row in rows))
    return row_groups(lines, header=next(lines, "") if header else "")
