"""What has changed between two versions of a document, line by line of the text as it was understood."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice, zip_longest
from typing import Literal

from django.utils.translation import gettext as _

from ingestion import selectors
from ingestion.domain import SECTION_SEPARATOR
from ingestion.errors import IngestionError
from ingestion.models import Document
from tenants.errors import NotFound

MAX_CHARACTERS = 5_000_000
MAX_LINES = 20_000
MAX_PAIRS = 2_000_000
"""Of equal lines in one stretch, each old one with each new one: what the comparison's time grows with."""
MAX_ROWS = 3_000
"""That one page shows."""
CONTEXT = 2
"""Unchanged lines that are shown around a change."""
MAX_WORDS = 600
"""Longer paragraphs are shown as replaced as a whole."""
ALIKE = 0.4
"""Two lines that have less in common are no new wording of each other."""
WORD = re.compile(r"\w+|\s+|[^\w\s]")

Kind = Literal["same", "removed", "added", "gap"]


@dataclass(frozen=True, slots=True)
class Part:
    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line, or a gap of `count` unchanged ones."""

    kind: Kind
    parts: tuple[Part, ...] = ()
    count: int = 0

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of `added` and `removed` lines together, `more` are not among the rows."""

    rows: tuple[Row, ...]
    added: int
    removed: int
    more: int


@dataclass(frozen=True, slots=True)
class _Run:
    """Lines that are the same in both texts, or the old ones and the new ones that stand in their place."""

    is_same: bool
    old: list[str]
    new: list[str]


def in_order(one: Document, other: Document) -> tuple[Document, Document]:
    """The older of two versions and the newer. Raise `NotFound` where they are versions of different documents."""
    if one.series != other.series:
        raise NotFound(_("These are not versions of the same document."))
    older, newer = sorted((one, other), key=lambda each: each.version)
    return older, newer


def compare(older: Document, newer: Document) -> Comparison:
    """Raise `IngestionError` where the texts are too long, or too much alike in themselves, to be compared at once."""
    runs = _runs(_lines(older), _lines(newer))
    changed = [run for run in runs if not run.is_same]
    added, removed = sum(len(run.new) for run in changed), sum(len(run.old) for run in changed)
    rows = tuple(islice(_rows(runs), MAX_ROWS))
    shown = sum(row.kind in {"added", "removed"} for row in rows)
    return Comparison(rows, added, removed, added + removed - shown)


def _lines(document: Document) -> list[str]:
    """Without empty ones, in which nothing can change."""
    if document.char_count > MAX_CHARACTERS:
        raise _too_long()
    sections = selectors.sections_of(tenant=document.tenant, document_id=document.pk).order_by("ordinal")
    text = SECTION_SEPARATOR.join(sections.values_list("text", flat=True))
    lines = [stripped for line in text.splitlines() if (stripped := line.strip())]
    if len(lines) > MAX_LINES:
        raise _too_long()
    return lines


def _too_long() -> IngestionError:
    return IngestionError(
        _("These versions are too long to be compared here. Download both and compare them on your own machine."),
        code="version.too_long",
    )


def _runs(before: list[str], after: list[str]) -> list[_Run]:
    """In turn the same and changed. Lines that stand once in each text hold it together; only what lies between two
    of them is compared line with line, whose time grows with the square."""
    runs: list[_Run] = []
    old_from = new_from = 0
    for old_at, new_at in [*_anchors(before, after), (len(before), len(after))]:
        for run in _between(before[old_from:old_at], after[new_from:new_at]):
            _join(runs, run)
        old_from, new_from = old_at + 1, new_at + 1
        if old_at < len(before):
            _join(runs, _Run(is_same=True, old=before[old_at:old_from], new=after[new_at:new_from]))
    return runs


def _anchors(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Places of the longest row of lines that are the only ones of their kind in both texts and in the same order."""
    places = {line: at for at, line in enumerate(after)}
    in_old, in_new = Counter(before), Counter(after)
    unique = [(at, places[line]) for at, line in enumerate(before) if in_old[line] == in_new[line] == 1]
    ends: list[int] = []  # of the best row of each length, the place of its last line in `after`
    best: list[tuple[int, int | None]] = []  # for each line: the length of its row, and the line before it
    last: list[int] = []  # index in `unique` of what `ends` holds
    for index, (_old_at, new_at) in enumerate(unique):
        length = bisect_left(ends, new_at)
        ends[length : length + 1] = [new_at]
        last[length : length + 1] = [index]
        best.append((length, last[length - 1] if length else None))
    row: list[tuple[int, int]] = []
    index_before = last[-1] if last else None
    while index_before is not None:
        row.append(unique[index_before])
        index_before = best[index_before][1]
    return row[::-1]


def _between(old: list[str], new: list[str]) -> Iterator[_Run]:
    shared = Counter(old)
    if sum(shared[line] for line in new) > MAX_PAIRS:
        raise _too_long()
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new).get_opcodes():
        yield _Run(is_same=tag == "equal", old=old[old_from:old_to], new=new[new_from:new_to])


def _join(runs: list[_Run], run: _Run) -> None:
    if not runs or runs[-1].is_same != run.is_same:
        runs.append(_Run(is_same=run.is_same, old=[], new=[]))
    runs[-1].old.extend(run.old)
    runs[-1].new.extend(run.new)


def _rows(runs: Sequence[_Run]) -> Iterator[Row]:
    for place, run in enumerate(runs):
        if run.is_same:
            yield from _unchanged(run.old, is_first=place == 0, is_last=place == len(runs) - 1)
        else:
            yield from _changed(run.old, run.new)


def _unchanged(lines: Sequence[str], *, is_first: bool, is_last: bool) -> Iterator[Row]:
    """A few lines next to what has changed; the others are counted only."""
    kept_before, kept_after = (0 if is_first else CONTEXT), (0 if is_last else CONTEXT)
    hidden = len(lines) - kept_before - kept_after
    if hidden <= 1:  # a gap takes as much room as the line
        yield from (_plain("same", line) for line in lines)
        return
    yield from (_plain("same", line) for line in lines[:kept_before])
    yield Row("gap", count=hidden)
    yield from (_plain("same", line) for line in lines[len(lines) - kept_after :])


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    """Lines that were reworded stand one below the other, with the words marked."""
    for before, after in zip_longest(old, new):
        if before is None or after is None:
            yield _plain("removed", before) if after is None else _plain("added", after)
            continue
        marked = _words(before, after)
        yield Row("removed", marked[0])
        yield Row("added", marked[1])


def _words(before: str, after: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    old, new = WORD.findall(before), WORD.findall(after)
    whole = (Part(before),), (Part(after),)
    if max(len(old), len(new)) > MAX_WORDS:
        return whole
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < ALIKE:
        return whole
    removed, added = [], []
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        removed.append(Part("".join(old[old_from:old_to]), tag != "equal"))
        added.append(Part("".join(new[new_from:new_to]), tag != "equal"))
    return tuple(part for part in removed if part.text), tuple(part for part in added if part.text)


def _plain(kind: Kind, line: str) -> Row:
    return Row(kind, (Part(line),))
