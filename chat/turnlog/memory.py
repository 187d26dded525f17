"""The turn log in memory: for tests, and for the command line, where the one who asks is the only one who reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from chat.ports import LogEntry, LogGone


class MemoryTurnLog:
    def __init__(self) -> None:
        self._entries: dict[UUID, list[LogEntry]] = {}
        self._grown: dict[UUID, asyncio.Event] = {}
        self._stops: set[UUID] = set()

    async def append(self, turn_id: UUID, entries: Sequence[dict[str, Any]]) -> int:
        log = self._entries.setdefault(turn_id, [])
        for data in entries:
            log.append(LogEntry(len(log) + 1, data))
        self._grown.pop(turn_id, asyncio.Event()).set()
        return len(log)

    async def read(self, turn_id: UUID, *, after: int) -> AsyncIterator[LogEntry]:
        if turn_id not in self._entries:
            raise LogGone
        while True:
            grown = self._grown.setdefault(turn_id, asyncio.Event())
            for entry in self._entries[turn_id][after:]:
                yield entry
                if entry.is_terminal:
                    return
                after = entry.seq
            if len(self._entries[turn_id]) == after:
                await grown.wait()

    async def written(self, turn_id: UUID) -> list[LogEntry]:
        return list(self._entries.get(turn_id, ()))

    def hand_over(self, turn_id: UUID) -> None:
        """There is no other process."""

    async def request_stop(self, turn_id: UUID) -> None:
        self._stops.add(turn_id)

    async def stops_requested(self, turn_ids: Sequence[UUID]) -> set[UUID]:
        return self._stops.intersection(turn_ids)
