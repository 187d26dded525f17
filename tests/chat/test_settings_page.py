"""The tenant's settings page: who may use it, what it refuses, and that a key never comes back out."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from pytest_django import Settings

from chat.models import AnswerSettings, Provider
from chat.settings_services import answer_settings
from chat.settings_urls import settings_urls
from tenants.models import AuditEvent, Role, Tenant, User
from tests.conftest import signed_in
from tests.factories import CollectionFactory, member

KEY = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def _outbound(settings: Settings) -> None:
    settings.OUTBOUND_HOSTS = ["api.openai.com", "models.github.ai"]


def url(name: str, *args: object, slug: str = "acme") -> str:
    return reverse(f"chat:{name}", args=[slug, *args])


def answers(**changed: Any) -> dict[str, Any]:
    """A valid form of the answer settings."""
    return {
        "mode": "generative",
        "temperature": "0.4",
        "max_tokens": "256",
        "context_tokens": "2048",
        "passages": "4",
        "system_prompt": "Be brief.",
        "languages": ["sr", "en"],
        **changed,
    }


def openai(**changed: Any) -> dict[str, Any]:
    """A valid form of a provider."""
    return {
        "kind": "openai",
        "base_url": "https://api.openai.com/v1",
        "model": "gpt-4.1-mini",
        "api_key": KEY,
        "enabled": "on",
        **changed,
    }


def add(client: Client, **changed: Any):
    return client.post(url("provider_add"), openai(**changed))


def providers(tenant: Tenant) -> list[Provider]:
    return list(Provider.objects.for_tenant(tenant))


def only(tenant: Tenant) -> Provider:
    (provider,) = providers(tenant)
    return provider


# --- who may ---


@pytest.mark.parametrize("name", [pattern.name for pattern in settings_urls])
def test_it_is_closed_to_members_and_does_not_exist_for_others(
    name: str, acme: Tenant, bob_client: Client, charlie_client: Client, alice_client: Client
) -> None:
    add(alice_client)
    args = [] if name in {"settings", "provider_add"} else [only(acme).pk]

    def statuses(client: Client) -> set[int]:
        """Of the methods that the page knows."""
        return {getattr(client, method)(url(name, *args)).status_code for method in ("get", "post")} - {405}

    assert statuses(bob_client) == {403}
    assert statuses(charlie_client) == {404}
    assert statuses(Client()) == {302}


@pytest.mark.parametrize(
    "name", ["provider_edit", "provider_delete", "provider_move", "provider_test", "provider_pull"]
)
def test_a_provider_of_another_tenant_is_not_there(
    name: str, acme: Tenant, alice_client: Client, charlie_client: Client
) -> None:
    add(alice_client)
    assert charlie_client.post(url(name, only(acme).pk, slug="other")).status_code == 404
    assert charlie_client.post(url(name, uuid4(), slug="other")).status_code == 404
    assert only(acme).model == "gpt-4.1-mini"


def test_an_admin_may_change_them(acme: Tenant) -> None:
    admin = signed_in(member(acme, "erin", Role.ADMIN))
    assert admin.post(url("settings"), answers()).status_code == 302
    assert answer_settings(acme).max_tokens == 256


# --- how answers are made ---


def test_a_tenant_without_settings_sees_the_defaults(alice_client: Client) -> None:
    form = alice_client.get(url("settings")).context["form"]
    assert form["max_tokens"].value() == AnswerSettings().max_tokens


def test_it_saves_what_was_entered(acme: Tenant, alice_client: Client) -> None:
    assert alice_client.post(url("settings"), answers()).status_code == 302
    row = AnswerSettings.objects.for_tenant(acme).get()
    assert (row.mode, row.temperature, row.max_tokens, row.context_tokens, row.passages) == (
        "generative", 0.4, 256, 2048, 4,
    )  # fmt: skip
    assert (row.system_prompt, row.languages) == ("Be brief.", ["sr", "en"])


def test_other_tenants_keep_their_settings(other_org: Tenant, alice_client: Client) -> None:
    alice_client.post(url("settings"), answers())
    assert not AnswerSettings.objects.for_tenant(other_org).exists()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("temperature", "3", "less than or equal to 2"),
        ("max_tokens", "1", "greater than or equal to 32"),
        ("max_tokens", "1025", "Enter at most 1024, or a larger context."),
        ("context_tokens", "10", "greater than or equal to 1024"),
        ("passages", "0", "greater than or equal to 1"),
        ("mode", "dreaming", "not one of the available choices"),
        ("languages", ["tlh"], "not one of the available choices"),
        ("system_prompt", "x" * 4001, "at most 4000 characters"),
    ],
)
def test_it_says_what_is_wrong_with_a_value(
    acme: Tenant, alice_client: Client, field: str, value: Any, sentence: str
) -> None:
    response = alice_client.post(url("settings"), answers(**{field: value}))
    assert response.status_code == 400
    assert sentence in str(response.context["form"].errors[field])
    assert not AnswerSettings.objects.for_tenant(acme).exists()


def test_the_audit_log_names_what_changed_without_the_values(acme: Tenant, alice_client: Client) -> None:
    alice_client.post(url("settings"), answers())
    alice_client.post(url("settings"), answers(passages="9"))
    alice_client.post(url("settings"), answers(passages="9"))
    latest, first = AuditEvent.objects.for_tenant(acme).filter(action="settings changed")
    assert latest.detail == {"fields": ["passages"]}
    assert "system_prompt" in first.detail["fields"]
    assert "Be brief." not in str(first.detail)


def test_it_chooses_which_collections_are_searched(acme: Tenant, other_org: Tenant, alice_client: Client) -> None:
    laws, drafts = CollectionFactory(tenant=acme), CollectionFactory(tenant=acme, searched=False)
    foreign = CollectionFactory(tenant=other_org)
    refused = alice_client.post(url("settings"), answers(collections=[str(foreign.pk)]))
    assert refused.status_code == 400
    alice_client.post(url("settings"), answers(collections=[str(drafts.pk)]))
    for collection, searched in ((laws, False), (drafts, True), (foreign, True)):
        collection.refresh_from_db()
        assert collection.searched is searched


# --- providers ---


def test_it_shows_the_servers_default_while_there_is_no_provider(alice_client: Client, settings: Settings) -> None:
    settings.LLM = "ollama:phi3.5"
    assert alice_client.get(url("settings")).context["server_chain"] == ["Ollama: phi3.5"]
    add(alice_client)
    assert alice_client.get(url("settings")).context["server_chain"] == []


def test_a_provider_is_added_at_the_end_of_the_chain(acme: Tenant, alice_client: Client) -> None:
    add(alice_client, model="first")
    add(alice_client, model="second")
    assert [provider.model for provider in providers(acme)] == ["first", "second"]


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"base_url": "http://169.254.169.254/latest"}, "base_url", "RAZGOVOR_OUTBOUND_HOSTS"),
        ({"base_url": "https://evil.example.org/v1"}, "base_url", "may not call evil.example.org"),
        ({"base_url": "https://user:pass@api.openai.com/v1"}, "base_url", "without a user name or password"),
        ({"base_url": "file:///etc/passwd"}, "base_url", "cannot be read"),
        ({"base_url": ""}, "base_url", "Enter the provider’s address"),
        ({"model": ""}, "model", "Enter the model’s name"),
        ({"kind": "crystal ball"}, "kind", "not one of the available choices"),
    ],
)
def test_it_says_what_is_wrong_with_a_provider(
    acme: Tenant, alice_client: Client, changed: dict[str, str], field: str, sentence: str
) -> None:
    response = add(alice_client, **changed)
    assert response.status_code == 400
    assert sentence.replace("’", "'") in str(response.context["add_form"].errors.as_data()[field][0])  # type: ignore[attr-defined]
    assert providers(acme) == []


def test_the_servers_own_ollama_and_starter_need_no_address(acme: Tenant, alice_client: Client) -> None:
    add(alice_client, kind="ollama", base_url="", model="phi3.5", api_key="")
    add(alice_client, kind="starter", base_url="", model="", api_key="")
    assert [(row.kind, row.base_url) for row in providers(acme)] == [("ollama", ""), ("starter", "")]


def test_github_models_is_shown_with_its_end(alice_client: Client) -> None:
    add(alice_client, kind="github", base_url="", model="microsoft/Phi-3.5-mini-instruct")
    (row,) = alice_client.get(url("settings")).context["providers"]
    assert "2026-07-30" in row.notice
    assert escape(row.notice) in alice_client.get(url("settings")).content.decode()


def test_a_provider_moves_up_and_down(acme: Tenant, alice_client: Client) -> None:
    for model in ("a", "b", "c"):
        add(alice_client, model=model)
    ids = {provider.model: provider.pk for provider in providers(acme)}

    def move(model: str, direction: str) -> str:
        alice_client.post(url("provider_move", ids[model]), {"direction": direction})
        return "".join(provider.model for provider in providers(acme))

    assert move("c", "up") == "acb"
    assert move("a", "down") == "cab"
    assert move("c", "up") == "cab"
    assert move("b", "down") == "cab"


def test_a_provider_is_removed(acme: Tenant, alice_client: Client) -> None:
    add(alice_client)
    alice_client.post(url("provider_delete", only(acme).pk))
    assert providers(acme) == []


# --- keys ---


def test_a_key_is_encrypted_in_the_database(acme: Tenant, alice_client: Client) -> None:
    add(alice_client)
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_key FROM chat_provider")
        ((stored,),) = cursor.fetchall()
    assert stored
    assert KEY not in stored
    assert only(acme).api_key.reveal() == KEY  # type: ignore[attr-defined]


def test_a_key_is_in_no_response_and_in_no_audit_row(acme: Tenant, alice: User, alice_client: Client) -> None:
    refused = add(alice_client, model="")
    add(alice_client)
    provider = only(acme)
    seen = [
        refused,
        alice_client.get(url("settings")),
        alice_client.get(url("provider_edit", provider.pk)),
        alice_client.post(url("provider_edit", provider.pk), openai(model="")),
        alice_client.get(url("dashboard_audit")),
    ]
    alice.is_staff = alice.is_superuser = True
    alice.save()
    seen.append(alice_client.get(reverse("admin:chat_provider_change", args=[provider.pk])))
    for response in seen:
        assert KEY not in response.content.decode()
        assert provider.api_key.token not in response.content.decode()  # type: ignore[attr-defined]
    assert KEY not in str(list(AuditEvent.objects.for_tenant(acme).values()))


@pytest.mark.parametrize(
    ("changed", "key"),
    [({"api_key": ""}, KEY), ({"api_key": "sk-new"}, "sk-new"), ({"api_key": "", "remove_key": "on"}, "")],
)
def test_a_blank_key_stays_a_new_one_replaces_and_a_box_removes(
    acme: Tenant, alice_client: Client, changed: dict[str, str], key: str
) -> None:
    add(alice_client)
    response = alice_client.post(url("provider_edit", only(acme).pk), openai(model="other", **changed))
    assert response.status_code == 302
    assert (only(acme).model, only(acme).api_key.reveal()) == ("other", key)  # type: ignore[attr-defined]


def test_a_key_does_not_follow_to_another_host(acme: Tenant, alice_client: Client) -> None:
    add(alice_client)
    moved = openai(base_url="https://models.github.ai/inference", api_key="")
    response = alice_client.post(url("provider_edit", only(acme).pk), moved)
    assert response.status_code == 400
    assert "enter the key again" in response.content.decode()
    assert only(acme).base_url == "https://api.openai.com/v1"


def test_changes_of_a_provider_are_audited_by_field(acme: Tenant, alice_client: Client) -> None:
    add(alice_client)
    alice_client.post(url("provider_edit", only(acme).pk), openai(model="other", api_key="sk-new"))
    event = AuditEvent.objects.for_tenant(acme).filter(action="provider changed").get()
    assert event.detail["fields"] == ["model", "api_key"]
