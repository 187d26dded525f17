"""`manage.py index_check --tenant SLUG`: do SQL, Chroma and the lexical index hold the same? Exit code 1 if not."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ingestion import reindexing
from ingestion.tenant_parts import parts_of
from tenants.access import Access
from tenants.command import TenantCommand


class Command(TenantCommand):
    help = "Compare the chunks that SQL, Chroma and the lexical index hold, document by document."

    def run(self, access: Access, options: dict[str, Any]) -> dict[str, Any]:
        counts = reindexing.check(tenant=access.tenant, parts=parts_of(access.tenant.pk))
        return {
            "ok": all(each.agree for each in counts),
            "chunks": sum(each.sql for each in counts),
            "documents": [asdict(each) | {"agree": each.agree} for each in counts],
        }

    def say(self, result: dict[str, Any]) -> None:
        for row in result["documents"]:
            if not row["agree"]:
                self.stdout.write(f"{row['name']}: SQL {row['sql']}, Chroma {row['vectors']}, lexical {row['lexical']}")
        count = len(result["documents"])
        if result["ok"]:
            self.stdout.write(f"{count} documents, {result['chunks']} chunks: all the same in all three places.")
        else:
            self.stdout.write("They differ. `manage.py reindex` makes both indexes again from SQL.")

    def failed(self, result: dict[str, Any]) -> bool:
        return not result["ok"]
