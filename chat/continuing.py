"""An answer that was cut at its longest length, or stopped, goes on from where it ended.

The model gets the very prompt of the first part, so that the passages and their numbers are the same, then what it has
written, and is asked for the rest. Every chat protocol can do that; a last message of the model's own, to be gone on
with, is something that few servers take.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from chat import answering, prompting, writing
from chat.citations import CitationFilter
from chat.domain import GAP, AnswerEvent, CitationFound, Passage, SourcesFound, Stage, StageStarted, TextDelta, Trace
from chat.question import Kit

LAST_WORD = re.compile(r"\S{1,40}\Z")
"""The end of an answer may be half a word. It is written once more, so that it is a whole one."""
LEAST_CHARS = 400
"""Of the first part, that the model is shown at least."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The first part of an answer, and what it was made from."""

    text: str
    passages: tuple[Passage, ...]
    prompt: Sequence[tuple[str, str]]
    """Roles and texts, as the model has had them."""
    trace: dict[str, Any]
    """As it was stored."""


async def go_on(begun: Begun, kit: Kit, trace: Trace) -> AsyncGenerator[AnswerEvent, None]:
    """Yield what `answering.answer` does, for the whole answer: first what there is of it, then the rest."""
    kit = replace(kit, style=replace(kit.style, extractive=False))
    for name in ("query", "candidates", "cut", "prompt_version", "earlier", "remembered"):
        setattr(trace, name, begun.trace.get(name, getattr(trace, name)))
    # What was left out of a passage is not known any more.
    trace.candidates = [{**candidate, "shortened": False} for candidate in trace.candidates]
    yield SourcesFound(begun.passages, omitted=len(trace.cut))
    citations = CitationFilter(frozenset(passage.number for passage in begun.passages))
    begun_with = LAST_WORD.sub("", begun.text)
    text = citations.feed(begun_with)  # the beginning of some code may be held back until the rest of it is there
    yield TextDelta(text)
    for number in citations.cited:
        yield CitationFound(number)
    yield StageStarted(Stage.WRITING)
    written = [text]
    messages = prompting.continued_messages(begun.prompt, await _said(begun, begun_with, kit, trace))
    async with aclosing(writing.written(messages, citations, kit, trace)) as events:
        async for event in events:
            yield event
            if isinstance(event, TextDelta):
                written.append(event.text)
    yield StageStarted(Stage.CHECKING)
    checked = await answering.check("".join(written), begun.passages, kit, trace)
    if checked and checked.sentences:
        yield checked


async def _said(begun: Begun, text: str, kit: Kit, trace: Trace) -> str:
    """As much of the end of the first part as the model's context has room for."""
    room = trace.room_tokens = kit.style.context_tokens - kit.style.max_tokens
    trace.context_tokens = kit.style.context_tokens
    said = text.strip() or GAP.strip()
    while True:
        prompt = prompting.continued_messages(begun.prompt, said)
        trace.counted_tokens = await kit.count.prompt(prompting.as_pairs(prompt))
        if trace.counted_tokens <= room or len(said) <= LEAST_CHARS:
            return said
        said = said[len(said) // 2 :]


def first_prompt(trace: dict[str, Any]) -> list[tuple[str, str]]:
    """Of a stored trace, without what was added where the answer was gone on with before."""
    pairs = [(each["role"], each["content"]) for each in trace.get("prompt", ())]
    return pairs[:-2] if pairs and pairs[-1][1] == prompting.GO_ON else pairs
