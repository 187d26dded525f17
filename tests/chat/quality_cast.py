"""Acme's library for the quality lab: two short documents that are really read and indexed, and questions to them.

The questions have no word that their documents lack: that is what counts as relevant with hashed words for vectors.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from uuid import uuid4

from chat.models import Conversation, Source, Turn
from chat.quality import golden
from chat.quality.golden import Draft, SourceDraft
from chat.quality.models import GoldenQuestion
from ingestion import services, tasks
from ingestion.models import Collection, Document
from tenants.access import Access

PUMP = "The pump is serviced every eighteen months. Its warranty lasts three years."
TRAIN = "The train to the coast leaves at seven and costs twelve euros."
WARRANTY = "the pump warranty lasts years?"
FARE = "the train to the coast costs euros?"
ABSENT = "Who painted Guernica?"


def shelf(access: Access, name: str = "Manuals") -> Collection:
    return services.collection_create(access=access, name=name)


def document(access: Access, collection: Collection, text: str, name: str = "pump.txt", folder: str = "") -> Document:
    """Uploaded and read."""
    uploaded = services.document_upload(
        access=access,
        collection=collection,
        file=io.BytesIO(text.encode()),
        name=name,
        folder=folder,
        enqueue=lambda _document: None,
    )
    tasks.ingest_document(uploaded.document)
    uploaded.document.refresh_from_db()
    assert uploaded.document.status == Document.Status.READY, uploaded.document.error_message
    return uploaded.document


def library(access: Access) -> tuple[Collection, Document, Document]:
    collection = shelf(access)
    return collection, document(access, collection, PUMP), document(access, collection, TRAIN, "train.txt")


def ask_for(
    access: Access, collection: Collection, text: str, *documents: Document, phrases: Sequence[str] = ()
) -> GoldenQuestion:
    """A golden question whose answer stands in these documents, in none where there are none."""
    draft = Draft(
        text=text,
        answerable=bool(documents),
        key_phrases=tuple(phrases),
        sources=tuple(SourceDraft(each) for each in documents),
    )
    return golden.golden_create(access=access, collection=collection, draft=draft)


def answered(access: Access, question: str, source: Document | None = None, **fields: object) -> Turn:
    """A complete answer of this person's, which cites the document's first sentence."""
    conversation = Conversation.objects.create(tenant=access.tenant, user=access.user, title=question)
    turn = Turn.objects.create(
        **{
            "id": uuid4(),
            "tenant": access.tenant,
            "conversation": conversation,
            "question": question,
            "answer": "Three years [1].",
            "status": Turn.Status.COMPLETED,
            **fields,
        }
    )
    if source is not None:
        Source.objects.create(
            tenant=access.tenant,
            turn=turn,
            number=1,
            document=source,
            chunk_id=uuid4(),
            document_name=source.name,
            text=PUMP,
            start=0,
            end=len(PUMP),
            page=None,
            cited=True,
        )
    return turn
