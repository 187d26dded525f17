from __future__ import annotations

from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"

    def ready(self) -> None:
        from chat.selectors import attached_bytes
        from tenants import storage

        storage.count_in(attached_bytes)
