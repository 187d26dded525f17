"""The way of a document from a file to passages that can be found: four steps, each of which leaves its result in the
database, so that a worker that takes over goes on where the last one stopped.

Everything here can be done twice: sections and chunks are replaced in one transaction, chunk ids follow from their
content, and the indexes replace by id.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from django.db import transaction

from ingestion import languages
from ingestion.domain import Chunk as ChunkValue
from ingestion.domain import IndexEntry, ParsedDocument, Section, Vector
from ingestion.errors import DocumentUnreadable
from ingestion.models import Chunk, Collection, Document, DocumentSection
from ingestion.parsers import parser_for
from ingestion.parts import Parts
from ingestion.progress import Progress

EMBED_BATCH = 32
"""Chunks per request to the embedder: large enough to keep it busy, small enough that cancelling feels immediate."""
ROW_BATCH = 500
LANGUAGE_SAMPLE_CHARS = 4_000
HEADING_SEPARATOR = " › "

Stage = Document.Stage
Step = Callable[[Document, Parts, Progress], None]


def ingest(document: Document, parts: Parts, progress: Progress) -> None:
    """Do the steps that are still to be done. Raise `IngestionError`, `LeaseLost`, or whatever broke."""
    steps: list[tuple[Document.Stage, Step]] = [
        (Stage.READING, read),
        (Stage.SPLITTING, split),
        (Stage.EMBEDDING, embed),
        (Stage.INDEXING, index),
    ]
    names = [stage for stage, _step in steps]
    for stage, step in steps[names.index(Stage(document.stage)) :]:
        progress.begin(stage)
        started = time.perf_counter()
        step(document, parts, progress)
        document.timings[stage.value] = round((time.perf_counter() - started) * 1000)
        document.save(update_fields=["timings"])


def read(document: Document, _parts: Parts, progress: Progress) -> None:
    """File -> sections."""
    parser = parser_for(document.media_type)
    with document.file.open("rb") as file:
        parsed = parser.parse(cast("BinaryIO", file), filename=document.name, report=progress.report)
    if not parsed.text.strip():
        raise DocumentUnreadable(
            "There is no text in this file. If it is a scan, run it through text recognition (OCR) and upload the "
            "result."
        )
    progress.lease.check()
    document.title = (parsed.title or PurePosixPath(document.name).stem)[:300]
    document.language = languages.detect(parsed.text[:LANGUAGE_SAMPLE_CHARS])
    document.page_count = parsed.page_count
    document.char_count = len(parsed.text)
    with transaction.atomic():
        DocumentSection.objects.for_tenant(document.tenant_id).filter(document=document).delete()
        DocumentSection.objects.bulk_create(
            (_section_row(document, ordinal, section, start) for ordinal, (section, start) in _numbered(parsed)),
            batch_size=ROW_BATCH,
        )
        document.stage = Stage.SPLITTING
        document.save(update_fields=["title", "language", "page_count", "char_count", "stage"])


def split(document: Document, parts: Parts, progress: Progress) -> None:
    """Sections -> chunks."""
    parsed = stored_text(document)
    chunks = parts.chunker.split(document.pk, parsed)
    if not chunks:
        raise DocumentUnreadable("There is no text in this file that could be searched.")
    progress.lease.check()
    forget_index_entries(document, parts)
    with transaction.atomic():
        Chunk.objects.for_tenant(document.tenant_id).filter(document=document).delete()
        Chunk.objects.bulk_create((_chunk_row(document, chunk) for chunk in chunks), batch_size=ROW_BATCH)
        document.chunk_count = len(chunks)
        document.chunker_version = parts.chunker.version
        document.stage = Stage.EMBEDDING
        document.save(update_fields=["chunk_count", "chunker_version", "stage"])


def embed(document: Document, parts: Parts, progress: Progress) -> None:
    """Chunks -> vectors in Chroma, batch by batch. What an earlier worker has done already is not done again."""
    fingerprint = parts.embedder.fingerprint
    if document.embedder_fingerprint != fingerprint:
        Chunk.objects.for_tenant(document.tenant_id).filter(document=document).update(embedded=False)
        document.embedder_fingerprint = fingerprint
        document.save(update_fields=["embedder_fingerprint"])
    vectors = parts.vectors.for_tenant(document.tenant_id, fingerprint=fingerprint)
    chunks = Chunk.objects.for_tenant(document.tenant_id).filter(document=document)
    waiting = list(chunks.filter(embedded=False))
    done, total = document.chunk_count - len(waiting), document.chunk_count
    for first in range(0, len(waiting), EMBED_BATCH):
        batch = waiting[first : first + EMBED_BATCH]
        progress.report(done, total)
        embeddings = parts.embedder.embed_documents([searchable_text(document, chunk) for chunk in batch])
        vectors.upsert([entry_of(document, chunk, vector) for chunk, vector in zip(batch, embeddings, strict=True)])
        chunks.filter(pk__in=[chunk.pk for chunk in batch]).update(embedded=True)
        done += len(batch)
    progress.report(done, total)
    Collection.objects.for_tenant(document.tenant_id).filter(pk=document.collection_id).update(
        embedder_fingerprint=fingerprint
    )
    document.stage = Stage.INDEXING
    document.save(update_fields=["stage"])


def index(document: Document, parts: Parts, progress: Progress) -> None:
    """Chunks -> words in the lexical index, and the document is ready, both in one transaction."""
    lexical = parts.lexical.for_tenant(document.tenant_id)
    chunks = list(Chunk.objects.for_tenant(document.tenant_id).filter(document=document))
    progress.report(0, len(chunks))
    with transaction.atomic():
        lexical.delete_document(document.pk)
        lexical.upsert([entry_of(document, chunk, None) for chunk in chunks])
        progress.lease.finish(status=Document.Status.READY, done=len(chunks), total=len(chunks))


def purge(document: Document, parts: Parts) -> None:
    """Take a deleted document out of both indexes, the file store and the database, in that order: should this be
    interrupted, the row is still there to do it again."""
    forget_index_entries(document, parts)
    document.file.delete(save=False)
    with transaction.atomic():
        Chunk.objects.for_tenant(document.tenant_id).filter(document=document).delete()
        DocumentSection.objects.for_tenant(document.tenant_id).filter(document=document).delete()
        Document.objects.for_tenant(document.tenant_id).filter(pk=document.pk).delete()


def forget_index_entries(document: Document, parts: Parts) -> None:
    """Take a document out of both indexes."""
    if document.embedder_fingerprint:
        vectors = parts.vectors.for_tenant(document.tenant_id, fingerprint=document.embedder_fingerprint)
        vectors.delete_document(document.pk)
    parts.lexical.for_tenant(document.tenant_id).delete_document(document.pk)


def stored_text(document: Document) -> ParsedDocument:
    """The document as it was understood when it was read."""
    rows = DocumentSection.objects.for_tenant(document.tenant_id).filter(document=document)
    return ParsedDocument(
        sections=tuple(Section(text=row.text, page=row.page, heading=tuple(row.heading)) for row in rows),
        title=document.title,
        page_count=document.page_count,
    )


def searchable_text(document: Document, chunk: Chunk) -> str:
    """What the embedder sees: the passage with the title and headings that say what it is about."""
    context = HEADING_SEPARATOR.join(part for part in (document.title, chunk.heading) if part)
    return f"{context}\n{chunk.text}" if context else chunk.text


def entry_of(document: Document, chunk: Chunk, vector: Vector | None) -> IndexEntry:
    return IndexEntry(
        chunk_id=chunk.pk,
        document_id=document.pk,
        collection_id=document.collection_id,
        text=chunk.text,
        title=document.title,
        heading=chunk.heading,
        language=document.language,
        vector=vector,
    )


def _numbered(parsed: ParsedDocument) -> Iterator[tuple[int, tuple[Section, int]]]:
    return enumerate(zip(parsed.sections, parsed.starts, strict=True))


def _section_row(document: Document, ordinal: int, section: Section, start: int) -> DocumentSection:
    return DocumentSection(
        tenant_id=document.tenant_id,
        document=document,
        ordinal=ordinal,
        text=section.text,
        start=start,
        page=section.page,
        heading=list(section.heading),
    )


def _chunk_row(document: Document, chunk: ChunkValue) -> Chunk:
    return Chunk(
        id=chunk.id,
        tenant_id=document.tenant_id,
        document=document,
        ordinal=chunk.ordinal,
        text=chunk.text,
        start=chunk.start,
        end=chunk.end,
        page=chunk.page,
        last_page=chunk.last_page,
        heading=HEADING_SEPARATOR.join(chunk.heading)[:500],
    )
