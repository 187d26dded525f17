"""A picture comes in: it is hostile until a process of its own has made another picture of it, and that one is kept."""

from __future__ import annotations

import hashlib
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import translation
from django.utils.translation import gettext as _

from chat.errors import ImageRefused
from chat.images.confined import TOO_LARGE, UNREADABLE
from chat.images.models import QuestionImage
from ingestion import confinement
from ingestion.confinement import Limits
from ingestion.errors import IngestionError
from ingestion.intake import check_quota
from ingestion.uploads import check_size, clean_name
from tenants import limits
from tenants.access import Access

LIMITS = Limits(memory_bytes=1024 * 1024 * 1024, cpu_seconds=20, silent_seconds=30.0)
"""The largest picture takes a second or two, and four bytes a pixel twice over."""
AT_ONCE = 2
"""Of each web process. More would take memory and answers' time, and no picture would be there sooner."""

_gate = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A JPEG of our own making."""

    name: str
    data: bytes = field(repr=False)
    width: int
    height: int


def spend(access: Access) -> None:
    """To be asked before anything is done with what came in."""
    limits.spend(
        "pictures",
        access.user.pk if access.user else 0,
        per_minute=settings.PICTURES_PER_MINUTE,
        message=_("You have attached very many pictures in the last minute. Wait a little and try again."),
    )


def prepared(file: BinaryIO, *, name: str) -> Prepared:
    """Raise `ImageRefused`, or `UploadRefused` for its size. Takes up to seconds, and no database."""
    name = clean_name(name)
    file.seek(0, 2)
    check_size(name, file.tell(), max_bytes=settings.PICTURE_MAX_BYTES)
    file.seek(0)
    with TemporaryDirectory() as directory:
        path, target = Path(directory, "uploaded"), Path(directory, "prepared.jpg")
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        request = {"path": str(path), "target": str(target)}
        try:
            with _gate:
                (made,) = confinement.run("chat.images.confined.prepare", request, check=lambda: None, limits=LIMITS)
        except IngestionError as error:
            sentence = translation.gettext(error.message if error.message == TOO_LARGE else UNREADABLE)
            raise ImageRefused(f"“{name}”: {sentence}") from error
        return Prepared(name, target.read_bytes(), made["width"], made["height"])


def keep(*, access: Access, picture: Prepared) -> QuestionImage:
    """The row of a picture that no question has yet. Raise `UploadRefused` where the tenant has no room for it."""
    assert access.user is not None  # noqa: S101 - neither programs nor the command line attach pictures
    check_quota(access, len(picture.data))
    image_id = uuid4()
    key = default_storage.save(f"{access.tenant.pk}/pictures/{image_id}.jpg", ContentFile(picture.data))
    try:
        return QuestionImage.objects.create(
            id=image_id,
            tenant=access.tenant,
            user=access.user,
            name=picture.name,
            file=key,
            width=picture.width,
            height=picture.height,
            size=len(picture.data),
            sha256=hashlib.sha256(picture.data).hexdigest(),
        )
    except BaseException:
        default_storage.delete(key)
        raise
