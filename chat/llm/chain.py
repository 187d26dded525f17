"""The tenant's providers in order: the next one is asked when the one before could not begin to answer."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage

from chat.domain import ProviderConfig, ProviderKind, Usage
from chat.errors import NoProvider, PromptTooLong, ProviderError
from chat.llm.breaker import Breaker, BreakerKey, guarded
from chat.llm.failures import provider_errors

UNFIT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
"""What neither PostgreSQL nor JSON takes, or nobody sees: a model of few bits writes it now and then."""


@dataclass(frozen=True, slots=True)
class Link:
    """A provider of the chain. `label` is the tenant's name for it."""

    provider_id: UUID
    label: str
    config: ProviderConfig


@dataclass(frozen=True, slots=True)
class Failure:
    """A provider that was passed over, and why."""

    label: str
    error: ProviderError


@dataclass(frozen=True, slots=True)
class Started:
    """The provider whose text follows. Comes once, right before the first text."""

    label: str
    model: str
    failures: tuple[Failure, ...] = ()
    """Those before it, which could not answer."""


@dataclass(frozen=True, slots=True)
class Delta:
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is whole. `finish_reason` is "length" when the token limit cut it."""

    usage: Usage
    finish_reason: str


Item = Started | Delta | Finished


class FallbackChain:
    """One tenant's providers. `build` makes the model of a config, as `chat.llm.chat_model` does."""

    def __init__(
        self,
        links: Sequence[Link],
        *,
        tenant_id: UUID,
        breaker: Breaker,
        build: Callable[[ProviderConfig], BaseChatModel],
    ) -> None:
        self._links = tuple(links)
        self._tenant_id = tenant_id
        self._breaker = breaker
        self._build = build

    def first_alone(self, *, max_tokens: int) -> FallbackChain | None:
        """The first provider without those that stand behind it, for so many tokens; None where it is the starter
        model, or where there is none."""
        first = next(iter(self._links), None)
        if first is None or first.config.kind is ProviderKind.STARTER:
            return None
        short = replace(first, config=replace(first.config, max_tokens=max_tokens))
        return FallbackChain([short], tenant_id=self._tenant_id, breaker=self._breaker, build=self._build)

    async def stream(self, messages: Sequence[BaseMessage]) -> AsyncGenerator[Item, None]:
        """Yield `Started`, any number of `Delta`, `Finished`.

        Once text has been passed on there is no way back, so that what fails then is raised as it is: what was
        received stays valid. Raise `NoProvider` when nobody could begin. Close the generator to stop the answer.
        """
        failures: list[Failure] = []
        for link in self._links:
            started = False
            try:
                async with aclosing(self._from(link, messages, tuple(failures))) as items:
                    async for item in items:
                        started = True
                        yield item
            except ProviderError as error:
                if started:
                    raise
                failures.append(Failure(link.label, error))
            else:
                return
        raise no_provider(failures)

    async def _from(
        self, link: Link, messages: Sequence[BaseMessage], failures: tuple[Failure, ...]
    ) -> AsyncGenerator[Item, None]:
        started, usage, reason = Started(link.label, link.config.model, failures), Usage(), ""
        begun = False
        key = BreakerKey(self._tenant_id, link.provider_id)
        async with guarded(self._breaker, key, label=link.label):
            with provider_errors(link.label, link.config.model):
                # `astream` is annotated as an iterator, but it is a generator, and has to be closed to hang up.
                chunks = cast("AsyncGenerator[AIMessageChunk, None]", self._build(link.config).astream(list(messages)))
                async with aclosing(chunks):
                    async for chunk in chunks:
                        if text := UNFIT.sub("", chunk.text):
                            if not begun:
                                begun = True
                                yield started
                            yield Delta(text)
                        usage = _usage(chunk) or usage
                        reason = _finish_reason(chunk) or reason
        if not begun:
            yield started
        yield Finished(usage, reason or "stop")


def no_provider(failures: Sequence[Failure]) -> NoProvider:
    """One sentence out of all the reasons. A single provider's code is kept, since the page offers a remedy by it."""
    if not failures:
        return NoProvider(_("No model is set up. Ask an administrator to choose one in the settings."), retryable=False)
    retryable = any(failure.error.retryable for failure in failures)
    if len(failures) == 1:
        error = failures[0].error
        return NoProvider(error.message, code=error.code, retryable=retryable)
    if any(failure.error.code == PromptTooLong.code for failure in failures):
        code = PromptTooLong.code  # one of them may answer a shorter prompt
    else:
        code = NoProvider.code
    reasons = " ".join(f"{failure.label}: {failure.error.message}" for failure in failures)
    none = ngettext(
        "None of the %(count)d models could answer.", "None of the %(count)d models could answer.", len(failures)
    )
    return NoProvider(f"{none % {'count': len(failures)}} {reasons}", code=code, retryable=retryable)


def _usage(chunk: AIMessageChunk) -> Usage | None:
    counts = chunk.usage_metadata
    return Usage(counts["input_tokens"], counts["output_tokens"]) if counts else None


def _finish_reason(chunk: AIMessageChunk) -> str:
    """OpenAI's name for it, or Ollama's."""
    metadata = chunk.response_metadata
    return str(metadata.get("finish_reason") or metadata.get("done_reason") or "")
