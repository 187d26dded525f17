"""How a program says who it is: `Authorization: Bearer rzg_…`.

Cookies open nothing, so that no other site can use them.
"""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from tenants.access import Access, access_for_key
from tenants.limits import spend

REQUESTS_PER_MINUTE = 600
"""Of one key: enough for ten files a second, too few to starve the pages that people wait for."""


class ApiRequest(HttpRequest):
    """A request that `ApiKeyBearer` has let through."""

    auth: Access


class ApiKeyBearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Access:
        """Raise `KeyRefused`, or `LimitReached` for a key that asks too often."""
        access = access_for_key(token)
        assert access.key is not None  # noqa: S101 - the gate has just found it
        spend(
            "api requests",
            access.key.pk,
            per_minute=REQUESTS_PER_MINUTE,
            message=_("This key has asked too often in the last minute. Wait a minute, then go on more slowly."),
        )
        return access
