"""`python -m bench.documents DIR`: a folder of real files through the upload page and the worker, one after the other.

DIR holds `manifest.tsv` with the columns `path`, `expected` and `snippets` (separated by " ¦ "), among others.
`expected` begins with "text" (it is read, and each snippet is in its text), "error" (it is refused, or fails with a
sentence), or anything else: then both are right, as long as a document that counts as read has text.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench import machine
from bench.support import product, progress, session_cookie, tenant_with_members

SLUG = "files"
READ_SECONDS = 300.0
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Soft hyphens, zero width and direction marks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`text` is what was read; `error` is the sentence for whoever uploaded the file."""

    text: str = ""
    error: str = ""


class Portal:
    """The upload page as a program uses it."""

    def __init__(self, address: str, session: str) -> None:
        self._client = httpx.Client(base_url=address, cookies={"sessionid": session}, trust_env=False, timeout=60.0)
        self._client.get(f"/t/{SLUG}/documents/").raise_for_status()
        self._headers = {
            "X-CSRFToken": self._client.cookies["csrftoken"],
            "Referer": address,
            "Accept": "application/json",
        }

    def __enter__(self) -> Portal:
        return self

    def __exit__(self, *exc: object) -> None:
        self._client.close()

    def upload(self, path: Path) -> tuple[str, str]:
        """Return the new document's id, or "" and the sentence that it was refused with."""
        with path.open("rb") as file:
            answer = self._client.post(
                f"/t/{SLUG}/documents/upload/", files={"file": (path.name, file)}, headers=self._headers
            )
        body: dict[str, Any] = answer.json()
        if answer.is_error:
            return "", str(body["error"]["message"])
        return str(body["documents"][0]["id"]), ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, metavar="DIR")
    directory = parser.parse_args().directory
    with (directory / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    described = machine.describe()
    with product() as running:
        _tenant, (user,) = tenant_with_members(SLUG, 1)
        with Portal(running.address, session_cookie(user)) as portal:
            failures = dict(_failures(portal, directory, rows))
    report = {"machine": described, "files": len(rows), "passed": len(rows) - len(failures), "failed": failures}
    print(json.dumps(report, indent=2, ensure_ascii=False))
    return int(bool(failures))


def _failures(portal: Portal, directory: Path, rows: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield path and reason of every row whose outcome is not the expected one."""
    for row in rows:
        started = time.perf_counter()
        outcome = _read(portal, directory / row["path"])
        reason = _complaint(row, outcome)
        seconds = time.perf_counter() - started
        progress(f"{'FAILED' if reason else 'passed'} {row['path']} ({seconds:.1f} s) {reason or outcome.error}")
        if reason:
            yield row["path"], reason


def _read(portal: Portal, path: Path) -> Outcome:
    from ingestion.models import Document, DocumentSection

    document_id, refused = portal.upload(path)
    if refused:
        return Outcome(error=refused)
    deadline = time.monotonic() + READ_SECONDS
    while time.monotonic() < deadline:
        document = Document.all_tenants.get(pk=document_id)
        if document.status == Document.Status.FAILED:
            return Outcome(error=document.error_message)
        if document.status == Document.Status.READY:
            sections = DocumentSection.all_tenants.filter(document=document).order_by("start")
            return Outcome(text="\n".join(sections.values_list("text", flat=True)))
        time.sleep(0.05)
    return Outcome(error=f"It was not read within {READ_SECONDS:.0f} seconds.")


def _complaint(row: Mapping[str, str], outcome: Outcome) -> str:
    """Why this is not what was expected; "" when it is."""
    snippets = [each for each in row["snippets"].split(" ¦ ") if each.strip()]
    text = normal(outcome.text)
    missing = [snippet for snippet in snippets if normal(snippet) not in text]
    expected = row["expected"]
    if expected.startswith("text") and "if recoverable" not in expected:
        if outcome.error:
            return f"not read: {outcome.error}"
        return f"not in its text: {missing}" if missing else ""
    if expected.startswith("error"):
        return "" if outcome.error else "it was read, though it cannot be"
    return "" if outcome.error or outcome.text.strip() else "it counts as read, but has no text"


def normal(text: str) -> str:
    """What two extractors should agree on."""
    return " ".join(INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).split()).lower()


if __name__ == "__main__":
    sys.exit(main())
