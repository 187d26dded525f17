"""Whether a table that lines on a PDF page seem to make agrees with the order in which the file has its text.

Lines below the figures of a balance sheet meet and look like cells, but what a figure stands for is left of them, on
the same line. Programs write a table cell by cell; what is written line by line has no cells of several lines.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from ingestion.parsers.pdf_layout import PDFIUM_HYPHEN
from ingestion.parsers.pdf_words import Word

LINE_END = re.compile(rf"[\r\n{PDFIUM_HYPHEN}]+")
MAX_CUT = 0.3
"""Of the lines of text that are in a table: they go on outside of it, as a remark in the margin may."""
MAX_RETURNS = 0.25
"""Of the cells of a row: text goes back into them after it was in others, as for a raised number."""
MAX_HEADER_RETURNS = 1.0
"""The titles of columns are of two lines more often than anything else is, and some are written line by line."""


def cuts_lines(words: Sequence[Word], text: str) -> bool:
    """Whether many lines of `text` that have some of `words` have others as well."""
    starts = [0, *(match.end() for match in LINE_END.finditer(text))]
    inside: Counter[int] = Counter()
    for word in words:
        inside[bisect(starts, word.first)] += word.end - word.first
    ends = [*starts[1:], len(text)]
    cut = sum(
        count < len("".join(text[starts[line - 1] : ends[line - 1]].replace(PDFIUM_HYPHEN, "").split()))
        for line, count in inside.items()
    )
    return cut > MAX_CUT * len(inside)


def is_scattered(row: Sequence[Sequence[Word]], *, header: bool) -> bool:
    """Whether the text comes back to many of the cells of a row."""
    owners = sorted((word.first, number) for number, cell in enumerate(row) for word in cell)
    runs = sum(1 for _ in groupby(owner for _, owner in owners))
    return runs > (1 + (MAX_HEADER_RETURNS if header else MAX_RETURNS)) * sum(map(bool, row))
