from __future__ import annotations

import asyncio

from chat.aio import SEARCHES, searching


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
