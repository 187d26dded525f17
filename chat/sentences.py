"""Sentences with their offsets. Good enough for quoting: a wrong cut shows a sentence and a half, never a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_END = re.compile(
    r"""
    (?<=[.!?…])["'»”’)\]]*\s+(?=["'«„“‘(\[]*[A-ZÀ-ÖØ-ÞĀ-ſΑ-ΩА-ЯЀ-Џ0-9])  # a stop, then something that begins a sentence
    | (?<=[^\W\d_]{5}[.!?…])\s+(?=[^\W\d_])                                 # people who begin with a small letter
    | (?<=[。！？])                                                         # languages that put no space there
    | \n+                                                                  # list items, headings, table rows
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-ZА-Я]|e\.g|i\.e|etc|vs|Dr|Mr|Mrs|Ms|Prof|St|No|Nr|Abs|Art|Fig|approx|incl|resp|z\.B|d\.h|einschl|entspr|insbes|tj|npr|tzv|itd|čl|br|тј|нпр|тзв|итд|чл|бр))\.\s*$"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    start: int
    end: int


def sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of `text` in order; offsets count characters in `text`."""
    start = 0
    for match in _END.finditer(text):
        if "\n" not in match[0] and _ABBREVIATION.search(text[start : match.start()]):
            continue
        yield from _trimmed(text, start, match.start())
        start = match.end()
    yield from _trimmed(text, start, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[Sentence]:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        start += len(piece) - len(piece.lstrip())
        yield Sentence(stripped, start, start + len(stripped))
