"""Who can look at pictures, by whose word, and what is said where nobody can."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from chat import plans
from chat.aio import in_thread
from chat.domain import ProviderConfig, ProviderKind
from chat.errors import ImageRefused
from chat.images import sight
from chat.llm.breaker import MemoryBreaker
from chat.llm.sight import can_see, sees_by_name
from chat.models import AnswerSettings, Provider
from chat.settings_services import provider_configs
from tenants.models import Tenant
from tests.contracts.ollama_server import OllamaServer
from tests.services import unused_ports

NAMES = {
    "microsoft/Phi-3.5-vision-instruct": True,
    "Phi-4-multimodal-instruct": True,
    "gpt-4o-mini": True,
    "gpt-4.1": True,
    "llama3.2-vision:11b": True,
    "llava:13b": True,
    "qwen2.5vl:7b": True,
    "Qwen/Qwen2.5-VL-7B-Instruct": True,
    "gemma3:4b": True,
    "gemma3:1b": False,
    "microsoft/Phi-3.5-mini-instruct": False,
    "gpt-4": False,
    "gpt-3.5-turbo": False,
    "o1-mini": False,
    "llama3.2": False,
    "qwen2.5:7b": False,
    "supervision-7b": False,
    "our-deployment": False,
}


@pytest.mark.parametrize(("name", "expected"), NAMES.items())
def test_a_models_name_tells(name: str, expected: bool) -> None:
    assert sees_by_name(name) is expected


def config(kind: ProviderKind, model: str, base_url: str = "http://127.0.0.1:9/v1", **fields: Any) -> ProviderConfig:
    return ProviderConfig(kind=kind, model=model, base_url=base_url, **fields)


@pytest.mark.parametrize(("model", "expected"), [("renamed", True), ("phi3.5", False), ("llava", False)])
async def test_ollamas_own_word_counts_whatever_the_name(ollama: OllamaServer, model: str, expected: bool) -> None:
    ollama.models += ["renamed:latest", "llava:latest"]
    ollama.seeing += ["renamed:latest"]
    assert await can_see(config(ProviderKind.OLLAMA, model, ollama.root), allowed=[ollama.host]) is expected
    assert [request.path for request in ollama.requests] == ["/api/show"]


async def test_an_old_ollama_or_none_at_all_leaves_it_to_the_name(ollama: OllamaServer) -> None:
    ollama.models.append("llava:latest")
    ollama.tells_capabilities = False
    (nothing,) = unused_ports(1)
    for host in (ollama.host, f"127.0.0.1:{nothing}"):
        assert await can_see(config(ProviderKind.OLLAMA, "llava", f"http://{host}"), allowed=[host])


async def test_what_the_tenant_says_counts_more_than_anything(ollama: OllamaServer) -> None:
    assert await can_see(config(ProviderKind.OPENAI, "our-deployment", sees=True), allowed=[])
    assert not await can_see(config(ProviderKind.OPENAI, "gpt-4o", sees=False), allowed=[])
    assert await can_see(config(ProviderKind.OLLAMA, "phi3.5", ollama.root, sees=True), allowed=[ollama.host])
    assert ollama.requests == []


def provider(tenant: Tenant, model: str, position: int = 0, **fields: Any) -> Provider:
    values = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", **fields}
    return Provider.objects.create(tenant=tenant, model=model, position=position, **values)


def test_the_page_knows_why_nobody_can(acme: Tenant) -> None:
    provider(acme, "phi-3.5-mini")
    assert "can look at pictures" in sight.eyes_of(acme).why
    AnswerSettings.objects.create(tenant=acme, mode="extractive")
    assert "quoted sentences only" in sight.eyes_of(acme).why
    with pytest.raises(ImageRefused) as refused:
        sight.require_eyes(acme)
    assert refused.value.code == "image.unseen"


@pytest.mark.parametrize(("context", "most"), [(1024, 0), (4096, 3), (32_768, 6)])
def test_there_are_as_many_as_the_context_holds(acme: Tenant, context: int, most: int) -> None:
    provider(acme, "phi-3.5-vision")
    AnswerSettings.objects.create(tenant=acme, context_tokens=context)
    eyes = sight.eyes_of(acme)
    assert (eyes.most, bool(eyes.why)) == (most, not most)


def test_one_that_is_switched_off_or_cannot_is_passed_over(acme: Tenant) -> None:
    provider(acme, "gpt-4o", 0, enabled=False)
    provider(acme, "phi-3.5-mini", 1)
    provider(acme, "our-deployment", 2, sees="yes")
    provider(acme, "llava", 3)
    assert [each.config.model for each in sight.seeing(provider_configs(acme))] == ["our-deployment", "llava"]


@pytest.mark.django_db(transaction=True)
async def test_ollama_is_asked_once_a_minute(ollama: OllamaServer, acme: Tenant, settings: Settings) -> None:
    settings.OUTBOUND_HOSTS = [ollama.host]
    ollama.models.append("llava:latest")
    ollama.seeing.append("llava:latest")
    await in_thread(provider, acme, "llava", kind="ollama", base_url=ollama.root)
    for _time in range(2):
        assert (await in_thread(sight.eyes_of, acme)).most == 3
    assert len(ollama.requests) == 1


@pytest.mark.usefixtures("made_of")
def test_a_question_without_a_picture_goes_to_the_first(acme: Tenant) -> None:
    provider(acme, "phi-3.5-mini")
    kit = plans.kit_of(acme, "What is this?", MemoryBreaker())
    assert kit.count.model == "phi-3.5-mini"
