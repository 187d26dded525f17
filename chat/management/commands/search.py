"""`manage.py search "query" --tenant SLUG -k 10`: what a question would find, with every score."""

from __future__ import annotations

import time
from typing import Any

from asgiref.sync import async_to_sync
from django.core.management.base import CommandParser

from chat import plans, retrieval
from chat.domain import Retrieval
from chat.llm.clients import close_clients
from chat.management.printed import passage_row
from ingestion.tenant_parts import parts_of
from tenants.access import Access
from tenants.command import TenantCommand


class Command(TenantCommand):
    help = "Search a tenant's documents as an answer would."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("query")
        parser.add_argument("-k", type=int, default=10, help="how many passages (default 10)")

    def run(self, access: Access, options: dict[str, Any]) -> dict[str, Any]:
        query, k = options["query"], options["k"]
        search = retrieval.build_pipeline(access.tenant.pk, parts=parts_of(access.tenant.pk))
        state = Retrieval(question=query, query=query, scope=plans.scope_of(access.tenant))
        started = time.perf_counter()
        found = async_to_sync(self._search)(search, state)
        elapsed_ms = round((time.perf_counter() - started) * 1000, 1)
        return {
            "query": query,
            "elapsed_ms": elapsed_ms,
            "stages_ms": dict(found.elapsed_ms),
            "skipped": dict(found.skipped),
            "results": [
                {
                    "rank": rank,
                    **passage_row(passage),
                    "dense": passage.dense,
                    "lexical": passage.lexical,
                    "fused": passage.fused,
                }
                for rank, passage in enumerate(found.passages[:k], 1)
            ],
        }

    async def _search(self, search: retrieval.Pipeline, state: Retrieval) -> Retrieval:
        try:
            return await search(state)
        finally:
            await close_clients()

    def say(self, result: dict[str, Any]) -> None:
        for row in result["results"]:
            page = f", page {row['page']}" if row["page"] else ""
            scores = ", ".join(
                f"{name} {row[name]:.3f}" for name in ("dense", "lexical", "fused") if row[name] is not None
            )
            self.stdout.write(f"{row['rank']:>2}. {row['document']}{page}  ({scores})\n    {row['excerpt']}\n")
        for stage, reason in result["skipped"].items():
            self.stdout.write(f"Without {stage}: {reason}")
        self.stdout.write(f"{len(result['results'])} passages in {result['elapsed_ms']} ms.")
