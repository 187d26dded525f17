"""What the chat needs from the outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from chat.domain import Retrieval


class RetrievalStage(Protocol):
    name: str

    async def __call__(self, state: Retrieval) -> Retrieval: ...


class Reranker(Protocol):
    """Reads a question with each of a few passages, which says more than comparing what is known of both."""

    async def scores(self, query: str, texts: Sequence[str], *, urgent: bool = True) -> list[float]:
        """One for each text, on a scale of its own, the higher the better. Raise `ProviderError` where there are none
        to be had in time. What is not `urgent` comes after what is."""
        ...


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One event of a turn. `seq` counts from 1 without a gap; `data` is JSON and holds plain text, never HTML."""

    seq: int
    data: dict[str, Any]

    @property
    def is_terminal(self) -> bool:
        return self.data["type"] in TERMINAL


TERMINAL = frozenset({"turn.completed", "turn.stopped", "turn.failed"})


class TurnLog(Protocol):
    """The events of a turn, in order, for as long as somebody may want to follow it."""

    async def append(self, turn_id: UUID, entries: Sequence[dict[str, Any]]) -> int:
        """Add events; return the `seq` of the last."""
        ...

    def read(self, turn_id: UUID, *, after: int) -> AsyncIterator[LogEntry]:
        """Yield every entry with `seq > after`, waiting for more until the terminal one. Raise `LogGone` when
        the turn's log is not (or no longer) there."""
        ...

    async def written(self, turn_id: UUID) -> list[LogEntry]:
        """What is there now, without waiting for more; empty when the log is gone."""
        ...

    def hand_over(self, turn_id: UUID) -> None:
        """Say that this process will write no more of the turn, though it has not come to its end here."""
        ...

    async def request_stop(self, turn_id: UUID) -> None: ...

    async def stops_requested(self, turn_ids: Sequence[UUID]) -> set[UUID]:
        """Those of the given turns that somebody wants stopped: one question for all that a process answers."""
        ...


class LogGone(Exception):
    """The turn's log has expired; its outcome is in the database."""
