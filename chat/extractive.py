"""An answer made of the documents' own sentences: nothing is invented, and it is there at once.

Sentences of the best passages are scored by the words they share with the question (weighed by how rare those are
among the passages) and by how close their meaning is to it, where an embedder is given.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chat.domain import Passage
from chat.rarity import Terms, rarity
from chat.sentences import Sentence, sentences
from ingestion.domain import Vector

MAX_SENTENCES = 3
CLOSE_READING = 12
"""So many of the best by words are compared by meaning too: each costs the embedder a short text."""
MIN_CHARS = 20
MAX_CHARS = 600
ROW = re.compile(r"\w[\t,;|]\s*[^\s\w]?\d")
"""In a row of a table with a number in it, which says something however short it is."""
RANK_WEIGHT = 0.25
"""How much standing first among the passages is worth against sharing every word of the question."""
MEANING_WEIGHT = 4.0
"""Cosines of sentence embedders lie close together; this spreads them to the scale of the other scores."""
KEEP_SHARE = 0.6
"""A further sentence has to be at least this good, compared with the best."""
CONTEXT_WEIGHT = 0.8
"""What a word counts that stands in the line above the sentence, where that line is a heading of it."""
FRAGMENT_WEIGHT = 0.5
"""What a line without a full stop counts: a table row or a list item answers now and then, a heading hardly ever."""
STOPS = tuple(".!…。！।;:")
QUESTION_MARKS = tuple("?؟？")
CLOSING = "\"'”’»)]*"
"""What may stand behind either."""

EmbedSentences = Callable[[Sequence[str]], Awaitable[list[Vector]]]


@dataclass(frozen=True, slots=True)
class Quote:
    passage: Passage
    text: str
    start: int
    score: float


async def select(
    question: str, passages: Sequence[Passage], *, terms: Terms, embed: EmbedSentences | None = None
) -> list[Quote]:
    """Return the best sentences in reading order: by passage, then by place. Empty when no passage has any."""
    quotes = by_words(question, passages, terms)
    if embed is not None and quotes:
        quotes = await _by_meaning(question, quotes[:CLOSE_READING], embed)
    if not quotes:
        return []
    best = quotes[0].score
    chosen: list[Quote] = []
    for quote in quotes:
        if len(chosen) == MAX_SENTENCES or quote.score < best * KEEP_SHARE:
            break
        if all(_normal(quote.text) != _normal(other.text) for other in chosen):
            chosen.append(quote)
    return sorted(chosen, key=lambda quote: (quote.passage.number, quote.start))


def as_markdown(quotes: Sequence[Quote]) -> str:
    """Block quotes, each with its citation. Whatever the text contains is shown as it is, never as markup."""
    return "\n\n".join(f"> {_escape(quote.text)} [{quote.passage.number}]" for quote in quotes)


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence of a passage, with the words that the question may share with it."""

    passage: Passage
    sentence: Sentence
    words: frozenset[str]
    context: frozenset[str]
    """Words of the heading right above it."""

    def score(self, weight: Mapping[str, float]) -> float:
        whole = sum(weight.values()) or 1.0
        shared = sum(
            value * (1.0 if term in self.words else CONTEXT_WEIGHT if term in self.context else 0.0)
            for term, value in weight.items()
        )
        complete = 1.0 if self.sentence.text.rstrip(CLOSING).endswith(STOPS) else FRAGMENT_WEIGHT
        return complete * (shared / whole + RANK_WEIGHT / self.passage.number)


def by_words(question: str, passages: Sequence[Passage], terms: Terms) -> list[Quote]:
    """Every sentence that may be quoted, the best first."""
    lines = [line for passage in passages for line in _lines(passage, terms)]
    weight = rarity(set(terms(question)), [line.words for line in lines])
    quotes = [
        Quote(
            passage=line.passage,
            text=line.sentence.text,
            start=line.passage.start + line.sentence.start,
            score=line.score(weight),
        )
        for line in lines
    ]
    return sorted(quotes, key=lambda quote: -quote.score)


def _lines(passage: Passage, terms: Terms) -> Iterator[_Line]:
    """The sentences that may be quoted: not too short, not too long, and no questions, which answer nothing."""
    heading = frozenset(terms(passage.heading))
    for sentence in sentences(passage.text):
        words = frozenset(terms(sentence.text))
        said = sentence.text.rstrip(CLOSING)
        if said.endswith(QUESTION_MARKS):
            heading = words
        elif len(sentence.text) < MIN_CHARS and not ROW.search(sentence.text):
            heading = words if not said.endswith(STOPS) else heading
        elif len(sentence.text) <= MAX_CHARS:
            yield _Line(passage, sentence, words, heading)


async def _by_meaning(question: str, quotes: Sequence[Quote], embed: EmbedSentences) -> list[Quote]:
    query, *vectors = await embed([question, *(quote.text for quote in quotes)])
    closeness = [sum(a * b for a, b in zip(query, vector, strict=True)) for vector in vectors]
    nearest = max(closeness)
    scored = [
        Quote(quote.passage, quote.text, quote.start, max(0.0, quote.score + MEANING_WEIGHT * (close - nearest)))
        for quote, close in zip(quotes, closeness, strict=True)
    ]
    return sorted(scored, key=lambda quote: -quote.score)


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())


_LIST_NUMBER = re.compile(r"^(\d{1,9})([.)])(?= )")
_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|~&"})


def _escape(text: str) -> str:
    escaped = " ".join(text.split()).translate(_MARKUP)
    # A line that begins like a list or a heading would become one inside the quote.
    if escaped[:1] in {"+", "-", "="}:
        return f"\\{escaped}"
    return _LIST_NUMBER.sub(r"\1\\\2", escaped)
