"""An upload in pieces: it may be paused, and it goes on after a lost connection, a restart or a closed browser.

The row counts what has arrived, and is the truth; the bytes are a file of `ingestion.pieces`. With the last byte the
upload becomes a document like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from ingestion import pieces, services
from ingestion.errors import IngestionError, UploadRefused
from ingestion.intake import Uploaded, check_quota
from ingestion.models import Collection, PendingUpload
from ingestion.uploads import check_size, clean_folder, clean_name
from project.errors import AppError
from tenants.access import Access
from tenants.errors import LimitReached, NotFound
from tenants.models import Role

LIFETIME = timedelta(hours=24)
"""An upload that nobody goes on with is given up."""
MAX_PENDING = 50
"""Of one person in one organisation. The page sends three at once; the others are paused, or were left."""


class OffsetConflict(IngestionError):
    """The sender believes that another part of the file is here than is."""

    code = "upload.offset"
    retryable = True


class TooMuch(UploadRefused):
    """More bytes than were announced."""

    code = "upload.too_large"


@dataclass(frozen=True, slots=True)
class Continued:
    """An upload after a piece of it, and what it has become if that was the last one."""

    upload: PendingUpload
    uploaded: Uploaded | None = None


def expires_at(upload: PendingUpload) -> datetime:
    return upload.updated_at + LIFETIME


def upload_get(*, access: Access, upload_id: UUID) -> PendingUpload:
    """Raise `NotFound` alike for an upload that is unknown, expired, or somebody else's."""
    mine = PendingUpload.objects.for_tenant(access.tenant).filter(user=access.user)
    fresh = mine.filter(updated_at__gt=timezone.now() - LIFETIME).select_related("collection", "document")
    upload = fresh.filter(pk=upload_id).first()
    if upload is None:
        raise NotFound(_("This upload is no longer known here. Start it again."))
    return upload


def upload_start(
    *, access: Access, collection: Collection | None, name: str, folder: str = "", length: int, metadata: str = ""
) -> PendingUpload:
    """Make room for a file of `length` bytes. Raise `UploadRefused`, and `LimitReached` when the person has begun too
    many."""
    access.require(Role.MEMBER)
    name = clean_name(name)
    check_size(name, length, max_bytes=settings.UPLOAD_MAX_BYTES)
    _check_room(access, length)
    upload_id = uuid4()
    path = pieces.path_of(tenant_id=access.tenant.pk, upload_id=upload_id)
    assert access.user is not None  # noqa: S101 - people upload in pieces; programs and the operator send whole files
    pieces.create(path)
    try:
        return PendingUpload.objects.create(
            id=upload_id,
            tenant=access.tenant,
            user=access.user,
            collection=collection,
            name=name,
            folder=clean_folder(folder),
            length=length,
            metadata=metadata,
        )
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def upload_continue(*, access: Access, upload_id: UUID, offset: int, stream: pieces.Stream) -> Continued:
    """Append what `stream` has to the upload, of which `offset` bytes are here; with the last byte it becomes a
    document.

    Raise `OffsetConflict`, `TooMuch`, `pieces.UploadBusy`, and what `services.document_upload` raises, after which the
    upload is gone. Without bytes it can be asked again what a complete upload has become.
    """
    access.require(Role.MEMBER)
    upload = upload_get(access=access, upload_id=upload_id)
    if upload.document is not None:
        _check_offset(upload, offset)
        return Continued(upload, Uploaded(upload.document, duplicate=False))
    path = _path_of(upload)
    with pieces.held(path) as file:
        upload = upload_get(access=access, upload_id=upload_id)  # as it is now that nobody else writes to it
        _check_offset(upload, offset)
        _append(upload, file, stream)
        if upload.offset < upload.length:
            return Continued(upload)
        return Continued(upload, _finish(access, upload, file, path))


def upload_end(*, access: Access, upload_id: UUID) -> None:
    """Forget an upload and what has arrived of it. A document that it has become stays."""
    access.require(Role.MEMBER)
    _forget(upload_get(access=access, upload_id=upload_id))


def uploads_reap() -> None:
    """Forget what nobody has gone on with, and remove files that have no row: those of a deleted organisation, or of a
    process that died between the two."""
    before = timezone.now() - LIFETIME
    for upload in PendingUpload.all_tenants.filter(updated_at__lte=before):
        _forget(upload)
    known = {str(upload_id) for upload_id in PendingUpload.all_tenants.values_list("pk", flat=True)}
    for path in pieces.left_alone(before):
        if path.name not in known:
            path.unlink(missing_ok=True)


def _path_of(upload: PendingUpload) -> Path:
    return pieces.path_of(tenant_id=upload.tenant_id, upload_id=upload.pk)


def _forget(upload: PendingUpload) -> None:
    PendingUpload.objects.for_tenant(upload.tenant_id).filter(pk=upload.pk).delete()
    _path_of(upload).unlink(missing_ok=True)


def _check_room(access: Access, length: int) -> None:
    """What is on its way counts as if it were here, lest ten uploads are promised the same place."""
    pending = PendingUpload.objects.for_tenant(access.tenant).filter(document=None)
    if pending.filter(user=access.user).count() >= MAX_PENDING:
        raise LimitReached(
            _("You have %(count)d unfinished uploads. Finish or cancel some; those left alone are removed after a day.")
            % {"count": MAX_PENDING}
        )
    check_quota(access, length, promised=pending.aggregate(total=Sum("length"))["total"] or 0)


def _check_offset(upload: PendingUpload, offset: int) -> None:
    if upload.offset != offset:
        raise OffsetConflict(
            _("%(here)d bytes of “%(name)s” are here, not %(said)d. Go on from there.")
            % {"here": upload.offset, "name": upload.name, "said": offset}
        )


def _append(upload: PendingUpload, file: BinaryIO, stream: pieces.Stream) -> None:
    arrived = pieces.append(file, stream, start=upload.offset, limit=upload.length - upload.offset)
    if upload.offset + arrived == upload.length and stream.read(1):
        raise TooMuch(
            _("More of “%(name)s” came than the %(length)d bytes that were announced. Start it anew.")
            % {"name": upload.name, "length": upload.length}
        )
    now = timezone.now()
    mine = PendingUpload.objects.for_tenant(upload.tenant_id).filter(pk=upload.pk, offset=upload.offset)
    if not mine.update(offset=upload.offset + arrived, updated_at=now):  # it was cancelled meanwhile
        raise NotFound(_("This upload is no longer known here. Start it again."))
    upload.offset, upload.updated_at = upload.offset + arrived, now


def _finish(access: Access, upload: PendingUpload, file: BinaryIO, path: Path) -> Uploaded:
    """Whatever goes wrong that is not the file's fault leaves the upload as it is, to be finished by the next try."""
    try:
        uploaded = services.document_upload(
            access=access,
            collection=upload.collection or services.collection_default(access=access),
            file=file,
            name=upload.name,
            folder=upload.folder,
        )
    except AppError as error:
        if not error.retryable:
            _forget(upload)
        raise
    PendingUpload.objects.for_tenant(upload.tenant_id).filter(pk=upload.pk).update(document=uploaded.document)
    path.unlink(missing_ok=True)
    return uploaded
