"""Tables of the knowledge gaps. Django finds them through `chat.models`."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scoping import TenantOwned


class KnowledgeGap(TenantOwned):
    """One thing that the documents do not say, however often and in whatever words it was asked."""

    class Status(models.TextChoices):
        OPEN = "open", _("Unanswered")
        ANSWERED = "answered", _("Answered")
        DISMISSED = "dismissed", _("Dismissed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question = models.TextField()
    """As it was asked first."""
    terms = models.TextField(blank=True)
    """Its words as the lexical index has them, in alphabetical order: what has the same ones is the same question."""
    vector = models.JSONField(null=True, blank=True)
    """Of the question, once the embedder was asked."""
    fingerprint = models.CharField(max_length=64, blank=True)
    """The embedder that made the vector."""
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    """Whoever has closed it."""
    answer = models.TextField(blank=True)
    """What the askers are told: the text that has become `document`, or where the answer is to be found."""
    document = models.ForeignKey("ingestion.Document", null=True, on_delete=models.SET_NULL, related_name="+")
    collection = models.ForeignKey("ingestion.Collection", null=True, on_delete=models.SET_NULL, related_name="+")
    """Where the answer is."""

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "status", "-created_at"], name="knowledge_gaps_by_status")
        ]

    def __str__(self) -> str:
        return self.question[:60]


class GapRequest(TenantOwned):
    """Somebody has asked for it. The question is a copy: what was sent stays when its conversation is deleted."""

    gap = models.ForeignKey(KnowledgeGap, on_delete=models.CASCADE, related_name="requests")
    turn = models.ForeignKey("chat.Turn", null=True, on_delete=models.SET_NULL, related_name="+")
    asker = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    question = models.TextField()
    note = models.CharField(max_length=1_000, blank=True)
    nearest = models.JSONField(default=list, blank=True)
    """What the search had found: a list of {"document_id", "document", "page"}, the nearest first."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "turn"], name="owner_asked_once_per_turn")
        ]

    def __str__(self) -> str:
        return self.question[:60]
