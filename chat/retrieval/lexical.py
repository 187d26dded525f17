"""By words, whatever script and form they are in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import log
from uuid import UUID

from chat.aio import in_thread
from chat.domain import Candidate, Retrieval
from chat.retrieval.dense import DEPTH
from chat.sentences import sentences
from ingestion.domain import Hit
from ingestion.embedding.words import WORD
from ingestion.parts import Parts

SEEN_WEIGHT = 0.5
"""What a word on a picture of the question counts: it is what the question is about, with much beside that."""
PREVIOUS_WEIGHT = 0.25
"""What a word of the question before counts, against one of the question itself."""
OLDER_WEIGHT = 0.15
"""What a word of any question before that counts."""
MOST_REPEATED = 3
"""Sentences of a question beyond which it makes no difference how many of them say a word."""


@dataclass(frozen=True, slots=True)
class LexicalSearch:
    tenant_id: UUID
    parts: Parts
    depth: int = DEPTH
    name: str = "lexical"

    async def __call__(self, state: Retrieval) -> Retrieval:
        if state.scope.is_empty:
            return state
        hits = await in_thread(self._search, state)
        return replace(
            state, lexical=tuple(Candidate(hit.chunk_id, hit.document_id, lexical=hit.score) for hit in hits)
        )

    def _search(self, state: Retrieval) -> list[Hit]:
        """BM25 is a sum over words, so that the scores of several questions can be added up."""
        index = self.parts.lexical.for_tenant(self.tenant_id)
        scores: defaultdict[UUID, float] = defaultdict(float)
        documents: dict[UUID, UUID] = {}
        for text, weight in _weighted(state):
            for hit in index.search(text, limit=self.depth, scope=state.scope):
                scores[hit.chunk_id] += weight * hit.score
                documents[hit.chunk_id] = hit.document_id
        ranked = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id.int))
        return [Hit(chunk_id, documents[chunk_id], scores[chunk_id]) for chunk_id in ranked[: self.depth]]


def _repeated(question: str) -> Iterator[tuple[int, str]]:
    """For 2, 3… the words that so many of the question's sentences say, as far as there are any. A long request comes
    back to what it is about; within one sentence, a word that is there twice tells nothing."""
    said = Counter(word for each in sentences(question) for word in set(WORD.findall(each.text.casefold())))
    for count in range(2, MOST_REPEATED + 1):
        if repeated := sorted(word for word, times in said.items() if times >= count):
            yield count, " ".join(repeated)


def _weighted(state: Retrieval) -> Iterator[tuple[str, float]]:
    """The question, with more weight on what it says more than once, and what was asked before it. Measured in
    docs/adr/0008-follow-up-questions.md and docs/adr/0015-late-interaction.md."""
    yield state.question, 1.0
    for count, repeated in _repeated(state.question):
        yield repeated, log(count / (count - 1))  # together, 1 + log(count)
    if state.seen:
        yield state.seen, SEEN_WEIGHT
    if state.context:
        *older, previous = state.context
        yield previous, PREVIOUS_WEIGHT
        if older:
            yield "\n".join(older), OLDER_WEIGHT
