"""How near each sentence of the best passages is to the question, word by word.

The same comparison as in `chat.retrieval.words`, within the sentences of one passage: which of them says the very
thing? It knows other words for the same and other languages, where shared words say nothing. Measured in
docs/adr/0009-sentences-in-the-prompt.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from uuid import UUID

import numpy as np

from chat.aio import in_thread
from chat.domain import Passage, Retrieval
from chat.retrieval.words import standardised
from chat.sentences import sentences
from ingestion.embedding import words
from ingestion.embedding.words import Rows
from ingestion.parts import Parts


@dataclass(frozen=True, slots=True)
class SentenceNearness:
    """Writes `near` of the passages whose words were compared. Follows `WordInteraction` and `LoadPassages`."""

    tenant_id: UUID
    parts: Parts
    name: str = "sentences"

    async def __call__(self, state: Retrieval) -> Retrieval:
        if not state.near_words or not state.passages:
            return state
        return replace(state, passages=await in_thread(_compared, state), near_words={})


def _compared(state: Retrieval) -> tuple[Passage, ...]:
    found = [nearness(state.near_words.get(passage.chunk_id), passage.text) for passage in state.passages]
    near = iter(standardised([each for of_passage in found for each in of_passage]))
    return tuple(
        replace(passage, near=tuple(islice(near, len(of_passage))))
        for passage, of_passage in zip(state.passages, found, strict=True)
    )


def nearness(near: Rows | None, text: str) -> list[float | None]:
    """For each sentence of `text` the weighted mean, over the question's words, of the cosine of its nearest word; None
    for a sentence without words. Nothing where the words were not compared, or are not all known.

    `near` has the words of the title and the headings before those of the text (`chat.retrieval.words.near_words`).
    """
    places = words.spans(text)
    if near is None or not places or near.shape[1] < len(places):
        return []
    own = near[:, -len(places) :]
    starts = np.asarray([start for start, _end in places])
    bounds = [np.searchsorted(starts, (each.start, each.end)) for each in sentences(text)]
    return [float(own[:, first:last].max(axis=1).sum()) if first < last else None for first, last in bounds]
