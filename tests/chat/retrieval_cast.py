"""Documents that can be searched, with indexes in memory and an embedder without a model."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from ingestion.chunking.structure import StructureChunker
from ingestion.embedding.fakes import HashEmbedder
from ingestion.index.fakes import MemoryLexicalIndex, MemoryVectorIndex
from ingestion.models import Chunk, Collection, Document
from ingestion.parts import Parts
from ingestion.pipeline import entry_of, searchable_text
from tenants.models import Tenant
from tests.factories import CollectionFactory, DocumentFactory


def memory_parts() -> Parts:
    return Parts(StructureChunker(), HashEmbedder(), MemoryVectorIndex(), MemoryLexicalIndex())


def library(
    parts: Parts,
    tenant: Tenant,
    name: str,
    texts: Iterable[str],
    *,
    collection: Collection | None = None,
    status: Document.Status = Document.Status.READY,
) -> Document:
    """A document with a chunk for each text, in SQL and in both indexes."""
    document = DocumentFactory(
        tenant=tenant,
        name=name,
        collection=collection or CollectionFactory(tenant=tenant),
        status=status,
        searchable=status in {Document.Status.QUEUED, Document.Status.RUNNING, Document.Status.READY},
        language="en",
        embedder_fingerprint=parts.embedder.fingerprint,
    )
    chunks, start = [], 0
    for ordinal, text in enumerate(texts):
        chunks.append(
            Chunk(
                id=uuid4(),
                tenant=tenant,
                document=document,
                ordinal=ordinal,
                text=text,
                start=start,
                end=start + len(text),
                page=ordinal + 1,
                heading="Chapter",
                embedded=True,
            )
        )
        start += len(text) + 2
    Chunk.objects.bulk_create(chunks)
    embedded = parts.embedder.embed_passages([searchable_text(document, chunk) for chunk in chunks])
    entries = [entry_of(document, chunk, each) for chunk, each in zip(chunks, embedded, strict=True)]
    parts.vectors.for_tenant(tenant.pk, fingerprint=parts.embedder.fingerprint).upsert(entries)
    parts.lexical.for_tenant(tenant.pk).upsert(entries)
    result: Document = document
    return result
