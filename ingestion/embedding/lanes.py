"""Puts waiting texts into batches, in two lanes, and runs them one after another on a thread of its own.

A question that arrives while a batch of documents is being computed comes in between two of the model's layers.
Questions that wait together become one batch. Documents are batched with others of their length, whichever request they
came in, because a batch costs its longest text times its size.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import nsmallest
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

Text = TypeVar("Text")
Row = TypeVar("Row")
Pause = Callable[[], None]
Compute = Callable[[Sequence[Text], Pause | None], Sequence[Row]]
"""Texts in, one row each out. A pause that is given is called now and then, and may compute something else."""

BATCH_TOKENS = 256
"""The largest batch, in tokens with padding, unless a single text is longer. Larger ones gain a few per cent on a CPU,
and a question waits for a layer of them."""
MOST_QUERIES_IN_A_ROW = 8
"""Batches of questions after which waiting documents get one, so that a rush of questions does not starve them."""
WAITING_LIMIT = 2048
"""Texts that may wait in each lane."""


class Lane(StrEnum):
    QUERY = "query"
    DOCUMENTS = "documents"


class LaneFull(Exception):
    """Too many texts are waiting; come back in a moment."""


@dataclass(eq=False)
class Job(Generic[Row]):
    """The texts of one request. `future` gets their rows, in the same order; cancelling it drops those unstarted."""

    size: int
    future: Future[list[Row]] = field(default_factory=Future)

    def __post_init__(self) -> None:
        self._rows: dict[int, Row] = {}

    def deliver(self, position: int, row: Row) -> None:
        self._rows[position] = row
        if len(self._rows) == self.size and self.future.set_running_or_notify_cancel():
            self.future.set_result([self._rows[each] for each in range(self.size)])

    def fail(self, error: Exception) -> None:
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


@dataclass(frozen=True, slots=True)
class Waiting(Generic[Text, Row]):
    job: Job[Row]
    position: int
    text: Text
    tokens: int

    @property
    def is_wanted(self) -> bool:
        return not self.job.future.done()


class Lanes(Generic[Text, Row]):
    """Thread-safe. `close` ends the thread after the batch it is at and fails whatever still waits."""

    def __init__(self, compute: Compute[Text, Row], *, batch_tokens: int = BATCH_TOKENS) -> None:
        self._compute = compute
        self._batch_tokens = batch_tokens
        self._waiting: dict[Lane, deque[Waiting[Text, Row]]] = {lane: deque() for lane in Lane}
        self._queries_in_a_row = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def submit(self, lane: Lane, texts: Sequence[Text], tokens: Sequence[int]) -> Future[list[Row]]:
        """Queue `texts`, which have so many `tokens`. Raise `LaneFull` when there is no room for all of them."""
        job: Job[Row] = Job(len(texts))
        with self._changed:
            queue = self._waiting[lane]
            if self._closed or len(queue) + len(texts) > WAITING_LIMIT:
                raise LaneFull
            queue.extend(Waiting(job, position, text, tokens[position]) for position, text in enumerate(texts))
            self._changed.notify()
        return job.future

    def _run(self) -> None:
        while found := self._next_batch():
            lane, batch = found
            self._embed(batch, self._let_questions_in if lane is Lane.DOCUMENTS else None)

    def _let_questions_in(self) -> None:
        with self._changed:
            questions = self._take(Lane.QUERY)
        if questions:
            self._embed(questions, None)

    def _embed(self, batch: Sequence[Waiting[Text, Row]], pause: Pause | None) -> None:
        try:
            rows = self._compute([item.text for item in batch], pause)
        except Exception as error:
            logger.exception("A batch of %d texts failed", len(batch))
            for item in batch:
                item.job.fail(error)
            return
        for item, row in zip(batch, rows, strict=True):
            item.job.deliver(item.position, row)

    def _next_batch(self) -> tuple[Lane, list[Waiting[Text, Row]]] | None:
        """Wait for work and take it off its queue. Nothing means that the lanes are closed."""
        with self._changed:
            while not self._closed:
                for lane in self._order():
                    if batch := self._take(lane):
                        self._queries_in_a_row = self._queries_in_a_row + 1 if lane is Lane.QUERY else 0
                        return lane, batch
                self._changed.wait()
            for queue in self._waiting.values():
                for item in queue:
                    item.job.fail(LaneFull())
        return None

    def _order(self) -> tuple[Lane, Lane]:
        if self._queries_in_a_row >= MOST_QUERIES_IN_A_ROW:
            return Lane.DOCUMENTS, Lane.QUERY
        return Lane.QUERY, Lane.DOCUMENTS

    def _take(self, lane: Lane) -> list[Waiting[Text, Row]]:
        if not self._waiting[lane]:
            return []
        wanted = [item for item in self._waiting[lane] if item.is_wanted]
        batch = choose(wanted, self._batch_tokens)
        chosen = set(map(id, batch))
        self._waiting[lane] = deque(item for item in wanted if id(item) not in chosen)
        return batch


def choose(waiting: Sequence[Waiting[Text, Row]], batch_tokens: int) -> list[Waiting[Text, Row]]:
    """Return the text that has waited longest and those nearest to it in length, within the budget.

    That the oldest is always in keeps a text of unusual length from waiting for ever.
    """
    if not waiting:
        return []
    oldest = waiting[0]
    most = max(1, batch_tokens // max(1, oldest.tokens))
    nearest = nsmallest(2 * most, waiting[1:], key=lambda item: abs(item.tokens - oldest.tokens))
    batch, longest = [oldest], oldest.tokens
    for item in nearest:
        if max(longest, item.tokens) * (len(batch) + 1) > batch_tokens:
            break
        batch.append(item)
        longest = max(longest, item.tokens)
    return batch
