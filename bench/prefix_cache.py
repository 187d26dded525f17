"""How much of a follow-up's prompt the model server has in its cache: a conversation with the starter model, whose
server says how many tokens of each prompt it had and how many it read.

Each prompt is made as an answer's is, with passages of its own; the model's answer is the next question's history. Once
in one language, and once with languages in turns, as people who read German manuals in Serbian ask.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

import httpx

from bench.support import main, progress
from bench.texts import manuals
from project.processes.ports import free_ports

TURNS = 14
PASSAGES = 5
PASSAGE_CHARS = 400
"""About 512 tokens of passages in each prompt."""
ANSWER_TOKENS = 48
ASKED = {
    "one_language": ("And what does the {part} of the {machine} cost, and when is it replaced?",),
    "languages_in_turns": (
        "And what does the {part} of the {machine} cost, and when is it replaced?",
        "Und was kostet {part} ({machine}), und wann wird es ersetzt?",
        "А колико кошта {part} ({machine}) и када се мења?",
    ),
}
ROLES = {"human": "user", "ai": "assistant", "system": "system"}


def measure(quick: bool) -> Mapping[str, Any]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django

    django.setup()
    from tests.services import starter_llm

    with starter_llm(free_ports(1)[0]) as url:
        return {name: asyncio.run(_conversation(url, name, 4 if quick else TURNS)) for name in ASKED}


async def _conversation(url: str, name: str, turns: int) -> dict[str, Any]:
    exchanges: list[tuple[str, str]] = []
    read: list[int] = []
    cached: list[int] = []
    async with httpx.AsyncClient(timeout=300.0, trust_env=False) as client:
        for question, passages in _questions(name, turns):
            prompt = await _prompt(question, exchanges, passages)
            body = {"messages": prompt, "max_tokens": ANSWER_TOKENS, "temperature": 0}
            said = (await client.post(f"{url}/chat/completions", json=body)).raise_for_status().json()
            read.append(said["timings"]["prompt_n"])
            cached.append(said["timings"]["cache_n"])
            exchanges.append((question, said["choices"][0]["message"]["content"]))
            progress(f"{name} {len(read)}: {cached[-1]} from the cache, {read[-1]} read")
    return {
        "first_prompt_read": read[0],
        "follow_up_read_mean": round(fmean(read[1:])),
        "follow_up_cached_mean": round(fmean(cached[1:])),
        "follow_up_cached_share": round(sum(cached[1:]) / (sum(cached[1:]) + sum(read[1:])), 3),
        "read": read,
        "cached": cached,
    }


def _questions(name: str, turns: int) -> Iterator[tuple[str, list[str]]]:
    """A question about another machine each time, and its passages."""
    for number, manual in enumerate(manuals(turns, chapters=PASSAGES, seed=5)):
        title, *chapters = manual.text.split("\n\n## ")
        machine = title.removeprefix("# Manual of the ")
        part = chapters[0].split("\n")[0].split(". The ")[-1]
        asked = ASKED[name]
        yield asked[number % len(asked)].format(part=part, machine=machine), [each[:PASSAGE_CHARS] for each in chapters]


async def _prompt(question: str, exchanges: Sequence[tuple[str, str]], passages: Sequence[str]) -> list[dict[str, str]]:
    """What `chat.answering` sends, with as much of the conversation as a turn is given."""
    from chat.answering import answer
    from chat.domain import Trace
    from chat.selectors import history_start
    from tests.chat import kits

    trace = Trace()
    asked = kits.question(question, *exchanges[history_start(len(exchanges)) :])
    kit = kits.kit([kits.passage(text, dense=0.99) for text in passages], ["Yes."])
    async for _event in answer(asked, kit, trace):
        pass
    return [{"role": ROLES[each["role"]], "content": each["content"]} for each in trace.prompt]


if __name__ == "__main__":
    main(measure)
