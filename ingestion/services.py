"""Writes. Everything that a person, a program or the command line may do to documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ingestion import parts, progress, tasks
from ingestion.errors import IngestionError, UploadRefused
from ingestion.models import Collection, Document
from ingestion.selectors import bytes_used
from ingestion.uploads import Inspected, inspect
from tenants import audit
from tenants.access import Access
from tenants.models import Role, Tenant

DEFAULT_COLLECTION = "Documents"

Status = Document.Status


@dataclass(frozen=True, slots=True)
class Uploaded:
    document: Document
    duplicate: bool
    """The same file was here already, and `document` is its row."""


def collection_create(*, access: Access, name: str) -> Collection:
    access.require(Role.MEMBER)
    name = " ".join(name.split())
    if not name:
        raise IngestionError(_("A collection needs a name."), code="collection.invalid")
    try:
        with transaction.atomic():
            collection = Collection.objects.create(tenant=access.tenant, name=name[:120])
            audit.record(access, gettext_noop("collection created"), name)
    except IntegrityError:
        raise IngestionError(
            _("There is a collection “%(name)s” already.") % {"name": name}, code="collection.exists"
        ) from None
    return collection


def collection_default(*, access: Access) -> Collection:
    """The collection that uploads go to when none is named; made when the tenant has none."""
    existing = Collection.objects.for_tenant(access.tenant).order_by("created_at").first()
    return existing or collection_create(access=access, name=DEFAULT_COLLECTION)


@transaction.atomic
def collection_update(*, access: Access, collection: Collection, searched: bool) -> None:
    access.require(Role.ADMIN)
    collection.searched = searched
    collection.save(update_fields=["searched"])
    audit.record(access, gettext_noop("collection changed"), collection.name, searched=searched)


def document_upload(
    *,
    access: Access,
    collection: Collection,
    file: BinaryIO,
    name: str,
    enqueue: Callable[[Document], None] = tasks.enqueue,
) -> Uploaded:
    """Take a file in and queue its reading. The same content in the same collection gives back the same row;
    if its reading had failed or was cancelled, it is tried again."""
    access.require(Role.MEMBER)
    inspected = inspect(file, filename=name, max_bytes=settings.UPLOAD_MAX_BYTES)
    if existing := _existing(collection, inspected.sha256):
        return _again(access, existing)
    _spend_bytes(access, inspected.size)
    document_id = uuid4()
    file.seek(0)
    key = default_storage.save(_storage_key(access, document_id, inspected.name), File(file))
    try:
        with transaction.atomic():
            document = _row(access, collection, inspected, key, document_id=document_id)
            audit.record(access, gettext_noop("document uploaded"), inspected.name, bytes=inspected.size)
            transaction.on_commit(lambda: enqueue(document))
    except IntegrityError:  # the same file came in twice at the same moment
        default_storage.delete(key)
        existing = _existing(collection, inspected.sha256)
        if existing is None:
            raise
        return Uploaded(existing, duplicate=True)
    except BaseException:
        default_storage.delete(key)
        raise
    return Uploaded(document, duplicate=False)


def _existing(collection: Collection, sha256: str) -> Document | None:
    return (
        Document.objects.for_tenant(collection.tenant_id)
        .filter(collection=collection, sha256=sha256)
        .exclude(status=Status.DELETING)
        .first()
    )


def _again(access: Access, document: Document) -> Uploaded:
    if document.status in {Status.FAILED, Status.CANCELLED}:
        document_retry(access=access, document=document)
    return Uploaded(document, duplicate=True)


def _spend_bytes(access: Access, size: int) -> None:
    used = bytes_used(tenant=access.tenant)
    if used + size > settings.TENANT_MAX_BYTES:
        raise UploadRefused(
            _("%(tenant)s has used %(used)d of its %(limit)d MB. Delete documents, or ask the operator for more.")
            % {"tenant": access.tenant.name, "used": used >> 20, "limit": settings.TENANT_MAX_BYTES >> 20},
            code="upload.quota",
        )


def _storage_key(access: Access, document_id: UUID, name: str) -> str:
    """Below the tenant's own folder, by id: a person's file name never becomes a path."""
    return f"{access.tenant.pk}/{document_id}{PurePosixPath(name).suffix.lower()[:12]}"


def _row(access: Access, collection: Collection, inspected: Inspected, key: str, *, document_id: UUID) -> Document:
    return Document.objects.create(
        id=document_id,
        tenant=access.tenant,
        collection=collection,
        name=inspected.name,
        media_type=inspected.media_type,
        size=inspected.size,
        sha256=inspected.sha256,
        file=key,
        uploaded_by=access.user,
    )


@transaction.atomic
def document_retry(*, access: Access, document: Document) -> None:
    """Queue a failed or cancelled document again; it goes on at the stage that it had come to."""
    access.require(Role.MEMBER)
    changed = (
        Document.objects.for_tenant(access.tenant)
        .filter(pk=document.pk, status__in=[Status.FAILED, Status.CANCELLED])
        .update(
            status=Status.QUEUED,
            error_code="",
            error_message="",
            error_retryable=False,
            cancel_requested=False,
            attempts=0,
        )
    )
    if changed:
        document.refresh_from_db()
        transaction.on_commit(lambda: tasks.enqueue(document))


@transaction.atomic
def document_cancel(*, access: Access, document: Document) -> None:
    """A waiting document is cancelled at once, one that is being read at its next step."""
    access.require(Role.MEMBER)
    documents = Document.objects.for_tenant(access.tenant).filter(pk=document.pk)
    if not documents.filter(status=Status.QUEUED).update(status=Status.CANCELLED):
        documents.filter(status=Status.RUNNING).update(cancel_requested=True)
    document.refresh_from_db()
    audit.record(access, gettext_noop("document cancelled"), document.name)
    transaction.on_commit(lambda: progress.publish(document))


@transaction.atomic
def document_delete(*, access: Access, document: Document) -> None:
    """Gone for every reader at once; its index entries, file and rows follow in a task."""
    access.require(Role.MEMBER)
    Document.objects.for_tenant(access.tenant).filter(pk=document.pk).update(
        status=Status.DELETING, cancel_requested=True
    )
    document.refresh_from_db()
    audit.record(access, gettext_noop("document deleted"), document.name)
    transaction.on_commit(lambda: tasks.enqueue_purge(document))


def tenant_purge(*, tenant: Tenant) -> None:
    """Take everything that a tenant has out of the indexes, the file store and the database."""
    configured = parts.configured()
    configured.vectors.drop_tenant(tenant.pk)
    configured.lexical.drop_tenant(tenant.pk)
    for document in Document.objects.for_tenant(tenant):
        document.file.delete(save=False)
    tenant.delete()
