from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from langchain_openai import AzureChatOpenAI, ChatOpenAI

from chat.domain import ProviderConfig, ProviderKind
from chat.errors import ProviderError
from chat.llm import DEFAULT_REGISTRY, chat_model, list_models
from chat.llm.github import GitHubModelsChat
from chat.llm.ollama import OllamaChat
from chat.llm.openai_compatible import OpenAICompatibleChat
from chat.llm.presets import CUSTOM, FOUNDRY, NVIDIA, OPENAI, PRESETS, preset_for
from project import settings as project_settings
from tests.contracts.github_server import GitHubModelsServer
from tests.contracts.ollama_server import OllamaServer
from tests.contracts.openai_server import OpenAIServer

CONFIG = ProviderConfig(
    kind=ProviderKind.OPENAI,
    model="phi",
    base_url="http://127.0.0.1:8000/v1",
    api_key="sk-test",
    temperature=0.3,
    max_tokens=77,
    context_tokens=2048,
    timeout_s=33,
)
ALLOWED = ("127.0.0.1",)


@pytest.mark.parametrize(
    ("kind", "model_class"),
    [
        (ProviderKind.STARTER, OpenAICompatibleChat),
        (ProviderKind.OLLAMA, OllamaChat),
        (ProviderKind.GITHUB, GitHubModelsChat),
        (ProviderKind.OPENAI, OpenAICompatibleChat),
    ],
)
def test_each_kind_has_its_model(kind: ProviderKind, model_class: type) -> None:
    model = chat_model(replace(CONFIG, kind=kind), allowed=ALLOWED)
    assert type(model) is model_class


def test_the_settings_of_a_tenant_reach_the_model() -> None:
    model = chat_model(replace(CONFIG, kind=ProviderKind.OLLAMA), allowed=ALLOWED)
    assert isinstance(model, OllamaChat)
    assert (model.model, model.temperature, model.max_tokens) == ("phi", 0.3, 77)
    assert (model.context_tokens, model.timeout_s, model.allowed_hosts) == (2048, 33, ALLOWED)
    assert model.first_token_timeout_s == 600
    assert model.api_key.get_secret_value() == "sk-test"


def test_a_long_silence_that_is_allowed_is_allowed_before_the_first_word_too() -> None:
    model = chat_model(replace(CONFIG, timeout_s=900), allowed=ALLOWED)
    assert isinstance(model, OpenAICompatibleChat)
    assert model.first_token_timeout_s == 900


def test_options_of_the_entry_change_our_own_models() -> None:
    entry = {"BACKEND": "chat.llm.ollama.OllamaChat", "OPTIONS": {"keep_alive": "-1"}}
    model = chat_model(CONFIG, allowed=ALLOWED, registry={"openai": entry})
    assert isinstance(model, OllamaChat)
    assert model.keep_alive == "-1"


def test_another_langchain_model_is_a_dotted_path_away() -> None:
    entry = {"BACKEND": "langchain_openai.ChatOpenAI", "OPTIONS": {"stream_usage": True}}
    model = chat_model(CONFIG, allowed=ALLOWED, registry={"openai": entry})
    assert isinstance(model, ChatOpenAI)
    assert (model.model_name, model.openai_api_base, model.max_tokens) == ("phi", "http://127.0.0.1:8000/v1", 77)


def test_an_option_of_none_takes_a_standard_argument_away() -> None:
    options = {"base_url": None, "azure_endpoint": "https://acme.openai.azure.com", "api_version": "2024-10-21"}
    entry = {"BACKEND": "langchain_openai.AzureChatOpenAI", "OPTIONS": options}
    model = chat_model(CONFIG, allowed=ALLOWED, registry={"openai": entry})
    assert isinstance(model, AzureChatOpenAI)
    assert model.azure_endpoint == "https://acme.openai.azure.com"


def test_no_model_is_made_for_an_address_that_is_not_allowed() -> None:
    for registry in (DEFAULT_REGISTRY, {"openai": "langchain_openai.ChatOpenAI"}):
        with pytest.raises(ProviderError) as refused:
            chat_model(CONFIG, allowed=["127.0.0.1:9"], registry=registry)
        assert refused.value.code == "provider.not_allowed"


def test_the_default_registry_is_that_of_the_settings() -> None:
    assert dict(DEFAULT_REGISTRY) == project_settings.RAG["LLM"]


async def test_models_are_listed_by_the_kind(
    ollama: OllamaServer, openai_endpoint: OpenAIServer, github_models: GitHubModelsServer
) -> None:
    cases = [
        (ProviderKind.OLLAMA, ollama.root, "", "phi3.5:latest", ollama.host),
        (ProviderKind.OPENAI, openai_endpoint.base_url, "sk-test", "phi-3.5-mini", openai_endpoint.host),
        (ProviderKind.GITHUB, github_models.base_url, "github_pat_test", "openai/gpt-4.1", github_models.host),
    ]
    for kind, base_url, key, model, host in cases:
        config = replace(CONFIG, kind=kind, base_url=base_url, api_key=key)
        assert model in await list_models(config, allowed=[host])


@pytest.mark.parametrize(
    ("url", "preset"),
    [
        ("https://api.openai.com/v1", OPENAI),
        ("https://acme.openai.azure.com/openai/v1/", FOUNDRY),
        ("https://ACME.services.ai.azure.com/openai/v1", FOUNDRY),
        ("https://integrate.api.nvidia.com/v1", NVIDIA),
        ("http://127.0.0.1:8000/v1", CUSTOM),
        ("https://notapi.openai.com/v1", CUSTOM),
        ("", CUSTOM),
    ],
)
def test_a_preset_is_known_by_its_host(url: str, preset: object) -> None:
    assert preset_for(url) is preset


def test_presets_have_ids_of_their_own_and_find_themselves() -> None:
    assert len({preset.id for preset in PRESETS}) == len(PRESETS)
    for preset in PRESETS:
        if preset.hosts:
            assert preset_for(preset.base_url) is preset


def test_the_registry_alone_loads_no_langchain() -> None:
    code = "import sys, chat.llm, chat.llm.presets; assert not [m for m in sys.modules if m.startswith('langchain')]"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
