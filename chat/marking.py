"""Marks around sentences of rendered HTML, which stays well-formed: a mark never begins in one element and ends in
another, so that a sentence which does has several.

A sentence is found by its letters, because Markdown and HTML have little else in common: whatever is between them,
such as emphasis, entities and links, is passed over. The HTML is the renderer's own, clean and balanced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape

from chat.page_marks import letters

INLINE = frozenset({"a", "strong", "em", "s", "code", "span", "br"})
EMPTY = frozenset({"br", "hr"})

_TOKEN = re.compile(r"""<(?P<close>/)?(?P<tag>[a-z][a-z0-9]*)(?:[^"'>]|"[^"]*"|'[^']*')*>|(?P<text>[^<]+)""")
_OPENED = re.compile(r"""<(?P<tag>[a-z][a-z0-9]*)(?:[^"'<>]|"[^"]*"|'[^']*')*>\Z""")
_CLOSED = re.compile(r"</(?P<tag>[a-z][a-z0-9]*)>")
_UNIT = re.compile(r"&(?:#\w+|\w+);|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mark:
    """`text` is what a reader sees of the sentence, and `nth` says which of those that read the same it is.

    `begin` and `end` are put around it; where it has several marks they are around its last part, and `begin_part` and
    `end_part` around those before.
    """

    text: str
    nth: int
    begin: str
    end: str
    begin_part: str
    end_part: str


@dataclass(slots=True)
class _Page:
    """The HTML by its letters: `at[n]` is the unit that the nth letter is in."""

    html: str
    units: list[tuple[int, int, int]] = field(default_factory=list)
    """Where in the HTML each visible character begins and ends, and in which block it is."""
    letters: str = ""
    at: list[int] = field(default_factory=list)


def mark(html: str, marks: Sequence[Mark]) -> str:
    """Return the HTML with the marks in it, which are given in reading order. A sentence that is not found stays as it
    is."""
    page = _read(html)
    pieces: list[str] = []
    done = 0
    for each in marks:
        found = _located(page, each, done)
        segments = list(_segments(html, *found)) if found else []
        for number, (start, stop) in enumerate(segments, 1):
            begin, end = (each.begin, each.end) if number == len(segments) else (each.begin_part, each.end_part)
            pieces += [html[done:start], begin, html[start:stop], end]
            done = stop
    return "".join([*pieces, html[done:]])


def nth_of(sentence: str, text: str, start: int) -> int:
    """How many of those that read like `sentence` begin in `text` before `start`, where it begins itself."""
    read, before = letters(sentence)[0], letters(text[:start])[0]
    found = letters(text)[0]
    count, at = 0, found.find(read) if read else -1
    while 0 <= at < len(before):
        count, at = count + 1, found.find(read, at + 1)
    return count


def text_of(html: str) -> str:
    return "".join(unescape(token["text"]) for token in _TOKEN.finditer(html) if token["text"])


def _read(html: str) -> _Page:
    page, block = _Page(html), 0
    found: list[str] = []
    for token in _TOKEN.finditer(html):
        if not token["text"]:
            block += token["tag"] not in INLINE
            continue
        for unit in _UNIT.finditer(token["text"]):
            read = letters(unescape(unit[0]))[0]
            found.append(read)
            page.at += [len(page.units)] * len(read)
            page.units.append((token.start() + unit.start(), token.start() + unit.end(), block))
    page.letters = "".join(found)
    return page


def _located(page: _Page, wanted: Mark, after: int) -> tuple[int, int] | None:
    """Where the sentence begins and ends in the HTML, with the punctuation that clings to it."""
    read = letters(wanted.text)[0]
    at = -1
    for _time in range(wanted.nth + 1):
        at = page.letters.find(read, at + 1) if read else -1
        if at < 0:
            return None
    first, last = page.at[at], page.at[at + len(read) - 1]
    while first > 0 and _clings(page, first - 1, first) and page.units[first - 1][0] >= after:
        first -= 1
    while last + 1 < len(page.units) and _clings(page, last + 1, last):
        last += 1
    start, stop = page.units[first][0], page.units[last][1]
    if start < after:
        return None
    while (tag := _OPENED.search(page.html, after, start)) and tag["tag"] in INLINE:
        start = tag.start()
    while (tag := _CLOSED.match(page.html, stop)) and tag["tag"] in INLINE:
        stop = tag.end()
    return start, stop


def _clings(page: _Page, other: int, one: int) -> bool:
    start, end, block = page.units[other]
    character = unescape(page.html[start:end])
    return block == page.units[one][2] and not character.isspace() and not letters(character)[0]


def _segments(html: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield stretches of `html` between the two places. Each holds whole elements only, none of them a block."""
    begun: int | None = None
    ended = start
    opened: list[re.Match[str]] = []
    for token in _TOKEN.finditer(html, start, stop):
        if token["text"]:
            if begun is None and token["text"].strip():
                begun = token.start()
            ended = token.end() if not opened and begun is not None else ended
        elif token["tag"] in EMPTY & INLINE:
            continue
        elif token["tag"] in INLINE and not token["close"]:
            opened.append(token)
            begun = token.start() if begun is None else begun
        elif token["tag"] in INLINE and opened:
            opened.pop()
            ended = token.end() if not opened else ended
        else:  # the end of an element that had begun before, or a block
            if begun is not None and ended > begun:
                yield begun, ended
            begun = None
    if begun is not None and ended > begun:
        yield begun, ended
    if opened:
        yield from _segments(html, opened[0].end(), stop)
