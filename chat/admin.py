"""The operator's view of every tenant's settings and answers. Keys are never shown, not even as dots."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from chat import provider_services
from chat.comparisons.models import Comparison
from chat.composing.models import SavedPrompt
from chat.folders.models import Folder
from chat.gaps.models import GapRequest, KnowledgeGap
from chat.images.models import QuestionImage
from chat.lines.models import RelevanceLine
from chat.models import AnswerSettings, Conversation, Provider, Source, Turn
from chat.quality.models import GoldenQuestion, GoldenSource, QualityResult, QualityRun, Rating
from chat.sharing.models import Share, SharingRules
from tenants.admin import TenantOwnedAdmin, operator


@admin.register(AnswerSettings)
class AnswerSettingsAdmin(TenantOwnedAdmin):
    list_display = ("tenant", "mode", "temperature", "max_tokens", "context_tokens", "passages")
    list_filter = ("mode",)
    search_fields = ("tenant__name", "tenant__slug")


@admin.register(Provider)
class ProviderAdmin(TenantOwnedAdmin):
    list_display = ("tenant", "position", "kind", "model", "base_url", "enabled", "has_key")
    list_filter = ("kind", "enabled", "tenant")
    search_fields = ("model", "base_url", "tenant__name", "tenant__slug")
    ordering = ("tenant__name", "position")
    fields = (
        *("tenant", "position", "kind", "preset", "base_url", "model", "sees", "enabled", "has_key", "created_at"),
        *("input_price", "output_price", "currency"),
    )
    readonly_fields = ("has_key",)

    @admin.display(boolean=True, description="key")
    def has_key(self, provider: Provider) -> bool:
        return bool(provider.api_key)

    def delete_model(self, request: HttpRequest, obj: Provider) -> None:
        provider_services.provider_delete(access=operator(request, obj.tenant), provider=obj)


@admin.register(Conversation)
class ConversationAdmin(TenantOwnedAdmin):
    list_display = ("title", "tenant", "user", "created_at", "updated_at")
    list_filter = ("tenant",)
    list_select_related = ("tenant", "user")
    search_fields = ("title", "user__email", "tenant__slug")
    date_hierarchy = "created_at"
    raw_id_fields = ("head",)


@admin.register(Folder)
class FolderAdmin(TenantOwnedAdmin):
    list_display = ("name", "tenant", "user", "created_at")
    list_filter = ("tenant",)
    list_select_related = ("tenant", "user")
    search_fields = ("name", "user__email", "tenant__slug")


@admin.register(SharingRules)
class SharingRulesAdmin(TenantOwnedAdmin):
    list_display = ("tenant", "public", "endless")
    list_filter = ("public", "endless")


@admin.register(Share)
class ShareAdmin(TenantOwnedAdmin):
    list_display = ("title", "tenant", "user", "audience", "created_at", "expires_at", "views")
    list_filter = ("audience", "tenant")
    list_select_related = ("tenant", "user")
    search_fields = ("title", "user__email", "tenant__slug")
    fields = ("tenant", "title", "user", "conversation", "audience", "created_at", "expires_at", "views")
    raw_id_fields = ("conversation",)


@admin.register(Turn)
class TurnAdmin(TenantOwnedAdmin):
    list_display = ("created_at", "tenant", "status", "refused", "provider", "model", "first_word_ms", "elapsed_ms")
    list_filter = ("status", "refused", "provider", "model", "tenant")
    search_fields = ("id", "error_code", "tenant__slug")
    date_hierarchy = "created_at"
    raw_id_fields = ("conversation", "parent", "chosen_provider", "continues", "comparison")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("trace") if _is_list(request) else super().get_queryset(request)


@admin.register(Comparison)
class ComparisonAdmin(TenantOwnedAdmin):
    list_display = ("created_at", "tenant", "verdict", "blind")
    list_filter = ("verdict", "tenant")
    raw_id_fields = ("conversation", "best")


@admin.register(Source)
class SourceAdmin(TenantOwnedAdmin):
    list_display = ("turn", "number", "document_name", "page", "cited", "tenant")
    list_filter = ("cited", "tenant")
    list_select_related = ("tenant", "turn")
    search_fields = ("document_name", "tenant__slug")


@admin.register(SavedPrompt)
class SavedPromptAdmin(TenantOwnedAdmin):
    list_display = ("name", "owner", "tenant", "updated_at")
    list_filter = ("tenant",)
    list_select_related = ("tenant", "owner")
    search_fields = ("name", "tenant__slug")


@admin.register(QuestionImage)
class QuestionImageAdmin(TenantOwnedAdmin):
    """That it is there and how large it is: what it shows is its owner's alone."""

    list_display = ("created_at", "tenant", "width", "height", "size", "read_at")
    list_filter = ("tenant",)
    search_fields = ("id", "tenant__slug")
    raw_id_fields = ("turn",)
    exclude = ("file", "text")


@admin.register(Rating)
class RatingAdmin(TenantOwnedAdmin):
    list_display = ("updated_at", "tenant", "helpful")
    list_filter = ("helpful", "tenant")
    raw_id_fields = ("turn",)
    search_fields = ("tenant__slug",)


@admin.register(GoldenQuestion)
class GoldenQuestionAdmin(TenantOwnedAdmin):
    list_display = ("text", "collection", "answerable", "tenant", "created_at")
    list_filter = ("answerable", "tenant")
    list_select_related = ("tenant", "collection")
    search_fields = ("text", "tenant__slug")
    raw_id_fields = ("turn",)


@admin.register(GoldenSource)
class GoldenSourceAdmin(TenantOwnedAdmin):
    list_display = ("document_name", "page", "question", "tenant")
    list_filter = ("tenant",)
    list_select_related = ("tenant", "question")
    search_fields = ("document_name", "tenant__slug")


@admin.register(QualityRun)
class QualityRunAdmin(TenantOwnedAdmin):
    list_display = ("created_at", "name", "tenant", "status", "done", "total", "with_answers", "is_baseline")
    list_filter = ("status", "with_answers", "tenant")
    search_fields = ("name", "tenant__slug")


@admin.register(QualityResult)
class QualityResultAdmin(TenantOwnedAdmin):
    list_display = ("text", "run", "refused", "answer_match", "elapsed_ms", "tenant")
    list_filter = ("refused", "tenant")
    list_select_related = ("tenant", "run")
    search_fields = ("text", "tenant__slug")
    raw_id_fields = ("question",)


@admin.register(RelevanceLine)
class RelevanceLineAdmin(TenantOwnedAdmin):
    list_display = ("collection", "fingerprint", "fitted", "chosen", "passages", "fitted_at", "tenant")
    list_filter = ("tenant",)
    list_select_related = ("tenant", "collection")


@admin.register(KnowledgeGap)
class KnowledgeGapAdmin(TenantOwnedAdmin):
    list_display = ("question", "status", "created_at", "closed_at", "tenant")
    list_filter = ("status", "tenant")
    search_fields = ("question", "tenant__slug")
    raw_id_fields = ("document",)


@admin.register(GapRequest)
class GapRequestAdmin(TenantOwnedAdmin):
    list_display = ("question", "gap", "created_at", "tenant")
    list_filter = ("tenant",)
    list_select_related = ("tenant", "gap")
    search_fields = ("question", "tenant__slug")
    raw_id_fields = ("turn",)


def _is_list(request: HttpRequest) -> bool:
    return bool(request.resolver_match and (request.resolver_match.url_name or "").endswith("_changelist"))
