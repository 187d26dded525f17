from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from chat.errors import ModelNotFound, ProviderBusy, ProviderError, ProviderUnreachable, StreamBroken
from chat.llm.breaker import OPEN_MAX_S, Breaker, BreakerKey, MemoryBreaker, RedisBreaker, guarded
from tests.services import unused_ports

OPEN_S = 0.3


@pytest_asyncio.fixture(params=["redis", "memory"])
async def breaker(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Breaker]:
    """Each of the two, held to the same contract."""
    if request.param == "memory":
        yield MemoryBreaker(open_s=OPEN_S)
        return
    async with Redis.from_url(redis_url) as redis:
        yield RedisBreaker(redis, open_s=OPEN_S)


@pytest.fixture
def key() -> BreakerKey:
    return BreakerKey(uuid4(), uuid4())


async def fail(breaker: Breaker, key: BreakerKey, times: int) -> None:
    for _ in range(times):
        await breaker.failed(key)


async def test_it_is_closed_at_first(breaker: Breaker, key: BreakerKey) -> None:
    assert await breaker.admit(key) == 0


async def test_two_failures_are_forgiven(breaker: Breaker, key: BreakerKey) -> None:
    await fail(breaker, key, 2)
    assert await breaker.admit(key) == 0


async def test_three_failures_in_a_row_open_it(breaker: Breaker, key: BreakerKey) -> None:
    await fail(breaker, key, 3)
    assert 0 < await breaker.admit(key) <= OPEN_S


async def test_a_success_between_failures_starts_the_count_anew(breaker: Breaker, key: BreakerKey) -> None:
    await fail(breaker, key, 2)
    await breaker.succeeded(key)
    await fail(breaker, key, 2)
    assert await breaker.admit(key) == 0


async def test_it_is_open_for_one_tenant_and_provider_only(breaker: Breaker, key: BreakerKey) -> None:
    await fail(breaker, key, 3)
    assert await breaker.admit(BreakerKey(key.tenant_id, uuid4())) == 0
    assert await breaker.admit(BreakerKey(uuid4(), key.provider_id)) == 0


async def test_half_open_lets_one_try_and_the_others_wait(breaker: Breaker, key: BreakerKey) -> None:
    await fail(breaker, key, 3)
    await asyncio.sleep(OPEN_S + 0.02)
    admitted = [await breaker.admit(key) for _ in range(3)]
    assert admitted[0] == 0
    assert all(wait > 0 for wait in admitted[1:])


async def test_a_trial_that_succeeds_closes_it(breaker: Breaker, key: BreakerKey) -> None:
    await fail(breaker, key, 3)
    await asyncio.sleep(OPEN_S + 0.02)
    await breaker.admit(key)
    await breaker.succeeded(key)
    assert [await breaker.admit(key), await breaker.admit(key)] == [0, 0]


async def test_a_trial_that_fails_opens_it_again(breaker: Breaker, key: BreakerKey) -> None:
    await fail(breaker, key, 3)
    await asyncio.sleep(OPEN_S + 0.02)
    await breaker.admit(key)
    await breaker.failed(key)
    assert await breaker.admit(key) > 0


async def test_a_trial_that_was_stopped_is_given_to_the_next(breaker: Breaker, key: BreakerKey) -> None:
    await fail(breaker, key, 3)
    await asyncio.sleep(OPEN_S + 0.02)
    await breaker.admit(key)
    await breaker.abandoned(key)
    assert await breaker.admit(key) == 0


async def test_it_stays_open_for_as_long_as_the_provider_asked(breaker: Breaker, key: BreakerKey) -> None:
    await fail(breaker, key, 2)
    await breaker.failed(key, retry_after=600)
    assert 590 < await breaker.admit(key) <= 600


async def test_it_does_not_stay_open_for_a_day(breaker: Breaker, key: BreakerKey) -> None:
    await fail(breaker, key, 2)
    await breaker.failed(key, retry_after=86_400)
    assert await breaker.admit(key) <= OPEN_MAX_S


@pytest.mark.parametrize("error", [ProviderUnreachable("a"), ProviderBusy("b"), StreamBroken("c")])
async def test_failures_to_answer_count(breaker: Breaker, key: BreakerKey, error: ProviderError) -> None:
    for _ in range(3):
        with pytest.raises(type(error)):
            async with guarded(breaker, key, label="Ollama"):
                raise error
    with pytest.raises(ProviderBusy, match="Ollama has failed several times") as resting:
        async with guarded(breaker, key, label="Ollama"):
            pytest.fail("an open breaker ran the block")
    assert resting.value.code == "provider.resting"
    assert resting.value.retry_after


async def test_an_answer_that_refuses_does_not_count(breaker: Breaker, key: BreakerKey) -> None:
    for _ in range(5):
        with pytest.raises(ModelNotFound):
            async with guarded(breaker, key, label="Ollama"):
                raise ModelNotFound("No such model.")
    assert await breaker.admit(key) == 0


async def test_a_question_that_was_stopped_does_not_count(breaker: Breaker, key: BreakerKey) -> None:
    for _ in range(5):
        with pytest.raises(asyncio.CancelledError):
            async with guarded(breaker, key, label="Ollama"):
                raise asyncio.CancelledError
    assert await breaker.admit(key) == 0


async def test_web_processes_share_what_one_has_learnt(redis_url: str, key: BreakerKey) -> None:
    async with Redis.from_url(redis_url) as one, Redis.from_url(redis_url) as other:
        await fail(RedisBreaker(one, open_s=OPEN_S), key, 3)
        assert await RedisBreaker(other, open_s=OPEN_S).admit(key) > 0


async def test_it_leaves_nothing_in_redis_for_ever(redis_url: str, key: BreakerKey) -> None:
    async with Redis.from_url(redis_url) as redis:
        breaker = RedisBreaker(redis, open_s=OPEN_S)
        await fail(breaker, key, 3)
        await asyncio.sleep(OPEN_S + 0.02)
        await breaker.admit(key)
        kept = [name async for name in redis.scan_iter(f"*{key}*")]
        assert len(kept) == 2
        for name in kept:
            assert await redis.pttl(name) > 0


async def test_without_redis_every_question_is_admitted(key: BreakerKey, caplog: pytest.LogCaptureFixture) -> None:
    (port,) = unused_ports(1)
    async with Redis(host="127.0.0.1", port=port, retry=Retry(NoBackoff(), 0)) as redis:
        breaker = RedisBreaker(redis)
        with caplog.at_level(logging.WARNING):
            await breaker.failed(key)
            assert await breaker.admit(key) == 0
    assert "cannot reach Redis" in caplog.text


async def test_a_clock_can_be_turned_in_memory(key: BreakerKey) -> None:
    now = 0.0
    breaker = MemoryBreaker(open_s=30, clock=lambda: now)
    await fail(breaker, key, 3)
    assert await breaker.admit(key) == 30
    now = 31
    assert await breaker.admit(key) == 0
