"""What the product adds before the first word: a question asked through it, and the same prompt sent straight to the
model, in turns. Once with a model that only sends tokens, and once with the bundled starter model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import uuid4

import httpx
import orjson
import uvloop
from websockets.asyncio.client import ClientConnection

from bench.conversation import Answer, Sockets, ask, summary
from bench.support import ingest, main, product, progress, session_cookie, tenant_with_members
from bench.texts import manuals
from tests.contracts.http import Reply, Request
from tests.contracts.openai_server import OpenAIServer, say

FIRST_TOKEN_S = 0.3
MODEL = "phi-3.5-mini"
QUESTIONS = 40
STARTER_QUESTIONS = 12
STARTER_TOKENS = 32
"""Enough for a first word: the rest of an answer is the model's own time."""
MANUALS, CHAPTERS = 12, 6

Body = dict[str, Any]


class SteadyModel(OpenAIServer):
    """Answers with a word after `FIRST_TOKEN_S`, and keeps what it was asked in `requests`."""

    async def _completions(self, request: Request, reply: Reply) -> None:
        await say("Yes ", "[1].", first_token_s=FIRST_TOKEN_S)(request, reply)


def measure(quick: bool) -> Mapping[str, Any]:
    with (
        SteadyModel(models=(MODEL,)) as upstream,
        product(
            RAZGOVOR_LLM=f"openai:{MODEL}", RAZGOVOR_LLM_URL=upstream.base_url, RAZGOVOR_QUESTIONS_PER_MINUTE="100000"
        ) as running,
    ):
        texts = manuals(MANUALS, chapters=CHAPTERS, seed=2)
        questions = sorted(question for text in texts for question in text.questions)
        cookies = {}
        for slug in ("steady", "starter", "quoting"):
            tenant, (user,) = tenant_with_members(slug, 1)
            ingest(tenant, user, texts)
            cookies[slug] = session_cookie(user)
        _let_the_starter_write("starter")
        _let_the_starter_quote("quoting")
        return uvloop.run(_measure(running.address, cookies, questions, upstream, 8 if quick else 1))


async def _measure(
    address: str, cookies: Mapping[str, str], questions: Sequence[str], upstream: OpenAIServer, divisor: int
) -> dict[str, Any]:
    progress("a model that only sends tokens")
    async with Sockets(address, "steady", [cookies["steady"]]) as (socket,):
        asked = questions[: QUESTIONS // divisor + 1]
        before = _completions(upstream)
        steady = await _compare(socket, asked, lambda _answer: upstream.requests[-1].json, upstream.base_url)
        calls = _completions(upstream) - before - steady["straight_to_the_model"]["n"]
    # One for each question and no more: nothing was asked of the model before a first question's answer.
    assert calls == steady["questions"], f"{calls} model calls for {steady['questions']} questions"
    progress("the starter model")
    async with Sockets(address, "starter", [cookies["starter"]]) as (socket,):
        asked = questions[: STARTER_QUESTIONS // min(divisor, 3)]
        starter = await _compare(socket, asked, _starter_prompt, _starter_url())
    async with Sockets(address, "quoting", [cookies["quoting"]]) as (socket,):
        quoted = [await ask(socket, question) for question in asked]
    assert all(answer.is_whole() for answer in quoted), [answer.error for answer in quoted]
    return {
        "first_token_ms": FIRST_TOKEN_S * 1000,
        "model_calls_per_question": calls / steady["questions"],
        "steady_model": steady,
        "starter_model": starter,
        "starter_model_quoting": summary([answer.words[0] for answer in quoted]),
    }


async def _compare(
    socket: ClientConnection, questions: Sequence[str], prompt_of: Callable[[Answer], Body], url: str
) -> dict[str, Any]:
    """Ask one half of the questions through the product, and send the prompts of the other half straight to the model,
    in turns. Those begin with something new, so that the model has read neither kind of prompt before."""
    await ask(socket, questions[0])  # connections and imports
    half = len(questions) // 2
    prompts = [await _prompt(await ask(socket, question), prompt_of) for question in questions[half:]]
    through, straight, stages = [], [], []
    async with httpx.AsyncClient(timeout=120.0, trust_env=False) as client:
        for question, prompt in zip(questions[:half], islice(prompts, half), strict=True):
            answer = await ask(socket, question)
            assert answer.is_whole(), answer.error
            through.append(answer.words[0])
            stages.append(answer.stages)
            straight.append(await _first_token(client, url, _unread(prompt)))
    return {
        "questions": len(questions) + 1,
        "through_the_product": summary(through),
        "straight_to_the_model": summary(straight),
        "added_p50_ms": round(summary(through)["p50_ms"] - summary(straight)["p50_ms"], 1),
        "stages_p50_ms": {name: summary([each[name] for each in stages])["p50_ms"] for name in stages[0]},
    }


async def _prompt(answer: Answer, prompt_of: Callable[[Answer], Body]) -> Body:
    assert answer.is_whole(), answer.error
    return await asyncio.to_thread(prompt_of, answer)


def _unread(prompt: Body) -> Body:
    """The prompt with other words right behind the instructions, which every prompt has in common."""
    *others, last = prompt["messages"]
    return prompt | {"messages": [*others, last | {"content": f"({uuid4()})\n{last['content']}"}]}


async def _first_token(client: httpx.AsyncClient, url: str, prompt: Body) -> float:
    """Seconds from the request to the first text."""
    began = time.perf_counter()
    first = 0.0
    async with client.stream("POST", f"{url}/chat/completions", json=prompt) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if line.startswith("data: {") and not first:
                choices = orjson.loads(line[6:])["choices"]
                first = time.perf_counter() - began if choices and choices[0]["delta"].get("content") else 0.0
    return first


def _completions(upstream: OpenAIServer) -> int:
    """Nothing else is one: a server is asked once whether it counts tokens itself."""
    return sum(request.path.endswith("/chat/completions") for request in upstream.requests)


def _starter_prompt(answer: Answer) -> Body:
    """The prompt is in the turn's trace, as a request to the starter model has it."""
    from chat.models import Turn
    from chat.settings_services import STARTER_MODEL

    roles = {"human": "user", "ai": "assistant"}
    turn = Turn.all_tenants.get(pk=answer.turn_id)
    messages = [
        {"role": roles.get(each["role"], each["role"]), "content": each["content"]} for each in turn.trace["prompt"]
    ]
    return {"model": STARTER_MODEL, "messages": messages, "max_tokens": STARTER_TOKENS, "stream": True}


def _starter_url() -> str:
    from django.conf import settings

    return str(settings.STARTER_URL)


def _let_the_starter_write(slug: str) -> None:
    from chat.models import AnswerSettings

    AnswerSettings.objects.create(
        tenant=_starter_tenant(slug), mode=AnswerSettings.Mode.GENERATIVE, max_tokens=STARTER_TOKENS
    )


def _let_the_starter_quote(slug: str) -> None:
    from chat.models import AnswerSettings

    AnswerSettings.objects.create(
        tenant=_starter_tenant(slug), mode=AnswerSettings.Mode.AUTO, max_tokens=STARTER_TOKENS
    )


def _starter_tenant(slug: str) -> Any:
    """A tenant that chose the starter model."""
    from chat.models import Provider
    from chat.settings_services import STARTER_MODEL
    from tenants.models import Tenant

    tenant = Tenant.objects.get(slug=slug)
    Provider.objects.create(tenant=tenant, kind=Provider.Kind.STARTER, model=STARTER_MODEL)
    return tenant


if __name__ == "__main__":
    main(measure)
