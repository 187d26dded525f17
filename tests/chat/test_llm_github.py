from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from chat.errors import PromptTooLong, ProviderBusy, ProviderGone, ProviderRefusedKey
from chat.llm.github import BASE_URL, LIFECYCLE, GitHubModelsChat, list_models
from chat.llm.presets import PRESETS
from tests.contracts.github_server import GitHubModelsServer, rate_limited, sunset, too_large


def model_at(server: GitHubModelsServer, **fields: Any) -> GitHubModelsChat:
    known = {"base_url": server.base_url, "api_key": "github_pat_test", "allowed_hosts": (server.host,)}
    return GitHubModelsChat(**{**known, **fields})


async def test_it_speaks_the_protocol_as_it_was(github_models: GitHubModelsServer) -> None:
    answer = await model_at(github_models).ainvoke("hi")
    request = github_models.requests[0]
    assert answer.text
    assert request.path == "/inference/chat/completions"
    assert request.headers["authorization"] == "Bearer github_pat_test"
    assert request.headers["accept"] == "application/vnd.github+json"
    assert request.headers["x-github-api-version"] == "2022-11-28"
    assert request.json["model"] == "microsoft/Phi-3.5-mini-instruct"


async def test_it_says_that_the_service_was_retired_and_what_to_do(github_models: GitHubModelsServer) -> None:
    github_models.retired = True
    with pytest.raises(ProviderGone, match=r"retired on 2026-07-30\. Choose another provider"):
        await model_at(github_models).ainvoke("hi")


async def test_a_refusal_with_a_sunset_says_the_date(github_models: GitHubModelsServer) -> None:
    github_models.script(sunset())
    with pytest.raises(ProviderGone, match="2026-07-30"):
        await model_at(github_models).ainvoke("hi")


async def test_the_daily_limit_is_named(github_models: GitHubModelsServer) -> None:
    github_models.script(rate_limited())
    with pytest.raises(ProviderBusy, match="UserByModelByDay") as limited:
        await model_at(github_models).ainvoke("hi")
    assert limited.value.retry_after == 24367


async def test_a_prompt_above_its_cap_is_too_long(github_models: GitHubModelsServer) -> None:
    github_models.script(too_large())
    with pytest.raises(PromptTooLong):
        await model_at(github_models).ainvoke("hi")


async def test_a_token_that_is_not_accepted_is_refused(github_models: GitHubModelsServer) -> None:
    with pytest.raises(ProviderRefusedKey):
        await model_at(github_models, api_key="wrong").ainvoke("hi")


async def test_it_lists_the_catalogue(github_models: GitHubModelsServer) -> None:
    listed = await list_models(github_models.base_url, allowed=[github_models.host], api_key="github_pat_test")
    assert listed == ["microsoft/Phi-3.5-mini-instruct", "openai/gpt-4.1"]


async def test_listing_a_retired_catalogue_says_so(github_models: GitHubModelsServer) -> None:
    github_models.retired = True
    with pytest.raises(ProviderGone):
        await list_models(github_models.base_url, allowed=[github_models.host])


def test_its_lifecycle_is_known() -> None:
    assert not LIFECYCLE.is_over(date(2026, 7, 29))
    assert LIFECYCLE.is_over(date(2026, 7, 30))
    assert LIFECYCLE.successor in {preset.id for preset in PRESETS}


def test_the_default_is_the_documented_address() -> None:
    assert GitHubModelsChat().base_url == BASE_URL == "https://models.github.ai/inference"
