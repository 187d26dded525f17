"""Which pages may open a socket."""

from __future__ import annotations

from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from pytest_django import Settings

from project.same_origin import SameOrigin


async def opens(origin: str, host: str) -> bool:
    async def application(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})

    headers = [(b"host", host.encode())] + ([(b"origin", origin.encode())] if origin else [])
    communicator = WebsocketCommunicator(SameOrigin(application), "/ws/t/acme/", headers=headers)
    connected, _subprotocol = await communicator.connect()
    return bool(connected)


@pytest.mark.parametrize(
    ("origin", "host", "opened"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("https://ask.example.org", "ask.example.org", True),
        ("https://ask.example.org", "internal:8000", True),
        ("http://127.0.0.1:9999", "127.0.0.1:8000", False),
        ("https://evil.example.org", "ask.example.org", False),
        ("null", "127.0.0.1:8000", False),
        ("", "127.0.0.1:8000", False),
        ("http://", "", False),
    ],
)
async def test_a_page_of_the_same_host_and_port_does(origin: str, host: str, opened: bool, settings: Settings) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://ask.example.org"]
    assert await opens(origin, host) is opened
