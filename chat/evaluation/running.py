"""A set through the real pipeline: its documents are uploaded into an organisation of their own, read, split, embedded
and indexed like anybody's, and its questions are searched like anybody's. No language model is asked."""

from __future__ import annotations

import io
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from chat import packing, plans
from chat.aio import in_thread
from chat.answering import anything_relevant, pack
from chat.domain import Candidate, Passage
from chat.evaluation import checking
from chat.evaluation.alignment import alignment
from chat.evaluation.pairs import Pair
from chat.evaluation.sets import EvaluationSet, File, Query, Span
from chat.llm.breaker import Breaker
from chat.llm.clients import close_clients
from chat.question import Kit, Question, in_words, search_for
from chat.retrieval.load import LIMIT
from ingestion import services, tasks
from ingestion.domain import SECTION_SEPARATOR, Scope
from ingestion.models import Chunk, Collection, Document, DocumentSection
from ingestion.tenant_parts import parts_of
from tenants.access import Access
from tenants.models import Role, Tenant

INGESTERS = 4
"""Documents read at a time: their texts share the embedder's batches."""
WAIT_S = 0.2
"""For a document that is put back, because another organisation's has to go first, or that a worker has taken since."""
BUDGETS = 256, 512, 1_024, 2_048
"""Tokens for passages in a prompt."""
PLACE_DEPTH = 100
"""Candidates that are looked up to tell their place in a document."""
UNFINISHED = frozenset({Document.Status.QUEUED, Document.Status.RUNNING})

Report = Callable[[int], None]


class CannotEvaluate(Exception):
    """A document of the set could not be read."""


@dataclass
class Library:
    """The set's documents as the tenant has them."""

    tenant: Tenant
    doc_ids: defaultdict[UUID, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Document -> what the set calls it: equal texts are one document here."""
    places: dict[UUID, list[int]] = field(default_factory=dict)
    """Document -> where each character of its text stands in the file, where the set has spans."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one question came to."""

    query: Query
    scores: dict[str, float]
    """What the set calls a document or a page -> the score of its best passage."""
    chunks: tuple[Span, ...]
    """The best passages, best first; none where the set has no spans."""
    packed: dict[int, tuple[Span, ...]]
    """Budget in tokens -> what of the documents fits into a prompt."""
    refused: bool
    milliseconds: float
    tokenizer: str
    """The model whose own tokenizer has counted what fits; empty where it was an estimate."""


def ingest(tenant: Tenant, each: EvaluationSet, report: Report) -> Library:
    access = Access(tenant=tenant, role=Role.OWNER, user=None)
    collection = services.collection_create(access=access, name="corpus")
    library = Library(tenant)

    def upload(file: File) -> tuple[File, UUID]:
        return file, _ingest(access, collection, file)

    with ThreadPoolExecutor(INGESTERS) as pool:
        for count, (file, document_id) in enumerate(pool.map(upload, each.files())):
            library.doc_ids[document_id].append(file.doc_id)
            if each.spans:
                library.places[document_id] = alignment(_text_of(tenant, document_id), file.content.decode())
            report(count)
    failed = Document.objects.for_tenant(tenant).exclude(status=Document.Status.READY).first()
    if failed is not None:
        raise CannotEvaluate(f"{failed.name} could not be read: {failed.error_message}")
    return library


def _ingest(access: Access, collection: Collection, file: File) -> UUID:
    try:
        uploaded = services.document_upload(
            access=access,
            collection=collection,
            file=io.BytesIO(file.content),
            name=file.name,
            folder=file.doc_id,  # two of one title are no versions of each other
            enqueue=lambda _document: None,
        )
        document = uploaded.document
        while True:
            tasks.ingest_document(document)
            document.refresh_from_db(fields=["status"])
            if document.status not in UNFINISHED:
                break
            time.sleep(WAIT_S)
        document_id: UUID = document.pk
        return document_id
    finally:
        connection.close()


def _text_of(tenant: Tenant, document_id: UUID) -> str:
    sections = DocumentSection.objects.for_tenant(tenant).filter(document=document_id).order_by("ordinal")
    return SECTION_SEPARATOR.join(sections.values_list("text", flat=True))


async def ask(library: Library, each: EvaluationSet, query: Query, breaker: Breaker) -> Asked:
    kit = await in_thread(plans.kit_of, library.tenant, query.text, breaker)
    question = Question(query.text, query.history, Scope())
    began = time.perf_counter()
    found = await kit.retrieve(search_for(question))
    milliseconds = (time.perf_counter() - began) * 1000
    await kit.count.prompt([("human", "\n\n".join(passage.text for passage in found.passages))])
    packed, _cut = pack(question, kit, found.passages)
    places = await in_thread(_places, library, found.fused) if each.has_pages or each.spans else []
    return Asked(
        query=query,
        scores=_page_scores(places) if each.has_pages else _scores(library, found.fused),
        chunks=tuple(place.span for place in places) if each.spans else (),
        packed={
            budget: _packed(library, in_words(question, kit.terms), found.passages, kit, budget)
            for budget in (BUDGETS if each.spans else ())
        },
        refused=not anything_relevant(question, kit, packed),
        milliseconds=milliseconds,
        tokenizer=kit.count.name,
    )


async def check(tenant: Tenant, pairs: Sequence[Pair], breaker: Breaker) -> list[tuple[Pair, bool]]:
    """Each pair, and whether its sentence was marked as not supported."""
    kit = await in_thread(plans.kit_of, tenant, "", breaker)
    return [(pair, await checking.is_marked(pair, kit)) for pair in pairs]


async def hang_up(tenant: Tenant) -> None:
    """Close what the event loop has open to the embedder and to the model's tokenizer."""
    await close_clients()
    configured = await in_thread(parts_of, tenant.pk)
    if close := getattr(configured.embedder, "aclose", None):
        await close()


@dataclass(frozen=True, slots=True)
class _Place:
    span: Span
    pages: range
    score: float


def _places(library: Library, fused: Sequence[Candidate]) -> list[_Place]:
    """Where the best passages stand, best first."""
    best = fused[:PLACE_DEPTH]
    rows = Chunk.objects.for_tenant(library.tenant).in_bulk([candidate.chunk_id for candidate in best])
    return [
        _Place(
            _span(library, chunk.document_id, chunk.start, chunk.end),
            range(chunk.page or 0, (chunk.last_page or chunk.page or 0) + 1),
            candidate.fused or 0.0,
        )
        for candidate in best
        if (chunk := rows.get(candidate.chunk_id)) is not None
    ]


def _span(library: Library, document_id: UUID, start: int, end: int) -> Span:
    places = library.places.get(document_id)
    doc_id = library.doc_ids[document_id][0]
    return Span(doc_id, places[start], places[end - 1] + 1) if places else Span(doc_id, start, end)


def _packed(library: Library, question: str, passages: Sequence[Passage], kit: Kit, budget: int) -> tuple[Span, ...]:
    packed, _cut = packing.pack(
        passages, question=question, terms=kit.terms, budget_tokens=budget, limit=LIMIT, count=kit.count
    )
    return tuple(
        _span(library, passage.document_id, passage.start + start, passage.start + end)
        for passage in packed
        for start, end in passage.kept or [(0, len(passage.text))]
    )


def _scores(library: Library, fused: Sequence[Candidate]) -> dict[str, float]:
    return _best(
        (doc_id, candidate.fused or 0.0)
        for candidate in fused
        for doc_id in library.doc_ids.get(candidate.document_id, ())
    )


def _page_scores(places: Sequence[_Place]) -> dict[str, float]:
    return _best((f"{place.span.doc_id}#p{page}", place.score) for place in places for page in place.pages)


def _best(scored: Iterable[tuple[str, float]]) -> dict[str, float]:
    best: dict[str, float] = {}
    for name, score in scored:
        best[name] = max(best.get(name, score), score)
    return best
