"""The cross-encoder of an embedding server and its queue: not wanted, loading, there, or failed to load.

It computes on a thread of its own, so that a question's vector never waits for another question's passages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingestion.embedding.lanes import BATCH_TOKENS, Lanes
from ingestion.embedding.wire import RETRY_AFTER_S, RequestRefused

if TYPE_CHECKING:
    from ingestion.embedding.reranker import Pair, Reranker

TASK = "rerank"
"""What `/v1/models` says of it, since the list begins with the embedding model."""


class Reranking:
    """`wanted` is the model that was asked for, empty for none."""

    def __init__(self, wanted: str = "") -> None:
        self.wanted = wanted
        self._has_failed = False
        self._ready: tuple[Reranker, Lanes[Pair, float]] | None = None

    def open(self, reranker: Reranker, *, batch_tokens: int = BATCH_TOKENS) -> None:
        """Begin to answer, with a model that is loaded and warm. May be called from another thread."""
        lanes: Lanes[Pair, float] = Lanes(reranker.score, batch_tokens=batch_tokens)
        lanes.start()
        self._ready = reranker, lanes

    def fail(self) -> None:
        """Say that it will not be there until the server is started anew. May be called from another thread."""
        self._has_failed = True

    def close(self) -> None:
        if self._ready:
            self._ready[1].close()

    @property
    def ready(self) -> tuple[Reranker, Lanes[Pair, float]]:
        if self._ready:
            return self._ready
        if not self.wanted:
            raise RequestRefused(404, "This server has no re-ranker; start it with --reranker.", code="no_reranker")
        if self._has_failed:
            raise RequestRefused(
                503, f"The re-ranker {self.wanted} could not be loaded; the server's log says why.", code="not_loaded"
            )
        raise RequestRefused(503, "The re-ranker is loading.", code="loading", retry_after_s=RETRY_AFTER_S)

    @property
    def listed(self) -> list[dict[str, Any]]:
        """Its entry in `/v1/models`, once it is there."""
        if self._ready is None:
            return []
        reranker, _lanes = self._ready
        return [
            {
                "id": reranker.name,
                "object": "model",
                "owned_by": "local",
                "task": TASK,
                "max_tokens": reranker.max_tokens,
            }
        ]
