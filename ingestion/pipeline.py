"""The way of a document from a file to passages that can be found: four steps, each of which leaves its result in the
database, so that a worker that takes over goes on where the last one stopped.

Everything here can be done twice: sections and chunks are replaced, chunk ids follow from their content, files inside
the file are known by their content, and the indexes replace by id.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from django.db import transaction

from ingestion import attachments, confinement, languages, selectors, versions, waiting
from ingestion.confined import chunk_of, section_of
from ingestion.domain import SECTION_SEPARATOR, Embedded, IndexEntry, LeftOut, Section
from ingestion.domain import Chunk as ChunkValue
from ingestion.embedding.meaning import has_meaning, readable
from ingestion.errors import DocumentUnreadable
from ingestion.models import Chunk, Collection, Document, DocumentSection
from ingestion.parts import Parts
from ingestion.progress import Progress
from ingestion.sentences import made_of, unpacked
from ingestion.sentences import sentence as _
from ingestion.storage import local_copy

EMBED_BATCH = 32
"""Chunks per request to the embedder: large enough to keep it busy, small enough that a little is searchable soon."""
POLL_S = 0.2
"""How soon cancelling is noticed while the embedder works."""
YIELD_S = 10.0
"""So long a document may embed while another organisation's waits for a worker."""
ROW_BATCH = 500
TOLD = 100
"""So much of what was left out is named."""
LANGUAGE_SAMPLE_CHARS = 4_000
HEADING_SEPARATOR = " › "

Stage = Document.Stage
Step = Callable[[Document, Parts, Progress], None]


class Yielded(Exception):
    """It is another organisation's turn; the document goes on later where it is."""


def ingest(document: Document, parts: Parts, progress: Progress) -> None:
    """Do the steps that are still to be done. Raise `IngestionError`, `LeaseLost`, `Yielded`, or whatever broke."""
    steps: list[tuple[Document.Stage, Step]] = [
        (Stage.READING, read),
        (Stage.SPLITTING, split),
        (Stage.EMBEDDING, embed),
        (Stage.INDEXING, publish),
    ]
    names = [stage for stage, _step in steps]
    for stage, step in steps[names.index(Stage(document.stage)) :]:
        progress.begin(stage)
        started = time.perf_counter()
        step(document, parts, progress)
        document.timings[stage.value] = round((time.perf_counter() - started) * 1000)
        document.attempts = 1  # they are counted against a step that does not come to its end
        if stage is not Stage.INDEXING:
            progress.lease.save("timings", "attempts")


def read(document: Document, _parts: Parts, progress: Progress) -> None:
    """File -> sections, and the files inside it -> documents that wait for their turn."""
    with progress.lease.transaction():
        DocumentSection.objects.for_tenant(document.tenant_id).filter(document=document).delete()
    sections = _SectionRows(document)
    with local_copy(document.file, check=progress.lease.check) as path, TemporaryDirectory() as directory:
        request = {
            "path": str(path),
            "media_type": document.media_type,
            "name": document.name,
            "source_url": document.source_url,
            "languages": selectors.ocr_languages(tenant_id=document.tenant_id),
            "directory": directory,
        }
        outcome: dict[str, Any] = {}
        for message in confinement.run("ingestion.confined.parse", request, check=progress.lease.check):
            if "progress" in message:
                progress.report(*message["progress"])
            elif "sections" in message:
                with progress.lease.transaction():
                    sections.add([section_of(each) for each in message["sections"]])
            else:
                outcome = message
        if not sections.count and not outcome["attachments"]:
            raise DocumentUnreadable(_("There is no text in this file."))
        left_out = [LeftOut(*map(unpacked, fields)) for fields in outcome["left_out"]]
        left_out += attachments.take_in(document, outcome["attachments"], Path(directory), check=progress.lease.check)
    document.left_out = [_kept(each) for each in left_out[:TOLD]]
    document.title = (outcome["title"] or PurePosixPath(document.name).stem)[:300]
    document.language = languages.detect(sections.beginning[:LANGUAGE_SAMPLE_CHARS])
    document.page_count = outcome["page_count"]
    document.char_count = sections.characters
    document.stage = Stage.SPLITTING
    progress.lease.save("title", "language", "page_count", "char_count", "left_out", "stage")


def _kept(each: LeftOut) -> dict[str, Any]:
    kept = {"name": str(each.name), "message": str(each.message)}
    made = {what: parts for what in kept if (parts := made_of(getattr(each, what)))}
    return {**kept, **({"made_of": made} if made else {})}


def split(document: Document, parts: Parts, progress: Progress) -> None:
    """Sections -> chunks."""
    progress.lease.check()
    versions.forget_vectors(document, parts)  # before the transaction, which is not to wait for Chroma
    with progress.lease.transaction():
        parts.lexical.for_tenant(document.tenant_id).delete_document(document.pk)
        Chunk.objects.for_tenant(document.tenant_id).filter(document=document).delete()
        document.other_fingerprint = ""
        progress.lease.save("other_fingerprint")
    count = 0
    with TemporaryDirectory() as directory:
        path = Path(directory) / "sections"
        write_sections(document, path)
        request = {"path": str(path), "document_id": document.pk}
        for message in confinement.run("ingestion.confined.split", request, check=progress.lease.check):
            chunks = [chunk_row(document, chunk_of(each)) for each in message["chunks"]]
            with progress.lease.transaction():
                Chunk.objects.bulk_create(chunks, batch_size=ROW_BATCH)
            count += len(chunks)
    if not count and document.char_count:
        raise DocumentUnreadable(_("There is no text in this file that could be searched."))
    document.chunk_count = count
    document.chunker_version = parts.chunker.version
    document.stage = Stage.EMBEDDING
    progress.lease.save("chunk_count", "chunker_version", "stage")


def embed(document: Document, parts: Parts, progress: Progress) -> None:
    """Chunks -> vectors in Chroma and words in the lexical index, batch by batch. What an earlier worker has done is
    not done again. While one batch is written, the embedder works at the next."""
    fingerprint = parts.embedder.fingerprint
    chunks = Chunk.objects.for_tenant(document.tenant_id).filter(document=document)
    if document.embedder_fingerprint != fingerprint:
        forget_index_entries(document, parts)
        document.embedder_fingerprint, document.other_fingerprint = fingerprint, ""
        progress.lease.save("embedder_fingerprint", "other_fingerprint")
    if not document.searchable and versions.is_alone(document):
        document.searchable = True  # the first pages can be found before the last one is embedded
        progress.lease.save("searchable")
    waiting_ids = list(chunks.filter(embedded=False).values_list("pk", flat=True))
    batches = [waiting_ids[first : first + EMBED_BATCH] for first in range(0, len(waiting_ids), EMBED_BATCH)]
    done = document.chunk_count - len(waiting_ids)
    started = time.monotonic()
    with _Ahead(document, parts, batches) as ahead:
        for rows, embedded in ahead.embedded(progress):
            write(document, parts, progress, rows, embedded)
            if document.attempts > 1:  # whatever interrupted it, the document gets on, and so it is no poison
                document.attempts = 1
                progress.lease.save("attempts")
            done += len(rows)
            progress.report(done, document.chunk_count)
            if time.monotonic() - started > YIELD_S and done < document.chunk_count and waiting.others_wait(document):
                raise Yielded
    progress.report(done, document.chunk_count)
    Collection.objects.for_tenant(document.tenant_id).filter(pk=document.collection_id).update(
        embedder_fingerprint=fingerprint
    )
    document.stage = Stage.INDEXING
    progress.lease.save("stage")


def write(
    document: Document, parts: Parts, progress: Progress, chunks: Sequence[Chunk], embedded: Sequence[Embedded]
) -> None:
    """Put a batch into both indexes and say so in SQL: the words and the saying in one transaction, after Chroma.
    `embedded` are those of the chunks that are found by meaning."""
    index = parts.vectors.for_tenant(document.tenant_id, fingerprint=document.embedder_fingerprint)
    index.upsert([entry_of(document, chunk, each) for chunk, each in zip(meant(chunks), embedded, strict=True)])
    with progress.lease.transaction():
        parts.lexical.for_tenant(document.tenant_id).upsert([entry_of(document, chunk, None) for chunk in chunks])
        Chunk.objects.for_tenant(document.tenant_id).filter(pk__in=[chunk.pk for chunk in chunks]).update(embedded=True)


def publish(document: Document, parts: Parts, progress: Progress) -> None:
    """The document is ready, and takes the place of its older versions, all in one transaction."""
    versions.settle(document, progress.lease, parts)


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
    """Take a document out of both indexes; its chunks in SQL stay."""
    with transaction.atomic():
        Chunk.objects.for_tenant(document.tenant_id).filter(document=document).update(embedded=False)
        parts.lexical.for_tenant(document.tenant_id).delete_document(document.pk)
    versions.forget_vectors(document, parts)


def meant(chunks: Sequence[Chunk]) -> list[Chunk]:
    """Those that are found by meaning, and so have a vector; all of them are found by their words."""
    return [chunk for chunk in chunks if has_meaning(chunk.text)]


def searchable_text(document: Document, chunk: Chunk) -> str:
    """What the embedder sees: the passage with the title and headings that say what it is about."""
    context = HEADING_SEPARATOR.join(part for part in (document.title, chunk.heading) if part)
    text = readable(chunk.text)
    return f"{context}\n{text}" if context else text


def entry_of(document: Document, chunk: Chunk, embedded: Embedded | None) -> IndexEntry:
    return IndexEntry(
        chunk_id=chunk.pk,
        document_id=document.pk,
        collection_id=document.collection_id,
        text=chunk.text,
        title=document.title,
        heading=chunk.heading,
        language=document.language,
        vector=embedded.vector if embedded else None,
        words=embedded.words if embedded else b"",
    )


class _SectionRows:
    """Writes sections as they come, and keeps of them only what is asked for later."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.count = 0
        self.beginning = ""
        self._next_start = 0

    @property
    def characters(self) -> int:
        return max(0, self._next_start - len(SECTION_SEPARATOR))

    def add(self, sections: Sequence[Section]) -> None:
        DocumentSection.objects.bulk_create([self._row(section) for section in sections], batch_size=ROW_BATCH)

    def _row(self, section: Section) -> DocumentSection:
        row = DocumentSection(
            tenant_id=self._document.tenant_id,
            document=self._document,
            ordinal=self.count,
            text=section.text,
            start=self._next_start,
            page=section.page,
            heading=list(section.heading),
        )
        self.count += 1
        self._next_start += len(section.text) + len(SECTION_SEPARATOR)
        if len(self.beginning) < LANGUAGE_SAMPLE_CHARS:
            self.beginning += section.text + SECTION_SEPARATOR
        return row


class _Ahead:
    """Has the embedder work at the next batch while the last one is written, and at none that nobody waits for."""

    def __init__(self, document: Document, parts: Parts, batches: Sequence[Sequence[Any]]) -> None:
        self._document = document
        self._parts = parts
        self._batches = iter(batches)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"embed-{document.pk}")

    def __enter__(self) -> _Ahead:
        return self

    def __exit__(self, *exc: object) -> None:
        # What is being embedded cannot be called back, and nobody needs to wait for it.
        self._thread.shutdown(wait=False, cancel_futures=True)

    def embedded(self, progress: Progress) -> Any:
        """Yield the rows of each batch with what the embedder makes of those that have a vector."""
        coming = self._begin()
        while coming is not None:
            rows, future = coming
            embedded = _patiently(future, progress)
            coming = self._begin()
            yield rows, embedded

    def _begin(self) -> tuple[list[Chunk], Future[list[Embedded]]] | None:
        ids = next(self._batches, None)
        if ids is None:
            return None
        rows = list(Chunk.objects.for_tenant(self._document.tenant_id).filter(pk__in=ids).order_by("ordinal"))
        texts = [searchable_text(self._document, row) for row in meant(rows)]
        return rows, self._thread.submit(self._parts.embedder.embed_passages, texts)


def _patiently(future: Future[list[Embedded]], progress: Progress) -> list[Embedded]:
    """Wait, and notice meanwhile that the document was cancelled or taken away."""
    while True:
        progress.lease.check()
        try:
            return future.result(timeout=POLL_S)
        except NotYet:
            if future.done():  # it is the embedder that had no time left
                raise


def write_sections(document: Document, path: Path) -> None:
    rows = DocumentSection.objects.for_tenant(document.tenant_id).filter(document=document)
    with path.open("wb") as file:
        for row in rows.iterator(ROW_BATCH):
            file.write(orjson.dumps([row.text, row.page, row.heading]) + b"\n")


def chunk_row(document: Document, chunk: ChunkValue) -> Chunk:
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
