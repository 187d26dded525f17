"""What the worker does for the chat."""

from __future__ import annotations

from datetime import timedelta

from asgiref.sync import async_to_sync
from celery import shared_task
from django.utils import timezone

from chat import services
from chat.aio import in_thread
from chat.following import Assembler
from chat.models import Turn
from chat.quality import tasks as quality_tasks  # noqa: F401 - Celery looks for an app's tasks here
from chat.shared_redis import close_redis
from chat.turns import INTERRUPTED, terminal_entry, turn_log

SILENT_S = 60
"""A turn whose process has said nothing for this long has lost it."""


@shared_task(name="chat.tasks.reap_turns")
def reap_turns() -> None:
    """Close what a dead web process has left open, with what it had written."""
    silent = timezone.now() - timedelta(seconds=SILENT_S)
    for turn in Turn.all_tenants.select_related("tenant", "conversation").filter(
        status=Turn.Status.RUNNING, heartbeat_at__lt=silent
    ):
        async_to_sync(_close)(turn)


async def _close(turn: Turn) -> None:
    log = turn_log()
    try:
        entries = await log.written(turn.pk)
        assembler = Assembler(turn, turn.tenant.slug)
        for entry in entries:
            assembler.take(entry, render_it=False)
        outcome = services.Outcome(
            status=Turn.Status.INTERRUPTED,
            answer=assembler.answer,
            draft=assembler.draft,
            error_code="turn.interrupted",
            error_message=INTERRUPTED,
            error_retryable=True,
        )
        if await in_thread(services.turn_finish, turn=turn, outcome=outcome) and entries:
            await log.append(turn.pk, [terminal_entry(outcome)])
    finally:
        await close_redis()
