"""Table of the fitted lines. Django finds it through `chat.models`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scoping import TenantOwned


class RelevanceLine(TenantOwned):
    """Where answering ends and refusing begins in a collection, for the vectors of one embedder. Another embedder's
    line is another row, and what was fitted for the first one is there again when it comes back."""

    collection = models.ForeignKey("ingestion.Collection", on_delete=models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=64)
    fitted = models.FloatField(null=True, blank=True)
    """None until questions were made for it."""
    chosen = models.FloatField(null=True, blank=True)
    """By an admin, and what counts then."""
    own_scores = models.JSONField(default=list, blank=True)
    """Of questions of the collection's own documents, in ascending order."""
    off_topic_scores = models.JSONField(default=list, blank=True)
    """Of questions that have nothing to do with them, in ascending order."""
    passages = models.PositiveIntegerField(default=0)
    """How many the collection had when it was fitted."""
    fitted_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["collection", "fingerprint"], name="relevance_line_once_per_embedder")
        ]

    def __str__(self) -> str:
        return f"{self.collection_id}: {self.chosen or self.fitted}"
