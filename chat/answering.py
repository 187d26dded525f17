"""How a question becomes an answer, from top to bottom on one screen.

retrieve, with the earlier questions in mind -> is there anything? -> pack -> write -> cite -> check

The chain is LangChain's: the retrieval stages are a retriever, the prompts `ChatPromptTemplate`s, and what writes is a
`BaseChatModel`, whichever of the tenant's providers answers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from chat import checking, deciding, packing, prompt_fit, prompting, relevance
from chat.domain import (
    Answered,
    AnswerEvent,
    Checked,
    Passage,
    Picture,
    SourcesFound,
    Stage,
    StageStarted,
    TextDelta,
    Trace,
)
from chat.images.tokens import picture_tokens
from chat.question import Kit, Question, in_words, search_for, seen_in, timed
from chat.refusal import refusal_for
from chat.writing import compose, history_of, messages_of, quote

logger = logging.getLogger(__name__)

RUNNERS_UP = 6
"""Passages beyond those of the prompt that are loaded to be told of as left out."""
CHECKING_S = 5.0
"""An answer that is there already waits no longer than this for what a check of it says."""


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
        lambda packed: prompting.as_pairs(messages_of(question, packed, kit, mark)),
        count=kit.count,
        room=kit.style.context_tokens - kit.style.max_tokens,
    )
    trace.counted_tokens, trace.room_tokens = found.tokens + trace.picture_tokens, found.room + trace.picture_tokens
    trace.context_tokens, trace.tokenizer = kit.style.context_tokens + trace.picture_tokens, kit.count.name
    trace.earlier, trace.remembered = question.earlier, len(history_of(question, kit))
    return found.packed, found.cut


def passage_budget(question: Question, kit: Kit) -> int:
    """Tokens that are left for passages once everything else that the model will see is counted."""
    return prompting.room_for_passages(question.text, history_of(question, kit), style=kit.style, count=kit.count)


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
