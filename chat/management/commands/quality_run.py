"""`manage.py quality_run --tenant SLUG`: ask the golden questions to the end, and compare with the baseline."""

from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import CommandParser

from chat.quality import golden, running, runs, showing
from chat.quality.comparing import Row, Verdict, compare
from chat.quality.configuration import Configuration
from chat.quality.errors import QualityRefused
from chat.quality.models import QualityRun
from ingestion.models import Collection
from ingestion.selectors import collection_named
from tenants.access import Access
from tenants.command import TenantCommand

POLL_S = 3.0
"""How often it is looked whether nobody's question is being answered any more."""


class Command(TenantCommand):
    help = "Ask a tenant's golden questions, and say how good what was found and answered is."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--collection", action="append", default=[], metavar="NAME", help="only those of this one; may be repeated"
        )
        parser.add_argument("--answers", action="store_true", help="have answers written, too, not only searched for")
        parser.add_argument("--name", default="", help="what the run is called in the quality lab")
        parser.add_argument(
            "--fail-if-worse",
            action="store_true",
            help="exit with 1 where a figure is worse than the baseline's and that is hardly chance",
        )

    def run(self, access: Access, options: dict[str, Any]) -> dict[str, Any]:
        self.strict: bool = options["fail_if_worse"]
        run = runs.run_start(
            access=access,
            collections=self.collections(access, options["collection"]),
            wanted=Configuration(),
            with_answers=options["answers"],
            name=options["name"],
        )
        self.finish(run, quiet=options["json"])
        baseline = runs.baseline_of(run)
        rows = compare(*runs.same_results(baseline, run)) if baseline else []
        return {
            "run": str(run.pk),
            "name": run.name,
            "status": run.status,
            "error": run.error_message,
            "collections": run.collection_names,
            "setup": run.setup,
            "figures": run.figures,
            "baseline": str(baseline.pk) if baseline else None,
            "compared": [_row(row) for row in rows],
        }

    def collections(self, access: Access, names: list[str]) -> list[Collection]:
        if names:
            return [collection_named(tenant=access.tenant, name=name) for name in names]
        counts = golden.golden_counts(tenant=access.tenant)
        return list(Collection.objects.for_tenant(access.tenant).filter(pk__in=counts))

    def finish(self, run: QualityRun, *, quiet: bool) -> None:
        """Go on until it is over. A run that waits behind another one of the tenant's is taken back."""
        while (is_ours := running.go_on(run)) or run.status == QualityRun.Status.RUNNING:
            run.refresh_from_db()
            if not quiet:
                sys.stderr.write(f"\r{run.done} of {run.total} questions   ")
            if not is_ours:  # a worker has taken it up
                time.sleep(POLL_S)
            while run.with_answers and running.people_wait():
                running.postponed(run)
                time.sleep(POLL_S)
        run.refresh_from_db()
        if run.is_open:
            run.delete()
            raise QualityRefused("Another run of this tenant is under way. Try again when it is over.")

    def say(self, result: dict[str, Any]) -> None:
        self.stdout.write(f"\n{result['name']}: {result['status']} {result['error']}".rstrip())
        for name, value in result["figures"].items():
            label = showing.NAMES.get(name, name)
            self.stdout.write(f"  {label}: {value:g}")
        for row in result["compared"]:
            self.stdout.write(
                f"  {row['figure']} {row['before']} -> {row['after']} ({row['verdict']}, {row['better']} better, "
                f"{row['worse']} worse, p = {row['p']})"
            )

    def failed(self, result: dict[str, Any]) -> bool:
        worse = any(row["verdict"] == Verdict.WORSE and row["probable"] for row in result["compared"])
        return result["status"] != QualityRun.Status.COMPLETED or (self.strict and worse)


def _row(row: Row) -> dict[str, Any]:
    return {
        "figure": row.name,
        "before": row.before,
        "after": row.after,
        "verdict": row.verdict.value,
        "better": row.better,
        "worse": row.worse,
        "p": round(row.p, 4),
        "probable": row.is_probable,
    }
