from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator

from chat import warming
from ingestion import parts
from ingestion.errors import EmbedderUnavailable
from project import backends


@pytest.fixture(autouse=True)
def _fresh_parts() -> Iterator[None]:
    backends.reset()
    yield
    backends.reset()


async def test_a_process_says_that_it_has_begun_and_that_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(warming, "_when_all_are_there", lambda: begun.append("warming"))
    process = ApplicationCommunicator(warming.lifespan, {"type": "lifespan"})

    await process.send_input({"type": "lifespan.startup"})
    assert await process.receive_output() == {"type": "lifespan.startup.complete"}
    await process.send_input({"type": "lifespan.shutdown"})
    assert await process.receive_output() == {"type": "lifespan.shutdown.complete"}
    assert begun == ["warming"]


@pytest.mark.django_db
def test_it_asks_every_part_once() -> None:
    warming.warm_up()  # what the embedder's cosines mean is measured once in a process
    asked: list[str] = []
    configured = parts.configured()
    embed = configured.embedder.embed_query

    def embed_query(text: str) -> Any:
        asked.append(text)
        return embed(text)

    configured.embedder.embed_query = embed_query  # type: ignore[method-assign]
    warming.warm_up()
    assert asked == [warming.QUESTION]


def test_a_part_that_does_not_answer_is_left_for_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_text: str) -> Any:
        raise EmbedderUnavailable("The embedding server does not answer.")

    monkeypatch.setattr(parts.configured().embedder, "embed_query", fail, raising=False)
    with caplog.at_level("INFO"):
        warming.warm_up()
    assert "not warm yet: The embedding server does not answer." in caplog.text
