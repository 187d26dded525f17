"""The socket's address."""

from __future__ import annotations

from django.urls import path

from chat.consumers import TenantConsumer

websocket_urlpatterns = [path("ws/t/<slug:slug>/", TenantConsumer.as_asgi())]
