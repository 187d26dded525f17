"""What goes into the prompt: whole passages where they fit, and else their best sentences.

A sentence counts by the words that it shares with the question, those that are rare among the sentences more; by those
that its neighbours share; and by the rank of its passage. Measured in docs/adr/0009-sentences-in-the-prompt.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from chat.domain import Exchange, Passage, Range
from chat.rarity import Terms, rarity
from chat.sentences import sentences

BYTES_PER_TOKEN = 3
"""A careful guess that holds for the tokenizers of small models: about three characters of English, one and a half of
Cyrillic. Guessing too many tokens costs a passage; guessing too few costs the whole answer."""
PASSAGE_OVERHEAD_TOKENS = 24
SENTENCE_OVERHEAD_TOKENS = 3
"""For the mark where something is left out."""
NEIGHBOUR_WEIGHT = 0.5
RANK_WEIGHT = 0.4
"""For each standard deviation that a passage's score is above the mean."""
HISTORY_SHARE = 0.25
"""Of the context, for earlier exchanges."""


def estimate_tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def pack(
    passages: Sequence[Passage], *, question: str, terms: Terms, budget_tokens: int, limit: int
) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
    """Return the passages of the prompt, numbered anew from 1 in the order of their rank, and those that were cut.

    `kept` of a passage says which stretches of it are in the prompt. At least one passage always is.
    """
    best = passages[:limit]
    if sum(map(cost_of, best)) <= budget_tokens:
        packed = {passage.chunk_id: passage for passage in best}
    else:
        packed = _shortened(passages, question, terms, budget_tokens, limit)
    in_order = (packed[passage.chunk_id] for passage in passages if passage.chunk_id in packed)
    numbered = tuple(replace(passage, number=number) for number, passage in enumerate(in_order, 1))
    return numbered, tuple(passage for passage in passages if passage.chunk_id not in packed)


def cost_of(passage: Passage) -> int:
    return estimate_tokens(passage.excerpt) + PASSAGE_OVERHEAD_TOKENS


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence of a passage. `shared` is the weight of the question's words in it, as a share of all."""

    passage: Passage
    start: int
    end: int
    tokens: int
    shared: float


def _shortened(
    passages: Sequence[Passage], question: str, terms: Terms, budget_tokens: int, limit: int
) -> dict[UUID, Passage]:
    kept: dict[UUID, list[Range]] = {}
    for line in _best_first(_lines(passages, set(terms(question)), terms)):
        known = kept.get(line.passage.chunk_id)
        cost = line.tokens + (0 if known else PASSAGE_OVERHEAD_TOKENS)
        if cost > budget_tokens or (known is None and len(kept) == limit):
            continue
        kept.setdefault(line.passage.chunk_id, []).append((line.start, line.end))
        budget_tokens -= cost
    if not kept:
        return {passages[0].chunk_id: passages[0]}
    return {
        passage.chunk_id: replace(passage, kept=_merged(passage.text, kept[passage.chunk_id]))
        for passage in passages
        if passage.chunk_id in kept
    }


def _lines(passages: Sequence[Passage], wanted: set[str], terms: Terms) -> list[_Line]:
    found = [
        (passage, sentence, wanted.intersection(terms(sentence.text)))
        for passage in passages
        for sentence in sentences(passage.text)
    ]
    weight = rarity(wanted, [shared for _passage, _sentence, shared in found])
    whole = sum(weight.values()) or 1.0
    return [
        _Line(
            passage=passage,
            start=sentence.start,
            end=sentence.end,
            tokens=estimate_tokens(sentence.text) + SENTENCE_OVERHEAD_TOKENS,
            shared=sum(weight[term] for term in shared) / whole,
        )
        for passage, sentence, shared in found
    ]


def _best_first(lines: Sequence[_Line]) -> list[_Line]:
    def score(number: int) -> float:
        line = lines[number]
        around = (lines[near] for near in (number - 1, number + 1) if 0 <= near < len(lines))
        neighbours = max((near.shared for near in around if near.passage is line.passage), default=0.0)
        return line.shared + NEIGHBOUR_WEIGHT * neighbours + RANK_WEIGHT * (line.passage.fused or 0.0)

    return [lines[number] for number in sorted(range(len(lines)), key=lambda number: -score(number))]


def _merged(text: str, ranges: Iterable[Range]) -> tuple[Range, ...]:
    """In reading order; neighbours with nothing but space between them are one."""
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and not text[merged[-1][1] : start].strip():
            merged[-1] = merged[-1][0], end
        else:
            merged.append((start, end))
    return tuple(merged)


def recent(history: Sequence[Exchange], *, budget_tokens: int) -> tuple[Exchange, ...]:
    """The latest exchanges that fit, oldest first."""
    kept: list[Exchange] = []
    for exchange in reversed(history):
        budget_tokens -= estimate_tokens(exchange.question) + estimate_tokens(exchange.answer)
        if budget_tokens < 0:
            break
        kept.append(exchange)
    return tuple(reversed(kept))
