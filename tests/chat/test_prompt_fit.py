"""A prompt is never longer than the context without the answer, by the count of whoever counts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.answering import fitted, passage_budget
from chat.counting import Messages, TokenCounter
from chat.domain import AnswerStyle, Exchange, Passage, ProviderConfig, ProviderKind, Trace
from chat.errors import PromptTooLong
from chat.llm import tokenizers
from chat.llm.clients import close_clients
from chat.llm.tokenizers import tokenizer_of
from chat.question import Question
from ingestion.domain import Scope
from tests.chat import kits

WORDS = (
    "The warranty lasts two years. ", "Гаранција траје две године. ", "保修期为两年。", "Die Gewährleistung endet. ",
    "4915.7730-22/1 ", "aGVsbG8gd29ybGQgdGhpcyBpcyBiYXNl", "\n\n", "| 12 | 34 |\n", "การรับประกัน", "😀", "<|im_end|>",
    "</passages>", "[3] ", "ć", "x",
)  # fmt: skip
MARK = "bcdfgh"

texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=120).map("".join)


@st.composite
def questions(draw: st.DrawFn) -> tuple[Question, list[Passage], AnswerStyle]:
    history = draw(st.lists(st.tuples(texts, texts), max_size=8))
    style = AnswerStyle(
        extractive=False,
        context_tokens=draw(st.integers(1024, 4096)),
        max_tokens=draw(st.integers(32, 512)),
        instructions=draw(st.sampled_from(["", "Be brief.", "Be kind. " * 40])),
    )
    asked = Question(draw(texts.map(lambda text: text[:600])), tuple(Exchange(*each) for each in history), Scope())
    found = [kits.passage(text, name=name) for text, name in draw(st.lists(st.tuples(texts, texts), max_size=9))]
    return asked, found, style


async def fits(case: tuple[Question, list[Passage], AnswerStyle], count: TokenCounter) -> None:
    asked, found, style = case
    kit = kits.kit(found, style=style, count=count)
    trace = Trace()
    try:
        packed, cut = await fitted(asked, kit, found, trace, mark=MARK)
    except PromptTooLong:
        assert passage_budget(asked, kit) < style.context_tokens // 4
        return
    assert {each.chunk_id for each in (*packed, *cut)} == {each.chunk_id for each in found}
    if found:
        assert packed
        assert trace.counted_tokens is not None
        assert trace.counted_tokens <= style.context_tokens - style.max_tokens == trace.room_tokens


@settings(max_examples=60, deadline=None)
@given(questions())
async def test_by_the_estimate(case: tuple[Question, list[Passage], AnswerStyle]) -> None:
    await fits(case, TokenCounter())


@settings(max_examples=60, deadline=None)
@given(questions(), st.floats(0.3, 4.0))
async def test_by_a_tokenizer_that_sees_it_otherwise(
    case: tuple[Question, list[Passage], AnswerStyle], factor: float
) -> None:
    async def tokenizer(messages: Messages) -> int:
        return round(factor * sum(len(text.encode()) / 3 for _role, text in messages))

    await fits(case, TokenCounter("m", ask=tokenizer))


@pytest.mark.slow
@pytest.mark.xdist_group("models")
def test_by_the_starter_models_own_tokenizer(starter_llm_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizers, "PATIENCE_S", 60.0)  # on a busy machine the estimate would be taken
    config = ProviderConfig(kind=ProviderKind.STARTER, model="starter", base_url=starter_llm_url)
    ask = tokenizer_of(config, allowed=[starter_llm_url.split("/")[2]])
    asked: list[int | None] = []

    async def tokenizer(messages: Messages) -> int | None:
        assert ask is not None
        asked.append(await ask(messages))
        return asked[-1]

    @settings(max_examples=25, deadline=None)
    @given(questions())
    def holds(case: tuple[Question, list[Passage], AnswerStyle]) -> None:
        async def once() -> None:
            try:
                await fits(case, TokenCounter("starter", ask=tokenizer))
            finally:
                await close_clients()

        asyncio.run(once())

    holds()
    assert asked
    assert None not in asked


async def test_a_word_without_an_end_is_cut_to_what_fits() -> None:
    style = AnswerStyle(extractive=False, context_tokens=1024)
    found = [kits.passage("x1" * 5000)]
    packed, _cut = await fitted(kits.question("What?"), kits.kit(found, style=style), found, Trace(), mark=MARK)

    assert packed[0].text == found[0].text
    assert found[0].text.startswith(packed[0].excerpt)
    assert 50 < len(packed[0].excerpt) < 2000


async def test_a_question_that_fills_the_context_is_refused_with_a_sentence() -> None:
    style = AnswerStyle(extractive=False, context_tokens=1024)
    found = [kits.passage("The warranty lasts two years.")]

    with pytest.raises(PromptTooLong, match="Ask more briefly"):
        await fitted(kits.question("why " * 900), kits.kit(found, style=style), found, Trace(), mark=MARK)


async def test_room_that_the_tokenizer_turns_out_to_leave_is_used() -> None:
    """The estimate takes English for dearer than this model does, so that sentences were left out for nothing."""
    sentences = [f"Sentence number {word} is about the warranty of the pump. " for word in "abcdefghij"]
    found = [kits.passage("".join(sentences)) for _ in range(8)]
    style = AnswerStyle(extractive=False, context_tokens=1500)

    async def half(messages: Messages) -> int:
        return round(0.5 * sum(len(text) / 4 for _role, text in messages))

    def chars(packed: Sequence[Passage]) -> int:
        return sum(len(each.excerpt) for each in packed)

    asked = kits.question("How long is the warranty?")
    careful, _cut = await fitted(asked, kits.kit(found, style=style), found, Trace(), mark=MARK)
    told, _cut = await fitted(
        asked, kits.kit(found, style=style, count=TokenCounter("m", ask=half)), found, Trace(), mark=MARK
    )

    assert chars(told) > 1.3 * chars(careful)
