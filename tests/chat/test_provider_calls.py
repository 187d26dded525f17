"""What the settings page asks of a provider: a word, its models, a download. Against servers that speak as the real
ones do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import Settings

from chat import pull
from chat.errors import ChatError
from chat.models import Provider
from tenants.models import AuditEvent, Tenant
from tests.contracts.ollama_server import OllamaServer
from tests.contracts.openai_server import OpenAIServer

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ollama(settings: Settings) -> Iterator[OllamaServer]:
    with OllamaServer() as server:
        settings.OUTBOUND_HOSTS = [server.host]
        yield server


@pytest.fixture
def openai(settings: Settings) -> Iterator[OpenAIServer]:
    with OpenAIServer(key="sk-test") as server:
        settings.OUTBOUND_HOSTS = [server.host]
        yield server


@pytest.fixture
def at_ollama(acme: Tenant, ollama: OllamaServer) -> Provider:
    return Provider.objects.create(tenant=acme, kind="ollama", model="phi3.5", base_url=ollama.root)


def call(client: Client, name: str, provider: Provider, method: str = "post"):
    return getattr(client, method)(reverse(f"chat:{name}", args=["acme", provider.pk]), headers=HTMX)


def test_the_test_shows_what_came_back(alice_client: Client, at_ollama: Provider, ollama: OllamaServer) -> None:
    response = call(alice_client, "provider_test", at_ollama)
    result = response.context["row"].test
    assert result.ok
    assert "warranty" in result.text
    assert result.model.startswith("phi3.5")
    assert result.elapsed_ms >= 0
    assert result.text.strip() in response.content.decode()
    assert ollama.requests[-1].json["options"]["num_predict"] == 1


def test_the_test_works_without_a_script(alice_client: Client, at_ollama: Provider) -> None:
    response = alice_client.post(reverse("chat:provider_test", args=["acme", at_ollama.pk]))
    assert [row.test.ok for row in response.context["providers"]] == [True]


def test_the_test_shows_the_sentence_of_an_error(acme: Tenant, alice_client: Client, openai: OpenAIServer) -> None:
    provider = Provider.objects.create(
        tenant=acme, kind="openai", model="phi-3.5-mini", base_url=openai.base_url, api_key="sk-wrong"
    )
    response = call(alice_client, "provider_test", provider)
    result = response.context["row"].test
    assert (result.ok, result.code) == (False, "provider.refused_key")
    assert result.error in response.content.decode().replace("&quot;", '"')
    assert "sk-wrong" not in response.content.decode()


def test_the_sentence_of_an_error_is_in_the_language_of_the_page(
    acme: Tenant, alice_client: Client, openai: OpenAIServer
) -> None:
    provider = Provider.objects.create(
        tenant=acme, kind="openai", model="phi-3.5-mini", base_url=openai.base_url, api_key="sk-wrong"
    )
    response = alice_client.post(
        reverse("chat:provider_test", args=["acme", provider.pk]), headers={**HTMX, "Accept-Language": "sr"}
    )
    assert response.context["row"].test.error == (
        f"Сервер модела на адреси {openai.host} не прихвата кључ за „phi-3.5-mini“. Унесите други кључ у подешавањима."
    )


def test_the_stored_key_is_what_is_sent(acme: Tenant, alice_client: Client, openai: OpenAIServer) -> None:
    provider = Provider.objects.create(
        tenant=acme, kind="openai", model="phi-3.5-mini", base_url=openai.base_url, api_key="sk-test"
    )
    assert call(alice_client, "provider_test", provider).context["row"].test.ok


def test_a_host_that_is_no_longer_allowed_is_not_called(
    alice_client: Client, at_ollama: Provider, ollama: OllamaServer, settings: Settings
) -> None:
    settings.OUTBOUND_HOSTS = []
    result = call(alice_client, "provider_test", at_ollama).context["row"].test
    assert result.code == "provider.not_allowed"
    assert ollama.requests == []


def test_the_models_come_as_options(alice_client: Client, at_ollama: Provider) -> None:
    response = call(alice_client, "provider_models", at_ollama, "get")
    assert response.content == b'<option value="phi3.5:latest"></option>'


def test_calls_to_providers_are_limited(alice_client: Client, at_ollama: Provider) -> None:
    statuses = [call(alice_client, "provider_models", at_ollama, "get").status_code for _call in range(21)]
    assert statuses == [200] * 20 + [429]


def test_a_download_ends_with_success(
    acme: Tenant, alice_client: Client, at_ollama: Provider, eager_tasks: None
) -> None:
    at_ollama.model = "qwen3"
    at_ollama.save()
    call(alice_client, "provider_pull", at_ollama)
    progress = call(alice_client, "provider_pull", at_ollama, "get").context["row"].pull
    assert (progress.model, progress.done, progress.error) == ("qwen3", True, "")
    assert AuditEvent.objects.for_tenant(acme).filter(action="model download started", target="qwen3").exists()


def test_a_download_that_fails_says_why(alice_client: Client, at_ollama: Provider, eager_tasks: None) -> None:
    at_ollama.model = "missing"
    at_ollama.save()
    progress = call(alice_client, "provider_pull", at_ollama).context["row"].pull
    assert "file does not exist" in progress.error
    assert not progress.running


def test_a_download_that_fails_says_why_in_the_language_of_whoever_started_it(
    alice_client: Client, at_ollama: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker has none of its own."""
    sent: list[list[str]] = []
    monkeypatch.setattr(pull.pull_model, "apply_async", lambda args, **_options: sent.append(args))
    at_ollama.model = "missing"
    at_ollama.save()
    alice_client.post(
        reverse("chat:provider_pull", args=["acme", at_ollama.pk]), headers={**HTMX, "Accept-Language": "de"}
    )
    translation.deactivate()
    pull.pull_model(*sent[0])
    progress = pull.pull_progress(at_ollama)
    assert progress is not None
    assert f"Ollama unter {at_ollama.base_url} hat die Antwort abgebrochen: " in progress.error
    assert "file does not exist" in progress.error


def test_a_download_is_not_started_twice(at_ollama: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(pull.pull_model, "apply_async", lambda *args, **_options: sent.append(args))
    assert pull.pull_start(at_ollama).running
    assert pull.pull_start(at_ollama).running
    assert len(sent) == 1


def test_a_download_whose_worker_died_can_be_started_again(
    at_ollama: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[object] = []
    monkeypatch.setattr(pull.pull_model, "apply_async", lambda *args, **_options: sent.append(args))
    long_ago = pull.Pull(model="phi3.5", status="pulling", completed=1, total=4, at=time.time() - 3600)
    cache.set(f"pull:{at_ollama.pk}", asdict(long_ago))
    progress = pull.pull_progress(at_ollama)
    assert progress is not None
    assert "goes on where it stopped" in progress.error
    pull.pull_start(at_ollama)
    assert len(sent) == 1


def test_only_ollama_downloads(acme: Tenant) -> None:
    provider = Provider.objects.create(tenant=acme, kind="openai", model="a", base_url="https://x.example.org")
    with pytest.raises(ChatError, match="Only Ollama downloads models"):
        pull.pull_start(provider)


def test_progress_is_in_per_cent() -> None:
    assert pull.Pull(model="m", completed=1, total=4).percent == 25
    assert pull.Pull(model="m", status="pulling manifest").percent is None
