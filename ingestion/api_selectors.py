"""Reads that only programs ask for."""

from __future__ import annotations

from time import monotonic, sleep
from typing import Literal
from uuid import UUID

from django.db.models import QuerySet

from ingestion import selectors
from ingestion.connections import let_go
from ingestion.models import Collection, Document, DocumentEvent
from ingestion.selectors import collection_get, collections_list, document_get, documents_list
from tenants.models import Tenant

Sort = Literal["created_at", "-created_at", "updated_at", "-updated_at", "name", "-name", "size", "-size"]

POLL_S = 0.5
"""Between two looks at a document that somebody waits for."""


def collections_by_name(*, tenant: Tenant) -> QuerySet[Collection]:
    """With `document_count`, in an order that pages can rely on."""
    return collections_list(tenant=tenant).order_by("name", "pk")


def collection_named(*, tenant: Tenant, id_or_name: str) -> Collection:
    """The collection with this id, else the one with this name."""
    try:
        collection_id = UUID(id_or_name)
    except ValueError:
        return selectors.collection_named(tenant=tenant, name=id_or_name)
    return collection_get(tenant=tenant, collection_id=collection_id)


def documents_found(
    *,
    tenant: Tenant,
    collection: Collection | None = None,
    status: Document.Status | None = None,
    name_contains: str = "",
    sort: Sort = "-created_at",
) -> QuerySet[Document]:
    documents = documents_list(tenant=tenant, collection=collection)
    if status is not None:
        documents = documents.filter(status=status)
    if name_contains:
        documents = documents.filter(name__icontains=name_contains)
    return documents.order_by(sort, "pk")


def events_of(*, tenant: Tenant, document_id: UUID) -> QuerySet[DocumentEvent]:
    return DocumentEvent.objects.for_tenant(tenant).filter(document_id=document_id)


def document_settled(*, tenant: Tenant, document_id: UUID, wait_s: float) -> Document:
    """The document once it is no longer busy, or as it is after `wait_s` seconds."""
    ends_at = monotonic() + wait_s
    document = document_get(tenant=tenant, document_id=document_id)
    while document.is_busy and (left := ends_at - monotonic()) > 0:
        let_go()
        sleep(min(POLL_S, left))
        document = document_get(tenant=tenant, document_id=document_id)
    return document
