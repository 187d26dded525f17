from __future__ import annotations

import asyncio

import pytest

from chat.llm.inbox import MAX_BYTES, Inbox


async def test_it_gives_everything_that_is_there_at_once() -> None:
    inbox = Inbox()
    await inbox.put(b"a")
    await inbox.put(b"b")
    assert await inbox.take(1) == b"ab"


async def test_it_waits_for_the_first_piece() -> None:
    inbox = Inbox()
    taking = asyncio.create_task(inbox.take(5))
    await asyncio.sleep(0)
    await inbox.put(b"a")
    assert await taking == b"a"


async def test_it_does_not_wait_longer_than_it_was_told() -> None:
    with pytest.raises(TimeoutError):
        await Inbox().take(0.01)


async def test_the_end_is_empty_and_comes_after_what_was_there() -> None:
    inbox = Inbox()
    await inbox.put(b"a")
    inbox.end()
    assert [await inbox.take(1), await inbox.take(1)] == [b"a", b""]


async def test_the_end_wakes_whoever_waits() -> None:
    inbox = Inbox()
    taking = asyncio.create_task(inbox.take(60))
    await asyncio.sleep(0)
    inbox.end()
    async with asyncio.timeout(1):
        assert await taking == b""


async def test_the_reader_is_held_up_while_things_gather() -> None:
    inbox = Inbox()
    gathering = asyncio.create_task(inbox.gather(0.05))
    await asyncio.sleep(0)
    putting = asyncio.create_task(inbox.put(b"a"))
    await asyncio.sleep(0.01)
    assert not putting.done()
    await gathering
    await putting
    assert await inbox.take(1) == b"a"


async def test_gathering_is_over_when_nothing_more_can_come() -> None:
    inbox = Inbox()
    gathering = asyncio.create_task(inbox.gather(60))
    await asyncio.sleep(0)
    inbox.end()
    async with asyncio.timeout(1):
        await gathering
        await inbox.gather(60)


async def test_a_slow_taker_slows_the_reader_down() -> None:
    inbox = Inbox()
    taken = 0

    async def read() -> None:
        for _ in range(8):
            await inbox.put(b"x" * MAX_BYTES)
        inbox.end()

    reading = asyncio.create_task(read())
    while data := await inbox.take(1):
        assert len(data) <= 2 * MAX_BYTES
        taken += len(data)
    await reading
    assert taken == 8 * MAX_BYTES
