"""The table of saved prompts. Django finds it through `chat.models`."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.scoping import TenantOwned

NAME_CHARS = 40
TEXT_CHARS = 4_000


class SavedPrompt(TenantOwned):
    """A text that its owner puts into a question by `/name`. Without an owner it is the organisation's."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.CASCADE, related_name="+"
    )
    name = models.SlugField(
        _("Name"),
        max_length=NAME_CHARS,
        allow_unicode=True,
        help_text=_("What is typed after the slash: letters, digits, - and _."),
    )
    text = models.TextField(
        _("Text"),
        validators=[MaxLengthValidator(TEXT_CHARS)],
        help_text=_("What stands in double braces, for example {{product}}, is filled in each time."),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "owner", "name"], name="prompt_name_once_per_owner"),
            models.UniqueConstraint(
                fields=["tenant", "name"], condition=Q(owner=None), name="prompt_name_once_in_common"
            ),
        ]

    def __str__(self) -> str:
        return f"/{self.name}"

    @property
    def is_shared(self) -> bool:
        """Whether it is saved as everybody's."""
        return self.created_at is not None and self.owner_id is None
