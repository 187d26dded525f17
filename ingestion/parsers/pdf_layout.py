"""Lines of a PDF page to paragraphs.

A PDF knows letters at places, not paragraphs. Lines come in the order of the page's content, which is the reading order
in nearly all files, columns among them; what is decided here is which lines belong together. Coordinates are PDF
points; y grows upwards.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

PDFIUM_HYPHEN = "\ufffe"
"""What pdfium writes for a hyphen at the end of a line, instead of the hyphen and the line break."""
SOFT_HYPHEN = "\u00ad"
"""Stands in `Line.text` for a hyphen at the end of the line; pdfium marks them, and joins the two lines."""

BULLET = re.compile(r"\s*(?:[•◦▪●○■□–—*·-]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
HYPHENATED = re.compile(rf"([^\W\d_]+){SOFT_HYPHEN}([^\W\d_]+)")

MAX_DIGIT_SHARE = 0.3
"""A line with more digits than that is a row of a table."""
MAX_LINE_GAP = 0.9
"""In line heights; single spacing has a gap of about 0.2, double spacing of 1.2."""
MAX_HEIGHT_DIFFERENCE = 0.2


@dataclass(frozen=True, slots=True)
class Table:
    """Its rows as lines of text with a tab between cells; `columns` are their edges in points, from left to right."""

    columns: tuple[float, ...]
    header: tuple[str, ...]
    rows: tuple[str, ...]
    line_height: float


@dataclass(frozen=True, slots=True)
class Line:
    """`box` is left, bottom, right, top, or None where the place is not known. A table stands for its lines."""

    text: str
    box: tuple[float, float, float, float] | None = None
    table: Table | None = None

    @property
    def height(self) -> float:
        if self.table:
            return self.table.line_height
        return max(self.box[3] - self.box[1], 0.1) if self.box else 0.0


def page_text(lines: Sequence[Line]) -> str:
    """Return the text of a page: lines of a paragraph joined by a space, cells of a row by a tab."""
    pieces: list[str] = []
    for run in _runs(lines):
        edge = max((line.box[2] for line in run if line.box), default=0.0)
        pieces.append("\n\n" if pieces else "")
        pieces.append(run[0].text)
        for above, line in pairwise(run):
            pieces.append(separator(above, line, edge))
            pieces.append(line.text)
    return "".join(pieces)


def mend_hyphens(texts: Sequence[str]) -> list[str]:
    """Join words that were divided at the end of a line.

    Whether the hyphen is the word's own ("free-\\nsoftware") the document itself says, where it has the word elsewhere.
    """
    if not any(SOFT_HYPHEN in text for text in texts):
        return list(texts)
    known = Counter(word.lower() for text in texts for word in WORD.findall(text))

    def mend(match: re.Match[str]) -> str:
        left, right = match.groups()
        hyphenated, joined = f"{left}-{right}", f"{left}{right}"
        own_hyphen = known[hyphenated.lower()] > known[joined.lower()]
        return hyphenated if own_hyphen or right[0].isupper() else joined

    return [HYPHENATED.sub(mend, text).replace(SOFT_HYPHEN, "-") for text in texts]


def _runs(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines with no gap and no change of size between them."""
    runs: list[list[Line]] = []
    for line in lines:
        if runs and _touches(runs[-1][-1], line):
            runs[-1].append(line)
        else:
            runs.append([line])
    return runs


def _touches(above: Line, below: Line) -> bool:
    if above.table or below.table:
        return False
    if above.text.endswith(SOFT_HYPHEN):
        return True
    if above.box is None or below.box is None:
        return above.box is below.box
    height = max(above.height, below.height)
    if abs(above.height - below.height) > MAX_HEIGHT_DIFFERENCE * height:
        return False
    if same_row(above, below):
        return True
    overlaps = above.box[0] < below.box[2] and below.box[0] < above.box[2]
    return overlaps and below.box[3] < above.box[3] and above.box[1] - below.box[3] <= MAX_LINE_GAP * height


def same_row(left: Line, right: Line) -> bool:
    if left.box is None or right.box is None:
        return False
    shared = min(left.box[3], right.box[3]) - max(left.box[1], right.box[1])
    return shared > 0.5 * min(left.height, right.height) and right.box[0] >= left.box[2] - 1


def separator(above: Line, below: Line, edge: float) -> str:
    if above.text.endswith(SOFT_HYPHEN):
        return ""
    if same_row(above, below):
        return "\t"
    return " " if _continues(above, below, edge) else "\n"


def _continues(above: Line, below: Line, edge: float) -> bool:
    """Whether `below` goes on with the paragraph of `above`: its first word would not have fitted into that line."""
    if above.box is None or below.box is None or BULLET.match(below.text):
        return False
    if any(_digit_share(line.text) > MAX_DIGIT_SHARE for line in (above, below)):
        return False
    if below.box[0] - above.box[0] > above.height and not BULLET.match(above.text):
        return False  # indented: a new paragraph
    first_word = len(below.text.split(maxsplit=1)[0])
    character_width = (below.box[2] - below.box[0]) / len(below.text)
    return above.box[2] + (first_word + 1) * character_width >= edge


def _digit_share(text: str) -> float:
    return sum(map(str.isdigit, text)) / len(text)
