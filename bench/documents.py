"""`python -m bench.documents DIR [--only TEXT]`: real files through the upload page and the worker,
one after the other.

DIR holds `manifest.tsv` with the columns `path`, `expected` and `snippets` (separated by " ¦ "), among others.
`expected` begins with "text" (it is read, and each snippet is in its text), "ocr" (most words of a snippet are in its
text, or it fails with a sentence), "error" (it is refused, or fails with a sentence), or anything else: then both are
right, as long as a document that counts as read has text. What is in an attachment or an archive counts for the whole.
Where `note` says that the words are to be compared in any order, so are their letters.
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
from uuid import UUID

from bench import machine
from bench.portal import Portal, settled, texts_of
from bench.support import product, progress, session_cookie, tenant_with_members

SLUG = "files"
READ_SECONDS = 300.0
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Soft hyphens, zero width and direction marks."""
WORD = re.compile(r"[a-z]+|\d+|[^\W\da-z_]+")
"""In small letters. Latin letters that stand against others are a word of their own."""
RECOGNISED_SHARE = 0.8
"""Of a snippet's words, for text recognition, which is never quite right."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`text` is what was read; `error` is the sentence for whoever uploaded the file."""

    text: str = ""
    error: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--only", default="", metavar="TEXT", help="the rows whose path holds TEXT")
    arguments = parser.parse_args()
    directory = arguments.directory
    with (directory / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = [row for row in rows if arguments.only in row["path"]]
    described = machine.describe()
    with product() as running:
        _tenant, (user,) = tenant_with_members(SLUG, 1)
        with Portal(running.address, SLUG, session_cookie(user)) as portal:
            failures = dict(_failures(portal, directory, rows))
    report = {"machine": described, "files": len(rows), "passed": len(rows) - len(failures), "failed": failures}
    print(json.dumps(report, indent=2, ensure_ascii=False))
    return int(bool(failures))


def _failures(portal: Portal, directory: Path, rows: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield path and reason of every row whose outcome is not the expected one."""
    for row in rows:
        started = time.perf_counter()
        outcome = _read(portal, directory / row["path"])
        reason = complaint(row, outcome)
        seconds = time.perf_counter() - started
        progress(f"{'FAILED' if reason else 'passed'} {row['path']} ({seconds:.1f} s) {reason or outcome.error}")
        if reason:
            yield row["path"], reason


def _read(portal: Portal, path: Path) -> Outcome:
    upload = portal.upload(path)
    if not upload.document_id:
        return Outcome(error=upload.refused)
    document = settled(upload.document_id, READ_SECONDS)
    if document is None:
        return Outcome(error=f"It was not read within {READ_SECONDS:.0f} seconds.")
    if document.status != document.Status.READY:
        return Outcome(error=document.error_message or document.get_status_display())
    return Outcome(text="\n".join(texts_of(UUID(upload.document_id))))


def complaint(row: Mapping[str, str], outcome: Outcome) -> str:
    """Why this is not what was expected; "" when it is."""
    snippets = [each for each in row["snippets"].split(" ¦ ") if each.strip()]
    expected = row["expected"]
    if expected.startswith("text") and "if recoverable" not in expected:
        if outcome.error:
            return f"not read: {outcome.error}"
        missing = _missing(snippets, outcome.text, any_order="any order" in row["note"])
        return f"not in its text: {missing}" if missing else ""
    if expected.startswith("error"):
        return "" if outcome.error else "it was read, though it cannot be"
    if outcome.error:
        return ""
    if expected.startswith("ocr") and snippets:
        best = max(_share(snippet, outcome.text) for snippet in snippets)
        return "" if best >= RECOGNISED_SHARE else f"only {best:.0%} of the words of any snippet are in its text"
    return "" if outcome.text.strip() else "it counts as read, but has no text"


def _missing(snippets: list[str], text: str, *, any_order: bool) -> list[str]:
    if not any_order:
        whole = normal(text)
        return [snippet for snippet in snippets if normal(snippet) not in whole]
    known = {"".join(sorted(word)) for word in WORD.findall(normal(text))}
    words = (word for snippet in snippets for word in WORD.findall(normal(snippet)))
    return [word for word in words if "".join(sorted(word)) not in known]


def _share(snippet: str, text: str) -> float:
    """Of the words of `snippet`, how many are in `text`."""
    words, known = WORD.findall(normal(snippet)), set(WORD.findall(normal(text)))
    return sum(word in known for word in words) / max(len(words), 1)


def normal(text: str) -> str:
    """What two extractors should agree on."""
    return " ".join(INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).split()).lower()


if __name__ == "__main__":
    sys.exit(main())
