"""A file comes in: it is looked at, stored, and gets its row. Who calls this asks a worker to read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from ingestion import history, versions
from ingestion.errors import UploadRefused
from ingestion.models import Collection, Document
from ingestion.sentences import spoken as _
from ingestion.uploads import Inspected, clean_folder, inspect
from tenants import audit
from tenants.access import Access
from tenants.storage import bytes_used

Status = Document.Status


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file comes from, beside the person who brings it."""

    folder: str = ""
    parent: Document | None = None
    source_url: str = ""


@dataclass(frozen=True, slots=True)
class Uploaded:
    document: Document
    duplicate: bool
    """The same file was here already, and `document` is its row."""


NOWHERE = Origin()


def take(*, access: Access, collection: Collection, file: BinaryIO, name: str, origin: Origin = NOWHERE) -> Uploaded:
    """Return the file's row: a new one that waits to be read, or the one that the collection has of the same content.

    Raise `UploadRefused`. A file of the name and folder of another one becomes its next version.
    """
    inspected = inspect(file, filename=name, max_bytes=settings.UPLOAD_MAX_BYTES)
    if existing := _same_content(collection, inspected.sha256):
        return Uploaded(existing, duplicate=True)
    check_quota(access, inspected.size)
    document_id = uuid4()
    file.seek(0)
    key = default_storage.save(_storage_key(access, document_id, inspected.name), File(file))
    try:
        return Uploaded(_row(access, collection, inspected, key, origin, document_id=document_id), duplicate=False)
    except IntegrityError:  # the same file came in twice at the same moment
        default_storage.delete(key)
        if existing := _same_content(collection, inspected.sha256):
            return Uploaded(existing, duplicate=True)
        raise UploadRefused(
            _("“%(name)s” was uploaded by somebody else at the same moment. Please try again.", name=inspected.name),
            code="upload.conflict",
        ) from None
    except BaseException:
        default_storage.delete(key)
        raise


def _same_content(collection: Collection, sha256: str) -> Document | None:
    return (
        Document.objects.for_tenant(collection.tenant_id)
        .filter(collection=collection, sha256=sha256)
        .exclude(status=Status.DELETING)
        .first()
    )


def check_quota(access: Access, size: int, *, promised: int = 0) -> None:
    """Raise `UploadRefused` where the tenant has no room for `size` bytes beside what it keeps and was promised."""
    used = bytes_used(access.tenant) + promised
    if used + size > settings.TENANT_MAX_BYTES:
        raise UploadRefused(
            _(
                "%(tenant)s has used %(used)d of its %(limit)d MB. Delete documents, or ask the operator for more.",
                tenant=access.tenant.name,
                used=used >> 20,
                limit=settings.TENANT_MAX_BYTES >> 20,
            ),
            code="upload.quota",
        )


def _storage_key(access: Access, document_id: UUID, name: str) -> str:
    """Below the tenant's own folder, by id: a person's file name never becomes a path."""
    return f"{access.tenant.pk}/{document_id}{PurePosixPath(name).suffix.lower()[:12]}"


@transaction.atomic
def _row(
    access: Access, collection: Collection, inspected: Inspected, key: str, origin: Origin, *, document_id: UUID
) -> Document:
    document = Document(
        id=document_id,
        tenant=access.tenant,
        collection=collection,
        name=inspected.name,
        folder=clean_folder(origin.folder),
        parent=origin.parent,
        source_url=origin.source_url,
        media_type=inspected.media_type,
        size=inspected.size,
        sha256=inspected.sha256,
        file=key,
        uploaded_by=access.user,
    )
    if earlier := versions.newest_named(document):
        document.series = earlier.series
        document.version = versions.next_number(earlier)
    document.save(force_insert=True)
    audit.record(access, gettext_noop("document uploaded"), inspected.name, bytes=inspected.size)
    history.record(document, history.Kind.UPLOADED, access=access)
    return document
