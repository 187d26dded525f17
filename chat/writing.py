"""What is written once the passages are chosen: a model's words with citations that exist, or the documents' own."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from langchain_core.messages import BaseMessage

from chat import extractive, prompting
from chat.citations import CitationFilter
from chat.domain import Answered, AnswerEvent, CitationFound, Exchange, Passage, TextDelta, Trace
from chat.errors import ChatError, PromptTooLong
from chat.fencing import FenceFilter
from chat.llm.chain import Delta, Finished, Started
from chat.question import Kit, Question, in_words, timed
from chat.refusal import is_refusal


async def compose(
    question: Question, passages: Sequence[Passage], refusal: str, kit: Kit, trace: Trace, *, mark: str
) -> AsyncGenerator[AnswerEvent, None]:
    """The model writes, with citations that exist. A prompt that turns out too long is tried once with half of it, or
    where pictures may be what takes more than was reckoned, with them alone."""
    try:
        async with aclosing(_compose(question, passages, refusal, kit, trace, mark=mark)) as events:
            async for event in events:
                yield event
    except ChatError as error:
        fewer = () if question.pictures else passages[: len(passages) // 2]
        if error.code != PromptTooLong.code or len(passages) < (1 if question.pictures else 2):
            raise
        async with aclosing(_compose(question, fewer, refusal, kit, trace, mark=mark)) as events:
            async for event in events:
                yield event


async def _compose(
    question: Question, passages: Sequence[Passage], refusal: str, kit: Kit, trace: Trace, *, mark: str
) -> AsyncGenerator[AnswerEvent, None]:
    messages = messages_of(question, passages, kit, mark)
    trace.prompt_version = prompting.answer_prompt(kit.style).label
    citations = CitationFilter(frozenset(passage.number for passage in passages))
    has_pictures = bool(question.pictures)
    made = written(messages, citations, kit, trace, refusal=refusal, has_pictures=has_pictures)
    async with aclosing(made) as events:
        async for event in events:
            yield event


async def written(
    messages: Sequence[BaseMessage],
    citations: CitationFilter,
    kit: Kit,
    trace: Trace,
    *,
    refusal: str = "",
    has_pictures: bool = False,
) -> AsyncGenerator[AnswerEvent, None]:
    """What the model writes, with citations that exist; it is a refusal where it says no more than `refusal`. What is
    said of pictures cannot be gone on with, so that its cut is told of."""
    fences = FenceFilter()
    texts: list[str] = []
    async with aclosing(_stream(kit, messages, trace)) as items:
        async for item in items:
            match item:
                case Started():
                    started = item
                case Delta(text):
                    shown = len(citations.cited)
                    if clean := citations.feed(fences.feed(text)):
                        texts.append(clean)
                        yield TextDelta(clean)
                    for number in citations.cited[shown:]:
                        yield CitationFound(number)
                case Finished(usage, finish_reason):
                    if rest := citations.feed(fences.flush()) + citations.flush():
                        texts.append(rest)
                        yield TextDelta(rest)
                    refused = bool(refusal) and is_refusal("".join(texts), refusal)
                    yield Answered(
                        provider=started.label,
                        model=started.model,
                        usage=usage,
                        refused=refused,
                        notice=_notice(started, cut=has_pictures and finish_reason == "length"),
                        cut=finish_reason == "length",
                        from_pictures=has_pictures and not refused and not citations.cited,
                    )


async def quote(
    question: Question, passages: Sequence[Passage], refusal: str, kit: Kit, trace: Trace
) -> AsyncGenerator[AnswerEvent, None]:
    """The documents' own sentences first; the model's words, if it has any, below them as a draft."""
    quotes = await timed(
        trace, "quoting", extractive.select(in_words(question, kit.terms), passages, terms=kit.terms, embed=kit.embed)
    )
    if not quotes:
        yield TextDelta(refusal)
        yield Answered(refused=True)
        return
    yield TextDelta(extractive.as_markdown(quotes))
    for number in dict.fromkeys(each.passage.number for each in quotes):
        yield CitationFound(number)
    if not kit.style.draft:
        yield Answered()
        return
    messages = prompting.draft_messages(question.text, [each.text for each in quotes])
    trace.prompt_version = prompting.draft_prompt().label
    fences = FenceFilter()
    try:
        async with aclosing(_stream(kit, messages, trace)) as items:
            async for item in items:
                match item:
                    case Started():
                        started = item
                    case Delta(text):
                        if clean := fences.feed(text):
                            yield TextDelta(clean, draft=True)
                    case Finished(usage, finish_reason):
                        if rest := fences.flush():
                            yield TextDelta(rest, draft=True)
                        notice = _notice(started, cut=finish_reason == "length")
                        yield Answered(started.label, started.model, usage, notice=notice)
    except ChatError as error:  # the quotes are the answer; a draft that fails costs nothing
        trace.providers.append({"label": "draft", "error": error.message})
        yield Answered(notice=error.message if kit.is_chosen else "")


def messages_of(question: Question, passages: Sequence[Passage], kit: Kit, mark: str) -> list[BaseMessage]:
    """The prompt, with as much of the history as has room beside the question."""
    return prompting.answer_messages(
        question.text, history_of(question, kit), passages, style=kit.style, mark=mark, pictures=question.pictures
    )


def history_of(question: Question, kit: Kit) -> tuple[Exchange, ...]:
    """The latest exchanges that a prompt has room for."""
    return prompting.history_of(question.text, question.history, style=kit.style, count=kit.count)


async def _stream(
    kit: Kit, messages: Sequence[BaseMessage], trace: Trace
) -> AsyncGenerator[Started | Delta | Finished, None]:
    """The chain's items, with the prompt and the way they took noted in the trace."""
    pairs = prompting.as_pairs(messages)
    trace.prompt = [{"role": role, "content": text} for role, text in pairs]
    started = time.perf_counter()
    async with aclosing(kit.writer.stream(messages)) as items:
        async for item in items:
            if isinstance(item, Started):
                trace.timings_ms["first_token"] = round((time.perf_counter() - started) * 1000, 1)
                trace.providers += [{"label": each.label, "error": each.error.message} for each in item.failures]
                trace.providers.append({"label": item.label, "error": ""})
                model = item.model
            if isinstance(item, Finished) and model == kit.count.model and not trace.picture_tokens:
                await kit.count.reported(pairs, item.usage.prompt_tokens)
            yield item
    trace.timings_ms["writing"] = round((time.perf_counter() - started) * 1000, 1)


def _notice(started: Started, *, cut: bool = False) -> str:
    parts = []
    if started.failures:
        failed = [failure.label for failure in started.failures]
        said = ngettext(
            "%(label)s wrote this, because %(failed)s did not answer.",
            "%(label)s wrote this, because %(failed)s did not answer.",
            len(failed),
        )
        parts.append(said % {"label": started.label, "failed": ", ".join(failed)})
    if cut:
        parts.append(_("The answer reached its length limit and may be cut off."))
    return " ".join(parts)
