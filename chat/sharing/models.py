"""Tables of sharing. Django finds them through `chat.models`."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models import Tenant
from tenants.scoping import TenantOwned
from tenants.secrets import EncryptedField


class SharingRules(TenantOwned):
    """What links of a tenant's may be. A tenant without a row allows neither."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="+", editable=False)
    public = models.BooleanField(
        _("Links for anyone"),
        default=False,
        help_text=_("Whoever has such a link reads the conversation without signing in."),
    )
    endless = models.BooleanField(
        _("Links without an end"),
        default=False,
        help_text=_("Otherwise every link ends after 30 days at the latest."),
    )

    class Meta(TenantOwned.Meta):
        verbose_name_plural = "sharing rules"

    def __str__(self) -> str:
        return f"Sharing rules of {self.tenant}"


class Share(TenantOwned):
    """A conversation as it read when it was shared. Whether its link still works is `selectors.alive`."""

    class Audience(models.TextChoices):
        MEMBERS = "members", _("Members of this organisation")
        PUBLIC = "public", _("Anyone with the link")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey("chat.Conversation", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    token = EncryptedField(editable=False)
    """So that whoever has shared it can copy the link again; it is found by its hash."""
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.MEMBERS)
    title = models.CharField(max_length=120, blank=True)
    snapshot = models.JSONField(editable=False)
    """What `chat.sharing.snapshots` has made of it."""
    views = models.PositiveIntegerField(default=0, editable=False)
    """By others than whoever has shared it."""
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "-created_at"], name="chat_shares"),
            models.Index(fields=["expires_at"], name="chat_shares_expiry"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_public(self) -> bool:
        return self.audience == self.Audience.PUBLIC
