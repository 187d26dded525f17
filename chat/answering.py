"""How a question becomes an answer, from top to bottom on one screen.

retrieve, with the earlier questions in mind -> is there anything? -> pack -> write -> cite -> check

The chain is LangChain's: the retrieval stages are a retriever, the prompts `ChatPromptTemplate`s, and what writes is a
`BaseChatModel`, whichever of the tenant's providers answers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from langchain_core.messages import BaseMessage

from chat import checking, deciding, extractive, packing, prompt_fit, prompting, relevance
from chat.citations import CitationFilter
from chat.closeness import Closeness, as_it_is
from chat.counting import TokenCounter
from chat.domain import (
    Answered,
    AnswerEvent,
    AnswerStyle,
    Checked,
    CitationFound,
    Exchange,
    Passage,
    Picture,
    Retrieval,
    SourcesFound,
    Stage,
    StageStarted,
    TextDelta,
    Trace,
)
from chat.errors import ChatError, PromptTooLong
from chat.fencing import FenceFilter
from chat.images.tokens import picture_tokens
from chat.llm.chain import Delta, FallbackChain, Finished, Started
from chat.rarity import Terms
from chat.refusal import is_refusal, refusal_for
from ingestion.domain import Scope

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

RUNNERS_UP = 6
"""Passages beyond those of the prompt that are loaded to be told of as left out."""
SHORT_QUESTION_TERMS = 3
EARLIER_CHARS = 400
"""Of the question before, in what is embedded: a model reads so many tokens and no more, the question last."""
SEEN_CHARS = 600
"""Of the text on pictures, in what is searched for."""
CHECKING_S = 5.0
"""An answer that is there already waits no longer than this for what a check of it says."""


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


async def answer(question: Question, kit: Kit, trace: Trace) -> AsyncGenerator[AnswerEvent, None]:
    """Yield what happens; once `Answered` has come, all that may follow is what a check of the answer says. Raise
    `ChatError` where no answer could be made: what was yielded until then stays valid."""
    kit = with_room_for(question.pictures, kit, trace)
    sought = search_for(question)
    trace.query = sought.query
    yield StageStarted(Stage.SEARCHING)
    wanted = kit.style.passages + RUNNERS_UP
    state = await timed(trace, "searching", kit.retrieve(replace(sought, wanted=wanted)))
    trace.skipped = dict(state.skipped)
    mark = prompting.mark_for(question.text, state.passages)
    packed, cut = await fitted(question, kit, state.passages, trace, mark=mark)
    _note_candidates(trace, packed, cut)
    is_relevant = anything_relevant(question, kit, packed)
    if question.pictures and not is_relevant:  # they can be spoken of without a passage, and with no wrong one
        packed, cut = (), ()
    yield SourcesFound(mark_deciding(question, kit, packed), omitted=len(cut))
    refusal = refusal_for(question.text, hint=kit.style.languages)
    if not is_relevant and not question.pictures:
        yield TextDelta(refusal)
        yield Answered(refused=True)
        return
    yield StageStarted(Stage.WRITING)
    write = quote if kit.style.extractive else partial(compose, mark=mark)
    texts: list[str] = []
    is_whole = False
    async with aclosing(write(question, packed, refusal, kit, trace)) as events:
        async for event in events:
            yield event
            match event:
                case TextDelta(text, draft) if draft or not kit.style.extractive:  # quotes are what the passages say
                    texts.append(text)
                case Answered(refused=refused):
                    is_whole = not refused
    if is_whole and texts and packed:
        yield StageStarted(Stage.CHECKING)
        checked = await check("".join(texts), packed, kit, trace, only_cited=bool(question.pictures))
        if checked and checked.sentences:
            yield checked


def with_room_for(pictures: Sequence[Picture], kit: Kit, trace: Trace) -> Kit:
    """The kit with what the pictures take of the context taken off, and the prompt that speaks of them."""
    if not pictures:
        return kit
    trace.picture_tokens = sum(picture_tokens(each.width, each.height) for each in pictures)
    room = kit.style.context_tokens - trace.picture_tokens
    return replace(kit, style=replace(kit.style, context_tokens=room, prompt="picture", prompt_version=None))


async def check(
    written: str, passages: Sequence[Passage], kit: Kit, trace: Trace, *, only_cited: bool = False
) -> Checked | None:
    """Compare what a model wrote with the passages. The answer is there already: whatever goes wrong now costs the
    check and nothing else. What is said of pictures cites nothing, and no passage could bear it out."""
    try:
        async with asyncio.timeout(CHECKING_S):
            made = checking.check(
                written,
                passages,
                language=kit.language,
                is_draft=kit.style.extractive,
                only_cited=only_cited,
                embed=kit.embed,
                closeness=kit.closeness,
            )
            return await timed(trace, "checking", made)
    except Exception:
        logger.exception("an answer could not be checked")
        return None


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
    messages = _messages(question, passages, kit, mark)
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


def pack(
    question: Question, kit: Kit, passages: Sequence[Passage], *, less: int = 0
) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
    """Those that go into the prompt, and those that do not; `less` tokens than there seems to be room for."""
    return packing.pack(
        passages,
        question=f"{seen_in(question)} {in_words(question, kit.terms)}".strip(),
        terms=kit.terms,
        budget_tokens=passage_budget(question, kit) - less,
        limit=kit.style.passages,
        count=kit.count,
    )


def mark_deciding(question: Question, kit: Kit, passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """The passages with the sentences marked that the question is most likely answered by."""
    return deciding.mark(in_words(question, kit.terms), passages, terms=kit.terms, language=kit.language)


def anything_relevant(question: Question, kit: Kit, passages: Sequence[Passage]) -> bool:
    """To the question, or to the text on its pictures."""
    return any(
        relevance.any_relevant(
            words, passages, terms=kit.terms, language=kit.language, closeness=kit.closeness, lines=kit.lines
        )
        for words in filter(None, (in_words(question, kit.terms), seen_in(question)))
    )


async def fitted(
    question: Question, kit: Kit, passages: Sequence[Passage], trace: Trace, *, mark: str
) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
    """The same as `pack`, for a prompt that the model's context holds. Quotes are made without such a prompt."""
    if kit.style.extractive or not (passages or question.pictures):
        return pack(question, kit, passages)
    found = await prompt_fit.fitted(
        lambda less: pack(question, kit, passages, less=less),
        lambda packed: prompting.as_pairs(_messages(question, packed, kit, mark)),
        count=kit.count,
        room=kit.style.context_tokens - kit.style.max_tokens,
    )
    trace.counted_tokens, trace.room_tokens = found.tokens + trace.picture_tokens, found.room + trace.picture_tokens
    trace.context_tokens, trace.tokenizer = kit.style.context_tokens + trace.picture_tokens, kit.count.name
    trace.earlier, trace.remembered = question.earlier, len(_history(question, kit))
    return found.packed, found.cut


def passage_budget(question: Question, kit: Kit) -> int:
    """Tokens that are left for passages once everything else that the model will see is counted."""
    return prompting.room_for_passages(question.text, _history(question, kit), style=kit.style, count=kit.count)


def _messages(question: Question, passages: Sequence[Passage], kit: Kit, mark: str) -> list[BaseMessage]:
    return prompting.answer_messages(
        question.text, _history(question, kit), passages, style=kit.style, mark=mark, pictures=question.pictures
    )


def _history(question: Question, kit: Kit) -> tuple[Exchange, ...]:
    return prompting.history_of(question.text, question.history, style=kit.style, count=kit.count)


async def timed(trace: Trace, name: str, work: Awaitable[Result]) -> Result:
    started = time.perf_counter()
    try:
        return await work
    finally:
        trace.timings_ms[name] = round((time.perf_counter() - started) * 1000, 1)


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


def _note_candidates(trace: Trace, packed: Sequence[Passage], cut: Sequence[Passage]) -> None:
    trace.candidates = [_candidate(passage) for passage in packed]
    trace.cut = [_candidate(passage) for passage in cut]


def _candidate(passage: Passage) -> dict[str, object]:
    return {
        "chunk_id": str(passage.chunk_id),
        "document_id": str(passage.document_id),
        "document": passage.document_name,
        "page": passage.page,
        "dense": passage.dense,
        "lexical": passage.lexical,
        "fused": passage.fused,
        "excerpt": passage.text[:300],
        "shortened": bool(passage.kept),
    }
