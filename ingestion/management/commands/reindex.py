"""`manage.py reindex --tenant SLUG`: build Chroma and the lexical index again from SQL, without parsing."""

from __future__ import annotations

import time
from typing import Any

from ingestion import reindexing
from ingestion.tenant_parts import parts_of
from tenants.access import Access
from tenants.command import TenantCommand


class Command(TenantCommand):
    help = "Build a tenant's indexes again from the database."

    def run(self, access: Access, options: dict[str, Any]) -> dict[str, Any]:
        started = time.monotonic()

        def report(done: int, total: int) -> None:
            if not options["json"]:
                self.stderr.write(f"\r{done}/{total} chunks", ending="")

        chunks = reindexing.rebuild(tenant=access.tenant, parts=parts_of(access.tenant.pk), report=report)
        return {"chunks": chunks, "seconds": round(time.monotonic() - started, 1)}

    def say(self, result: dict[str, Any]) -> None:
        self.stdout.write(f"\n{result['chunks']} chunks indexed in {result['seconds']} s.")
