"""What a card shows of a passage: not its beginning, but where the question is most likely answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

EXCERPT_CHARS = 320
LEAD_CHARS = 60
"""What stands before the first deciding sentence is left out where it is longer: a card shows a few lines."""
ELLIPSIS = "…"

Ranges = Sequence[Sequence[int]]


class Part(NamedTuple):
    text: str
    is_deciding: bool


def parts(text: str, ranges: Ranges) -> Iterator[Part]:
    """`text` in pieces, those in `ranges` being deciding. Ranges are in order and do not overlap."""
    at = 0
    for start, end in ranges:
        yield Part(text[at:start], is_deciding=False)
        yield Part(text[start:end], is_deciding=True)
        at = end
    yield Part(text[at:], is_deciding=False)


def opening(text: str) -> str:
    """The beginning of `text`, as a card has it that marks nothing."""
    return "".join(part.text for part in excerpt(text))


def excerpt(text: str, ranges: Ranges = ()) -> list[Part]:
    """So much of `text` as a card has room for, in one line."""
    skipped = ranges[0][0] if ranges and ranges[0][0] > LEAD_CHARS else 0
    shown: list[Part] = [Part(f"{ELLIPSIS} ", is_deciding=False)] if skipped else []
    room = EXCERPT_CHARS
    for part in parts(text[skipped:].rstrip(), [(start - skipped, end - skipped) for start, end in ranges]):
        flat = re.sub(r"\s+", " ", part.text)
        if len(flat) > room:
            shown.append(part._replace(text=f"{flat[:room].rsplit(' ', 1)[0].rstrip()} {ELLIPSIS}"))
            break
        if flat:
            shown.append(part._replace(text=flat))
        room -= len(flat)
    return shown
