"""Answers in the making. Each is an asyncio task of the web process that owes nothing to the socket it was asked
through: it goes on when the tab is closed, writes its events to the turn log, and always writes its end.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import asdict, replace
from typing import Any, assert_never, cast
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from redis.exceptions import RedisError

from chat import crowd, plans, services, titles
from chat.aio import in_thread
from chat.answering import answer
from chat.citations import CITATION
from chat.continuing import go_on
from chat.domain import (
    Answered,
    AnswerEvent,
    Checked,
    CitationFound,
    ContextUse,
    Passage,
    SourcesFound,
    StageStarted,
    TextDelta,
    Trace,
)
from chat.images.asked import text_seen
from chat.images.selectors import images_listed
from chat.llm.breaker import RedisBreaker
from chat.models import Turn
from chat.ports import TurnLog
from chat.rendering import BlockSplitter
from chat.services import Outcome
from chat.shared_redis import shared_redis
from ingestion.sentences import told
from project.backends import backend
from project.errors import AppError

logger = logging.getLogger(__name__)

STOP_POLL_S = 0.25
BEATS_IN_LEASE = 3

Status = Turn.Status

_running: dict[UUID, asyncio.Task[None]] = {}
_stopped: set[UUID] = set()
"""Those whose task was cancelled because a reader asked for it."""
_keepers: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}


def turn_log() -> TurnLog:
    configured = settings.RAG["TURN_LOG"]
    return cast("TurnLog", backend(configured["BACKEND"], configured["OPTIONS"]))


async def start(turn: Turn) -> None:
    """Begin answering, and return once the turn can be followed."""
    log = turn_log()
    pictures = await in_thread(images_listed, turn) if turn.image_count else []
    await log.append(turn.pk, [{"type": "turn.accepted", "pictures": pictures}])
    titles.make_way(turn.conversation_id)
    crowd.answers.add(turn.pk)
    _running[turn.pk] = asyncio.create_task(_run(turn, log), name=f"turn-{turn.pk}")
    _keep()


async def stop(turn_id: UUID) -> None:
    """Ask for the end, wherever the answer is being made."""
    await turn_log().request_stop(turn_id)


async def wait(turn_id: UUID) -> None:
    """Return when an answer that this process makes has ended."""
    if task := _running.get(turn_id):
        await asyncio.shield(task)


async def _run(turn: Turn, log: TurnLog) -> None:
    outcome = Outcome()
    journal = _Journal(turn, log, outcome)
    plan: plans.Plan | None = None
    started = time.perf_counter()
    try:
        plan = await in_thread(plans.load, turn, RedisBreaker(shared_redis(settings.REDIS_URL)))
        if turn.image_count:
            plan = replace(plan, question=replace(plan.question, seen=await text_seen(turn)))
        async with aclosing(_events(plan, outcome.trace)) as events:
            async for event in events:
                await journal.note(event)
        outcome.status = Status.COMPLETED
    except asyncio.CancelledError:
        if outcome.is_whole:  # only a check of it was still going on
            outcome.status = Status.COMPLETED
        elif turn.pk in _stopped:
            outcome.status = Status.STOPPED
        else:
            _interrupted(outcome)
        if turn.pk not in _stopped:  # the process is being shut down
            raise
    except AppError as error:
        _failed(outcome, error.code, str(told(error.message)), retryable=error.retryable)
        logger.warning("turn %s: %s: %s", turn.pk, error.code, error.message, exc_info=error.__cause__)
    except Exception:
        reference = secrets.token_hex(4)
        said = _("Something unexpected went wrong. Quote %(reference)s to the operator.") % {"reference": reference}
        _failed(outcome, "error", said, retryable=True)
        logger.exception("turn %s failed, reference %s", turn.pk, reference)
    finally:
        _running.pop(turn.pk, None)
        crowd.answers.discard(turn.pk)
        _stopped.discard(turn.pk)
        outcome.elapsed_ms = round((time.perf_counter() - started) * 1000)
        await asyncio.shield(journal.close())
    if plan and plan.titling and outcome.status is Status.COMPLETED:
        titles.begin(turn, plan.titling)


def _events(plan: plans.Plan, trace: Trace) -> AsyncGenerator[AnswerEvent, None]:
    return go_on(plan.begun, plan.kit, trace) if plan.begun else answer(plan.question, plan.kit, trace)


def _failed(outcome: Outcome, code: str, message: str, *, retryable: bool) -> None:
    outcome.status = Status.FAILED
    outcome.error_code, outcome.error_message, outcome.error_retryable = code, message, retryable


def _interrupted(outcome: Outcome) -> None:
    _failed(outcome, "turn.interrupted", INTERRUPTED, retryable=True)
    outcome.status = Status.INTERRUPTED


INTERRUPTED = gettext_noop(
    "The server was restarted while it answered. What it had written is kept; ask again for the rest."
)
"""Stored in English, since a worker may write it, who knows no reader's language; translated where it is shown."""


class _Journal:
    """Writes a turn down: every event to the log at once, text gathered for a moment, the outcome to the database."""

    def __init__(self, turn: Turn, log: TurnLog, outcome: Outcome) -> None:
        self.turn = turn
        self.log = log
        self.outcome = outcome
        self._started = time.perf_counter()
        self._blocks = BlockSplitter()
        self._draft = False
        self._pending: list[str] = []
        self._written_at = 0.0
        self._writing_sources: asyncio.Task[None] | None = None

    async def note(self, event: AnswerEvent) -> None:
        match event:
            case StageStarted(stage):
                await self._append({"type": "turn.stage", "stage": stage.value})
            case SourcesFound(passages, omitted):
                self.outcome.passages = passages
                # Beside the answer: the first word does not wait for rows that only the sources' links need.
                self._writing_sources = asyncio.create_task(
                    in_thread(services.sources_write, turn=self.turn, passages=passages)
                )
                await self._append(_sources_entry(passages, omitted))
            case TextDelta(text, draft):
                await self._text(text, draft=draft)
            case CitationFound(number):
                self.outcome.cited.append(number)
                await self._append({"type": "answer.citation", "number": number})
            case Answered():
                self._answered(event)
            case Checked():
                self.outcome.checked = event
                await self._append({"type": "answer.checked", **asdict(event)})
            case _:
                assert_never(event)

    def _answered(self, event: Answered) -> None:
        self.outcome.is_whole = True
        self.outcome.provider, self.outcome.model = event.provider, event.model
        self.outcome.usage = event.usage
        self.outcome.refused, self.outcome.notice, self.outcome.cut = event.refused, event.notice, event.cut
        self.outcome.from_pictures = event.from_pictures

    async def _text(self, text: str, *, draft: bool) -> None:
        if self.outcome.first_word_ms is None and not self.turn.continues_id:  # which begins with what is there
            self.outcome.first_word_ms = round((time.perf_counter() - self._started) * 1000)
        if draft and not self._draft:
            await self._flush()
            self._draft = True
            self._blocks.begin_new()
        text = text.replace("\0", "")  # which PostgreSQL does not take
        if draft:
            text = CITATION.sub("", text)
            self.outcome.draft += text
        else:
            self.outcome.answer += text
        self._pending.append(text)
        if time.perf_counter() - self._written_at >= crowd.gather_s():
            await self._flush()

    async def _flush(self) -> None:
        text = "".join(self._pending)
        self._pending.clear()
        if text:
            self._written_at = time.perf_counter()
            await self.log.append(
                self.turn.pk,
                [
                    {"type": "answer.delta", "block": block, "text": piece, "draft": self._draft}
                    for block, piece in self._blocks.feed(text)
                ],
            )

    async def _append(self, entry: dict[str, Any]) -> None:
        await self._flush()
        await self.log.append(self.turn.pk, [entry])

    async def close(self) -> None:
        """Write the end: first the row, so that whoever hears of the end finds it there, then the log."""
        if self._writing_sources:
            (failure,) = await asyncio.gather(self._writing_sources, return_exceptions=True)
            self.outcome.sources_written = failure is None  # where they are not, they are written with the end
        try:
            # False where the reaper or a deletion was first.
            if await in_thread(services.turn_finish, turn=self.turn, outcome=self.outcome):
                with suppress(RedisError, OSError):
                    await self._append(terminal_entry(self.outcome))
        finally:
            self.log.hand_over(self.turn.pk)


def _sources_entry(passages: tuple[Passage, ...], omitted: int) -> dict[str, Any]:
    return {
        "type": "turn.sources",
        "omitted": omitted,
        "shortened": sum(bool(passage.kept) for passage in passages),
        "sources": [
            {
                "number": passage.number,
                "document": passage.document_name,
                "document_id": str(passage.document_id),
                "page": passage.page,
                "last_page": passage.last_page,
                "heading": passage.heading,
                "text": passage.text,
                "deciding": passage.deciding,
            }
            for passage in passages
        ],
    }


def terminal_entry(outcome: Outcome) -> dict[str, Any]:
    match outcome.status:
        case Status.COMPLETED:
            context = ContextUse.of(asdict(outcome.trace), outcome.usage)
            return {
                "type": "turn.completed",
                "usage": {
                    "prompt_tokens": outcome.usage.prompt_tokens,
                    "completion_tokens": outcome.usage.completion_tokens,
                },
                "elapsed_ms": outcome.elapsed_ms,
                "model": outcome.model,
                "refused": outcome.refused,
                "notice": outcome.notice,
                "can_go_on": outcome.can_go_on,
                "from_pictures": outcome.from_pictures,
                "first_word_ms": outcome.first_word_ms,
                "context": asdict(context) if context else None,
            }
        case Status.STOPPED:
            return {"type": "turn.stopped", "elapsed_ms": outcome.elapsed_ms, "can_go_on": outcome.can_go_on}
        case _:
            return {
                "type": "turn.failed",
                "code": outcome.error_code,
                "message": outcome.error_message,
                "retryable": outcome.error_retryable,
                "can_go_on": outcome.can_go_on,
            }


def _keep() -> None:
    """One small task per process looks after all answers in the making."""
    loop = asyncio.get_running_loop()
    keeper = _keepers.get(loop)
    if keeper is None or keeper.done():
        _keepers[loop] = asyncio.create_task(_keeper(), name="turn-keeper")


async def _keeper() -> None:
    """While anything runs: end what somebody wants stopped, and tell the reaper what is alive."""
    log = turn_log()
    beat_at = time.monotonic()
    while _running:
        await asyncio.sleep(STOP_POLL_S)
        try:
            for turn_id in await log.stops_requested(list(_running)):
                if task := _running.get(turn_id):
                    _stopped.add(turn_id)
                    task.cancel()
            if time.monotonic() - beat_at >= settings.LEASE_SECONDS / BEATS_IN_LEASE:
                beat_at = time.monotonic()
                await in_thread(services.turns_beat, turn_ids=list(_running))
        except Exception:
            logger.exception("the keeper of running answers stumbled; it goes on")
