"""What the worker does for the chat."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from chat import services
from chat.aio import in_thread
from chat.conversations import services as conversations
from chat.following import Assembler
from chat.gaps import grouping
from chat.gaps.models import KnowledgeGap
from chat.images import services as images
from chat.images.models import QuestionImage
from chat.lines import services as lines
from chat.lines.selectors import out_of_date
from chat.models import Turn
from chat.quality import tasks as quality_tasks  # noqa: F401 - Celery looks for an app's tasks here
from chat.shared_redis import close_redis
from chat.sharing import services as sharing
from chat.turns import INTERRUPTED, terminal_entry, turn_log
from ingestion.errors import IngestionError
from ingestion.models import Collection

logger = logging.getLogger(__name__)

TASK_EXPIRES_S = 240
"""What nobody has taken up by then is asked for again, or no longer worth it."""


@shared_task(name="chat.tasks.reap_turns")
def reap_turns() -> None:
    """Close what a dead web process has left open, with what it had written. One that cannot be closed is no reason to
    leave the others open."""
    silent = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS)
    for turn in Turn.all_tenants.select_related("tenant", "conversation").filter(
        status=Turn.Status.RUNNING, heartbeat_at__lt=silent
    ):
        try:
            async_to_sync(_close)(turn)
        except Exception:
            logger.exception("turn %s could not be closed", turn.pk)


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


@shared_task(name="chat.tasks.purge_conversations")
def purge_conversations() -> None:
    """Remove what was deleted some minutes ago and nobody has taken back."""
    if count := conversations.conversations_purge():
        logger.info("%d deleted conversations are gone for good", count)


@shared_task(name="chat.tasks.purge_shares")
def purge_shares() -> None:
    """Remove links that have ended, with what they have shown."""
    if count := sharing.shares_purge():
        logger.info("%d shared conversations have ended", count)


@shared_task(name="chat.tasks.read_image")
def read_image(tenant_id: str, image_id: str) -> None:
    """Recognise the text on a picture that was just attached; its question most likely follows within the minute."""
    images.image_read(tenant_id=UUID(tenant_id), image_id=UUID(image_id))


@shared_task(name="chat.tasks.reap_images")
def reap_images() -> None:
    """Remove pictures that were attached and never asked with."""
    if count := images.images_reap():
        logger.info("%d pictures that nobody asked with are gone", count)


@shared_task(name="chat.tasks.group_gap")
def group_gap(tenant_id: str, gap_id: str) -> None:
    """Put a new knowledge gap to the one that asks the same in other words."""
    try:
        grouping.join_by_meaning(tenant_id=UUID(tenant_id), gap_id=UUID(gap_id))
    except IngestionError as error:
        logger.warning("knowledge gap %s stays by itself: %s", gap_id, error.message)


@shared_task(name="chat.tasks.fit_collection")
def fit_collection(tenant_id: str, collection_id: str) -> None:
    """Draw a collection's line anew. Takes some seconds, and what it does twice comes out the same."""
    collection = lines.collection_of(tenant_id=UUID(tenant_id), collection_id=UUID(collection_id))
    if collection is None:
        return
    try:
        lines.collection_fit(collection=collection)
    except IngestionError as error:
        logger.warning("collection %s was not fitted: %s", collection_id, error.message)


@shared_task(name="chat.tasks.fit_changed_collections")
def fit_changed_collections() -> None:
    """Fit what has changed, once nothing is read into it any more: a thousand documents that come together are one
    change."""
    for collection in out_of_date():
        enqueue_fit(collection)


def enqueue_fit(collection: Collection) -> None:
    transaction.on_commit(lambda: _send(fit_collection, collection.tenant_id, collection.pk))


def enqueue_reading(image: QuestionImage) -> None:
    transaction.on_commit(lambda: _send(read_image, image.tenant_id, image.pk))


def enqueue_grouping(gap: KnowledgeGap) -> None:
    transaction.on_commit(lambda: _send(group_gap, gap.tenant_id, gap.pk))


def _send(task: Any, *ids: UUID) -> None:
    """What is lost while the broker is away is a comfort, not an answer."""
    try:
        task.apply_async([str(each) for each in ids], expires=TASK_EXPIRES_S)
    except OperationalError:
        logger.warning("the broker is away; %s is not done", task.name, exc_info=True)
