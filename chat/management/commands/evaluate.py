"""`manage.py evaluate DIR`: how well questions are answered, through the real pipeline.

DIR is a set, or a folder of sets: `chat/evaluation/sets.py` says what is in one. A set's documents are uploaded into a
throw-away organisation, which is removed again.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from chat.evaluation import results, running, sets
from chat.evaluation.pairs import pairs
from chat.evaluation.sets import EvaluationSet
from chat.llm.breaker import MemoryBreaker
from ingestion import services
from tenants.models import Tenant

BASELINE = Path("docs", "quality", "baseline.json")
REPORT_EVERY = 100
SEARCH, CHECKING = FAMILIES = ("search", "checking")
"""What is searched for in documents, packed and refused; and what a check says of sentences beside their passages."""


class Command(BaseCommand):
    help = "Measure retrieval, the choice of text, refusing and checking on questions with known answers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR", help="a set, or a folder of sets")
        parser.add_argument("--limit", type=int, help="only so many queries of each set")
        parser.add_argument("--json", action="store_true", help="print one JSON object and no progress")
        parser.add_argument("--family", choices=FAMILIES, help="only this kind of figures; checking needs no documents")
        parser.add_argument("--only", nargs="+", metavar="NAME", help="of a folder of sets, only these")
        parser.add_argument("--baseline", type=Path, default=settings.BASE_DIR / BASELINE, metavar="FILE")
        parser.add_argument("--save", action="store_true", help="note the figures down as the new baseline")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.quiet: bool = options["json"]
        self.limit: int | None = options["limit"]
        self.families = {options["family"]} if options["family"] else set(FAMILIES)
        try:
            folders = sets.sets_in(options["directory"])
        except OSError as error:
            raise CommandError(f"{error} See this command's help for what DIR holds.") from error
        if only := options["only"]:
            if absent := sorted(set(only) - {folder.name for folder in folders}):
                raise CommandError(f"{options['directory']} has no set called {', '.join(absent)}.")
            folders = [folder for folder in folders if folder.name in only]
        found = {folder.name: self.evaluate(folder) for folder in folders}
        if self.quiet:
            self.stdout.write(json.dumps(found if len(found) != 1 else next(iter(found.values())), indent=2))
        else:
            self.stdout.write(results.as_markdown(found, results.read_baseline(options["baseline"])))
        if options["save"]:
            results.write_baseline(options["baseline"], found)

    def evaluate(self, folder: Path) -> dict[str, Any]:
        try:
            each = sets.read(folder, limit=self.limit)
        except (OSError, KeyError, ValueError) as error:
            raise CommandError(f"{folder.name} is no set that can be read: {error}") from error
        slug = f"evaluate-{uuid4().hex[:8]}"
        tenant = Tenant.objects.create(slug=slug, name=slug)
        try:
            return self.measure(tenant, each)
        except running.CannotEvaluate as error:
            raise CommandError(str(error)) from error
        finally:
            services.tenant_purge(tenant=tenant)

    def measure(self, tenant: Tenant, each: EvaluationSet) -> dict[str, Any]:
        found: dict[str, Any] = {"set": each.name, "database": connection.vendor}
        library = None
        if SEARCH in self.families:
            began = time.perf_counter()
            library = running.ingest(tenant, each, lambda count: self.report(each, "documents", count))
            found["documents"] = sum(map(len, library.doc_ids.values()))
            found["ingest_seconds"] = round(time.perf_counter() - began, 1)
        return found | asyncio.run(self.ask_and_check(tenant, each, library))

    async def ask_and_check(
        self, tenant: Tenant, each: EvaluationSet, library: running.Library | None
    ) -> dict[str, Any]:
        breaker, asked, found = MemoryBreaker(), list[running.Asked](), dict[str, Any]()
        try:
            if library is not None:
                for query in each.queries:
                    asked.append(await running.ask(library, each, query, breaker))
                    self.report(each, "queries", len(asked))
                found |= results.figures(each, asked)
            if CHECKING in self.families:
                found |= results.checking_figures(await running.check(tenant, pairs(each), breaker))
        finally:
            await running.hang_up(tenant)
        return found

    def report(self, each: EvaluationSet, what: str, count: int) -> None:
        if not self.quiet and count % REPORT_EVERY == 0:
            self.stderr.write(f"\r{each.name}: {count} {what}   ", ending="")
