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
    """Writes `near` of the passages whose words are known. Follows `WordInteraction` and `LoadPassages`."""

    tenant_id: UUID
    parts: Parts
    name: str = "sentences"

    async def __call__(self, state: Retrieval) -> Retrieval:
        if not state.word_weights or not state.passages:
            return state
        return replace(state, passages=await in_thread(self._compared, state))

    def _compared(self, state: Retrieval) -> tuple[Passage, ...]:
        index = self.parts.vectors.for_tenant(self.tenant_id, fingerprint=self.parts.embedder.fingerprint)
        known = index.words([passage.chunk_id for passage in state.passages])
        weights = np.asarray(state.word_weights, np.float32)
        question = words.unpack_numbers(state.words, len(state.vector or ()))
        found = [
            nearness(question, weights, known.get(passage.chunk_id, b""), passage.text) for passage in state.passages
        ]
        near = iter(standardised([each for of_passage in found for each in of_passage]))
        return tuple(
            replace(passage, near=tuple(islice(near, len(of_passage))))
            for passage, of_passage in zip(state.passages, found, strict=True)
        )


def nearness(question: Rows, weights: Rows, packed: bytes, text: str) -> list[float | None]:
    """For each sentence of `text` the weighted mean, over the question's words, of the cosine of its nearest word; None
    for a sentence without words. Nothing where the words are not known, or not all of them.

    `packed` holds the words of the title and the headings before those of the text.
    """
    places = words.spans(text)
    rows = words.unpack_signs(packed, question.shape[1])[-len(places) :]
    if not places or len(rows) < len(places) or not weights.any():
        return []
    starts = np.asarray([start for start, _end in places])
    bounds = [np.searchsorted(starts, (each.start, each.end)) for each in sentences(text)]
    near = (weights / weights.sum())[:, None] * (question @ rows.T)
    return [float(near[:, first:last].max(axis=1).sum()) if first < last else None for first, last in bounds]
