"""The parts as one organisation has chosen them."""

from __future__ import annotations

from uuid import UUID

from ingestion import parts
from ingestion.models import IngestionSettings
from ingestion.parts import Parts


def embedder_name(tenant_id: UUID) -> str:
    """What the settings call the embedder whose vectors the organisation searches; "" for the server's own."""
    return IngestionSettings.objects.for_tenant(tenant_id).values_list("embedder", flat=True).first() or ""


def parts_of(tenant_id: UUID) -> Parts:
    return parts.configured(embedder_name(tenant_id))
