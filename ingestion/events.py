"""What ingestion says to open pages."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from project.frames import Frame


class DocumentUpdated(Frame):
    """A document's row as it is now. `html` is its row in the portal, rendered by the server for whoever looks; it is
    empty when the document is gone."""

    type: Literal["document.updated"] = "document.updated"
    document_id: UUID
    collection_id: UUID
    status: str
    html: str
