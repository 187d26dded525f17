"""What goes into the prompt: as many passages as fit, in the order of their rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chat.domain import Exchange, Passage

BYTES_PER_TOKEN = 3
"""A careful guess that holds for the tokenizers of small models: about three characters of English, one and a half of
Cyrillic. Guessing too many tokens costs a passage; guessing too few costs the whole answer."""
PASSAGE_OVERHEAD_TOKENS = 24
HISTORY_SHARE = 0.25
"""Of the context, for earlier exchanges."""


def estimate_tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def pack(
    passages: Sequence[Passage], *, budget_tokens: int, limit: int
) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
    """Return those that fit, numbered anew from 1, and those that were cut. The first always fits."""
    packed: list[Passage] = []
    cut: list[Passage] = []
    for passage in passages:
        cost = estimate_tokens(passage.text) + PASSAGE_OVERHEAD_TOKENS
        if len(packed) < limit and (cost <= budget_tokens or not packed):
            packed.append(replace(passage, number=len(packed) + 1))
            budget_tokens -= cost
        else:
            cut.append(passage)
    return tuple(packed), tuple(cut)


def recent(history: Sequence[Exchange], *, budget_tokens: int) -> tuple[Exchange, ...]:
    """The latest exchanges that fit, oldest first."""
    kept: list[Exchange] = []
    for exchange in reversed(history):
        budget_tokens -= estimate_tokens(exchange.question) + estimate_tokens(exchange.answer)
        if budget_tokens < 0:
            break
        kept.append(exchange)
    return tuple(reversed(kept))
