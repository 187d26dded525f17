"""Configuration that cannot work is refused with a hint."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.core.checks import run_checks

from project import checks


def ids(messages: list[Any]) -> list[str]:
    assert all(message.hint for message in messages)
    return [message.id for message in messages]


def test_the_settings_as_they_come_are_in_order() -> None:
    assert [message for message in run_checks() if str(message.id).startswith("razgovor")] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMBEDDER_URL", "embedder:8000"),
        ("EMBEDDER_URL", "http://"),
        ("CHROMA_URL", "http://chroma:eight"),
        ("REDIS_URL", "http://redis:6379"),
        ("PUBLIC_URL", ""),
        ("OLLAMA_URL", "ftp://ollama"),
    ],
)
def test_it_refuses_what_is_no_address(settings: LazySettings, name: str, value: str) -> None:
    setattr(settings, name, value)
    assert ids(checks.addresses()) == ["razgovor.E001"]


@pytest.mark.parametrize("value", ["redis://:pw@redis:6379/1", "rediss://redis/0", "unix:///run/redis.sock"])
def test_it_takes_every_form_of_a_redis_address(settings: LazySettings, value: str) -> None:
    settings.REDIS_URL = value
    assert checks.addresses() == []


def test_nobody_has_to_have_a_reranker(settings: LazySettings) -> None:
    settings.RERANKER_URL = ""
    assert checks.addresses() == []
    settings.RERANKER_URL = "reranker:8000"
    assert ids(checks.addresses()) == ["razgovor.E001"]


@pytest.mark.parametrize(("weight", "seconds"), [(-0.1, 2.0), (1.1, 2.0), (0.5, 0.0)])
def test_it_refuses_a_weight_or_a_time_that_cannot_be(settings: LazySettings, weight: float, seconds: float) -> None:
    settings.RERANKER_WEIGHT, settings.RERANKER_SECONDS = weight, seconds
    assert ids(checks.reranker()) == ["razgovor.E006"]


@pytest.mark.parametrize("value", ["auto", "starter", "ollama", "ollama:phi3.5"])
def test_it_takes_every_way_to_name_a_language_model(settings: LazySettings, value: str) -> None:
    settings.LLM = value
    assert checks.language_model() == []


def test_it_refuses_a_language_model_of_an_unknown_kind(settings: LazySettings) -> None:
    settings.LLM = "chatgpt"
    assert ids(checks.language_model()) == ["razgovor.E002"]


@pytest.mark.parametrize(("model", "url"), [("openai", "http://host/v1"), ("openai:phi", "")])
def test_it_refuses_an_endpoint_without_a_model_or_an_address(settings: LazySettings, model: str, url: str) -> None:
    settings.LLM, settings.LLM_URL = model, url
    assert ids(checks.language_model()) == ["razgovor.E003"]


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ("RETRIEVAL", [["ingestion.models.Document", "chat.retrieval.nowhere.Stage"]]),
        ("CHUNKER", {"BACKEND": "ingestion.chunking.nowhere.Chunker", "OPTIONS": {"BACKEND": "not.looked.at"}}),
        (
            "EMBEDDERS",
            {"large": {"BACKEND": "ingestion.embedding.nowhere.Embedder", "OPTIONS": {"model": "not.looked.at"}}},
        ),
        ("LLM", {"mine": "nowhere.Chat"}),
        ("LLM", {"mine": "Chat"}),
    ],
)
def test_it_refuses_a_class_in_a_module_that_is_not_there(settings: LazySettings, section: str, value: Any) -> None:
    settings.RAG = {section: value}
    assert ids(checks.dotted_paths()) == ["razgovor.E004"]


def test_more_embedders_that_the_operator_has_set_up_are_fine(settings: LazySettings) -> None:
    options = {"base_url": "http://gpu:8080/v1", "model": "bge-m3", "kind": "openai"}
    large = {"BACKEND": "ingestion.embedding.client.HttpEmbedder", "OPTIONS": options}
    settings.RAG = {**settings.RAG, "EMBEDDERS": {"large": large}}
    assert checks.dotted_paths() == []


def test_it_refuses_a_file_storage_that_is_not_installed(settings: LazySettings) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "nowhere.storage.S3Storage"}}
    assert ids(checks.file_storage()) == ["razgovor.E005"]


def test_it_warns_of_a_laptops_settings_on_a_server(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def use(engine: str, *, tls: bool) -> None:
        monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", f"django.db.backends.{engine}")
        settings.SERVED_OVER_TLS = tls

    use("sqlite3", tls=False)
    assert ids(checks.production()) == ["razgovor.W001", "razgovor.W002"]
    use("postgresql", tls=True)
    assert checks.production() == []
