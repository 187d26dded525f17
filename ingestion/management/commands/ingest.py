"""`manage.py ingest PATH… --tenant SLUG`: upload files, folders and web addresses as the portal does."""

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
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, a folder, or an address (https://…)")
        parser.add_argument(
            "--collection", metavar="NAME", help="made when it is not there; default: the tenant's first"
        )
        parser.add_argument("--wait", action="store_true", help="return when the worker has read everything")

    def run(self, access: Access, options: dict[str, Any]) -> dict[str, Any]:
        collection = _collection(access, options["collection"])
        rows = [_taken(access, collection, *each) for each in _sources(options["paths"])]
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


def _sources(paths: list[str]) -> Iterator[tuple[str, str]]:
    """Each address, and each file with the folder that it lies in below the one that was named."""
    for named in paths:
        path = Path(named)
        if _is_address(named):
            yield named, ""
        elif path.is_dir():
            for each in sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith(".")):
                yield str(each), (Path(path.resolve().name) / each.relative_to(path).parent).as_posix()
        elif path.exists():
            yield named, ""
        else:
            raise UploadRefused(f"There is no file at {path}.", code="upload.missing")


def _is_address(named: str) -> bool:
    return named.startswith(("http://", "https://"))


def _taken(access: Access, collection: Collection, source: str, folder: str) -> dict[str, Any]:
    try:
        if _is_address(source):
            uploaded = services.document_add_address(access=access, collection=collection, url=source)
        else:
            with Path(source).open("rb") as file:
                name = Path(source).name
                uploaded = services.document_upload(
                    access=access, collection=collection, file=file, name=name, folder=folder
                )
    except AppError as error:
        return {"path": source, "status": "refused", "duplicate": False, "error": error.message}
    return {
        "path": source,
        "id": str(uploaded.document.pk),
        "status": uploaded.document.status,
        "duplicate": uploaded.duplicate,
        "document": uploaded.document,
    }
