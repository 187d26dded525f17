"""A run gets on: one question at a time, in slices, so that a worker does other things between, and whoever asks a
question of their own comes first. A worker that dies leaves a lease that runs out, and another goes on where it was.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.utils import timezone, translation

from chat.aio import in_thread
from chat.llm.breaker import MemoryBreaker
from chat.llm.clients import close_clients
from chat.models import Turn
from chat.quality import configuration, golden, recording, runs
from chat.quality.asking import Asked, ask
from chat.quality.figures import figures_of
from chat.quality.models import GoldenQuestion, QualityRun
from chat.question import Kit, Question
from ingestion import shadows
from ingestion.domain import Scope
from ingestion.sentences import made_of, unpacked
from ingestion.sentences import sentence as _
from ingestion.tenant_parts import parts_of
from project.errors import AppError

logger = logging.getLogger(__name__)

SLICE_S = 20.0
"""So long a worker goes on before it looks whether there is something else to do."""
LEASE_S = 600
"""Longer than a question may take: a provider may be silent for two minutes, and there may be several to try."""
FORGOTTEN_S = 60
"""A run that nobody has gone on with for this long, because a message was lost, is taken up again."""
FAILURES_IN_ROW = 5
"""After so many the model is gone, and asking it the rest would only take time."""
PEOPLE_S = 60
"""An answer whose process has said nothing for this long is nobody's any more."""

Status = QualityRun.Status


def go_on(run: QualityRun, *, seconds: float = SLICE_S) -> bool:
    """Ask questions for a while. Return whether there are more; False as well where another worker is at it."""
    if not _claim(run):
        return False
    try:
        with translation.override(run.language or settings.LANGUAGE_CODE):
            goes_on = _go_on(run, time.monotonic() + seconds)
    except AppError as error:
        goes_on = _end(run, Status.FAILED, error.message)
    except Exception:
        logger.exception("quality run %s failed", run.pk)
        goes_on = _end(run, Status.FAILED, _unexpected(str(run.pk)))
    finally:
        _alive(run, leased=False)
    if not goes_on:
        clear_up(run)
    return goes_on


def people_wait() -> bool:
    """Whether somebody's question is being answered right now, on this server."""
    alive = timezone.now() - timedelta(seconds=PEOPLE_S)
    return Turn.all_tenants.filter(status=Turn.Status.RUNNING, heartbeat_at__gt=alive).exists()


def next_of(run: QualityRun) -> QualityRun | None:
    """The organisation's run whose turn it is after this one; None while there is one under way."""
    every = runs.runs_list(tenant=run.tenant)
    if every.filter(status=Status.RUNNING).exists():
        return None
    return every.filter(status=Status.WAITING).order_by("created_at").first()


def postponed(run: QualityRun) -> None:
    """Note that somebody goes on with it later. A worker that is at it keeps its lease."""
    _open(run).filter(_free()).update(alive_at=timezone.now())


def forgotten() -> list[QualityRun]:
    """Open runs that nobody goes on with: of each organisation the one under way, or else the first that waits."""
    now = timezone.now()
    first: dict[UUID, QualityRun] = {}
    for run in QualityRun.all_tenants.filter(status__in=[Status.RUNNING, Status.WAITING]).order_by("created_at"):
        if run.tenant_id not in first or run.status == Status.RUNNING:
            first[run.tenant_id] = run
    silent = QualityRun.all_tenants.filter(_free(), alive_at__lt=now - timedelta(seconds=FORGOTTEN_S))
    return list(silent.filter(pk__in=[run.pk for run in first.values()]))


def clear_up(run: QualityRun) -> None:
    """Take the copy of the documents away that an ended run has searched."""
    run.refresh_from_db()
    if run.shadow_id and not run.is_open:
        shadows.drop(run.shadow_id)
        QualityRun.objects.for_tenant(run.tenant_id).filter(pk=run.pk).update(shadow_id=None)


def _claim(run: QualityRun) -> bool:
    """Take it, if it waits or its last worker has let go, and no other run of the organisation is under way."""
    lease = timezone.now() + timedelta(seconds=LEASE_S)
    try:
        claimed = _open(run).filter(_free()).update(status=Status.RUNNING, lease_expires_at=lease)
    except IntegrityError:
        return False
    run.refresh_from_db()
    return bool(claimed)


def _free() -> Q:
    return Q(lease_expires_at=None) | Q(lease_expires_at__lt=timezone.now())


def _go_on(run: QualityRun, deadline: float) -> bool:
    wanted = configuration.read(run.configuration)
    if wanted.chunk_characters:
        shadow = _shadow(run, wanted.chunk_characters)
        if shadows.go_on(shadow, deadline=deadline, alive=lambda: _alive(run, leased=True)):
            return _open(run).exists()
    left = list(enumerate(_left(run), runs.results_of(run).count() + 1))
    asyncio.run(_ask_some(run, left, wanted, deadline))
    run.refresh_from_db()
    if run.status != Status.RUNNING:
        return False
    if message := _failing(run):
        return _end(run, Status.FAILED, message)
    return bool(_left(run)) or _end(run, Status.COMPLETED)


def _left(run: QualityRun) -> list[GoldenQuestion]:
    """Questions that have no result yet."""
    questions = golden.golden_list(tenant=run.tenant, collection_ids=_collection_ids(run))
    asked = runs.results_of(run).exclude(question=None).values("question")
    return list(questions.exclude(pk__in=asked))


async def _ask_some(
    run: QualityRun, left: Sequence[tuple[int, GoldenQuestion]], wanted: configuration.Configuration, deadline: float
) -> None:
    """Until the time is over, somebody has cancelled the run, or too many have failed in a row. Each of `left` has the
    number of its result."""
    instead = await in_thread(configuration.instead_of, run.tenant, wanted, documents_of=run.shadow_id)
    scope = Scope() if run.shadow_id else Scope(collection_ids=frozenset(_collection_ids(run)))
    breaker = MemoryBreaker()  # a run that fails is no reason to keep people's questions from the model
    try:
        for number, question in left:
            kit = await in_thread(configuration.kit_of, run.tenant, question.text, breaker, wanted, instead)
            asked = await _ask(Question(question.text, (), scope), kit, with_answer=run.with_answers)
            await in_thread(recording.result_write, run=run, ordinal=number, question=question, asked=asked)
            if not await in_thread(_may_go_on, run, number) or time.monotonic() > deadline:
                break
    finally:
        await close_clients()
        configured = await in_thread(parts_of, run.tenant_id)
        if close := getattr(configured.embedder, "aclose", None):
            await close()


async def _ask(question: Question, kit: Kit, *, with_answer: bool) -> Asked:
    """What breaks one question does not break the run."""
    try:
        return await ask(question, kit, with_answer=with_answer)
    except Exception:
        reference = secrets.token_hex(4)
        logger.exception("a golden question failed, reference %s", reference)
        return Asked(error=_unexpected(reference))


def _unexpected(reference: str) -> str:
    return _("Something unexpected went wrong. Quote %(reference)s to the operator.", reference=reference)


def _may_go_on(run: QualityRun, done: int) -> bool:
    """Note how far it has come. False where it was cancelled, or fails, or somebody waits for their own answer."""
    if not _alive(run, leased=True, done=done):
        return False
    return not _failing(run) and not (run.with_answers and people_wait())


def _failing(run: QualityRun) -> str:
    """Why the last ones have failed, where all of them did."""
    last = runs.results_of(run).order_by("-ordinal").only("error_message", "error_made_of")[:FAILURES_IN_ROW]
    if len(last) < FAILURES_IN_ROW or not all(result.error_message for result in last):
        return ""
    return unpacked(last[0].error_made_of or last[0].error_message)


def _shadow(run: QualityRun, max_characters: int) -> shadows.Shadow:
    """The copy that is searched, begun where it has not been."""
    if run.shadow_id is None:
        run.shadow_id = shadows.begin(tenant=run.tenant)
        _open(run).update(shadow_id=run.shadow_id)
    return shadows.Shadow(run.shadow_id, run.tenant, tuple(_collection_ids(run)), max_characters)


def _collection_ids(run: QualityRun) -> list[UUID]:
    return [UUID(each) for each in run.collection_ids]


def _end(run: QualityRun, status: QualityRun.Status, message: str = "") -> bool:
    """Write the end down; False, because nothing is left to do."""
    results = [runs.as_result(row) for row in runs.results_of(run)]
    _open(run).update(
        status=status,
        done=len(results),
        total=len(results) if status is Status.COMPLETED else run.total,
        figures=figures_of(results),
        error_message=str(message),
        error_made_of=made_of(message),
        finished_at=timezone.now(),
    )
    run.refresh_from_db()
    return False


def _alive(run: QualityRun, *, leased: bool, **fields: int) -> bool:
    """Say that somebody is at it, or will be; False where it has ended meanwhile."""
    now = timezone.now()
    lease = now + timedelta(seconds=LEASE_S) if leased else None
    return bool(_open(run).update(lease_expires_at=lease, alive_at=now, **fields))


def _open(run: QualityRun) -> QuerySet[QualityRun]:
    """The row, unless it has ended."""
    return runs.runs_list(tenant=run.tenant).filter(pk=run.pk, status__in=[Status.WAITING, Status.RUNNING])
