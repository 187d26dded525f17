"""A question, what it is answered with, and what is searched for."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from chat import extractive, relevance
from chat.closeness import Closeness, as_it_is
from chat.counting import TokenCounter
from chat.domain import AnswerStyle, Exchange, Picture, Retrieval, Trace
from chat.llm.chain import FallbackChain
from chat.rarity import Terms
from ingestion.domain import Scope

Result = TypeVar("Result")

SHORT_QUESTION_TERMS = 3
EARLIER_CHARS = 400
"""Of the question before, in what is embedded: a model reads so many tokens and no more, the question last."""
SEEN_CHARS = 600
"""Of the text on pictures, in what is searched for."""


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    history: tuple[Exchange, ...]
    scope: Scope
    earlier: int = 0
    """How many questions the conversation had before; `history` has the latest of them."""
    pictures: tuple[Picture, ...] = ()
    seen: str = ""
    """The text that was recognised on them."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What an answer is made with, for one tenant."""

    style: AnswerStyle
    retrieve: Callable[[Retrieval], Awaitable[Retrieval]]
    writer: FallbackChain
    language: str
    """Of the question, as ISO 639-1."""
    terms: Terms
    """Words as the lexical index has them, in that language."""
    embed: extractive.EmbedSentences | None = None
    closeness: Closeness = as_it_is
    """What the embedder's cosines mean."""
    count: TokenCounter = field(default_factory=TokenCounter)
    """Tokens, as the first model of the chain counts them."""
    lines: relevance.Lines = field(default_factory=dict)
    """From where on a collection's passages count as relevant."""
    is_chosen: bool = False
    """Whether the reader has chosen the model: where it does not answer, that is said in any case."""


def search_for(question: Question) -> Retrieval:
    """What is searched for. No model is asked to rewrite a question that leans on earlier ones: the earlier ones are
    searched for, too, with less weight, which finds as much (docs/adr/0008-follow-up-questions.md)."""
    earlier = tuple(each.question for each in question.history)
    seen = seen_in(question)
    leaning_on = (*(each[:EARLIER_CHARS] for each in earlier[-1:]), *([seen] if seen else []))
    return Retrieval(
        question=question.text,
        query=" ".join((*leaning_on, question.text)),
        context=earlier,
        seen=seen,
        scope=question.scope,
    )


def seen_in(question: Question) -> str:
    """The beginning of the text on the pictures, in one line."""
    return " ".join(question.seen.split())[:SEEN_CHARS]


def in_words(question: Question, terms: Terms) -> str:
    """The question as text to be compared with word by word: one of few words most likely leans on the one before it,
    and the words of any other one are its own."""
    if not question.history or len(set(terms(question.text))) > SHORT_QUESTION_TERMS:
        return question.text
    return f"{question.history[-1].question} {question.text}"


async def timed(trace: Trace, name: str, work: Awaitable[Result]) -> Result:
    started = time.perf_counter()
    try:
        return await work
    finally:
        trace.timings_ms[name] = round((time.perf_counter() - started) * 1000, 1)
