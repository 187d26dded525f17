"""The table of folders. Django finds it through `chat.models`."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from tenants.scoping import TenantOwned


class Folder(TenantOwned):
    """One person's. Nobody else in the tenant sees it."""

    NAME_CHARS = 60

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=NAME_CHARS)
    collapsed = models.BooleanField(default=False)
    """As its reader has left it; every page shows it so from the start."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "user", "name"], name="folder_once_per_person")
        ]

    def __str__(self) -> str:
        return self.name
