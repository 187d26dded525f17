"""Words as a search through one's own messages compares them, and where they stand in a text.

Folded as the lexical index folds them, but not stemmed: case, accents and the two Serbian scripts make no difference.
A typed word is found at the beginning of a longer one, so that nobody has to know an ending.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain

from chat.citations import CITATION
from chat.excerpts import ELLIPSIS, Part
from ingestion.index import tokens

QUERY_CHARS = 200
QUERY_WORDS = 12
"""More are not looked at: each is a comparison with every message."""
LEAD_CHARS = 80
SNIPPET_CHARS = 280


def folded_text(*texts: str) -> str:
    """The distinct words of the texts, each after a space: what `Turn.folded` holds."""
    words = chain.from_iterable(tokens.terms(CITATION.sub(" ", text), "") for text in texts)
    return "".join(f" {word}" for word in dict.fromkeys(words))


def query_words(query: str) -> list[str]:
    """What has to be in a message, each at the beginning of a word. Empty when nothing is asked for."""
    return list(dict.fromkeys(tokens.terms(query[:QUERY_CHARS], "")))[:QUERY_WORDS]


def snippet(text: str, words: Sequence[str]) -> tuple[list[Part], bool]:
    """So much of `text` as a result has room for, around the first hit, and whether there was one."""
    flat = " ".join(unicodedata.normalize("NFKC", text.translate(tokens.INVISIBLE)).split())
    hits = list(_hits(flat, words))
    first = hits[0][0] if hits else 0
    start = 0 if first <= LEAD_CHARS else flat.find(" ", first - LEAD_CHARS, first) + 1 or first
    end = min(start + SNIPPET_CHARS, len(flat))
    if end < len(flat):
        end = max(flat.rfind(" ", start, end), start + SNIPPET_CHARS // 2)
    return list(_parts(flat, start, end, hits)), bool(hits)


def _parts(flat: str, start: int, end: int, hits: Sequence[tuple[int, int]]) -> Iterator[Part]:
    at = start
    if start:
        yield Part(f"{ELLIPSIS} ", is_deciding=False)
    for begin, stop in hits:
        if stop > end:
            break
        if begin > at:
            yield Part(flat[at:begin], is_deciding=False)
        yield Part(flat[max(begin, at) : stop], is_deciding=True)
        at = stop
    if at < end:
        yield Part(flat[at:end], is_deciding=False)
    if end < len(flat):
        yield Part(f" {ELLIPSIS}", is_deciding=False)


def _hits(flat: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Start and end of each word that begins with one of `words`; of scripts without spaces, of each pair."""
    if not words:
        return
    wanted = tuple(words)
    reached = 0
    for match in tokens.TOKEN.finditer(flat):
        for begin, stop in _units(match.start(), match.end(), pairs=match["spaceless"] is not None):
            terms = tokens.terms(flat[begin:stop], "")
            if any(term.startswith(wanted) for term in terms) and stop > reached:
                yield max(begin, reached), stop
                reached = stop


def _units(start: int, end: int, *, pairs: bool) -> Iterator[tuple[int, int]]:
    if pairs and end - start > 1:
        yield from ((at, at + 2) for at in range(start, end - 1))
    else:
        yield start, end
