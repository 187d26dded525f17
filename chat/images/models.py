"""Table of the pictures. Django finds it through `chat.models`."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from tenants.scoping import TenantOwned


class QuestionImage(TenantOwned):
    """A picture that somebody has attached to a question, or is about to. Nobody else in the tenant sees it.

    The file is never the one that was uploaded: it is a JPEG that this program has made of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    turn = models.ForeignKey("chat.Turn", null=True, on_delete=models.CASCADE, related_name="+")
    """None until it is asked with."""
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=255)
    file = models.FileField(max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    """Of the file, in bytes."""
    sha256 = models.CharField(max_length=64)
    text = models.TextField(blank=True)
    """What was recognised on it."""
    read_at = models.DateTimeField(null=True, blank=True)
    """When text was looked for, whether or not there was any."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["position", "created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["created_at"], condition=models.Q(turn=None), name="chat_image_unasked"),
        ]

    def __str__(self) -> str:
        return self.name


@receiver(post_delete, sender=QuestionImage)
def _remove_file(instance: QuestionImage, **_kwargs: Any) -> None:
    """Rows go by cascade with a conversation, a person or a tenant, and no service sees each of them go."""
    transaction.on_commit(lambda: instance.file.delete(save=False))
