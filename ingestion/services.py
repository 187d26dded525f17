"""Writes. Everything that a person, a program or the command line may do to documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ingestion import embedder_change, history, intake, parts, pieces, progress, tasks, versions
from ingestion.addresses.fetching import fetch
from ingestion.addresses.readable import PAGES, in_utf8
from ingestion.connections import let_go
from ingestion.errors import IngestionError
from ingestion.intake import Origin, Uploaded
from ingestion.models import Chunk, Collection, Document, EmbedderChange
from tenants import audit, limits
from tenants.access import Access
from tenants.models import Role, Tenant

DEFAULT_COLLECTION = "Documents"

ADDRESSES_PER_MINUTE = 60

Status = Document.Status
Kind = history.Kind


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
    oldest = Collection.objects.for_tenant(access.tenant).order_by("created_at")
    if existing := oldest.first():
        return existing
    try:
        return collection_create(access=access, name=DEFAULT_COLLECTION)
    except IngestionError:
        if existing := oldest.first():  # two first uploads at the same moment
            return existing
        raise


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
    folder: str = "",
    enqueue: Callable[[Document], None] = tasks.enqueue,
) -> Uploaded:
    """Take a file in and queue its reading. The same content in the same collection gives back the same row: if its
    reading had failed or was cancelled, it is tried again; if it is an older version, it becomes the newest one."""
    access.require(Role.MEMBER)
    uploaded = intake.take(access=access, collection=collection, file=file, name=name, origin=Origin(folder=folder))
    return _taken(access, uploaded, enqueue)


def document_add_address(*, access: Access, collection: Collection, url: str) -> Uploaded:
    """Fetch a page or a file from a web address that the operator allows, and queue its reading. The same address again
    is its next version, if it has changed. Takes up to half a minute; not for a thread with an event loop.

    Raise `UploadRefused`, or `AddressUnavailable`, which is worth another try.
    """
    access.require(Role.MEMBER)
    limits.spend(
        "address",
        access.tenant.pk,
        per_minute=ADDRESSES_PER_MINUTE,
        message=_("These are too many web addresses in one minute. Wait a little and go on."),
    )
    let_go()
    fetched = fetch(url, max_bytes=settings.UPLOAD_MAX_BYTES, allowed=settings.WEB_ADDRESSES)
    with fetched.content as content:
        file = in_utf8(content, fetched.charset) if fetched.media_type in PAGES else content
        origin = Origin(source_url=fetched.final_url)
        uploaded = intake.take(access=access, collection=collection, file=file, name=fetched.name, origin=origin)
    return _taken(access, uploaded, tasks.enqueue)


def _taken(access: Access, uploaded: Uploaded, enqueue: Callable[[Document], None]) -> Uploaded:
    """Ask for a new row to be read, and for a known one too, where there is something to be read again."""
    document = uploaded.document
    if not uploaded.duplicate:
        transaction.on_commit(lambda: enqueue(document))
    elif document.status in {Status.FAILED, Status.CANCELLED}:
        document_retry(access=access, document=document)
    elif document.status == Status.SUPERSEDED:
        document_restore(access=access, document=document)
    return uploaded


@transaction.atomic
def document_retry(*, access: Access, document: Document) -> None:
    """Queue a failed or cancelled document again; it goes on at the stage that it had come to."""
    access.require(Role.MEMBER)
    if _queue_again(document, [Status.FAILED, Status.CANCELLED]):
        history.record(document, Kind.RETRIED, access=access)


@transaction.atomic
def document_reread(*, access: Access, document: Document) -> None:
    """Read it from the beginning, as if it had been uploaded anew: with other parsers, or other languages."""
    access.require(Role.MEMBER)
    if _queue_again(document, [Status.READY, Status.FAILED, Status.CANCELLED], stage=Document.Stage.READING):
        history.record(document, Kind.REREAD, access=access)


@transaction.atomic
def document_restore(*, access: Access, document: Document) -> None:
    """Make an older version the newest. Its text is there still, so that only its passages are embedded again; until
    then, answers use what they have used so far."""
    access.require(Role.MEMBER)
    has_text = Chunk.objects.for_tenant(access.tenant).filter(document=document).exists()
    stage = Document.Stage.EMBEDDING if has_text else Document.Stage.READING
    number = versions.next_number(document)
    if _queue_again(document, [Status.SUPERSEDED], stage=stage, version=number):
        history.record(document, Kind.RESTORED, access=access)
        audit.record(access, gettext_noop("document restored"), document.name, version=number)


def _queue_again(document: Document, status_in: list[Document.Status], **fields: Any) -> bool:
    """Let a document that nobody works on wait for a worker; False when somebody does."""
    changed = (
        Document.objects.for_tenant(document.tenant_id)
        .filter(pk=document.pk, status__in=status_in)
        .update(
            status=Status.QUEUED,
            error_code="",
            error_message="",
            error_made_of={},
            error_retryable=False,
            cancel_requested=False,
            attempts=0,
            not_before=None,
            updated_at=timezone.now(),
            **fields,
        )
    )
    if changed:
        document.refresh_from_db()
        transaction.on_commit(lambda: tasks.enqueue(document))
    return bool(changed)


@transaction.atomic
def document_cancel(*, access: Access, document: Document) -> None:
    """A waiting document is cancelled at once, one that is being read within a second."""
    access.require(Role.MEMBER)
    documents = Document.objects.for_tenant(access.tenant).filter(pk=document.pk)
    documents.filter(status__in=[Status.QUEUED, Status.RUNNING]).update(cancel_requested=True)
    if documents.filter(status=Status.QUEUED).update(status=Status.CANCELLED, searchable=False):
        history.record(document, Kind.CANCELLED, access=access)
    document.refresh_from_db()
    audit.record(access, gettext_noop("document cancelled"), document.name)
    transaction.on_commit(lambda: progress.publish(document))


@transaction.atomic
def document_delete(*, access: Access, document: Document) -> None:
    """Gone for every reader at once, with its other versions and with what came in it; index entries, files and rows
    follow in a task."""
    access.require(Role.MEMBER)
    inside = versions.of(document).values("pk")
    for each in [*versions.of(document), *_descendants(access, inside)]:
        _delete(each)
    audit.record(access, gettext_noop("document deleted"), document.name)


@transaction.atomic
def document_version_delete(*, access: Access, document: Document) -> None:
    """Delete one version that has been replaced."""
    access.require(Role.MEMBER)
    if document.status != Status.SUPERSEDED:
        raise IngestionError(_("Only older versions can be deleted by themselves."), code="version.current")
    _delete(document)
    audit.record(access, gettext_noop("document version deleted"), document.name, version=document.version)


def _descendants(access: Access, parents: Any) -> list[Document]:
    """Every document that came in one of these, at whatever depth."""
    children = list(Document.objects.for_tenant(access.tenant).filter(parent__in=parents))
    if not children:
        return []
    return [*children, *_descendants(access, [child.pk for child in children])]


def _delete(document: Document) -> None:
    Document.objects.for_tenant(document.tenant_id).filter(pk=document.pk).update(
        status=Status.DELETING, cancel_requested=True, searchable=False, updated_at=timezone.now()
    )
    document.refresh_from_db()
    transaction.on_commit(lambda: tasks.enqueue_purge(document))


def document_move(*, access: Access, document: Document, collection: Collection) -> None:
    """Put a document, with its versions, on another shelf. What Chroma says of it is only a first sieve, which SQL has
    the last word over; so it goes first, and back where SQL refuses, and no transaction waits for it."""
    access.require(Role.MEMBER)
    if document.collection_id == collection.pk:
        return
    moved = list(versions.of(document))
    if any(each.is_busy for each in moved):
        raise IngestionError(
            _("“%(name)s” is being read. Move it when that is done.") % {"name": document.name}, code="document.busy"
        )
    _move_vectors(moved, collection.pk)
    try:
        _move_rows(access, document, moved, collection)
    except IntegrityError:
        _move_vectors(moved, document.collection_id)
        raise IngestionError(
            _("“%(collection)s” has a document with the content of “%(name)s” already.")
            % {"collection": collection.name, "name": document.name},
            code="document.exists",
        ) from None


def _move_vectors(documents: list[Document], collection_id: UUID) -> None:
    vectors = parts.configured().vectors
    for each in documents:
        for fingerprint in filter(None, (each.embedder_fingerprint, each.other_fingerprint)):
            index = vectors.for_tenant(each.tenant_id, fingerprint=fingerprint)
            index.move_document(each.pk, collection_id)


@transaction.atomic
def _move_rows(access: Access, document: Document, moved: list[Document], collection: Collection) -> None:
    ids = [each.pk for each in moved]
    Document.objects.for_tenant(access.tenant).filter(pk__in=ids).update(collection=collection)
    lexical = parts.configured().lexical.for_tenant(access.tenant.pk)
    for each in moved:
        lexical.move_document(each.pk, collection.pk)
        history.record(each, Kind.MOVED, access=access, detail=collection.name)
        transaction.on_commit(lambda each=each: progress.publish(each))  # type: ignore[misc]
    audit.record(access, gettext_noop("document moved"), document.name, collection=collection.name)


def embedder_choose(*, access: Access, name: str) -> EmbedderChange:
    """Have another embedder's vectors built, and switch to them when they are there. Not in a transaction as a whole,
    because the embedder may have to be asked who it is."""
    change = embedder_change.start(access=access, name=name)
    transaction.on_commit(lambda: tasks.enqueue_change(change))
    return change


def tenant_purge(*, tenant: Tenant) -> None:
    """Take everything that a tenant has out of the indexes, the file store and the database."""
    configured = parts.configured()
    configured.vectors.drop_tenant(tenant.pk)
    configured.lexical.drop_tenant(tenant.pk)
    for document in Document.objects.for_tenant(tenant):
        document.file.delete(save=False)
    pieces.remove_tenant(tenant.pk)
    tenant.delete()
