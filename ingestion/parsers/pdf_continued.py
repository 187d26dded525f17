"""Tables that go on over the end of a PDF page: each page's part has the header of the first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ingestion.parsers.pdf_layout import Line, Table
from ingestion.parsers.tables import MAX_HEADER_CHARACTERS, row_groups

DIGITS = re.compile(r"\d+")
AMOUNT = re.compile(r"[\W_]*\d")
SAME_EDGE = 3.0
"""Points."""
MAX_RUNNING_LINES = 3
"""Headers and footers of a page that may stand between two parts of a table. A short document keeps all of its own."""


def with_headers_repeated(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Return the pages with each table as the text of its groups of rows, and none that begins without its header."""
    joined = [list(lines) for lines in pages]
    for number in range(1, len(joined)):
        if (places := _going_on(joined, number)) is not None:
            above, below = joined[number - 1][places[0]], joined[number][places[1]]
            joined[number][places[1]] = replace(below, table=_continued(above.table, below.table))
    return [[replace(line, text=_text(line.table)) if line.table else line for line in lines] for lines in joined]


def _text(table: Table) -> str:
    return "\n\n".join(row_groups(table.rows, header="\n".join(table.header)))


def _going_on(pages: Sequence[Sequence[Line]], number: int) -> tuple[int, int] | None:
    """Where the last table of the page before and the first of a page are, if the one may be the rest of the other."""
    before, lines = pages[number - 1], pages[number]
    last = next(
        (place for place in reversed(range(len(before))) if _may_go_on(before, lines, place, len(before))), None
    )
    first = next((place for place in range(len(lines)) if _may_go_on(lines, before, place)), None)
    if last is None or first is None or not _same_columns(before[last].table, lines[first].table):
        return None
    footer, header = before[last + 1 :], lines[:first]
    feet = (page[max(0, len(page) - len(footer)) :] for page in (*pages[max(0, number - 2) : number - 1], lines))
    heads = (page[:first] for page in (before, *pages[number + 1 : number + 2]))
    runs_on = _is_running(footer, feet) and _is_running(header, heads)
    return (last, first) if runs_on else None


def _may_go_on(page: Sequence[Line], other: Sequence[Line], place: int, from_end: int = 0) -> bool:
    """Whether a table is at `place`, other than a header or footer, which the other page has there as well.

    `from_end` is the length of the page where places are compared from its end.
    """
    line = page[place]
    beside = place - from_end
    if line.table is None or not -len(other) <= beside < len(other):
        return line.table is not None
    rows, others = line.text.splitlines(), other[beside].text.splitlines()
    same = sum(one == two for one, two in zip(rows, others, strict=False))
    return len(rows) != len(others) or same < len(rows) / 2


def _same_columns(above: Table | None, below: Table | None) -> bool:
    if above is None or below is None or len(above.columns) != len(below.columns):
        return False
    return all(abs(one - other) <= SAME_EDGE for one, other in zip(above.columns, below.columns, strict=True))


def _is_running(lines: Sequence[Line], others: Iterable[Sequence[Line]]) -> bool:
    """Whether lines are headers or footers, which a page beside has as well but for the numbers in them."""
    bare = [_bare(line) for line in lines]
    return not bare or (
        len(bare) <= MAX_RUNNING_LINES and any(bare == [_bare(line) for line in each] for each in others)
    )


def _bare(line: Line) -> str:
    return DIGITS.sub("#", " ".join(line.text.split()).lower())


def _continued(above: Table | None, below: Table | None) -> Table | None:
    """The part below with the header of the one above; a header that it repeats is none of its rows.

    A header that is too long to stand above each group of rows is too long to stand above each page.
    """
    if above is None or below is None or sum(map(len, above.header)) > MAX_HEADER_CHARACTERS:
        return below
    lines = (*below.header, *below.rows)
    repeats = lines[: len(above.header)] == above.header
    if not repeats and _has_titles(below):
        return below
    return replace(below, header=above.header, rows=lines[len(above.header) :] if repeats else lines)


def _has_titles(table: Table) -> bool:
    """Whether its header has words above amounts, so that it is none of the rows of another table."""
    titles = table.header[-1].split("\t") if table.header else []
    rows = [row.split("\t") for row in table.rows]
    return any(
        title and not AMOUNT.match(title) and all(column < len(row) and AMOUNT.match(row[column]) for row in rows)
        for column, title in enumerate(titles)
    )
