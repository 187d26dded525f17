"""The operator's view of every tenant's documents."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat

from ingestion import services
from ingestion.index.entries import LexicalEntry
from ingestion.index.passage_words import PassageWords
from ingestion.models import (
    Chunk,
    Collection,
    Document,
    DocumentEvent,
    DocumentSection,
    EmbedderChange,
    IngestionSettings,
    PendingUpload,
)
from tenants.admin import TenantOwnedAdmin, operator


@admin.register(Collection)
class CollectionAdmin(TenantOwnedAdmin):
    list_display = ("name", "tenant", "searched", "embedder_fingerprint", "created_at")
    list_filter = ("searched", "tenant")
    search_fields = ("name", "tenant__name", "tenant__slug")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows that go by cascade would leave their index entries and files behind."""
        return False


@admin.register(Document)
class DocumentAdmin(TenantOwnedAdmin):
    """Deleting goes through the service, so that index entries and file go too."""

    list_display = (
        "name",
        "tenant",
        "collection",
        "status",
        "stage",
        "media_type",
        "bytes",
        "chunk_count",
        "created_at",
    )
    list_filter = ("status", "stage", "media_type", "language", "tenant")
    list_select_related = ("tenant", "collection")
    search_fields = ("name", "title", "sha256", "tenant__name", "tenant__slug", "error_code")
    date_hierarchy = "created_at"

    @admin.display(description="size", ordering="size")
    def bytes(self, document: Document) -> str:
        return filesizeformat(document.size)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Name the documents alone: passages and sections go with them, and have no permissions of their own here."""
        documents = [str(document) for document in objs]
        return documents, {"documents": len(documents)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        services.document_delete(access=operator(request, obj.tenant), document=obj)


class _PartAdmin(TenantOwnedAdmin):
    """What a document was understood as. It comes and goes with the document."""

    list_select_related = ("tenant", "document")
    search_fields = ("document__name", "tenant__slug")
    ordering = ("document", "ordinal")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(DocumentSection)
class DocumentSectionAdmin(_PartAdmin):
    list_display = ("document", "ordinal", "page", "start", "tenant")
    list_filter = ("tenant",)


@admin.register(Chunk)
class ChunkAdmin(_PartAdmin):
    list_display = ("document", "ordinal", "page", "heading", "embedded", "tenant")
    list_filter = ("embedded", "tenant")


@admin.register(DocumentEvent)
class DocumentEventAdmin(_PartAdmin):
    list_display = ("at", "document", "kind", "actor_name", "tenant")
    list_filter = ("kind", "tenant")
    date_hierarchy = "at"
    ordering = ("document", "at")


@admin.register(PendingUpload)
class PendingUploadAdmin(TenantOwnedAdmin):
    """Goes by itself, with what has arrived of its file, when nobody has gone on with it for a day."""

    list_display = ("name", "tenant", "user", "offset", "length", "updated_at")
    list_filter = ("tenant",)
    list_select_related = ("tenant", "user")
    search_fields = ("name", "user__email", "tenant__slug")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(IngestionSettings)
class IngestionSettingsAdmin(TenantOwnedAdmin):
    list_display = ("tenant", "embedder", "ocr_languages")


@admin.register(EmbedderChange)
class EmbedderChangeAdmin(TenantOwnedAdmin):
    """Begun, cancelled and undone by the organisation's admins, on their settings page."""

    list_display = ("tenant", "source", "target", "status", "started_by", "created_at", "switched_at")
    list_filter = ("status", "tenant")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(LexicalEntry)
class LexicalEntryAdmin(TenantOwnedAdmin):
    """For finding out why something is not found; `manage.py reindex` builds these rows anew."""

    list_display = ("chunk_id", "document_id", "language", "length", "tenant")
    list_filter = ("language", "tenant")
    search_fields = ("=chunk_id", "=document_id", "tenant__slug")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PassageWords)
class PassageWordsAdmin(TenantOwnedAdmin):
    """As above."""

    list_display = ("chunk_id", "document_id", "fingerprint", "tenant")
    list_filter = ("fingerprint", "tenant")
    search_fields = ("=chunk_id", "=document_id", "tenant__slug")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
