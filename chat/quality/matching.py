"""Whether what was found and answered is what was expected. No framework is imported here.

A passage fulfils an expectation when it is of the document, on the page where one is named, and shares its words with
the text where one is given. Chunks are cut differently from one configuration to the next, so that texts are compared
by the runs of words that they share, not by their ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from uuid import UUID

from chat.rarity import Terms

WORD = re.compile(r"\w+")
RUN = 3
"""Words in a row that are compared, fewer where fewer are expected: one is shared by chance, three hardly ever."""
SHARED = 0.5
"""Of the shorter text's runs of words; with half of them it is the same place."""


@dataclass(frozen=True, slots=True)
class Expected:
    series: UUID
    document: str
    page: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    series: UUID
    page: int | None
    last_page: int | None
    text: str


def ranks_of(expected: Sequence[Expected], found: Sequence[Found]) -> list[int | None]:
    """For each expectation the place, from 1, of the first passage that fulfils it; None where none does."""
    return [next((rank for rank, passage in enumerate(found, 1) if fulfils(passage, each)), None) for each in expected]


def fulfils(passage: Found, expected: Expected) -> bool:
    if passage.series != expected.series:
        return False
    if expected.page is not None and passage.page is not None:
        last = passage.last_page or passage.page
        if not passage.page <= expected.page <= last:
            return False
    return not expected.text or same_place(expected.text, passage.text)


def same_place(wanted: str, text: str) -> bool:
    """Whether the shorter of two texts is, for the most part, in the longer one."""
    words = WORD.findall(wanted.casefold())
    size = min(RUN, len(words))
    first, second = _runs(words, size), _runs(WORD.findall(text.casefold()), size)
    fewer = min(len(first), len(second))
    return bool(fewer) and len(first & second) >= SHARED * fewer


def _runs(words: Sequence[str], size: int) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)} if size else set()


def answer_match(answer: str, *, phrases: Sequence[str], text: str, terms: Terms) -> float | None:
    """How much of what was expected stands in the answer, 0 to 1: of the key phrases, else of the words of the expected
    answer. None where nothing was expected. Words are compared as the lexical index has them, so that another case or
    script of a word is the same word."""
    said = list(terms(answer))
    if phrases:
        return fmean(_contains(said, list(terms(phrase))) for phrase in phrases)
    wanted = set(terms(text))
    return len(wanted.intersection(said)) / len(wanted) if wanted else None


def _contains(said: list[str], phrase: list[str]) -> bool:
    size = len(phrase)
    return any(said[at : at + size] == phrase for at in range(len(said) - size + 1))
