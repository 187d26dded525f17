from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured

from chat.domain import Candidate, Retrieval
from chat.retrieval import build_pipeline
from ingestion.domain import Scope
from ingestion.parts import Parts
from tests.chat.retrieval_cast import memory_parts

HERE = __name__
FOUND = (Candidate(uuid4(), uuid4(), dense=0.5),)


@dataclass
class Meets:
    """Finds something for `field`, once another stage of the same meeting is there too."""

    tenant_id: UUID
    parts: Parts
    field: str
    meeting: asyncio.Barrier | None = None
    name: str = "meets"

    async def __call__(self, state: Retrieval) -> Retrieval:
        if self.meeting is not None:
            await self.meeting.wait()
        return replace(state, **{self.field: FOUND})  # type: ignore[arg-type]


@dataclass
class Skips:
    tenant_id: UUID
    parts: Parts
    name: str = "skips"

    async def __call__(self, state: Retrieval) -> Retrieval:
        return replace(state, skipped={**state.skipped, self.name: "It is not there."})


@dataclass
class Fails:
    tenant_id: UUID
    parts: Parts
    name: str = "fails"

    async def __call__(self, _state: Retrieval) -> Retrieval:
        raise ConnectionError


def meets(field: str, **options: Any) -> dict[str, Any]:
    return {"BACKEND": f"{HERE}.Meets", "OPTIONS": {"field": field, "name": field, **options}}


async def run(*stages: Any) -> Retrieval:
    pipeline = build_pipeline(uuid4(), parts=memory_parts(), stages=stages)
    return await pipeline(Retrieval(question="?", query="?", scope=Scope()))


async def test_stages_run_in_their_order_and_tell_how_long_they_took() -> None:
    state = await run(meets("dense"), meets("lexical"))
    assert (state.dense, state.lexical) == (FOUND, FOUND)
    assert list(state.elapsed_ms) == ["dense", "lexical"]
    assert all(elapsed >= 0 for elapsed in state.elapsed_ms.values())


async def test_stages_of_a_nested_list_run_together() -> None:
    meeting = asyncio.Barrier(2)  # either would wait for ever if it came first
    together = [meets("dense", meeting=meeting), meets("lexical", meeting=meeting)]
    state = await asyncio.wait_for(run(together), timeout=5)
    assert (state.dense, state.lexical) == (FOUND, FOUND)
    assert set(state.elapsed_ms) == {"dense", "lexical"}


async def test_two_that_write_the_same_cannot_run_together() -> None:
    with pytest.raises(ImproperlyConfigured, match="both write `dense`"):
        await run([meets("dense"), meets("dense")])


async def test_several_may_say_that_they_could_do_nothing() -> None:
    first, second = ({"BACKEND": f"{HERE}.Skips", "OPTIONS": {"name": name}} for name in ("first", "second"))
    state = await run([first, second], meets("dense"))
    assert state.skipped == {"first": "It is not there.", "second": "It is not there."}
    assert state.dense == FOUND


async def test_the_error_of_one_is_the_error_of_all() -> None:
    with pytest.raises(ConnectionError):
        await run([meets("dense"), f"{HERE}.Fails"])
