"""Which providers answer: the tenant's own chain, or else the server's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from pytest_django import Settings

from chat import settings_services
from chat.domain import ProviderConfig, ProviderKind
from chat.errors import NoProvider
from chat.models import AnswerSettings, Provider
from chat.settings_services import outbound_hosts, provider_configs, server_targets
from tenants.models import Tenant
from tests.contracts.ollama_server import OllamaServer


def kinds(spec: str, *, up: bool = False) -> list[tuple[str, str]]:
    return [(target.kind, target.model) for target in server_targets(spec, ollama_answers=lambda: up)]


STARTER = ("starter", settings_services.STARTER_MODEL)


def test_auto_is_ollama_when_it_answers_with_the_starter_behind_it() -> None:
    assert kinds("auto", up=True) == [("ollama", "phi3.5"), STARTER]
    assert kinds("auto", up=False) == [STARTER]


def test_a_named_provider_is_used_alone(settings: Settings) -> None:
    settings.LLM_URL = "https://llm.example.org/v1"
    settings.LLM_KEY = "operator's"
    assert kinds("starter", up=True) == [STARTER]
    assert kinds("ollama") == [("ollama", "phi3.5")]
    assert kinds("ollama:qwen3:8b") == [("ollama", "qwen3:8b")]
    (target,) = server_targets("openai:phi-3.5", ollama_answers=lambda: False)
    assert target == (ProviderKind.OPENAI, "phi-3.5", "https://llm.example.org/v1", "operator's")


@pytest.mark.parametrize("spec", ["", "phi3.5", "openai", "openai:phi-3.5"])
def test_a_setting_that_cannot_be_used_is_explained(spec: str, settings: Settings) -> None:
    settings.LLM_URL = ""
    with pytest.raises(NoProvider, match="RAZGOVOR_LLM") as caught:
        kinds(spec)
    assert not caught.value.retryable


def test_a_tenant_without_providers_gets_the_servers_chain(acme: Tenant, settings: Settings) -> None:
    settings.LLM = "starter"
    (choice,) = provider_configs(acme)
    assert choice.id is None
    assert choice.label == f"Starter model on this server: {settings_services.STARTER_MODEL}"
    assert choice.config.base_url == settings.STARTER_URL


def test_a_tenants_own_list_is_used_in_its_order_and_nothing_else(acme: Tenant, other_org: Tenant) -> None:
    second = Provider.objects.create(tenant=acme, kind="ollama", model="b", position=2)
    first = Provider.objects.create(
        tenant=acme, kind="openai", model="a", base_url="https://x.example.org/v1", api_key="sk-1", position=1
    )
    Provider.objects.create(tenant=acme, kind="ollama", model="off", position=0, enabled=False)
    Provider.objects.create(tenant=other_org, kind="ollama", model="foreign")
    chain = provider_configs(acme)
    assert [choice.id for choice in chain] == [first.pk, second.pk]
    assert chain[0].config.api_key == "sk-1"
    assert chain[1].config.base_url == django_settings.OLLAMA_URL


def test_nothing_is_used_when_every_provider_is_switched_off(acme: Tenant) -> None:
    """Not the server's default: the tenant has said who may see its questions."""
    Provider.objects.create(tenant=acme, kind="ollama", model="off", enabled=False)
    assert provider_configs(acme) == []


def test_the_tenants_settings_go_into_the_configuration(acme: Tenant, settings: Settings) -> None:
    settings.LLM = "ollama"
    AnswerSettings.objects.create(tenant=acme, temperature=0.7, max_tokens=99, context_tokens=16_384)
    config = provider_configs(acme)[0].config
    assert config == replace(
        ProviderConfig(ProviderKind.OLLAMA, "phi3.5", settings.OLLAMA_URL),
        temperature=0.7, max_tokens=99, context_tokens=16_384,
    )  # fmt: skip


def test_the_starter_is_not_asked_for_more_context_than_it_has(acme: Tenant, settings: Settings) -> None:
    settings.LLM = "starter"
    AnswerSettings.objects.create(tenant=acme, context_tokens=16_384)
    assert provider_configs(acme)[0].config.context_tokens == settings_services.STARTER_CONTEXT_TOKENS


def test_a_key_that_cannot_be_decrypted_does_not_stop_the_chain(acme: Tenant, settings: Settings) -> None:
    Provider.objects.create(tenant=acme, kind="openai", model="a", base_url="https://x.example.org", api_key="sk-1")
    Provider.objects.create(tenant=acme, kind="ollama", model="b", position=1)
    settings.SECRET_KEY = "another"
    assert [choice.config.api_key for choice in provider_configs(acme)] == ["", ""]


def test_the_probe_is_remembered_for_a_while(acme: Tenant, settings: Settings) -> None:
    settings.LLM = "auto"
    with OllamaServer() as ollama:
        settings.OLLAMA_URL = ollama.root
        assert [choice.config.kind for choice in provider_configs(acme)] == ["ollama", "starter"]
        provider_configs(acme)
        assert [request.path for request in ollama.requests] == ["/api/version"]
    cache.clear()
    assert [choice.config.kind for choice in provider_configs(acme)] == ["starter"]


def test_the_operators_own_servers_are_allowed_by_host_and_port(settings: Settings) -> None:
    settings.OUTBOUND_HOSTS = ["api.openai.com"]
    settings.OLLAMA_URL, settings.STARTER_URL = "http://ollama:11434", "http://127.0.0.1:8003/v1"
    settings.LLM_URL = "https://llm.example.org/v1"
    assert outbound_hosts() == ("api.openai.com", "ollama:11434", "127.0.0.1:8003", "llm.example.org:443")
