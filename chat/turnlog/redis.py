"""The turn log in Redis: one stream a turn, whose ids are the sequence numbers, so that a second writer is refused.

What a process writes it hands to those who follow in the same process as soon as Redis has it. All the other turns that
its browsers follow it reads with *one* blocking `XREAD`, and those that it answers it writes in one pipeline: two
hundred answers cost one command each few milliseconds, not two hundred connections.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

import orjson
from django.conf import settings
from redis.exceptions import RedisError

from chat.ports import LogEntry, LogGone
from chat.shared_redis import shared_redis
from chat.turnlog.writer import Append, Writer

GATHER_S = 0.01
"""A pause after each read, in which more entries come together: fewer, larger reads under load."""
BLOCK_MS = 2_000
RETRY_S = 0.5
WAKE_KEY_SECONDS = 3600


def _key(turn_id: UUID) -> str:
    return f"turn:{turn_id.hex}"


def _entry(stream_id: bytes, fields: dict[bytes, bytes]) -> LogEntry:
    return LogEntry(int(stream_id.partition(b"-")[0]), orjson.loads(fields[b"data"]))


class RedisTurnLog:
    def __init__(self, url: str) -> None:
        self.url = url
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Reader] = WeakKeyDictionary()

    async def append(self, turn_id: UUID, entries: Sequence[dict[str, Any]]) -> int:
        """Raise `redis.exceptions.ResponseError` when another writer was there first."""
        reader = self._reader()
        key = _key(turn_id)
        last = reader.written.get(turn_id)
        if last is None:
            last = 0 if entries[0]["type"] == "turn.accepted" else await reader.redis.xlen(key)
        # Counted before it is written: whoever is cancelled while waiting leaves a write behind that still happens.
        reader.written[turn_id] = last + len(entries)
        lasting = last == 0 or entries[-1]["type"] != "answer.delta"
        numbered = [LogEntry(seq, data) for seq, data in enumerate(entries, last + 1)]

        def settled(error: BaseException | None) -> None:
            if error is None:
                reader.has_written(turn_id, numbered)
            else:
                reader.hand_over(turn_id)

        await reader.writer.write(
            Append(
                key=key,
                after=last,
                entries=[orjson.dumps(data) for data in entries],
                expires_in=settings.TURN_LOG_SECONDS if lasting else None,
                settled=settled,
            )
        )
        return last + len(entries)

    async def read(self, turn_id: UUID, *, after: int) -> AsyncIterator[LogEntry]:
        reader = self._reader()
        async with aclosing(reader.near(turn_id, after)) as near:
            async for entry in near:
                after = entry.seq
                yield entry
                if entry.is_terminal:
                    return
        written = await reader.entries(turn_id, after)
        if not written and not await reader.redis.exists(_key(turn_id)):
            raise LogGone
        for entry in written:
            after = entry.seq
            yield entry
            if entry.is_terminal:
                return
        queue = reader.follow(turn_id, after)
        try:
            while True:
                entry = await queue.get()
                if entry.seq <= after:
                    continue
                after = entry.seq
                yield entry
                if entry.is_terminal:
                    return
        finally:
            reader.unfollow(turn_id, queue)

    async def written(self, turn_id: UUID) -> list[LogEntry]:
        return await self._reader().entries(turn_id, 0)

    def hand_over(self, turn_id: UUID) -> None:
        self._reader().hand_over(turn_id)

    async def request_stop(self, turn_id: UUID) -> None:
        await self._reader().redis.set(f"{_key(turn_id)}:stop", 1, ex=settings.TURN_LOG_SECONDS)

    async def stops_requested(self, turn_ids: Sequence[UUID]) -> set[UUID]:
        if not turn_ids:
            return set()
        flags = await self._reader().redis.mget([f"{_key(turn_id)}:stop" for turn_id in turn_ids])
        return {turn_id for turn_id, flag in zip(turn_ids, flags, strict=True) if flag}

    def _reader(self) -> _Reader:
        loop = asyncio.get_running_loop()
        if loop not in self._loops:
            self._loops[loop] = _Reader(self.url)
        return self._loops[loop]


class _Reader:
    """One event loop's connection, and its single reader of every followed turn."""

    def __init__(self, url: str) -> None:
        self.redis = shared_redis(url)
        self.writer = Writer(self.redis)
        self.written: dict[UUID, int] = {}
        """The last sequence number of the turns that this process writes."""
        self._near: dict[UUID, list[LogEntry]] = {}
        """All entries of the turns that this process has written from their beginning, until their end."""
        self._near_queues: defaultdict[UUID, list[asyncio.Queue[LogEntry | None]]] = defaultdict(list)
        self._queues: defaultdict[UUID, list[asyncio.Queue[LogEntry]]] = defaultdict(list)
        self._positions: dict[UUID, int] = {}
        self._wake_key = f"turns:wake:{uuid4().hex}"
        self._wakings: set[asyncio.Future[Any]] = set()
        self._task: asyncio.Task[None] | None = None

    async def entries(self, turn_id: UUID, after: int) -> list[LogEntry]:
        found: Any = await self.redis.xrange(_key(turn_id), min=f"{after + 1}-0")
        return [_entry(*each) for each in found]

    def has_written(self, turn_id: UUID, entries: Sequence[LogEntry]) -> None:
        """Tell those who follow in this process."""
        if entries[0].seq == 1:
            self._near[turn_id] = []
        if turn_id in self._near:
            self._near[turn_id] += entries
            for queue in self._near_queues.get(turn_id, ()):
                for entry in entries:
                    queue.put_nowait(entry)
        if entries[-1].is_terminal:
            self.written.pop(turn_id, None)
            self._near.pop(turn_id, None)

    def hand_over(self, turn_id: UUID) -> None:
        """Whoever follows the turn here has to look into Redis for what comes next: somebody else writes it."""
        self.written.pop(turn_id, None)
        if self._near.pop(turn_id, None) is not None:
            for queue in self._near_queues.get(turn_id, ()):
                queue.put_nowait(None)

    async def near(self, turn_id: UUID, after: int) -> AsyncGenerator[LogEntry, None]:
        """Yield what this process writes of a turn; nothing where it does not, and no more once it does not."""
        if turn_id not in self._near:
            return
        queue: asyncio.Queue[LogEntry | None] = asyncio.Queue()
        for entry in self._near[turn_id][after:]:
            queue.put_nowait(entry)
        self._near_queues[turn_id].append(queue)
        try:
            while (written := await queue.get()) is not None:
                yield written
        finally:
            self._near_queues[turn_id].remove(queue)
            if not self._near_queues[turn_id]:
                del self._near_queues[turn_id]

    def follow(self, turn_id: UUID, after: int) -> asyncio.Queue[LogEntry]:
        """Everything with `seq > after` comes through the queue, and perhaps a little before."""
        queue: asyncio.Queue[LogEntry] = asyncio.Queue()
        self._queues[turn_id].append(queue)
        self._positions[turn_id] = min(after, self._positions.get(turn_id, after))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        else:
            self._wake()
        return queue

    def unfollow(self, turn_id: UUID, queue: asyncio.Queue[LogEntry]) -> None:
        self._queues[turn_id].remove(queue)
        if not self._queues[turn_id]:
            del self._queues[turn_id]
            self._positions.pop(turn_id, None)

    def _wake(self) -> None:
        """Make the blocked read return, so that it is asked again with the new turn in it."""
        pipe = self.redis.pipeline(transaction=False)
        pipe.xadd(self._wake_key, {"w": 1}, maxlen=1)
        pipe.expire(self._wake_key, WAKE_KEY_SECONDS)
        waking = asyncio.ensure_future(pipe.execute())
        self._wakings.add(waking)
        waking.add_done_callback(self._woken)

    def _woken(self, waking: asyncio.Future[Any]) -> None:
        self._wakings.discard(waking)
        if not waking.cancelled():
            waking.exception()  # Redis was away; the reader asks again by itself

    async def _run(self) -> None:
        wake_position: Any = "$"
        while self._queues:
            streams: dict[Any, Any] = {_key(turn_id): f"{seq}-0" for turn_id, seq in self._positions.items()}
            streams[self._wake_key] = wake_position
            try:
                found: Any = await self.redis.xread(streams, block=BLOCK_MS)
            except (RedisError, OSError):
                await asyncio.sleep(RETRY_S)  # positions are kept: nothing is missed once Redis is back
                continue
            for key, entries in found:
                if key == self._wake_key.encode():
                    wake_position = entries[-1][0]
                else:
                    self._deliver(UUID(hex=key.decode().partition(":")[2]), entries)
            await asyncio.sleep(GATHER_S)

    def _deliver(self, turn_id: UUID, entries: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        read = [_entry(*each) for each in entries]
        if turn_id in self._positions:
            self._positions[turn_id] = read[-1].seq
        for queue in self._queues.get(turn_id, ()):
            for entry in read:
                queue.put_nowait(entry)
