"""Which sentences of a passage a question is most likely answered by: those that would be quoted, going by words alone,
because this happens before anything is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from chat import extractive
from chat.domain import Passage, Range
from chat.rarity import Terms
from ingestion.index import tokens

MOST = 2
"""Sentences of a passage. More would be no choice."""
KEEP_SHARE = 0.8
"""A second one has to be nearly as good as the first."""


def mark(question: str, passages: Sequence[Passage], *, terms: Terms, language: str) -> tuple[Passage, ...]:
    """The passages, each with its deciding sentences; without any, where it has no word of the question that says
    what it asks for. `language` is the question's."""
    best: defaultdict[UUID, list[extractive.Quote]] = defaultdict(list)
    wanted = {form for forms in tokens.query_terms(question, [language]) for form in forms}
    for quote in extractive.by_words(question, passages, terms):
        of_passage = best[quote.passage.chunk_id]
        is_good = not of_passage or quote.score >= of_passage[0].score * KEEP_SHARE
        if len(of_passage) < MOST and is_good and not wanted.isdisjoint(terms(quote.text)):
            of_passage.append(quote)
    return tuple(replace(passage, deciding=_ranges(best[passage.chunk_id])) for passage in passages)


def _ranges(quotes: Sequence[extractive.Quote]) -> tuple[Range, ...]:
    starts = sorted((quote.start - quote.passage.start, len(quote.text)) for quote in quotes)
    return tuple((start, start + length) for start, length in starts)
