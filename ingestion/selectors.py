"""Reads."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from ingestion.domain import Scope
from ingestion.models import Chunk, Collection, Document, DocumentSection, IngestionSettings
from ingestion.parsers.ocr import DEFAULT_LANGUAGES
from tenants.errors import NotFound
from tenants.models import Tenant


def collections_list(*, tenant: Tenant) -> QuerySet[Collection]:
    """With `document_count`, which leaves out older versions and what is being deleted."""
    visible = ~Q(document__status__in=[Document.Status.DELETING, Document.Status.SUPERSEDED])
    return Collection.objects.for_tenant(tenant).annotate(document_count=Count("document", filter=visible))


def collection_get(*, tenant: Tenant, collection_id: UUID) -> Collection:
    collection = Collection.objects.for_tenant(tenant).filter(pk=collection_id).first()
    if collection is None:
        raise NotFound(_("There is no such collection."))
    return collection


def collection_chosen(*, tenant: Tenant, collection_id: UUID | None) -> Collection | None:
    """The collection of this id, None where none was chosen."""
    return collection_get(tenant=tenant, collection_id=collection_id) if collection_id else None


def collection_named(*, tenant: Tenant, name: str) -> Collection:
    collection = Collection.objects.for_tenant(tenant).filter(name=" ".join(name.split())).first()
    if collection is None:
        raise NotFound(_("There is no such collection."))
    return collection


def searched_collection_ids(*, tenant: Tenant) -> frozenset[UUID]:
    return frozenset(Collection.objects.for_tenant(tenant).filter(searched=True).values_list("pk", flat=True))


def searched_scope(*, tenant: Tenant) -> Scope:
    """What a question searches unless it says otherwise: the whole tenant where no collection is left out, because the
    indexes are several times as quick without a filter that everything passes."""
    chosen = dict(Collection.objects.for_tenant(tenant).values_list("pk", "searched"))
    if all(chosen.values()):
        return Scope()
    return Scope(collection_ids=frozenset(pk for pk, searched in chosen.items() if searched))


def versions_in_use(*, tenant: Tenant, document_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Of each of these documents the version that answers use, where it lies in what is searched at all."""
    wanted = set(document_ids)
    if not wanted:
        return frozenset()
    series = Document.objects.for_tenant(tenant).filter(pk__in=wanted).values("series")
    used = Document.objects.for_tenant(tenant).filter(series__in=series, searchable=True, collection__searched=True)
    return frozenset(used.values_list("pk", flat=True))


def documents_list(*, tenant: Tenant, collection: Collection | None = None) -> QuerySet[Document]:
    """Without older versions, unless one is being restored."""
    hidden = [Document.Status.DELETING, Document.Status.SUPERSEDED]
    documents = Document.objects.for_tenant(tenant).exclude(status__in=hidden)
    if collection is not None:
        documents = documents.filter(collection=collection)
    return documents.select_related("collection", "uploaded_by")


def document_get(*, tenant: Tenant, document_id: UUID) -> Document:
    """Older versions can be had by their id."""
    documents = Document.objects.for_tenant(tenant).exclude(status=Document.Status.DELETING)
    document = documents.filter(pk=document_id).select_related("collection", "uploaded_by").first()
    if document is None:
        raise NotFound(_("There is no such document. It may have been deleted."))
    return document


def sections_of(*, tenant: Tenant, document_id: UUID) -> QuerySet[DocumentSection]:
    return DocumentSection.objects.for_tenant(tenant).filter(document_id=document_id)


def chunks_of(*, tenant: Tenant, document_id: UUID) -> QuerySet[Chunk]:
    return Chunk.objects.for_tenant(tenant).filter(document_id=document_id)


def document_bytes(tenant: Tenant) -> int:
    """Bytes of the originals that the tenant keeps, older versions among them."""
    kept = Document.objects.for_tenant(tenant).exclude(status=Document.Status.DELETING)
    return kept.aggregate(total=Sum("size"))["total"] or 0


def ocr_languages(*, tenant_id: UUID) -> list[str]:
    """The languages of text in the tenant's pictures, by Tesseract's codes."""
    chosen = IngestionSettings.objects.for_tenant(tenant_id).values_list("ocr_languages", flat=True).first()
    return chosen or list(DEFAULT_LANGUAGES)
