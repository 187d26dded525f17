"""Where a passage stands on a rendered page.

A parser joins lines and cleans characters, so that page and passage are compared by their letters and digits alone.
A passage may go on over a page's end: then its sentences are looked for one by one, and those that are on the page are
marked.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
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
    pieces = [whole] if whole in found else list(_pieces(passage))
    starts = [(found.find(piece), len(piece)) for piece in pieces if piece]
    return [(positions[at], positions[at + length - 1] + 1) for at, length in starts if at >= 0]


def _pieces(passage: str) -> Iterator[str]:
    """Its sentences, and the halves of those, of which one may have stayed on the page before."""
    for sentence in sentences(passage):
        whole = letters(sentence.text)[0]
        middle = len(whole) // 2
        yield from (piece for piece in (whole, whole[:middle], whole[middle:]) if len(piece) >= FEWEST_LETTERS)


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
