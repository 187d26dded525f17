"""Everything that an answer needs from the database, read in one go before it begins: no connection is held while a
model speaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from django.conf import settings
from django.core.cache import cache

from chat import crowd, retrieval, selectors, settings_services, titles
from chat.aio import searching
from chat.closeness import closeness_of
from chat.continuing import Begun, first_prompt
from chat.counting import TokenCounter
from chat.domain import AnswerStyle, Passage, ProviderConfig, ProviderKind, Retrieval
from chat.images.asked import pictures_of
from chat.images.sight import require_sight, seeing_choices
from chat.lines.selectors import lines_of
from chat.llm import chat_model
from chat.llm.breaker import Breaker
from chat.llm.chain import FallbackChain, Link
from chat.llm.tokenizers import tokenizer_of
from chat.models import AnswerSettings, Source, Turn
from chat.question import Kit, Question
from chat.refusal import language_of
from chat.retrieval.dense import embed_question
from ingestion.domain import Scope
from ingestion.index import tokens
from ingestion.parts import Parts
from ingestion.selectors import searched_collection_ids, searched_scope, versions_in_use
from ingestion.tenant_parts import parts_of
from tenants.models import Tenant

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

STARTER_LANGUAGES = frozenset({"en"})
"""What the starter model can write; in any other language its drafts only look like one."""
SERVERS_OWN = UUID("6f0c1c6e-7f0e-4b52-9b6a-0d8f2d5f5d11")
"""Namespace of the ids that the server's own providers, which have no row, go by in the circuit breaker."""


@dataclass(frozen=True, slots=True)
class Plan:
    question: Question
    kit: Kit
    begun: Begun | None = None
    """What the answer goes on with."""
    titling: FallbackChain | None = None
    """What the conversation gets a name from after the answer, where it shall have one."""


def load(turn: Turn, breaker: Breaker) -> Plan:
    """Synchronous, and may ask Ollama whether it is there: call it in a thread."""
    history, earlier = selectors.history_before(turn)
    kit = _kit_for(turn, breaker)
    room = kit.style.context_tokens - kit.style.max_tokens
    question = Question(
        text=turn.question,
        history=history,
        earlier=earlier,
        scope=scope_of(turn.tenant, turn.collection_ids, turn.document_ids),
        pictures=pictures_of(turn, room=room) if turn.image_count else (),
    )
    wanted = titles.is_wanted(turn, history, earlier)
    titling = kit.writer.first_alone(max_tokens=titles.MAX_TOKENS) if wanted else None
    return Plan(question, kit, begun=_begun(turn), titling=titling)


def _kit_for(turn: Turn, breaker: Breaker) -> Kit:
    """What answers is the model that was chosen, or with pictures the first that can see."""
    if turn.chosen_provider_id is None:
        instead = Instead(choices=seeing_choices(turn.tenant)) if turn.image_count else Instead()
        return kit_of(turn.tenant, turn.question, breaker, instead)
    chosen = settings_services.chosen(turn.tenant, turn.chosen_provider_id)
    if turn.image_count:
        require_sight(chosen)
    return replace(kit_of(turn.tenant, turn.question, breaker, Instead(choices=chosen)), is_chosen=True)


def _begun(turn: Turn) -> Begun | None:
    """The first part of an answer that goes on with one."""
    if turn.continues_id is None:
        return None
    old = Turn.objects.for_tenant(turn.tenant_id).get(pk=turn.continues_id)
    sources = Source.objects.for_tenant(turn.tenant_id).filter(turn=old)
    return Begun(old.answer, tuple(_passage(source) for source in sources), first_prompt(old.trace), old.trace)


def _passage(source: Source) -> Passage:
    return Passage(
        number=source.number,
        chunk_id=source.chunk_id,
        document_id=source.document_id or source.chunk_id,  # deleted since: a source of no document any more
        document_name=source.document_name,
        text=source.text,
        start=source.start,
        end=source.end,
        page=source.page,
        heading=source.heading,
        dense=source.dense,
        lexical=source.lexical,
        fused=source.fused,
        last_page=source.last_page,
        deciding=tuple((start, end) for start, end in source.deciding),
    )


@dataclass(frozen=True, slots=True)
class Instead:
    """What answers are made with where that is not what the tenant has set up; None is what it has."""

    answers: AnswerSettings | None = None
    choices: Sequence[settings_services.Choice] | None = None
    """The providers to try, in order."""
    stages: retrieval.Stages | None = None
    """Of the retrieval."""
    documents_of: UUID | None = None
    """Whose documents are searched: the tenant's own, or a throw-away copy of them."""


def kit_of(tenant: Tenant, question: str, breaker: Breaker, instead: Instead = Instead()) -> Kit:
    answers = instead.answers or settings_services.answer_settings(tenant)
    links = _links(settings_services.provider_configs(tenant, answers) if instead.choices is None else instead.choices)
    language = language_of(question).partition("-")[0]
    configured = parts_of(tenant.pk)
    searched = instead.documents_of or tenant.pk
    pipeline = retrieval.build_pipeline(searched, parts=configured, stages=instead.stages)
    return Kit(
        style=style_of(answers, links, question),
        retrieve=_in_turn(pipeline, configured),
        writer=_chain(tenant, links, breaker),
        language=language,
        terms=lambda text: tokens.terms(text, language),
        embed=getattr(configured.embedder, "aembed_sentences", None),
        closeness=closeness_of(configured.embedder),
        count=counter_of(links[0].config) if links else TokenCounter(),
        lines=lines_of(tenant_id=tenant.pk),
    )


def scope_of(
    tenant: Tenant, collection_ids: Iterable[str] | None = None, document_ids: Iterable[str] | None = None
) -> Scope:
    """What may be searched: the tenant's choice, narrowed to the reader's where there is one. Ids of other tenants
    fall out, and nothing left means that nothing is searched."""
    if collection_ids is None and document_ids is None:
        return searched_scope(tenant=tenant)
    searched = searched_collection_ids(tenant=tenant)
    return Scope(
        collection_ids=searched & {UUID(each) for each in collection_ids or ()},
        document_ids=versions_in_use(tenant=tenant, document_ids=map(UUID, document_ids or ())),
    )


def style_of(answers: AnswerSettings, links: list[Link], question: str) -> AnswerStyle:
    """The tenant's settings as the answering code takes them; the smallest context of the chain has to do."""
    starter_first = bool(links) and links[0].config.kind is ProviderKind.STARTER
    automatic = answers.mode == AnswerSettings.Mode.AUTO and (starter_first or not links)
    return AnswerStyle(
        extractive=automatic or answers.mode == AnswerSettings.Mode.EXTRACTIVE,
        draft=bool(links) and (not starter_first or language_of(question) in STARTER_LANGUAGES),
        passages=answers.passages,
        instructions=answers.system_prompt,
        languages=tuple(answers.languages),
        max_tokens=answers.max_tokens,
        context_tokens=min((link.config.context_tokens for link in links), default=answers.context_tokens),
    )


def counter_of(config: ProviderConfig) -> TokenCounter:
    """How `config`'s model counts, with what is known from its earlier prompts."""
    key = f"token-factors:{uuid5(SERVERS_OWN, f'{config.base_url} {config.model}')}"
    return TokenCounter(
        model=config.model,
        ask=tokenizer_of(config, allowed=settings_services.outbound_hosts()),
        factors=dict(cache.get(key) or {}),
        keep=lambda factors: cache.set(key, factors, timeout=None),
    )


def _links(choices: Iterable[settings_services.Choice]) -> list[Link]:
    return [
        Link(
            provider_id=choice.id or uuid5(SERVERS_OWN, choice.config.base_url),
            label=choice.label,
            config=choice.config,
        )
        for choice in choices
    ]


def _in_turn(retrieve: retrieval.Pipeline, configured: Parts) -> retrieval.Pipeline:
    """Searches take turns. The embedder is asked before: the more questions it sees together, the less each costs."""

    async def search(state: Retrieval) -> Retrieval:
        if not state.scope.is_empty:
            vector, words = await embed_question(configured, state.query)
            state = replace(state, vector=vector, words=words)
        async with searching():
            return await retrieve(state)

    return search


def _chain(tenant: Tenant, links: list[Link], breaker: Breaker) -> FallbackChain:
    allowed = settings_services.outbound_hosts()

    def build(config: ProviderConfig) -> BaseChatModel:
        model = chat_model(config, allowed=allowed, registry=settings.RAG["LLM"])
        return model.model_copy(update={"gather_s": crowd.gather_s()}) if hasattr(model, "gather_s") else model

    return FallbackChain(links, tenant_id=tenant.pk, breaker=breaker, build=build)
