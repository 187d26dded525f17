"""A web process is killed while it answers, or while a page listens to it. The page that comes back gets the whole
answer, or is told honestly that it was cut short, with what was written and another try."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.contracts.openai_server import say
from tests.e2e.product import KEY, MODEL, PASSWORD, Product
from tests.faults.victims import command_of, processes_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("models")]

SLUG, OWNER = "talks", "talks@example.org"
QUESTION = "How long does the warranty of the Heron kettle last?"
WARRANTY = "The warranty of the Heron kettle lasts two years from the day of purchase."
WORDS = [f"word{number:02}" for number in range(1, 41)]
SPOKEN = [*(f"{word} " for word in WORDS), "[1]."]
TERMINAL = {"turn.completed", "turn.stopped", "turn.failed"}
WAIT_S = 90.0


@pytest.fixture(scope="module")
def person(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Somebody who has signed in to an organisation whose model is scripted."""
    product.organisation(SLUG, name="Talks", owner=OWNER)
    document = tmp_path_factory.mktemp("web") / "heron.txt"
    document.write_text(WARRANTY, encoding="utf-8")
    product.manage("ingest", str(document), "--tenant", SLUG, "--wait")
    with httpx.Client(
        base_url=product.url, headers={"referer": product.url}, follow_redirects=True, timeout=WAIT_S
    ) as client:
        client.get("/accounts/login/")
        _post(client, "/accounts/login/", login=OWNER, password=PASSWORD)
        model = {"kind": "openai", "base_url": product.upstream.base_url, "model": MODEL, "api_key": KEY}
        _post(client, f"/t/{SLUG}/settings/providers/", **model, enabled="on")
        yield client


def _post(client: httpx.Client, path: str, **fields: str) -> None:
    response = client.post(path, data=fields | {"csrfmiddlewaretoken": client.cookies["csrftoken"]})
    assert response.status_code == 200, response.text[:2000]


@pytest.mark.parametrize("which", ["one", "the other", "all"])
def test_an_answer_outlives_a_web_process_or_says_that_it_did_not(
    which: str, product: Product, person: httpx.Client
) -> None:
    product.upstream.script(say(*SPOKEN, pause_s=0.1))
    turn_id = str(uuid4())
    frames = _frames(product, person, {"type": "ask", "turn_id": turn_id, "text": QUESTION})
    seen = []
    for frame in frames:
        seen.append(frame)
        if frame["type"] == "answer.block" and len(_words(frame["html"])) >= 4:
            break
    for victim in {"one": _web(product)[:1], "the other": _web(product)[1:], "all": _web(product)}[which]:
        victim.kill()
    seen += frames
    assert [frame["seq"] for frame in seen] == list(range(1, len(seen) + 1))
    end = seen[-1]
    if which == "all":
        assert end["type"] == "turn.failed"
    if end["type"] == "turn.completed":
        assert _words(end["html"]) == WORDS
        return
    assert (end["code"], end["retryable"]) == ("turn.interrupted", True)
    written = _words(end["html"])
    assert written
    assert written == WORDS[: len(written)]
    page = person.get(seen[0]["conversation_url"]).text
    assert f'id="turn-{turn_id}"' in page
    assert 'data-status="interrupted"' in page
    assert _words(page)[: len(written)] == written
    product.upstream.script(say("The warranty lasts two years [1]."))
    *_, again = _frames(product, person, {"type": "retry", "turn_id": str(uuid4()), "retry_of": turn_id})
    assert again["type"] == "turn.completed"
    assert "two years" in again["html"]


def _frames(product: Product, person: httpx.Client, command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a page hears of a turn, which connects again whenever its line is cut and goes on after what it has."""
    address = f"{product.url.replace('http', 'ws', 1)}/ws/t/{SLUG}/"
    headers = {"Cookie": f"sessionid={person.cookies['sessionid']}"}
    origin = Origin(product.url)
    seq, deadline = 0, time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        with (
            suppress(WebSocketException, OSError),
            connect(address, additional_headers=headers, origin=origin, proxy=None) as socket,
        ):
            resume = {"type": "resume", "turn_id": command["turn_id"], "after": seq}
            socket.send(json.dumps(resume if seq else command))
            for frame in map(json.loads, socket):
                if frame.get("turn_id") != command["turn_id"] or frame.get("seq", 0) <= seq:
                    continue
                seq = frame["seq"]
                yield frame
                if frame["type"] in TERMINAL:
                    return
        time.sleep(0.3)
    pytest.fail(f"the turn did not end within {WAIT_S:.0f} s; the last event was number {seq}")


def _web(product: Product) -> list[psutil.Process]:
    """The processes that answer requests, without the one that starts them."""
    processes = processes_of(product)
    (master,) = (each for each in processes if "uvicorn" in command_of(each))
    return [each for each in master.children() if "spawn_main" in command_of(each)]


def _words(html: str) -> list[str]:
    return re.findall(r"word\d\d", html)
