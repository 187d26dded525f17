"""What a run tries out: the organisation's settings, with some of them different."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from chat import plans, prompts, settings_services
from chat.domain import AnswerStyle
from chat.errors import NoProvider
from chat.llm.breaker import Breaker
from chat.models import AnswerSettings, Provider
from chat.plans import Instead
from chat.question import Kit
from chat.retrieval import Entry, Stages
from chat.settings_services import Choice
from ingestion.parts import chunker
from ingestion.tenant_parts import embedder_name
from tenants.models import Tenant

OF_ANSWERS = {
    "mode": "mode",
    "instructions": "system_prompt",
    "passages": "passages",
    "context_tokens": "context_tokens",
    "max_tokens": "max_tokens",
}
"""What of a configuration is a field of `AnswerSettings`, and which."""
WEIGHT = "dense_weight"
"""The option of a retrieval stage that says how much meaning counts against words."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """None is whatever the organisation has set up. Kept as JSON with each run, see `changes` and `read`."""

    provider: str | None = None
    """The key of a choice (see `choices_of`); it is asked alone."""
    model: str | None = None
    """Another model of that provider, or of the first one."""
    mode: str | None = None
    prompt_version: int | None = None
    instructions: str | None = None
    passages: int | None = None
    context_tokens: int | None = None
    max_tokens: int | None = None
    dense_weight: float | None = None
    chunk_characters: int | None = None
    """Of the largest passage. The documents are split anew into a throw-away copy, which is searched alone."""

    @property
    def changes(self) -> dict[str, Any]:
        """What is different, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def read(changes: Mapping[str, Any]) -> Configuration:
    """Settings that this version does not know are left out."""
    known = {each.name for each in fields(Configuration)}
    return Configuration(**{name: value for name, value in changes.items() if name in known})


def choices_of(tenant: Tenant, answers: AnswerSettings) -> dict[str, Choice]:
    """Every provider that can be asked, by its key: the tenant's own, switched off or not, else the server's."""
    rows = Provider.objects.for_tenant(tenant)
    own = [Choice(row.pk, str(row), settings_services.provider_config(row, answers)) for row in rows]
    every = own or settings_services.provider_configs(tenant, answers)
    return {str(choice.id or f"server:{number}"): choice for number, choice in enumerate(every)}


def instead_of(tenant: Tenant, wanted: Configuration, *, documents_of: UUID | None = None) -> Instead:
    """Raise `NoProvider` where the chosen provider is gone."""
    answers = answers_of(tenant, wanted)
    return Instead(
        answers=answers, choices=chain_of(tenant, answers, wanted), stages=stages_of(wanted), documents_of=documents_of
    )


def answers_of(tenant: Tenant, wanted: Configuration) -> AnswerSettings:
    """The tenant's settings with the changes; not to be saved."""
    answers = copy(settings_services.answer_settings(tenant))
    for name, column in OF_ANSWERS.items():
        if (value := getattr(wanted, name)) is not None:
            setattr(answers, column, value)
    return answers


def chain_of(tenant: Tenant, answers: AnswerSettings, wanted: Configuration) -> list[Choice]:
    if wanted.provider is None:
        chain = settings_services.provider_configs(tenant, answers)
        chain = chain[:1] if wanted.model else chain
    else:
        choice = choices_of(tenant, answers).get(wanted.provider)
        if choice is None:
            raise NoProvider(
                _("The model of this configuration has been removed. Choose another one."), retryable=False
            )
        chain = [choice]
    if wanted.model:
        model = wanted.model
        chain = [each._replace(label=model, config=replace(each.config, model=model)) for each in chain]
    return chain


def stages_of(wanted: Configuration) -> Stages | None:
    """The server's stages, the one that weighs with another weight."""
    if wanted.dense_weight is None:
        return None
    return [
        _weighed(step, wanted.dense_weight)
        if isinstance(step, str | Mapping)
        else [_weighed(entry, wanted.dense_weight) for entry in step]
        for step in settings.RAG["RETRIEVAL"]
    ]


def _weighed(entry: Entry, weight: float) -> Entry:
    if not _weighs(entry):
        return entry
    return {"BACKEND": _path(entry), "OPTIONS": {**_options(entry), WEIGHT: weight}}


def weight_in_use() -> float | None:
    """None where no stage of the server's retrieval has one."""
    for step in settings.RAG["RETRIEVAL"]:
        entries: Sequence[Entry] = [step] if isinstance(step, str | Mapping) else step
        for entry in filter(_weighs, entries):
            stage = {each.name: each for each in fields(import_string(_path(entry)))}
            return float(_options(entry).get(WEIGHT, stage[WEIGHT].default))
    return None


def _weighs(entry: Entry) -> bool:
    return WEIGHT in getattr(import_string(_path(entry)), "__dataclass_fields__", {})


def _path(entry: Entry) -> str:
    return entry if isinstance(entry, str) else str(entry["BACKEND"])


def _options(entry: Entry) -> Mapping[str, Any]:
    return {} if isinstance(entry, str) else entry.get("OPTIONS", {})


def prompt_versions() -> tuple[int, ...]:
    """Of the prompt for answers, oldest first."""
    return tuple(prompts.versions("answer"))


def kit_of(tenant: Tenant, question: str, breaker: Breaker, wanted: Configuration, instead: Instead) -> Kit:
    """What the question is answered with. Drafts of a weak model below quotes are no part of what is measured."""
    kit = plans.kit_of(tenant, question, breaker, instead)
    return replace(kit, style=_styled(kit.style, wanted))


def _styled(style: AnswerStyle, wanted: Configuration) -> AnswerStyle:
    return replace(style, draft=False, prompt_version=wanted.prompt_version)


def setup_of(tenant: Tenant, wanted: Configuration) -> dict[str, Any]:
    """What answers are made with in effect, to be kept with the run."""
    answers = answers_of(tenant, wanted)
    return {
        "models": [choice.label for choice in chain_of(tenant, answers, wanted)],
        "mode": answers.mode,
        "prompt_version": wanted.prompt_version or prompt_versions()[-1],
        "instructions": answers.system_prompt,
        "passages": answers.passages,
        "context_tokens": answers.context_tokens,
        "max_tokens": answers.max_tokens,
        "dense_weight": weight_in_use() if wanted.dense_weight is None else wanted.dense_weight,
        "chunks": f"{chunker().version}: {wanted.chunk_characters}" if wanted.chunk_characters else chunker().version,
        "embedder": embedder_name(tenant.pk) or settings.EMBEDDING_MODEL,
        "reranker": reranker_in_use(),
    }


def reranker_in_use() -> str:
    """Its model, or else its address, with its weight; empty where there is none."""
    if not settings.RERANKER_URL:
        return ""
    name = settings.RERANKER_MODEL or settings.RERANKER or settings.RERANKER_URL
    return f"{name}: {settings.RERANKER_WEIGHT:g}"
