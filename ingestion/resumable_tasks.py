"""What the worker does about uploads that nobody goes on with."""

from __future__ import annotations

from celery import shared_task

from ingestion import resumable


@shared_task(name="ingestion.resumable_tasks.reap_uploads")
def reap_uploads() -> None:
    resumable.uploads_reap()
