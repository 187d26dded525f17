"""Writes. `intake` makes the rows."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.errors import ImageRefused
from chat.images.intake import Prepared, keep
from chat.images.models import QuestionImage
from chat.images.selectors import images_of
from chat.models import Turn
from ingestion import confinement
from ingestion.confinement import Limits
from ingestion.errors import IngestionError
from ingestion.selectors import ocr_languages
from ingestion.storage import local_copy
from tenants.access import Access
from tenants.models import User

logger = logging.getLogger(__name__)

KEPT_UNASKED = timedelta(days=1)
"""A picture that no question has by then was forgotten in an open page."""
REAPED_AT_ONCE = 500
MOST_REAPED = 500_000
"""In one go: what more than a hundred readers can attach within the hour until the next."""
READING_LIMITS = Limits(memory_bytes=1024 * 1024 * 1024, cpu_seconds=30, silent_seconds=20.0)
"""Recognising a page of print takes five seconds on one core."""


def images_attach(*, turn: Turn, user: User | None, image_ids: Sequence[UUID]) -> None:
    """Give these to the turn, in this order. Raise `ImageRefused` unless each is this person's and no turn's yet; to be
    called in the transaction that makes the turn."""
    for position, image_id in enumerate(image_ids):
        free = QuestionImage.objects.for_tenant(turn.tenant_id).filter(pk=image_id, user=user, turn=None)
        if not free.update(turn=turn, position=position):
            raise ImageRefused(_("A picture is no longer there, or was asked with already. Attach it again."))


@contextmanager
def images_copied(*, access: Access, image_ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    """Copies of pictures that are asked with once more, in their order: each belongs to one turn, and goes with it.
    Where the block raises, those that no turn has are removed. Files are copied: to be entered outside of a
    transaction, once the question is admitted."""
    from chat.tasks import enqueue_reading  # it knows this module

    images = images_of(access=access).in_bulk(image_ids)
    copies: list[QuestionImage] = []
    try:
        for image in (images[pk] for pk in image_ids if pk in images):
            with image.file.open("rb") as file:
                copy = keep(access=access, picture=Prepared(image.name, file.read(), image.width, image.height))
            copies.append(copy)
            copy.text, copy.read_at = image.text, image.read_at
            copy.save(update_fields=["text", "read_at"])
        yield [copy.pk for copy in copies]
    except BaseException:
        with transaction.atomic():
            images_of(access=access).filter(pk__in=[copy.pk for copy in copies], turn=None).delete()
        raise
    for copy in copies:
        if copy.read_at is None:
            enqueue_reading(copy)


def image_remove(*, access: Access, image_id: UUID) -> None:
    """Take back what was not asked with yet. What is gone already may be taken back, too."""
    with transaction.atomic():
        images_of(access=access).filter(pk=image_id, turn=None).delete()


def image_read(*, tenant_id: UUID, image_id: UUID) -> None:
    """Recognise the text on a picture, in a process of its own. One that cannot be read has none."""
    image = QuestionImage.objects.for_tenant(tenant_id).filter(pk=image_id, read_at=None).first()
    if image is None:
        return
    text = ""
    try:
        with local_copy(image.file, check=lambda: None) as path, TemporaryDirectory() as directory:
            text = _recognised(path, directory, ocr_languages(tenant_id=tenant_id))
    except IngestionError as error:
        logger.info("no text was recognised on picture %s: %s", image_id, error.message)
    finally:
        QuestionImage.objects.for_tenant(tenant_id).filter(pk=image_id).update(text=text, read_at=timezone.now())


def _recognised(path: Path, directory: str, languages: Sequence[str]) -> str:
    request = {"path": str(path), "directory": directory, "languages": list(languages)}
    (found,) = confinement.run("chat.images.confined.recognise", request, check=lambda: None, limits=READING_LIMITS)
    return str(found["text"])


def images_reap() -> int:
    """Remove what nobody has asked with for `KEPT_UNASKED`, every tenant's; return how many."""
    due = QuestionImage.all_tenants.filter(turn=None, created_at__lt=timezone.now() - KEPT_UNASKED)
    oldest = due.order_by("created_at").values_list("pk", flat=True)
    count = 0
    while count < MOST_REAPED and (ids := list(oldest[:REAPED_AT_ONCE])):
        with transaction.atomic():
            QuestionImage.all_tenants.filter(pk__in=ids, turn=None).delete()
        count += len(ids)
    return count
