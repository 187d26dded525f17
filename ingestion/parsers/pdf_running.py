"""Headers and footers of PDF pages, which are no part of the text."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ingestion.parsers.pdf_layout import MAX_HEIGHT_DIFFERENCE, MAX_LINE_GAP, WORD, Line, same_row

DIGITS = re.compile(r"\d+")
PAGE_WORD = re.compile(r"\b(?:page|seite|страна|страница|стр|strana|stranica|str|pagina|página)\b|\b[psс]\.\s*\d")

MIN_PAGES_WITH_RUNNING_LINES = 4
RUNNING_SHARE = 0.5
MIN_RUNNING_GAP = 1.5
"""Between a header or footer and the text, in gaps between the text's own lines."""
MAX_RUNNING_CHARACTERS = 120


def without_running_lines(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Leave out headers and footers: first and last lines that most pages share.

    Those that differ in their numbers are taken for such only where they count the pages or stand apart from the text:
    "Step 1" and "Step 2", or the last rows of tables, are text. Each stays where it comes first, for a header may be
    the only place with the document's name.
    """
    if len(pages) < MIN_PAGES_WITH_RUNNING_LINES:
        return [list(lines) for lines in pages]
    running = {id(edge.line) for edges in _running(pages) for edge in edges[1:]}
    return [[line for line in lines if id(line) not in running] for lines in pages]


@dataclass(frozen=True, slots=True)
class _Edge:
    """The first or the last line of a page."""

    page: int
    line: Line
    text: str
    """In small letters and with single spaces."""


def _running(pages: Sequence[Sequence[Line]]) -> Iterator[list[_Edge]]:
    """Yield what is one header or footer, page by page."""
    often = max(2, RUNNING_SHARE * len(pages))
    for alike in _grouped(_edges(pages), lambda edge: DIGITS.sub("#", edge.text)):
        if _count(alike) > often:
            groups = (_counting(alike), _apart(alike, pages), *_grouped(alike, lambda edge: edge.text))
            yield from (group for group in groups if _count(group) > often)


def _edges(pages: Sequence[Sequence[Line]]) -> Iterator[_Edge]:
    for page, lines in enumerate(pages):
        for line in (*lines[:1], *lines[1:][-1:]):
            if len(line.text) <= MAX_RUNNING_CHARACTERS:
                yield _Edge(page, line, " ".join(line.text.split()).lower())


def _grouped(edges: Iterable[_Edge], key: Callable[[_Edge], str]) -> list[list[_Edge]]:
    groups: defaultdict[str, list[_Edge]] = defaultdict(list)
    for edge in edges:
        groups[key(edge)].append(edge)
    return list(groups.values())


def _count(edges: Iterable[_Edge]) -> int:
    """On how many pages they are."""
    return len({edge.page for edge in edges})


def _counting(alike: Sequence[_Edge]) -> list[_Edge]:
    """Those that say "page", or no word at all, with a number that goes up from page to page as the pages do."""
    if WORD.search(alike[0].text) and not PAGE_WORD.search(alike[0].text):
        return []
    distances = Counter(distance for edge in alike for distance in _distances(edge))
    usual = max(distances, key=distances.__getitem__, default=0)
    return [edge for edge in alike if usual in _distances(edge)]


def _distances(edge: _Edge) -> set[int]:
    return {int(number) - edge.page for number in DIGITS.findall(edge.text)}


def _apart(alike: Sequence[_Edge], pages: Sequence[Sequence[Line]]) -> list[_Edge]:
    """Those at one height of their pages, outside of the text, where one word with a number may still be a heading."""
    places = [edge.line.box[1] for edge in alike if edge.line.box]
    if not places or (len(WORD.findall(alike[0].text)) == 1 and not PAGE_WORD.search(alike[0].text)):
        return []
    place = median(places)
    return [edge for edge in alike if _at(edge.line, place) and _outside(edge.line, pages[edge.page])]


def _at(line: Line, place: float) -> bool:
    return line.box is not None and abs(line.box[1] - place) <= 0.5 * line.height


def _outside(line: Line, lines: Sequence[Line]) -> bool:
    """Whether it is further from the text than the text's lines are from each other, and no larger than they are."""
    text = [other for other in lines if other.box and other is not line and not _share_row(line, other)]
    if not text or line.height > (1 + MAX_HEIGHT_DIFFERENCE) * median(other.height for other in text):
        return False
    between = [gap for above, below in pairwise(text) if (gap := _gap(above, below)) > 0]
    furthest = max(MAX_LINE_GAP * line.height, MIN_RUNNING_GAP * median(between or [0.0]))
    return min(_gap(line, other) for other in text) > furthest


def _gap(line: Line, other: Line) -> float:
    """The empty height between two lines; negative where they share some."""
    if line.box is None or other.box is None:
        return 0.0
    return max(line.box[1] - other.box[3], other.box[1] - line.box[3])


def _share_row(line: Line, other: Line) -> bool:
    return same_row(line, other) or same_row(other, line)
