"""How much a tenant may do in a while. Counted in Redis, so that every process counts together."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from tenants.errors import LimitReached


@lru_cache(maxsize=1)
def _limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(RedisStorage(settings.REDIS_URL))


def spend(what: str, owner: UUID | int, *, per_minute: int, message: str) -> None:
    """Count one use; raise `LimitReached` with `message` when `owner` has had `per_minute` in the last minute."""
    if not _limiter().hit(RateLimitItemPerMinute(per_minute), what, str(owner)):
        raise LimitReached(message)


def spend_by_address(request: HttpRequest, what: str, *, per_minute: int, message: str) -> None:
    """Count by the caller's address: whoever guesses links has nothing else that could be counted."""
    address = ipaddress.ip_address(get_adapter().get_client_ip(request))
    spend(what, int(address), per_minute=per_minute, message=message)
