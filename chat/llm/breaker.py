"""A circuit breaker: a provider that has failed several times in a row is left alone for a while, so that questions
go to the next one at once instead of waiting for the same timeout.

closed -> (`FAILURES_TO_OPEN` in a row) -> open -> (`OPEN_S`, or what the provider asked for) -> half-open, where one
question tries -> closed, or open again. The state is in Redis, so that all web processes know what one has learnt.
"""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol
from uuid import UUID

from django.utils.translation import ngettext
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chat.errors import ProviderBusy, ProviderError, ProviderUnreachable, StreamBroken

logger = logging.getLogger(__name__)

FAILURES_TO_OPEN = 3
OPEN_S = 30.0
OPEN_MAX_S = 3600.0
"""A provider may ask for a day; a key's quota may be raised within the hour."""
TRIAL_S = 120.0
"""How long a half-open trial keeps the others out, in case its process dies."""
MEMORY_S = 600
"""Failures further apart than this are not in a row."""
TRIPPING = (ProviderUnreachable, ProviderBusy, StreamBroken)
"""What opens it. Other errors are answers: the provider is there."""


@dataclass(frozen=True, slots=True)
class BreakerKey:
    """Of one tenant, because a limit or a wrong address is the tenant's own."""

    tenant_id: UUID
    provider_id: UUID

    def __str__(self) -> str:
        return f"{self.tenant_id}:{self.provider_id}"


class Breaker(Protocol):
    async def admit(self, key: BreakerKey) -> float:
        """0 when the provider may be asked now, else the seconds to wait."""
        ...

    async def succeeded(self, key: BreakerKey) -> None: ...

    async def failed(self, key: BreakerKey, *, retry_after: float | None = None) -> None: ...

    async def abandoned(self, key: BreakerKey) -> None:
        """Nothing was learnt: the question was stopped. A half-open trial is given back."""
        ...


@asynccontextmanager
async def guarded(
    breaker: Breaker, key: BreakerKey, *, label: str, tripping: tuple[type[ProviderError], ...] = TRIPPING
) -> AsyncIterator[None]:
    """Run the block when the breaker admits it, and tell the breaker how it went; else raise `ProviderBusy`."""
    if wait := await breaker.admit(key):
        count = math.ceil(wait)
        said = ngettext(
            "%(label)s has failed several times in a row and is left alone for %(count)d second.",
            "%(label)s has failed several times in a row and is left alone for %(count)d seconds.",
            count,
        )
        raise ProviderBusy(said % {"label": label, "count": count}, code="provider.resting", retry_after=wait)
    try:
        yield
    except tripping as error:
        await breaker.failed(key, retry_after=error.retry_after)
        raise
    except ProviderError:
        await breaker.succeeded(key)
        raise
    except BaseException:
        await breaker.abandoned(key)
        raise
    await breaker.succeeded(key)


def _rest(open_s: float, retry_after: float | None) -> float:
    return open_s if retry_after is None else min(max(retry_after, open_s), OPEN_MAX_S)


class RedisBreaker:
    """Three keys for a provider: `open` and `trial` expire by themselves, `failures` counts. When Redis itself does
    not answer, every question is admitted: the breaker must not be what stands in the way."""

    def __init__(self, redis: Redis, *, open_s: float = OPEN_S, prefix: str = "breaker") -> None:
        self._redis = redis
        self._open_s = open_s
        self._prefix = prefix

    async def admit(self, key: BreakerKey) -> float:
        async with self._forgiving():
            both = self._redis.pipeline(transaction=False)
            both.get(self._key(key, "failures"))
            both.pttl(self._key(key, "open"))
            failures, remaining_ms = await both.execute()
            if remaining_ms > 0:
                return float(remaining_ms) / 1000
            if int(failures or 0) < FAILURES_TO_OPEN:
                return 0.0
            trial = await self._redis.set(self._key(key, "trial"), 1, nx=True, px=_ms(TRIAL_S))
            return 0.0 if trial else self._open_s
        return 0.0

    async def succeeded(self, key: BreakerKey) -> None:
        async with self._forgiving():
            await self._redis.delete(*(self._key(key, part) for part in ("failures", "open", "trial")))

    async def failed(self, key: BreakerKey, *, retry_after: float | None = None) -> None:
        rest = _rest(self._open_s, retry_after)
        async with self._forgiving():
            failures = await self._redis.incr(self._key(key, "failures"))
            await self._redis.expire(self._key(key, "failures"), math.ceil(rest) + MEMORY_S)
            if failures >= FAILURES_TO_OPEN:
                await self._redis.set(self._key(key, "open"), 1, px=_ms(rest))
            await self._redis.delete(self._key(key, "trial"))

    async def abandoned(self, key: BreakerKey) -> None:
        async with self._forgiving():
            await self._redis.delete(self._key(key, "trial"))

    def _key(self, key: BreakerKey, part: str) -> str:
        return f"{self._prefix}:{{{key}}}:{part}"  # the braces keep the three on one node of a cluster

    @asynccontextmanager
    async def _forgiving(self) -> AsyncIterator[None]:
        try:
            yield
        except RedisError:
            logger.warning("The circuit breaker cannot reach Redis; every provider is admitted.", exc_info=True)


@dataclass(slots=True)
class _State:
    failures: int = 0
    open_until: float = -math.inf
    trial_until: float = -math.inf


@dataclass(slots=True)
class MemoryBreaker:
    """The same for one process, with a clock that a test can turn."""

    open_s: float = OPEN_S
    clock: Callable[[], float] = monotonic
    _states: dict[BreakerKey, _State] = field(default_factory=dict)

    async def admit(self, key: BreakerKey) -> float:
        state, now = self._states.get(key, _State()), self.clock()
        if state.open_until > now:
            return state.open_until - now
        if state.failures < FAILURES_TO_OPEN:
            return 0.0
        if state.trial_until > now:
            return self.open_s
        state.trial_until = now + TRIAL_S
        return 0.0

    async def succeeded(self, key: BreakerKey) -> None:
        self._states.pop(key, None)

    async def failed(self, key: BreakerKey, *, retry_after: float | None = None) -> None:
        state = self._states.setdefault(key, _State())
        state.failures += 1
        state.trial_until = -math.inf
        if state.failures >= FAILURES_TO_OPEN:
            state.open_until = self.clock() + _rest(self.open_s, retry_after)

    async def abandoned(self, key: BreakerKey) -> None:
        if state := self._states.get(key):
            state.trial_until = -math.inf


def _ms(seconds: float) -> int:
    return max(round(seconds * 1000), 1)
