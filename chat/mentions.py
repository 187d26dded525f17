"""The names in a sentence, and whether a text has them.

A name is a word with a capital letter that no sentence begins with, and no clause behind a colon or a dash. Where every
noun has one, as in German, only what is written in capitals throughout counts. A text has a name in any case, script
and form: `Beograda` is in a text with `Београд`, `Normans` in one with `Normandy`, and `NFL` in one with `National
Football League`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chat.names import NOUNS_ARE_CAPITALISED
from chat.number_words import MONTHS, folded
from ingestion.index import tokens

SHARED_LETTERS = 4
"""Two forms of a name have at least so many in common at their beginning, …"""
ENDING_LETTERS = 3
"""… and at most so many at the end that differ."""
LONGEST_INITIALS = 8
"""Nobody abbreviates more words than this, and a page in capitals is one row of them."""

_WORD = re.compile(r"[^\W\d_](?:[\w’'-]*\w)?")
_STOP = re.compile(r"[.!?…؟]\W*$")
_LEADS = (":", " -", "–", "—")
_GOES_ON = re.compile(r"\s+[^\W\d_]")
_BETWEEN = re.compile(r"[ \u00a0]|\s?[–&-]\s?")
"""Between two words of one name."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a text can confirm."""

    words: frozenset[str]
    initials: frozenset[str]
    stems: frozenset[str] = frozenset()
    """Of a Serbian text: `Niš` and `Ana` are too short to be known by their beginning in `Nišu` and `Anu`."""

    def have(self, word: str) -> bool:
        wanted = folded(re.sub(r"[’']s?$", "", word))
        parts = [folded(part) for part in re.split(r"[-’']", word) if len(part) > 1]
        return (
            not wanted
            or wanted in self.words
            or wanted in self.initials
            or (len(parts) > 1 and all(part in self.words for part in parts))
            or any(_same(wanted, each) for each in self.words)
            or (bool(self.stems) and _stem(word) in self.stems)
        )


def names_of(text: str, language: str = "") -> Names:
    words = [match[0] for match in _WORD.finditer(text)]
    pieces = {folded(part) for word in words for part in re.split(r"[-’']", word)} | {folded(word) for word in words}
    stems = map(_stem, words) if tokens.STEMMERS.get(language) == tokens.STEMMERS["sr"] else ()
    return Names(frozenset(pieces - {""}), frozenset(_initials(words)), frozenset(stems))


def _stem(word: str) -> str:
    return "".join(tokens.terms(word, "sr"))


def names(sentence: str, language: str) -> Iterator[tuple[str, ...]]:
    """Yield each name as its words."""
    name: list[str] = []
    end = 0
    for match in _WORD.finditer(sentence):
        if name and not _BETWEEN.fullmatch(sentence[end : match.start()]):
            yield tuple(name)
            name = []
        if _is_name(sentence, match, language, goes_on=bool(name)):
            name.append(match[0])
        elif name:
            yield tuple(name)
            name = []
        end = match.end()
    if name:
        yield tuple(name)


def _is_name(sentence: str, match: re.Match[str], language: str, *, goes_on: bool) -> bool:
    word = match[0]
    if len(word) == 1 or not word[0].isupper() or folded(word) in MONTHS:
        return False
    if language in NOUNS_ARE_CAPITALISED:
        return word.isupper()
    before = sentence[: match.start()]
    begins = not goes_on and (
        not before.strip("\"'“„«‘([ ") or _STOP.search(before) is not None or _begins_clause(sentence, match)
    )
    return not begins or (word.isupper() and len(word) > 1) or any(letter.isupper() for letter in word[1:])


def _begins_clause(sentence: str, match: re.Match[str]) -> bool:
    """Behind a colon or a dash, where small letters go on: "Note: Always wear gloves", and not "The author: Joss
    Whedon"."""
    goes_on = _GOES_ON.match(sentence, match.end())
    return sentence[: match.start()].rstrip().endswith(_LEADS) and goes_on is not None and goes_on[0][-1].islower()


def _same(one: str, other: str) -> bool:
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    return shared >= SHARED_LETTERS and max(len(one), len(other)) - shared <= ENDING_LETTERS


def _initials(words: list[str]) -> Iterator[str]:
    """Of each row of words with capitals, from two letters to `LONGEST_INITIALS`."""
    row: list[str] = []
    for word in [*words, ""]:
        if word[:1].isupper():
            row.append(folded(word)[:1])
            continue
        for start in range(len(row)):
            for end in range(start + 2, min(start + LONGEST_INITIALS, len(row)) + 1):
                yield "".join(row[start:end])
        row = []
