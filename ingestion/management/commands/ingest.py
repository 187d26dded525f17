"""`manage.py ingest PATH… --tenant SLUG`: upload files and folders as the portal does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from ingestion import services
from ingestion.errors import UploadRefused
from ingestion.models import Collection, Document
from ingestion.tasks import wait_until_settled
from project.errors import AppError
from tenants.access import Access
from tenants.command import TenantCommand

WAIT_S = 3600.0


class Command(TenantCommand):
    help = "Upload files, and the files in folders, into a tenant's collection."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument(
            "--collection", metavar="NAME", help="made when it is not there; default: the tenant's first"
        )
        parser.add_argument("--wait", action="store_true", help="return when the worker has read everything")

    def run(self, access: Access, options: dict[str, Any]) -> dict[str, Any]:
        collection = _collection(access, options["collection"])
        rows = [_upload(access, collection, path) for path in _files(options["paths"])]
        if options["wait"]:
            for row in rows:
                if document := row.pop("document", None):
                    settled = wait_until_settled(document, timeout_s=WAIT_S)
                    row |= {"status": settled.status, "error": settled.error_message, "chunks": settled.chunk_count}
        for row in rows:
            row.pop("document", None)
        return {"collection": collection.name, "documents": rows}

    def say(self, result: dict[str, Any]) -> None:
        for row in result["documents"]:
            note = row.get("error") or ("was here already" if row["duplicate"] else "")
            self.stdout.write(f"{row['status']:<10} {row['path']}{f': {note}' if note else ''}")

    def failed(self, result: dict[str, Any]) -> bool:
        return any(row["status"] in {"refused", Document.Status.FAILED} for row in result["documents"])


def _collection(access: Access, name: str | None) -> Collection:
    if not name:
        return services.collection_default(access=access)
    existing = Collection.objects.for_tenant(access.tenant).filter(name=name).first()
    return existing or services.collection_create(access=access, name=name)


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith("."))
        elif path.exists():
            yield path
        else:
            raise UploadRefused(f"There is no file at {path}.", code="upload.missing")


def _upload(access: Access, collection: Collection, path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            uploaded = services.document_upload(access=access, collection=collection, file=file, name=path.name)
    except AppError as error:
        return {"path": str(path), "status": "refused", "duplicate": False, "error": error.message}
    return {
        "path": str(path),
        "id": str(uploaded.document.pk),
        "status": uploaded.document.status,
        "duplicate": uploaded.duplicate,
        "document": uploaded.document,
    }
