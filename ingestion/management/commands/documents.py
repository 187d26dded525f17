"""`manage.py documents ACTION [ID…] --tenant SLUG`: what the portal does, for scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from ingestion import api_selectors, comparing, selectors, services, versions
from ingestion.errors import IngestionError
from ingestion.models import Document
from project.errors import AppError
from tenants.access import Access
from tenants.command import TenantCommand

CHANGES: dict[str, Callable[..., None]] = {
    "retry": services.document_retry,
    "reread": services.document_reread,
    "cancel": services.document_cancel,
    "restore": services.document_restore,
    "delete": services.document_delete,
    "delete-version": services.document_version_delete,
}
LOOKS = ("list", "versions", "text", "history", "compare")
SIGNS = {"same": " ", "removed": "-", "added": "+"}


class Command(TenantCommand):
    help = (
        "List documents, show their versions, text or history, compare two versions; retry, reread, cancel, restore, "
        "move or delete them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=[*LOOKS, *CHANGES, "move"])
        parser.add_argument("ids", nargs="*", type=UUID, metavar="ID", help="as `list` shows them; `list` needs none")
        parser.add_argument("--status", choices=Document.Status.values, help="list, or act on, those of this status")
        parser.add_argument("--collection", metavar="NAME", help="of the documents; for `move`, where they go")

    def run(self, access: Access, options: dict[str, Any]) -> dict[str, Any]:
        action = options["action"]
        documents = list(_chosen(access, options))
        if action == "text":
            return {"documents": [_row(each) | {"text": _text(access, each)} for each in documents]}
        if action == "history":
            return {"documents": [_row(each) | {"text": _history(access, each)} for each in documents]}
        if action == "compare":
            return {"documents": [_compared(documents)]}
        if action == "versions":
            documents = [each for document in documents for each in versions.of(document)]
        if action in LOOKS:
            return {"documents": [_row(each) for each in documents]}
        return {"documents": [_change(access, action, each, options) for each in documents]}

    def say(self, result: dict[str, Any]) -> None:
        for row in result["documents"]:
            name = f"{row['folder']}/{row['name']}" if row["folder"] else row["name"]
            note = f": {row['error']}" if row["error"] else ""
            self.stdout.write(f"{row['id']} {row['status']:<10} v{row['version']} {name}{note}")
            if text := row.get("text"):
                self.stdout.write(text)

    def failed(self, result: dict[str, Any]) -> bool:
        return any(row.get("refused") for row in result["documents"])


def _chosen(access: Access, options: dict[str, Any]) -> Iterator[Document]:
    """Those with the ids, else those of the status and collection. All of them only to be listed."""
    if options["ids"]:
        for document_id in options["ids"]:
            yield selectors.document_get(tenant=access.tenant, document_id=document_id)
        return
    if options["action"] != "list" and not options["status"]:
        raise IngestionError("Say which documents: their ids, or --status.", code="documents.none")
    found = selectors.documents_list(tenant=access.tenant)
    if options["status"]:
        found = found.filter(status=options["status"])
    if options["collection"] and options["action"] != "move":
        found = found.filter(collection__name=options["collection"])
    yield from found


def _change(access: Access, action: str, document: Document, options: dict[str, Any]) -> dict[str, Any]:
    try:
        if action == "move":
            collection = selectors.collection_named(tenant=access.tenant, name=options["collection"] or "")
            services.document_move(access=access, document=document, collection=collection)
        else:
            CHANGES[action](access=access, document=document)
    except AppError as error:
        return _row(document) | {"refused": True, "error": error.message}
    document.refresh_from_db()
    return _row(document)


def _row(document: Document) -> dict[str, Any]:
    return {
        "id": str(document.pk),
        "name": document.name,
        "folder": document.folder,
        "version": document.version,
        "status": document.status,
        "stage": document.stage,
        "done": document.done,
        "total": document.total,
        "passages": document.chunk_count,
        "error": document.error_message,
    }


def _history(access: Access, document: Document) -> str:
    events = api_selectors.events_of(tenant=access.tenant, document_id=document.pk)
    return "\n".join(
        " ".join(filter(None, (f"{event.at:%Y-%m-%d %H:%M:%S}", event.kind, event.actor_name, event.detail)))
        for event in events
    )


def _compared(documents: list[Document]) -> dict[str, Any]:
    """The newer of two versions, with the lines that have changed since the older one."""
    if len(documents) != 2:
        raise IngestionError("Name two versions to be compared, by their ids.", code="documents.two")
    older, newer = comparing.in_order(*documents)
    rows = comparing.compare(older, newer).rows
    lines = (f"… {row.count}" if row.kind == "gap" else f"{SIGNS[row.kind]} {row.text}" for row in rows)
    return _row(newer) | {"text": "\n".join(lines)}


def _text(access: Access, document: Document) -> str:
    sections = selectors.sections_of(tenant=access.tenant, document_id=document.pk)
    return "\n\n".join(sections.values_list("text", flat=True))
