"""File names that are made to lead somewhere else: sent as programs send them, stored, and shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePath
from urllib.parse import quote
from uuid import UUID, uuid4

from selectolax.lexbor import LexborHTMLParser

from bench.hostile_rules import active_in
from bench.portal import Portal, Upload, settled

READ_SECONDS = 60.0


def complaints_of_names(portal: Portal, path: Path, tenant_id: UUID, host: str) -> Iterator[str]:
    """Upload a small text under each name of the list at `path`, and yield what is wrong with what came of it."""
    for name in json.loads(path.read_text(encoding="utf-8")):
        for extended in (False, True):
            where = f"{name[:40]!r}{' as filename*' if extended else ''}"
            upload = _uploaded(portal, name, extended=extended)
            yield from (f"{where}: {each}" for each in _complaints(portal, upload, tenant_id))
    yield from active_in(portal.page().text, host)


def _uploaded(portal: Portal, name: str, *, extended: bool) -> Upload:
    boundary = uuid4().hex
    disposition = f"filename*=UTF-8''{quote(name, safe='')}" if extended else f'filename="{_as_browsers_write(name)}"'
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; {disposition}\r\n'
        f"Content-Type: text/plain\r\n\r\nThe pump has the number {uuid4()}.\r\n--{boundary}--\r\n"
    )
    return portal.upload_raw(body.encode(), boundary)


def _as_browsers_write(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _complaints(portal: Portal, upload: Upload, tenant_id: UUID) -> Iterator[str]:
    if upload.status >= 500:
        yield f"HTTP {upload.status}"
    if not upload.document_id:
        if not upload.refused.strip():
            yield "refused without a sentence"
        return
    document = settled(upload.document_id, READ_SECONDS)
    if document is None or document.status != document.Status.READY:
        yield "not read" if document is None else f"not read: {document.error_message}"
        return
    root = Path(document.file.storage.path(str(tenant_id))).resolve()
    if not Path(document.file.path).resolve().is_relative_to(root):
        yield f"stored at {document.file.name}"
    if PurePath(document.name).name != document.name or not document.name.isprintable():
        yield f"kept as {document.name!r}"
    shown = {node.text().strip() for node in LexborHTMLParser(portal.page().text).css(".document-name")}
    if document.name not in shown:
        yield f"not shown as {document.name!r}"
    answer = portal.page(f"{portal.path}{upload.document_id}/download/")
    if answer.is_error or not answer.headers["Content-Disposition"].startswith("attachment"):
        yield f"its download is HTTP {answer.status_code}, {answer.headers.get('Content-Disposition')}"
