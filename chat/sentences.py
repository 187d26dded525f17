"""Sentences with their offsets. Good enough for quoting: a wrong cut shows a sentence and a half, never a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

_END = re.compile(
    r"""
    (?<=[.!?…؟])(?P<closing>(?:["'»”’)\]*_]|\[\d{1,3}\])*)
      \s+(?=["'«„“‘(\[*_]*[A-ZÀ-ÖØ-ÞĀ-ſΑ-ΩА-ЯЀ-Џء-ي0-9])  # a stop, then what begins a sentence
    | (?<=[^\W\d_]{5}[.!?…])\s+(?=[^\W\d_])                                 # people who begin with a small letter
    | (?<=[。！？])                                                         # languages that put no space there
    | \n+                                                                  # list items, headings, table rows
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-ZА-Яء-ي]|e\.g|i\.e|etc|vs|Dr|Mr|Mrs|Ms|Prof|St|No|Nr|Abs|Art|Fig|approx|incl|resp|z\.B|d\.h|einschl|entspr|insbes|tj|npr|tzv|itd|čl|br|тј|нпр|тзв|итд|чл|бр))\.\s*$"
)
ABBREVIATION_CHARS = 12
"""The longest of them has fewer."""

WIDTHS = range(40, 133)
"""Characters in a line of text that was broken to a width."""
WRAPPED_SHARE = 0.6
"""Of the lines that another one follows in the same paragraph."""
FEWEST_BREAKS = 2
_LINE_END = re.compile(r"[.!?…:;؟؛。！？]\W*$")
_COLUMN = re.compile(r"\t|\s\|\s|\S {3,}\S")
_ITEM = re.compile(r"(?:\d{1,3}|[a-z])[.)]\s")


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    start: int
    end: int


@lru_cache(maxsize=512)  # a passage is split for ranking, packing, marking and checking, all for one question
def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of `text` in order; offsets count characters in `text`."""
    return tuple(_split(text))


def _split(text: str) -> Iterator[Sentence]:
    start = 0
    width = _width(text)
    for match in _END.finditer(text):
        if "\n" in match[0]:
            if _is_wrapped(text, match, width):
                continue
        elif _ABBREVIATION.search(text, max(start, match.start() - ABBREVIATION_CHARS), match.start()):
            continue
        yield from _trimmed(text, start, max(match.start(), match.end("closing")))
        start = match.end()
    yield from _trimmed(text, start, len(text))


def _width(text: str) -> int:
    """Of the lines, where most of them end for lack of room; 0 where they end because there is no more to say."""
    lines = text.split("\n")
    width = max((len(line) for line in lines if len(line) in WIDTHS), default=0)
    full = [_is_full(line, below, width) for line, below in pairwise(lines) if line and below[:1].isalnum()]
    return width if len(full) >= FEWEST_BREAKS and sum(full) >= WRAPPED_SHARE * len(full) else 0


def _is_full(line: str, below: str, width: int) -> bool:
    """Whether the next word would not have fitted into the line."""
    return len(line) in WIDTHS and len(line) + 1 + len(below.partition(" ")[0]) > width


def _is_wrapped(text: str, end: re.Match[str], width: int) -> bool:
    """Whether the line ends for lack of room, and its sentence does not."""
    if not width or end[0] != "\n":
        return False
    line = text[text.rfind("\n", 0, end.start()) + 1 : end.start()]
    below = text[end.end() :].partition("\n")[0]
    is_prose = below[:1].isalnum() and not _COLUMN.search(line + below) and not _ITEM.match(below)
    return is_prose and not _LINE_END.search(line) and _is_full(line, below, width)


def _trimmed(text: str, start: int, end: int) -> Iterator[Sentence]:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        start += len(piece) - len(piece.lstrip())
        yield Sentence(stripped, start, start + len(stripped))
