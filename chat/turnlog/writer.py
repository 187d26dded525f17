"""Writes what all the answers of one event loop have to say to Redis in few, large pipelines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from redis.asyncio import Redis


@dataclass(eq=False, slots=True)
class Append:
    """Entries of one stream, to be numbered from `after + 1`. With `expires_in` the stream goes after so many
    seconds. `settled` is told the outcome even when nobody waits for it any more."""

    key: str
    after: int
    entries: Sequence[bytes]
    expires_in: int | None
    settled: Callable[[BaseException | None], None]
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def settle(self, error: BaseException | None) -> None:
        self.settled(error)
        if self.done.done():  # whoever waited was cancelled
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class Writer:
    """What comes while one pipeline is on its way goes with the next: nothing waits when little is written, and
    little is sent when much is."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: list[Append] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, append: Append) -> None:
        """Return once it is written; raise what Redis has said to it."""
        self._waiting.append(append)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="turn-log-writer")
        await append.done

    async def _run(self) -> None:
        while self._waiting:
            appends, self._waiting = self._waiting, []
            try:
                await self._send(appends)
            except Exception as error:  # noqa: BLE001 - each of those who wait hears it
                for append in appends:
                    append.settle(error)

    async def _send(self, appends: Sequence[Append]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for append in appends:
            for seq, data in enumerate(append.entries, append.after + 1):
                pipe.xadd(append.key, {"data": data}, id=f"{seq}-0")
            if append.expires_in is not None:
                pipe.expire(append.key, append.expires_in)
        answers = iter(await pipe.execute(raise_on_error=False))
        for append in appends:
            own: list[Any] = list(islice(answers, len(append.entries) + (append.expires_in is not None)))
            append.settle(next((answer for answer in own if isinstance(answer, Exception)), None))
