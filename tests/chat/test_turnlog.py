"""Both turn logs keep the same promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.exceptions import ResponseError

from chat.ports import LogEntry, LogGone, TurnLog
from chat.shared_redis import close_redis
from chat.turnlog.memory import MemoryTurnLog
from chat.turnlog.redis import RedisTurnLog

END = {"type": "turn.stopped", "elapsed_ms": 1}


def delta(text: str) -> dict[str, object]:
    return {"type": "answer.delta", "block": 0, "text": text, "draft": False}


@pytest.fixture(params=["memory", "redis"])
async def log(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[TurnLog]:
    yield MemoryTurnLog() if request.param == "memory" else RedisTurnLog(redis_url)
    await close_redis()


async def read_all(log: TurnLog, turn_id: object, after: int = 0) -> list[LogEntry]:
    return [entry async for entry in log.read(turn_id, after=after)]  # type: ignore[arg-type]


async def test_sequence_numbers_count_from_one_without_a_gap(log: TurnLog) -> None:
    turn = uuid4()
    await log.append(turn, [{"type": "turn.accepted"}, delta("a")])
    last = await log.append(turn, [delta("b"), END])

    assert last == 4
    assert [entry.seq for entry in await read_all(log, turn)] == [1, 2, 3, 4]


async def test_a_reader_waits_for_what_is_still_to_come(log: TurnLog) -> None:
    turn = uuid4()
    await log.append(turn, [{"type": "turn.accepted"}])
    reader = asyncio.create_task(read_all(log, turn))
    await asyncio.sleep(0.05)
    await log.append(turn, [delta("a")])
    await asyncio.sleep(0.05)
    await log.append(turn, [END])

    assert [entry.data["type"] for entry in await asyncio.wait_for(reader, 5)] == [
        "turn.accepted",
        "answer.delta",
        "turn.stopped",
    ]


async def test_reading_goes_on_after_a_sequence_number(log: TurnLog) -> None:
    turn = uuid4()
    await log.append(turn, [{"type": "turn.accepted"}, delta("a"), delta("b"), END])

    assert [entry.seq for entry in await read_all(log, turn, after=2)] == [3, 4]


async def test_many_readers_of_many_turns_each_get_everything(log: TurnLog) -> None:
    turns = [uuid4() for _ in range(20)]
    for turn in turns:
        await log.append(turn, [{"type": "turn.accepted"}])
    readers = [asyncio.create_task(read_all(log, turn)) for turn in turns for _tab in range(2)]
    for step in range(10):
        await asyncio.gather(*(log.append(turn, [delta(str(step))]) for turn in turns))
    await asyncio.gather(*(log.append(turn, [END]) for turn in turns))

    for entries in await asyncio.wait_for(asyncio.gather(*readers), 10):
        assert [entry.seq for entry in entries] == list(range(1, 13))


async def test_a_turn_that_was_never_written_is_gone(log: TurnLog) -> None:
    with pytest.raises(LogGone):
        await read_all(log, uuid4())


async def test_a_wish_to_stop_is_heard(log: TurnLog) -> None:
    turn, other = uuid4(), uuid4()
    await log.request_stop(turn)

    assert await log.stops_requested([turn, other]) == {turn}


async def test_what_is_written_can_be_had_without_waiting(log: TurnLog) -> None:
    turn = uuid4()
    await log.append(turn, [{"type": "turn.accepted"}, delta("a")])

    assert [entry.seq for entry in await log.written(turn)] == [1, 2]
    assert await log.written(uuid4()) == []


async def test_two_processes_cannot_both_write_the_end(redis_url: str) -> None:
    turn = uuid4()
    web, reaper = RedisTurnLog(redis_url), RedisTurnLog(redis_url)
    await web.append(turn, [{"type": "turn.accepted"}])
    await reaper.append(turn, [END])

    with pytest.raises(ResponseError):
        await web.append(turn, [END])
    await close_redis()


async def test_a_reader_in_another_process_hears_everything(redis_url: str) -> None:
    turn = uuid4()
    writer, reader = RedisTurnLog(redis_url), RedisTurnLog(redis_url)
    await writer.append(turn, [{"type": "turn.accepted"}])
    reading = asyncio.create_task(read_all(reader, turn))
    for _ in range(50):
        await writer.append(turn, [delta("x")])
    await writer.append(turn, [END])

    assert len(await asyncio.wait_for(reading, 5)) == 52
    await close_redis()


async def test_whoever_stops_waiting_for_a_write_leaves_no_gap(log: TurnLog) -> None:
    turn = uuid4()
    await log.append(turn, [{"type": "turn.accepted"}])
    writing = asyncio.create_task(log.append(turn, [delta("a")]))
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await log.append(turn, [END])

    assert [entry.seq for entry in await read_all(log, turn)] == [1, 2, 3]


async def test_a_refused_write_does_not_take_others_with_it(redis_url: str) -> None:
    taken, free = uuid4(), uuid4()
    web, reaper = RedisTurnLog(redis_url), RedisTurnLog(redis_url)
    await web.append(taken, [{"type": "turn.accepted"}])
    await reaper.append(taken, [END])

    refused, last = await asyncio.gather(
        web.append(taken, [delta("a")]), web.append(free, [{"type": "turn.accepted"}]), return_exceptions=True
    )

    assert isinstance(refused, ResponseError)
    assert last == 1
    await close_redis()


async def test_whoever_follows_where_it_is_written_hears_the_end_that_another_process_writes(redis_url: str) -> None:
    turn = uuid4()
    web, reaper = RedisTurnLog(redis_url), RedisTurnLog(redis_url)
    await web.append(turn, [{"type": "turn.accepted"}])
    reading = asyncio.create_task(read_all(web, turn))
    await asyncio.sleep(0.05)
    await reaper.append(turn, [END])
    with pytest.raises(ResponseError):
        await web.append(turn, [delta("a")])

    assert [entry.data["type"] for entry in await asyncio.wait_for(reading, 5)] == ["turn.accepted", "turn.stopped"]
    await close_redis()


async def test_a_turn_that_is_handed_over_is_followed_in_redis(redis_url: str) -> None:
    turn = uuid4()
    web, reaper = RedisTurnLog(redis_url), RedisTurnLog(redis_url)
    await web.append(turn, [{"type": "turn.accepted"}, delta("a")])
    reading = asyncio.create_task(read_all(web, turn))
    await asyncio.sleep(0.05)
    web.hand_over(turn)
    await reaper.append(turn, [END])

    assert [entry.seq for entry in await asyncio.wait_for(reading, 5)] == [1, 2, 3]
    await close_redis()


async def test_a_second_tab_that_comes_late_gets_everything(log: TurnLog) -> None:
    turn = uuid4()
    await log.append(turn, [{"type": "turn.accepted"}])
    first = asyncio.create_task(read_all(log, turn))
    for _ in range(5):
        await log.append(turn, [delta("x")])
    second = asyncio.create_task(read_all(log, turn, after=3))
    await asyncio.sleep(0.05)
    await log.append(turn, [END])

    assert [entry.seq for entry in await asyncio.wait_for(first, 5)] == list(range(1, 8))
    assert [entry.seq for entry in await asyncio.wait_for(second, 5)] == [4, 5, 6, 7]
