"""Sockets are opened by our own pages. A browser asks nobody before it opens one, and sends its cookies along."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings


class SameOrigin:
    """Lets through what comes from a page of the host and port that is asked, or from `CSRF_TRUSTED_ORIGINS`, as Django
    does with forms. Cookies tell ports from one another as little as `ALLOWED_HOSTS` does."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin1")
        host = headers.get(b"host", b"").decode("latin1")
        is_ours = bool(host) and urlsplit(origin).netloc == host
        allowed = self.application if is_ours or origin in settings.CSRF_TRUSTED_ORIGINS else WebsocketDenier()
        return await allowed(scope, receive, send)
