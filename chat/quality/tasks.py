"""What the worker does for the quality lab."""

from __future__ import annotations

import logging
from uuid import UUID

from celery import shared_task
from kombu.exceptions import OperationalError

from chat.quality import running
from chat.quality.models import QualityRun
from ingestion import shadows

logger = logging.getLogger(__name__)

PEOPLE_FIRST_S = 3
"""How soon it is looked again whether nobody's question is being answered."""
EXPIRES_S = 3600.0


@shared_task(name="chat.quality.tasks.go_on_run")
def go_on_run(tenant_id: str, run_id: str) -> None:
    """Go on for a slice, and ask for the next one, or for the next run."""
    run = QualityRun.objects.for_tenant(UUID(tenant_id)).filter(pk=run_id).select_related("tenant").first()
    if run is None:
        return
    if run.is_open and run.with_answers and running.people_wait():
        enqueue(run, countdown_s=PEOPLE_FIRST_S)
    elif running.go_on(run):
        enqueue(run)
    elif waiting := running.next_of(run):
        enqueue(waiting)


def enqueue(run: QualityRun, *, countdown_s: float = 0) -> None:
    """Have a worker go on with it. Should the broker be away, `tidy_runs` asks again."""
    running.postponed(run)
    try:
        go_on_run.apply_async([str(run.tenant_id), str(run.pk)], countdown=countdown_s, expires=countdown_s + EXPIRES_S)
    except OperationalError:
        logger.warning("the broker is away; quality run %s waits", run.pk, exc_info=True)


@shared_task(name="chat.quality.tasks.tidy_runs")
def tidy_runs() -> None:
    """Take up what was forgotten, and take away what ended runs have left."""
    for run in running.forgotten():
        enqueue(run)
    with_copies = QualityRun.all_tenants.exclude(shadow_id=None)
    for run in with_copies:
        running.clear_up(run)
    shadows.drop_orphans(known={run.shadow_id for run in with_copies.all() if run.shadow_id})
