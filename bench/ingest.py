"""`python -m bench.ingest DIR`: real files through the upload page and the worker, against the bare loop of extracting,
splitting, embedding and storing the same files; how long a question's first word takes meanwhile; and how soon a
one-page file can be found on an idle server.

DIR holds `manifest.tsv` with the columns `path` and `expected`, among others; the files whose `expected` begins with
"text" are read.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import uvloop

from bench import machine
from bench.conversation import summary
from bench.ingestion import bare_loop, chunks_there, is_reading, questions_asked
from bench.portal import Portal
from bench.processes import memory
from bench.support import Product, ingest, product, progress, session_cookie, tenant_with_members, wait_until_idle
from bench.texts import manuals
from bench.upstream import MODEL, load_upstream

SLUG = "reading"
IDLE_QUESTIONS = 20
BUSY_QUESTIONS = 200
ONE_PAGE_ROUNDS = 7
POLL_S = 0.01

Files = Sequence[tuple[str, bytes]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, metavar="DIR")
    directory = parser.parse_args().directory
    with (
        load_upstream(tokens_per_second=50, tokens=20, first_token_ms=50) as upstream,
        product(
            RAZGOVOR_LLM=f"openai:{MODEL}", RAZGOVOR_LLM_URL=upstream, RAZGOVOR_QUESTIONS_PER_MINUTE="100000"
        ) as running,
    ):
        print(json.dumps({"machine": machine.describe(), **_measure(running, directory)}, indent=2))


def _measure(running: Product, directory: Path) -> dict[str, Any]:
    tenant, (user,) = tenant_with_members(SLUG, 1)
    known = manuals(4, chapters=8, seed=10)
    ingest(tenant, user, known)
    cookie = session_cookie(user)
    questions = sorted(question for text in known for question in text.questions)

    def first_words(go_on: Callable[[int], bool]) -> list[float]:
        return uvloop.run(questions_asked(running, cookie, questions, go_on))

    files = _readable(directory)
    with Portal(running.address, SLUG, cookie) as portal:
        one_page = [_until_found(portal, number) for number in range(ONE_PAGE_ROUNDS)]
        idle = first_words(lambda count: count < IDLE_QUESTIONS)
        bare_chunks, bare_s = bare_loop(files)
        chunks_before, began = chunks_there(), time.perf_counter()
        for name, content in files:
            _upload(portal, name, content)
        wait_until_idle()
        product_s = time.perf_counter() - began
        chunks = chunks_there() - chunks_before
        progress("  the same files once more, while questions are asked")
        for name, content in files:
            _upload(portal, name, content + b"\n")  # other bytes, and so a new version
        busy = first_words(lambda count: count < BUSY_QUESTIONS and is_reading())
    return {
        "load": machine.load(),
        "files": len(files),
        "bare": {"chunks": bare_chunks, "seconds": round(bare_s, 1)},
        "product": {"chunks": chunks, "seconds": round(product_s, 1)},
        "wall_ratio": round(product_s / bare_s, 3),
        "one_page_searchable_s": summary(one_page),
        "first_word_idle": summary(idle),
        "first_word_while_reading": summary(busy),
        "first_word_ratio": round(statistics.median(busy) / statistics.median(idle), 3),
        "memory_mb": memory(running.usage()),
    }


def _readable(directory: Path) -> Files:
    """Those that the bare loop can read, too: without files inside files, and without surprises."""
    with (directory / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    whole = [row for row in rows if row["expected"].startswith("text") and "if recoverable" not in row["expected"]]
    paths = [directory / row["path"] for row in whole]
    return [(path.name, path.read_bytes()) for path in paths]


def _upload(portal: Portal, name: str, content: bytes) -> str:
    """Return the document's id; a file that is refused makes the figures worthless."""
    upload = portal.upload_content(name, content)
    if upload.refused:
        raise RuntimeError(f"{name}: {upload.refused}")
    return upload.document_id


def _until_found(portal: Portal, number: int) -> float:
    """Seconds from the beginning of the upload until the page can be found."""
    from ingestion.models import Document

    text = " ".join(f"Sentence {number}.{each} of a page about lighthouse{number}." for each in range(60))
    began = time.perf_counter()
    document_id = _upload(portal, f"page-{number}.txt", text.encode())
    while Document.all_tenants.get(pk=document_id).status != Document.Status.READY:
        time.sleep(POLL_S)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
