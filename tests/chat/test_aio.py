from __future__ import annotations

import asyncio

import pytest
from django.utils import translation

from chat.aio import SEARCHES, in_language, in_thread, searching


async def test_searches_pass_a_few_at_a_time_in_the_order_they_came() -> None:
    began: list[int] = []
    inside: set[int] = set()
    most = 0

    async def search(number: int) -> None:
        nonlocal most
        async with searching():
            began.append(number)
            inside.add(number)
            most = max(most, len(inside))
            await asyncio.sleep(0.001)
            inside.remove(number)

    await asyncio.gather(*(search(number) for number in range(3 * SEARCHES)))

    assert most == SEARCHES
    assert began == list(range(3 * SEARCHES))


def test_every_event_loop_has_its_own_gate() -> None:
    async def gate() -> asyncio.Semaphore:
        async with searching():
            return searching()

    assert asyncio.run(gate()) is not asyncio.run(gate())


@pytest.mark.django_db(transaction=True)
async def test_a_thread_speaks_the_language_of_whoever_waits_for_it() -> None:
    async def asked(language: str) -> tuple[str | None, str | None]:
        with translation.override(language):
            await asyncio.sleep(0)
            elsewhere = await asyncio.to_thread(in_language(translation.get_language))
            return await in_thread(translation.get_language), elsewhere

    languages = ["de", "sr", "ar", "en"] * 4
    heard = await asyncio.gather(*(asked(language) for language in languages))
    assert heard == [(language, language) for language in languages]
    assert await in_thread(translation.get_language) == translation.get_language() == "en"
