"""What goes into the prompt: whole passages where they fit, and else their best sentences.

A sentence counts by the words that it shares with the question, those that are rare among the sentences more; by how
near its words are to the question's in meaning; by the same of its neighbours; and by the rank of its passage. Measured
in docs/adr/0009-sentences-in-the-prompt.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat
from uuid import UUID

from chat.counting import Count, estimate_tokens
from chat.domain import Exchange, Passage, Range
from chat.rarity import Terms, rarity
from chat.sentences import sentences

PASSAGE_OVERHEAD_TOKENS = 24
SENTENCE_OVERHEAD_TOKENS = 3
"""For the mark where something is left out."""
NEAR_WEIGHT = 0.25
"""For each standard deviation that the sentence's words are nearer to the question's than the mean."""
NEIGHBOUR_WEIGHT = 0.5
RANK_WEIGHT = 0.3
"""For each standard deviation that a passage's score is above the mean."""
HISTORY_SHARE = 0.25
"""Of the context, for earlier exchanges."""
HISTORY_AFTER_DROP = 0.5
"""Of that share: where an exchange has to go, others go with it, so that the next few questions find the beginning of
the prompt as it was, and the model server has it in its cache."""


def pack(
    passages: Sequence[Passage],
    *,
    question: str,
    terms: Terms,
    budget_tokens: int,
    limit: int,
    count: Count = estimate_tokens,
) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
    """Return the passages of the prompt, numbered anew from 1 in the order of their rank, and those that were cut.

    `kept` of a passage says which stretches of it are in the prompt. At least one passage always is. `count` is the
    model's idea of tokens.
    """
    best = passages[:limit]
    if sum(cost_of(passage, count) for passage in best) <= budget_tokens:
        packed = {passage.chunk_id: passage for passage in best}
    else:
        packed = _shortened(passages, question, terms, budget_tokens, limit, count=count)
    in_order = (packed[passage.chunk_id] for passage in passages if passage.chunk_id in packed)
    numbered = tuple(replace(passage, number=number) for number, passage in enumerate(in_order, 1))
    return numbered, tuple(passage for passage in passages if passage.chunk_id not in packed)


def cost_of(passage: Passage, count: Count = estimate_tokens) -> int:
    return count(passage.excerpt) + PASSAGE_OVERHEAD_TOKENS


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence of a passage, and how much of the question is in it."""

    passage: Passage
    start: int
    end: int
    tokens: int
    close: float


def _shortened(
    passages: Sequence[Passage], question: str, terms: Terms, budget_tokens: int, limit: int, *, count: Count
) -> dict[UUID, Passage]:
    kept: dict[UUID, list[Range]] = {}
    for line in _best_first(_lines(passages, set(terms(question)), terms, count)):
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


def _lines(passages: Sequence[Passage], wanted: set[str], terms: Terms, count: Count) -> list[_Line]:
    found = [
        (passage, sentence, near, wanted.intersection(terms(sentence.text)))
        for passage in passages
        for sentence, near in zip(sentences(passage.text), chain(passage.near, repeat(0.0)), strict=False)
    ]
    weight = rarity(wanted, [shared for _passage, _sentence, _near, shared in found])
    whole = sum(weight.values()) or 1.0
    return [
        _Line(
            passage=passage,
            start=sentence.start,
            end=sentence.end,
            tokens=count(sentence.text) + SENTENCE_OVERHEAD_TOKENS,
            close=sum(weight[term] for term in shared) / whole + NEAR_WEIGHT * near,
        )
        for passage, sentence, near, shared in found
    ]


def _best_first(lines: Sequence[_Line]) -> list[_Line]:
    def score(number: int) -> float:
        line = lines[number]
        around = (lines[near] for near in (number - 1, number + 1) if 0 <= near < len(lines))
        neighbour = max((near.close for near in around if near.passage is line.passage), default=0.0)
        return line.close + NEIGHBOUR_WEIGHT * max(neighbour, 0.0) + RANK_WEIGHT * (line.passage.fused or 0.0)

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


def clipped(passage: Passage, chars: int) -> Passage:
    """The beginning of what of the passage is in the prompt, for where not even one sentence fits."""
    kept: list[Range] = []
    for start, end in passage.kept or ((0, len(passage.text)),):
        if chars <= 0:
            break
        kept.append((start, min(end, start + chars)))
        chars -= end - start
    return replace(passage, kept=tuple(kept))


def recent(history: Sequence[Exchange], *, budget_tokens: int) -> tuple[Exchange, ...]:
    """The latest exchanges that fit, oldest first.

    The same history with one exchange more begins with the same exchanges, as long as they fit. The estimate is taken
    for all models, since it never changes its mind about a text.
    """
    costs = [estimate_tokens(each.question) + estimate_tokens(each.answer) for each in history]
    first = used = 0
    for last, cost in enumerate(costs):
        used += cost
        allowed = budget_tokens if used <= budget_tokens else round(budget_tokens * HISTORY_AFTER_DROP)
        while used > allowed and (first < last or used > budget_tokens):
            used -= costs[first]
            first += 1
    return tuple(history[first:])
