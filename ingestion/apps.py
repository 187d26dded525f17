from __future__ import annotations

from django.apps import AppConfig


class IngestionConfig(AppConfig):
    name = "ingestion"

    def ready(self) -> None:
        from ingestion.selectors import document_bytes
        from tenants import storage

        storage.count_in(document_bytes)
