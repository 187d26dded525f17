"""What has happened to a document, row by row."""

from __future__ import annotations

from ingestion.models import Document, DocumentEvent
from ingestion.sentences import made_of
from tenants.access import Access

Kind = DocumentEvent.Kind


def record(document: Document, kind: DocumentEvent.Kind, *, access: Access | None = None, detail: str = "") -> None:
    """`access` is that of the person who did it; None where the worker did."""
    DocumentEvent.objects.create(
        tenant_id=document.tenant_id,
        document=document,
        kind=kind,
        actor_name=access.actor_name if access else "",
        detail=str(detail),
        detail_made_of=made_of(detail),
    )
