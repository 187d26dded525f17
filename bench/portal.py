"""The upload page as a program uses it, and what became of an upload."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID

import httpx

if TYPE_CHECKING:
    from ingestion.models import Document

POLL_S = 0.05
REQUEST_S = 60.0


@dataclass(frozen=True, slots=True)
class Upload:
    """`document_id` is "" when it was refused, with the sentence `refused`."""

    status: int
    document_id: str = ""
    refused: str = ""


class Portal:
    """One organisation's, as whoever has the session `session` sees it."""

    def __init__(self, address: str, slug: str, session: str) -> None:
        self.path = f"/t/{slug}/documents/"
        self._upload = f"{self.path}upload/"
        cookies = {"sessionid": session}
        self._client = httpx.Client(base_url=address, cookies=cookies, trust_env=False, timeout=REQUEST_S)
        self._client.get(self.path).raise_for_status()
        self._headers = {
            "X-CSRFToken": self._client.cookies["csrftoken"],
            "Referer": address,
            "Accept": "application/json",
        }

    def __enter__(self) -> Portal:
        return self

    def __exit__(self, *exc: object) -> None:
        self._client.close()

    def upload(self, path: Path, name: str = "") -> Upload:
        with path.open("rb") as file:
            return self.upload_content(name or path.name, file)

    def upload_content(self, name: str, content: bytes | BinaryIO) -> Upload:
        files = {"file": (name, content)}
        return _upload_of(self._client.post(self._upload, files=files, headers=self._headers))

    def upload_raw(self, body: bytes, boundary: str) -> Upload:
        """A multipart body as no well-behaved client would write it."""
        content_type = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return _upload_of(self._client.post(self._upload, content=body, headers=self._headers | content_type))

    def cancel(self, document_id: str) -> None:
        """Ask for the reading of a document to end; it may have ended already."""
        self._client.post(f"{self.path}{document_id}/cancel/", headers=self._headers)

    def page(self, address: str = "") -> httpx.Response:
        """A page of the site; the list of documents when none is named."""
        return self._client.get(address or self.path)


def _upload_of(answer: httpx.Response) -> Upload:
    if "json" not in answer.headers.get("Content-Type", ""):
        return Upload(answer.status_code, refused=f"HTTP {answer.status_code}")
    body: dict[str, Any] = answer.json()
    if answer.is_error:
        return Upload(answer.status_code, refused=str(body["error"]["message"]))
    return Upload(answer.status_code, document_id=str(body["documents"][0]["id"]))


def settled(document_id: str, seconds: float) -> Document | None:
    """Return the document once neither it nor a file inside it is waiting or being read, None after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        family = with_children(UUID(document_id))
        if not any(each.is_busy for each in family):
            return family[0]
        time.sleep(POLL_S)
    return None


def with_children(document_id: UUID) -> list[Document]:
    """A document, and those that came in it, in them, and so on."""
    from ingestion.models import Document

    found = [Document.all_tenants.get(pk=document_id)]
    for each in found:  # grows meanwhile
        found += Document.all_tenants.filter(parent=each)
    return found


def texts_of(document_id: UUID) -> Iterator[str]:
    """What was read of a document and of the files inside it."""
    from ingestion.models import DocumentSection

    for each in with_children(document_id):
        sections = DocumentSection.all_tenants.filter(document=each).order_by("start")
        yield from sections.values_list("text", flat=True)
