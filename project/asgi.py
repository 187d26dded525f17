"""What the web server runs: pages over HTTP, conversations over WebSocket."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
http = get_asgi_application()  # loads the models, which everything below imports

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from chat.routing import websocket_urlpatterns  # noqa: E402
from chat.warming import lifespan  # noqa: E402
from project.health import with_health  # noqa: E402
from project.same_origin import SameOrigin  # noqa: E402

application = ProtocolTypeRouter(
    {
        "lifespan": lifespan,
        "http": with_health(http),
        "websocket": AllowedHostsOriginValidator(SameOrigin(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))),
    }
)
