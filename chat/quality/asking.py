"""One golden question through the real pipeline: search alone, or with an answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import assert_never

from chat.answering import RUNNERS_UP, answer, anything_relevant, pack
from chat.domain import (
    Answered,
    Checked,
    CitationFound,
    Passage,
    Retrieval,
    SourcesFound,
    StageStarted,
    TextDelta,
    Trace,
    Usage,
)
from chat.quality.figures import DEPTH
from chat.question import Kit, Question, search_for
from project.errors import AppError


@dataclass(slots=True)
class Asked:
    """Filled in while it is answered, and kept when that breaks. Milliseconds count from the question."""

    found: tuple[Passage, ...] = ()
    """The best passages, best first, whether they went into the prompt or not."""
    sent: tuple[Passage, ...] = ()
    """Those of the prompt."""
    refused: bool | None = None
    written: list[str] = field(default_factory=list)
    sentences: int | None = None
    unsupported: int | None = None
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    sources_ms: int | None = None
    first_word_ms: int | None = None
    elapsed_ms: int | None = None
    """Until the answer was whole; None where there is none."""
    error: str = ""
    """A `Sentence` where it is known what it was made of."""

    @property
    def answer(self) -> str:
        return "".join(self.written)


async def ask(question: Question, kit: Kit, *, with_answer: bool) -> Asked:
    """What an `AppError` says is kept with what there was until then; anything else is raised."""
    asked = Asked()
    clock = _clock()
    kit = _listening(kit, asked)
    try:
        await (_answer(question, kit, asked, clock) if with_answer else _search(question, kit, asked, clock))
    except AppError as error:
        asked.error = error.message
    return asked


def _listening(kit: Kit, asked: Asked) -> Kit:
    """The same kit, which notes the order in which passages were found: of a prompt only those that fit are told."""

    async def retrieve(state: Retrieval) -> Retrieval:
        wanted = state.wanted or DEPTH
        found = await kit.retrieve(replace(state, wanted=max(wanted, DEPTH)))
        asked.found = found.passages[:DEPTH]
        return replace(found, passages=found.passages[:wanted])

    return replace(kit, retrieve=retrieve)


async def _search(question: Question, kit: Kit, asked: Asked, clock: Callable[[], int]) -> None:
    state = await kit.retrieve(replace(search_for(question), wanted=kit.style.passages + RUNNERS_UP))
    asked.sources_ms = clock()
    asked.sent, _cut = pack(question, kit, state.passages)
    asked.refused = not anything_relevant(question, kit, asked.sent)


async def _answer(question: Question, kit: Kit, asked: Asked, clock: Callable[[], int]) -> None:
    async with aclosing(answer(question, kit, Trace())) as events:
        async for event in events:
            match event:
                case SourcesFound(passages):
                    asked.sent, asked.sources_ms = passages, clock()
                case TextDelta(text):
                    asked.first_word_ms = clock() if asked.first_word_ms is None else asked.first_word_ms
                    asked.written.append(text)
                case Answered():
                    asked.refused, asked.model, asked.usage = event.refused, event.model, event.usage
                    asked.elapsed_ms = clock()
                case Checked():
                    asked.sentences, asked.unsupported = event.sentences, event.faults
                case StageStarted() | CitationFound():
                    pass
                case _:
                    assert_never(event)


def _clock() -> Callable[[], int]:
    started = time.perf_counter()
    return lambda: round((time.perf_counter() - started) * 1000)
