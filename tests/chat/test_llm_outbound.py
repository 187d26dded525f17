from __future__ import annotations

import socket
from typing import Any

import pytest

from chat.errors import ProviderError
from chat.llm.clients import shared_client
from chat.llm.openai_compatible import OpenAICompatibleChat
from chat.llm.outbound import outbound_allowed
from tests.contracts.openai_server import OpenAIServer, refuse


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        ("https://api.openai.com/v1", "api.openai.com"),
        ("https://API.OpenAI.com./v1", "api.openai.com"),
        ("https://api.openai.com/v1", "API.openai.com:443"),
        ("http://127.0.0.1:11434", "127.0.0.1"),
        ("http://127.0.0.1:11434", "127.0.0.1:11434"),
        ("http://gpu-box/v1", "gpu-box:80"),
        ("http://[::1]:8000/v1", "::1"),
        ("http://[::1]:8000/v1", "[::1]:8000"),
        ("https://api.openai.com/v1", "*"),
        ("https://8.8.8.8/v1", "*"),
    ],
)
def test_it_admits_what_the_operator_listed(url: str, entry: str) -> None:
    outbound_allowed(url, allowed=["other.example", entry])


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        ("https://api.openai.com.evil.example/v1", "api.openai.com"),
        ("https://evil-api.openai.com/v1", "api.openai.com"),
        ("http://127.0.0.1:6379", "127.0.0.1:11434"),
        ("https://gpu-box/v1", "gpu-box:80"),
        ("http://gpu-box:8080/v1", "gpu-box:80"),
    ],
)
def test_it_refuses_what_only_resembles_an_entry(url: str, entry: str) -> None:
    with pytest.raises(ProviderError) as refused:
        outbound_allowed(url, allowed=[entry])
    assert refused.value.code == "provider.not_allowed"
    assert "RAZGOVOR_OUTBOUND_HOSTS" in refused.value.message


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:6379",
        "http://localhost",
        "http://redis:6379",
        "http://10.0.0.7",
        "http://192.168.1.1",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]",
        "http://[::ffff:127.0.0.1]",
        "http://2130706433",
        "http://printer.local",
        "http://vault.internal",
    ],
)
def test_a_star_does_not_open_the_operators_own_network(url: str) -> None:
    with pytest.raises(ProviderError, match="may not call"):
        outbound_allowed(url, allowed=["*"])


def test_nothing_is_allowed_by_an_empty_list() -> None:
    with pytest.raises(ProviderError):
        outbound_allowed("https://api.openai.com/v1", allowed=[])


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://host", "https://user:key@api.openai.com", "http://"])
def test_it_refuses_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ProviderError) as refused:
        outbound_allowed(url, allowed=["*"])
    assert refused.value.code == "provider.bad_address"


async def test_a_public_name_that_leads_to_loopback_is_refused_before_anything_is_sent(
    openai_endpoint: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rebound(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    model = OpenAICompatibleChat(
        model="phi-3.5-mini", base_url=f"http://rebound.example.com:{openai_endpoint.port}/v1", allowed_hosts=("*",)
    )

    with pytest.raises(ProviderError) as refused:
        await model.ainvoke("hello")

    assert refused.value.code == "provider.not_allowed"
    assert openai_endpoint.requests == []


async def test_the_same_name_is_fine_when_the_operator_named_it(
    openai_endpoint: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolved(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    model = OpenAICompatibleChat(
        model="phi-3.5-mini",
        base_url=f"http://rebound.example.com:{openai_endpoint.port}/v1",
        api_key="sk-test",
        allowed_hosts=("*", "rebound.example.com"),
    )
    assert (await model.ainvoke("hello")).text


async def test_every_request_of_the_shared_client_is_checked(openai_endpoint: OpenAIServer) -> None:
    with pytest.raises(ProviderError, match="may not call"):
        await shared_client(["api.openai.com"]).get(openai_endpoint.root)
    assert openai_endpoint.requests == []


async def test_a_redirect_is_not_followed(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(refuse(307, {}, {"Location": "http://169.254.169.254/latest/meta-data"}))
    model = OpenAICompatibleChat(
        model="phi-3.5-mini",
        base_url=openai_endpoint.base_url,
        api_key="sk-test",
        allowed_hosts=(openai_endpoint.host,),
    )
    with pytest.raises(ProviderError, match="redirects to another address"):
        await model.ainvoke("hello")
    assert len(openai_endpoint.requests) == 1
