"""`manage.py evaluate DIR`: how well retrieval finds what it should, through the real pipeline.

DIR holds `corpus.jsonl` ({doc_id, title, text}), `queries.jsonl` ({query_id, text, lang}) and `qrels.tsv` (query_id,
doc_id, grade, with a header line). The corpus is uploaded into a throw-away tenant, read, split, embedded and indexed
like anybody's documents; each query is searched as a question would be, and the tenant is removed again.
"""

from __future__ import annotations

import asyncio
import io
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from chat import evaluation, retrieval
from chat.domain import Retrieval
from ingestion import services, tasks
from ingestion.domain import Scope
from ingestion.models import Collection, Document
from ingestion.tenant_parts import parts_of
from tenants.access import Access
from tenants.models import Role, Tenant

INGESTERS = 4
"""Documents read at a time: their texts share the embedder's batches."""
REPORT_EVERY = 100


@dataclass(frozen=True, slots=True)
class Query:
    query_id: str
    text: str
    lang: str


class Command(BaseCommand):
    help = "Measure retrieval on a directory with corpus.jsonl, queries.jsonl and qrels.tsv."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR")
        parser.add_argument("--limit", type=int, help="only so many queries")
        parser.add_argument("--json", action="store_true", help="print one JSON object and no progress")

    def handle(self, *_args: Any, **options: Any) -> None:
        directory: Path = options["directory"]
        self.quiet: bool = options["json"]
        try:
            queries = _queries(directory)[: options["limit"]]
            judgements = evaluation.read_judgements(directory / "qrels.tsv")
        except FileNotFoundError as error:
            raise CommandError(f"{error.filename} is missing; see this command's help for what DIR holds.") from error
        slug = f"evaluate-{uuid4().hex[:8]}"
        tenant = Tenant.objects.create(slug=slug, name=slug)
        try:
            result = self.evaluate(tenant, directory, queries, judgements)
        finally:
            services.tenant_purge(tenant=tenant)
        self.stdout.write(json.dumps(result, indent=2, ensure_ascii=False))

    def evaluate(
        self, tenant: Tenant, directory: Path, queries: list[Query], judgements: evaluation.Judgements
    ) -> dict[str, Any]:
        started = time.perf_counter()
        doc_ids = self.ingest(tenant, directory)
        ingest_s = time.perf_counter() - started
        run, query_ms = asyncio.run(_search(tenant, queries, doc_ids))
        asked = {query.query_id: query.lang for query in queries}
        judged = {query_id: grades for query_id, grades in judgements.items() if query_id in asked}
        result = {
            "set": directory.name,
            "database": connection.vendor,
            "documents": sum(map(len, doc_ids.values())),
            **_figures(judged, run),
            "median_query_ms": round(statistics.median(query_ms), 1),
            "ingest_seconds": round(ingest_s, 1),
        }
        answerable = {query_id for query_id, grades in judged.items() if any(grade > 0 for grade in grades.values())}
        if languages := sorted({asked[query_id] for query_id in answerable} - {""}):
            result["languages"] = {
                language: _figures({key: grades for key, grades in judged.items() if asked[key] == language}, run)
                for language in languages
            }
        return result

    def ingest(self, tenant: Tenant, directory: Path) -> dict[UUID, list[str]]:
        """Return document id -> the corpus's ids of it: equal texts are one document here."""
        access = Access(tenant=tenant, role=Role.OWNER, user=None)
        collection = services.collection_create(access=access, name="corpus")
        doc_ids: defaultdict[UUID, list[str]] = defaultdict(list)
        with ThreadPoolExecutor(INGESTERS) as pool:
            rows = _read_jsonl(directory / "corpus.jsonl")
            for count, (doc_id, document_id) in enumerate(pool.map(lambda row: _ingest(access, collection, row), rows)):
                doc_ids[document_id].append(doc_id)
                if not self.quiet and count % REPORT_EVERY == 0:
                    self.stderr.write(f"\r{count} documents", ending="")
        failed = Document.objects.for_tenant(tenant).exclude(status=Document.Status.READY).first()
        if failed is not None:
            raise CommandError(f"{failed.name} could not be read: {failed.error_message}")
        return doc_ids


def _ingest(access: Access, collection: Collection, row: dict[str, Any]) -> tuple[str, UUID]:
    try:
        uploaded = services.document_upload(
            access=access,
            collection=collection,
            file=io.BytesIO(row["text"].encode()),
            name=f"{row.get('title') or row['doc_id']}.txt",
            folder=row["doc_id"],  # two of one title are no versions of each other
            enqueue=lambda _document: None,
        )
        tasks.ingest_document(uploaded.document)
        return row["doc_id"], uploaded.document.pk
    finally:
        connection.close()


def _figures(judgements: evaluation.Judgements, run: evaluation.Run) -> dict[str, float]:
    quality = evaluation.evaluate(judgements, run)
    return {
        "queries": quality.queries,
        "ndcg@10": round(quality.ndcg_at_10, 4),
        "recall@5": round(quality.recall_at_5, 4),
        "recall@10": round(quality.recall_at_10, 4),
        "mrr@10": round(quality.mrr_at_10, 4),
    }


async def _search(
    tenant: Tenant, queries: list[Query], doc_ids: dict[UUID, list[str]]
) -> tuple[dict[str, dict[str, float]], list[float]]:
    """Query -> {doc_id: score of its best passage}, and each query's milliseconds."""
    search = retrieval.build_pipeline(tenant.pk, parts=parts_of(tenant.pk))
    runs: dict[str, dict[str, float]] = {}
    elapsed: list[float] = []
    for query in queries:
        started = time.perf_counter()
        found = await search(Retrieval(question=query.text, query=query.text, scope=Scope()))
        elapsed.append((time.perf_counter() - started) * 1000)
        scores: dict[str, float] = {}
        for candidate in found.fused:
            for doc_id in doc_ids.get(candidate.document_id, ()):
                scores[doc_id] = max(scores.get(doc_id, 0.0), candidate.fused or 0.0)
        runs[query.query_id] = scores
    return runs, elapsed


def _queries(directory: Path) -> list[Query]:
    return [
        Query(str(row["query_id"]), row["text"], str(row.get("lang", "")))
        for row in _read_jsonl(directory / "queries.jsonl")
    ]


def _read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)
