"""Questions that come while others are on their way to the embedder share the next request: each request costs client
and server several times what another text in it does. A question that comes alone goes at once and alone."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from ingestion.domain import Embedded
from ingestion.errors import EmbedderRefused

Embed = Callable[[Sequence[str]], Awaitable[list[Embedded]]]

REQUESTS = 2
"""On their way at a time: one being computed, one being sent or read."""
MOST_TEXTS = 32
"""In one request, so that the first of a rush does not wait for the last."""


class Together:
    """For one event loop. `embed` returns one vector a text, in their order."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._waiting: deque[tuple[str, asyncio.Future[Embedded]]] = deque()
        self._senders: set[asyncio.Task[None]] = set()

    async def embed(self, text: str) -> Embedded:
        """Raise what the embedder says to this text; what it says to its neighbours is theirs."""
        vector: asyncio.Future[Embedded] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, vector))
        if len(self._senders) < REQUESTS:
            sender = asyncio.create_task(self._send(), name="embed-together")
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        return await vector

    async def _send(self) -> None:
        while batch := self._next():
            await self._settle(batch)

    def _next(self) -> list[tuple[str, asyncio.Future[Embedded]]]:
        batch: list[tuple[str, asyncio.Future[Embedded]]] = []
        while self._waiting and len(batch) < MOST_TEXTS:
            text, vector = self._waiting.popleft()
            if not vector.done():  # whoever asked has gone
                batch.append((text, vector))
        return batch

    async def _settle(self, batch: Sequence[tuple[str, asyncio.Future[Embedded]]]) -> None:
        try:
            vectors = await self._embed([text for text, _vector in batch])
        except BaseException as error:  # each of those who wait hears it
            if isinstance(error, EmbedderRefused) and len(batch) > 1:
                for alone in batch:  # it may be one of them only
                    await self._settle([alone])
                return
            for _text, vector in batch:
                _fail(vector, error)
            if not isinstance(error, Exception):
                raise
        else:
            for (_text, vector), result in zip(batch, vectors, strict=True):
                if not vector.done():
                    vector.set_result(result)


def _fail(vector: asyncio.Future[Embedded], error: BaseException) -> None:
    if vector.done():
        return
    if isinstance(error, Exception):
        vector.set_exception(error)
    else:  # the loop is being shut down
        vector.cancel()
