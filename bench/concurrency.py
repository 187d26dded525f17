"""Many questions at once, over WebSockets and with retrieval from real documents, of a model that only sends tokens."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import uvloop
from websockets.asyncio.client import ClientConnection

from bench import machine
from bench.conversation import Answer, Sockets, ask, summary
from bench.processes import Usage, cpu_between, memory
from bench.support import Product, ingest, main, product, progress, session_cookie, tenant_with_members
from bench.texts import manuals
from bench.upstream import MODEL, expected_text, load_upstream

STREAMS = (10, 50, 100, 200)
TOKENS = 500
TOKENS_PER_SECOND = 50
FIRST_TOKEN_MS = 50
SPREAD_S = 10.0
TIMEOUT_S = 180.0
MANUALS, CHAPTERS = 30, 6
SLUG = "load"


def measure(quick: bool) -> Mapping[str, Any]:
    streams = (10, 50) if quick else STREAMS
    pace = {"tokens_per_second": TOKENS_PER_SECOND, "tokens": TOKENS, "first_token_ms": FIRST_TOKEN_MS}
    with (
        load_upstream(**pace) as upstream,
        product(
            RAZGOVOR_LLM=f"openai:{MODEL}", RAZGOVOR_LLM_URL=upstream, RAZGOVOR_QUESTIONS_PER_MINUTE="100000"
        ) as running,
    ):
        tenant, users = tenant_with_members(SLUG, max(streams))
        texts = manuals(MANUALS, chapters=CHAPTERS, seed=1)
        chunks = ingest(tenant, users[0], texts)
        progress(f"{chunks} chunks; the model: {pace}")
        cookies = [session_cookie(user) for user in users]
        questions = itertools.cycle(sorted(question for text in texts for question in text.questions))
        rounds = uvloop.run(_rounds(running, cookies, questions, streams))
        return {
            "model": pace,
            "chunks": chunks,
            "rounds": rounds,
            "database_is_locked": running.logged("database is locked"),
            "memory_mb": memory(running.usage()),
        }


async def _rounds(
    running: Product, cookies: Sequence[str], questions: itertools.cycle[str], streams: Sequence[int]
) -> list[dict[str, Any]]:
    async with Sockets(running.address, SLUG, cookies) as sockets:
        await _round(running, sockets[:2], questions, spread_s=0.0)  # the first questions find connections closed
        return [
            await _round(running, sockets[:count], questions, spread_s=spread_s)
            for count in streams
            for spread_s in (0.0, SPREAD_S)
        ]


async def _round(
    running: Product, sockets: Sequence[ClientConnection], questions: itertools.cycle[str], *, spread_s: float
) -> dict[str, Any]:
    """One question through each socket, over `spread_s` seconds."""
    before, began = running.usage(), time.perf_counter()
    answers = await asyncio.gather(
        *(
            _ask_later(socket, next(questions), spread_s * number / len(sockets))
            for number, socket in enumerate(sockets)
        )
    )
    await asyncio.sleep(1.0)  # what is written down after the last word belongs to it
    seconds, after = time.perf_counter() - began, running.usage()
    result = {"streams": len(sockets), "spread_s": spread_s, "seconds": round(seconds, 1), "load": machine.load()}
    result |= _figures(answers) | _cost(before, after, len(answers))
    progress(f"  {result}")
    return result


async def _ask_later(socket: ClientConnection, question: str, delay_s: float) -> Answer:
    await asyncio.sleep(delay_s)
    answer = Answer(turn_id="", error=f"no end within {TIMEOUT_S:.0f} s")
    with suppress(TimeoutError):
        async with asyncio.timeout(TIMEOUT_S):
            answer = await ask(socket, question)
    return answer


def _figures(answers: Sequence[Answer]) -> dict[str, Any]:
    expected = expected_text(TOKENS)
    gaps = [later - earlier for answer in answers for earlier, later in itertools.pairwise(answer.words)]
    stages = sorted({stage for answer in answers for stage in answer.stages})
    return {
        "whole": sum(answer.is_whole(expected) for answer in answers),
        "errors": sorted({answer.error for answer in answers if answer.error}),
        "first_word": summary([word for answer in answers if (word := answer.first_word) is not None]),
        "gap": summary(gaps),
        "stages_p50_ms": {
            stage: summary([answer.stages[stage] for answer in answers if stage in answer.stages])["p50_ms"]
            for stage in stages
        },
    }


def _cost(before: Mapping[str, Usage], after: Mapping[str, Usage], answers: int) -> dict[str, Any]:
    thousands = answers * TOKENS / 1000
    spent = cpu_between(before, after)
    return {"cpu_s_per_1000_tokens": {name: round(each / thousands, 4) for name, each in spent.items() if each}}


if __name__ == "__main__":
    main(measure)
