"""Where a passage stands on a rendered page.

A parser joins lines and cleans characters, so that page and passage are compared by their letters and digits alone.
A passage may go on over a page's end, or have the header of a table above rows that stand far below it: then its
sentences are looked for one by one, and those that are on the page are marked.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from chat.sentences import sentences

Box = tuple[float, float, float, float]
"""Left, top, right, bottom; in pixels of the rendered page."""
FEWEST_LETTERS = 12
"""Shorter pieces stand on a page by chance."""


def boxes(page: Any, passage: str, *, scale: float, height: int) -> Iterator[Box]:
    """Yield what to mark on a `pypdfium2` page that was rendered at `scale` and is `height` pixels high."""
    text_page = page.get_textpage()
    for first, last in located(text_page.get_text_range(), passage):
        for index in range(text_page.count_rects(first, last - first)):
            left, bottom, right, top = text_page.get_rect(index)
            yield left * scale, height - top * scale, right * scale, height - bottom * scale


def located(text: str, passage: str) -> list[tuple[int, int]]:
    """Return the character ranges of `text` in which the passage stands: one where it is there as a whole."""
    found, positions = letters(text)
    whole = letters(passage)[0]
    pieces = [whole] if whole in found else list(_runs(_pieces(passage, found), found))
    starts = [(found.find(piece), len(piece)) for piece in pieces if piece]
    return [(positions[at], positions[at + length - 1] + 1) for at, length in starts if at >= 0]


def _pieces(passage: str, found: str) -> Iterator[str]:
    """Its sentences; the cells of a row that is not there in one piece; the halves of any other sentence, of which one
    may have stayed on the page before."""
    for sentence in sentences(passage):
        whole = letters(sentence.text)[0]
        middle = len(whole) // 2
        if whole in found:
            yield whole
        elif "\t" in sentence.text:
            yield from (letters(cell)[0] for cell in sentence.text.split("\t"))
        else:
            yield from (whole[:middle], whole[middle:])


def _runs(pieces: Iterable[str], found: str) -> Iterator[str]:
    """Pieces that follow each other in `found` are one, so that rows of short cells are no matter of chance either."""
    run = ""
    for piece in pieces:
        if run + piece in found:
            run += piece
            continue
        if len(run) >= FEWEST_LETTERS:
            yield run
        run = piece if piece in found else ""
    if len(run) >= FEWEST_LETTERS:
        yield run


def quoted(passage: str, answer: str) -> int | None:
    """Return where in `passage` its first sentence begins that `answer` quotes, in characters."""
    said = letters(answer)[0]
    for sentence in sentences(passage):
        wanted = letters(sentence.text)[0]
        if len(wanted) >= FEWEST_LETTERS and wanted in said:
            return sentence.start
    return None


def letters(text: str) -> tuple[str, list[int]]:
    """Return letters and digits alone, in one case, and the index in `text` of each."""
    kept: list[str] = []
    positions: list[int] = []
    for index, character in enumerate(text):
        for part in unicodedata.normalize("NFKC", character):
            if part.isalnum():
                kept.append(part.casefold()[:1])
                positions.append(index)
    return "".join(kept), positions
