"""Documents through upload and worker, against the bare loop of extracting, splitting, embedding and storing; and how
long a question's first word takes meanwhile, against an idle server."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any
from uuid import uuid4

import chromadb
import httpx
import uvloop
from chromadb.config import Settings

from bench import machine
from bench.conversation import Sockets, ask, summary
from bench.processes import cpu_between, memory
from bench.support import Product, ingest, main, product, progress, session_cookie, tenant_with_members, wait_until_idle
from bench.texts import Manual, manuals
from bench.upstream import MODEL, load_upstream

ROUNDS = 3
MANUALS, CHAPTERS = 12, 8
BATCH = 32
IDLE_QUESTIONS = 20
SLUG = "reading"


def measure(quick: bool) -> Mapping[str, Any]:
    with (
        load_upstream(tokens_per_second=50, tokens=20, first_token_ms=50) as upstream,
        product(
            RAZGOVOR_LLM=f"openai:{MODEL}", RAZGOVOR_LLM_URL=upstream, RAZGOVOR_QUESTIONS_PER_MINUTE="100000"
        ) as running,
    ):
        tenant, (user,) = tenant_with_members(SLUG, 1)
        known = manuals(4, chapters=CHAPTERS, seed=10)
        ingest(tenant, user, known)
        cookie = session_cookie(user)
        questions = sorted(question for text in known for question in text.questions)
        rounds = [_round(running, cookie, questions, number) for number in range(1 if quick else ROUNDS)]
        return {
            "rounds": rounds,
            "wall_ratio_p50": round(statistics.median(each["wall_ratio"] for each in rounds), 2),
            "first_word_ratio_p50": round(statistics.median(each["first_word_ratio"] for each in rounds), 2),
            "memory_mb": memory(running.usage()),
        }


def _round(running: Product, cookie: str, questions: Sequence[str], number: int) -> dict[str, Any]:
    """The bare loop, then the same amount of new text through the product, so that no text is known already."""
    bare_texts = manuals(MANUALS, chapters=CHAPTERS, seed=100 + number)
    texts = manuals(MANUALS, chapters=CHAPTERS, seed=200 + number)
    idle = uvloop.run(questions_asked(running, cookie, questions, lambda count: count < IDLE_QUESTIONS))
    bare_chunks, bare_s = bare_loop([(text.name, text.text.encode()) for text in bare_texts])
    chunks_before, before, began = chunks_there(), running.usage(), time.perf_counter()
    _upload(running, cookie, texts)
    product_s, cpu = _until_read(began), cpu_between(before, running.usage())
    chunks = chunks_there() - chunks_before
    _upload(running, cookie, manuals(MANUALS, chapters=CHAPTERS, seed=300 + number))
    busy = uvloop.run(questions_asked(running, cookie, questions, lambda _count: is_reading()))
    wait_until_idle()
    result = {
        "load": machine.load(),
        "bare": {"chunks": bare_chunks, "chunks_per_s": round(bare_chunks / bare_s, 1)},
        "product": {"chunks": chunks, "chunks_per_s": round(chunks / product_s, 1)},
        "wall_ratio": round((product_s / chunks) / (bare_s / bare_chunks), 3),
        "product_cpu_ms_per_chunk": {name: round(each / chunks * 1000, 1) for name, each in cpu.items() if each},
        "first_word_idle": summary(idle),
        "first_word_while_reading": summary(busy),
        "first_word_ratio": round(statistics.median(busy) / statistics.median(idle), 3),
    }
    progress(f"  {result}")
    return result


def bare_loop(files: Sequence[tuple[str, bytes]]) -> tuple[int, float]:
    """What any script would do, with the product's own parsers, chunker, embedding server and Chroma: one file of this
    name and content after the other. Returns how many chunks and seconds."""
    from django.conf import settings

    from ingestion.chunking.structure import StructureChunker
    from ingestion.embedding.decoding import decode_vectors
    from ingestion.parsers import parser_for
    from ingestion.uploads import inspect

    chunker = StructureChunker()
    url = httpx.URL(settings.CHROMA_URL)
    chroma = chromadb.HttpClient(url.host, url.port or 80, settings=Settings(anonymized_telemetry=False))
    name = f"bare-{uuid4().hex}"
    collection = chroma.create_collection(name, configuration={"hnsw": {"space": "cosine"}}, embedding_function=None)
    total = 0
    with httpx.Client(timeout=120.0, trust_env=False) as embedder:
        began = time.perf_counter()
        for file_name, content in files:
            media_type = inspect(BytesIO(content), filename=file_name, max_bytes=len(content)).media_type
            parsed = parser_for(media_type).parse(
                BytesIO(content), filename=file_name, report=lambda _done, _total: None
            )
            chunks = chunker.split(uuid4(), parsed)
            for first in range(0, len(chunks), BATCH):
                batch = chunks[first : first + BATCH]
                body = {"input": [each.text for each in batch], "input_type": "document", "encoding_format": "base64"}
                response = embedder.post(f"{settings.EMBEDDER_URL}/embeddings", json=body).raise_for_status()
                vectors = decode_vectors(response.json(), expected=len(batch))
                collection.upsert(ids=[str(each.id) for each in batch], embeddings=[list(each) for each in vectors])
            total += len(chunks)
        seconds = time.perf_counter() - began
    chroma.delete_collection(name)
    return total, seconds


def _upload(running: Product, cookie: str, texts: Sequence[Manual]) -> None:
    """As the page does it: one request with the files, and the token against forgery."""
    url = f"{running.address}t/{SLUG}/documents/"
    with httpx.Client(cookies={"sessionid": cookie}, timeout=60.0, trust_env=False) as browser:
        browser.get(url).raise_for_status()
        files = [("file", (text.name, text.text.encode(), "text/markdown")) for text in texts]
        headers = {"X-CSRFToken": browser.cookies["csrftoken"], "Accept": "application/json", "Referer": url}
        answer = browser.post(f"{url}upload/", files=files, headers=headers)
        assert answer.status_code == 201, answer.text
        assert not answer.json()["errors"], answer.text


def _until_read(began: float) -> float:
    wait_until_idle()
    return time.perf_counter() - began


async def questions_asked(running: Product, cookie: str, questions: Sequence[str], go_on: Any) -> list[float]:
    """Ask one after the other; return the seconds to each first word."""
    found: list[float] = []
    async with Sockets(running.address, SLUG, [cookie]) as (socket,):
        await ask(socket, questions[0])
        while await asyncio.to_thread(go_on, len(found)):
            answer = await ask(socket, questions[len(found) % len(questions)])
            assert answer.is_whole(), answer.error
            found.append(answer.words[0])
    return found


def chunks_there() -> int:
    from ingestion.models import Chunk

    return Chunk.all_tenants.count()


def is_reading() -> bool:
    from ingestion.models import Document

    busy = [Document.Status.QUEUED, Document.Status.RUNNING]
    return Document.all_tenants.filter(status__in=busy).exists()


if __name__ == "__main__":
    main(measure)
