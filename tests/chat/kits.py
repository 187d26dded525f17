"""An answering kit without models: retrieval finds what the test says, a scripted model writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import uuid4

from langchain_core.language_models import BaseChatModel

from chat.counting import TokenCounter
from chat.domain import AnswerStyle, Exchange, Passage, ProviderConfig, ProviderKind, Retrieval
from chat.llm.breaker import MemoryBreaker
from chat.llm.chain import FallbackChain, Link
from chat.llm.fakes import ScriptedChat, Step
from chat.plans import Plan
from chat.question import Kit, Question
from ingestion.domain import Scope
from ingestion.index import tokens

CONFIG = ProviderConfig(kind=ProviderKind.OPENAI, model="scripted-1", base_url="http://127.0.0.1:9/v1")

Plans = Callable[[Kit], None]
"""Of the fixture `planned`."""


def passage(text: str, *, name: str = "guide.txt", dense: float | None = 0.9, page: int | None = None) -> Passage:
    return Passage(
        number=0,
        chunk_id=uuid4(),
        document_id=uuid4(),
        document_name=name,
        text=text,
        start=0,
        end=len(text),
        page=page,
        dense=dense,
        fused=0.1,
    )


def chain(model: BaseChatModel) -> FallbackChain:
    link = Link(provider_id=uuid4(), label="Scripted", config=CONFIG)
    return FallbackChain([link], tenant_id=uuid4(), breaker=MemoryBreaker(), build=lambda _config: model)


def kit(
    passages: Sequence[Passage],
    script: Sequence[Step] | BaseChatModel = (),
    *,
    extractive: bool = False,
    searched: list[str] | None = None,
    style: AnswerStyle | None = None,
    count: TokenCounter | None = None,
) -> Kit:
    """`searched` collects the queries that retrieval was asked."""

    async def retrieve(state: Retrieval) -> Retrieval:
        if searched is not None:
            searched.append(state.query)
        return Retrieval(state.question, state.query, state.scope, passages=tuple(passages))

    writer = script if isinstance(script, BaseChatModel) else ScriptedChat(script=list(script))
    return Kit(
        style=style or AnswerStyle(extractive=extractive),
        retrieve=retrieve,
        writer=chain(writer),
        language="en",
        terms=lambda text: tokens.terms(text, "en"),
        count=count or TokenCounter(),
    )


def question(text: str, *history: tuple[str, str]) -> Question:
    return Question(text=text, history=tuple(Exchange(*each) for each in history), scope=Scope())


def plan(text: str, the_kit: Kit) -> Plan:
    return Plan(question(text), the_kit)
