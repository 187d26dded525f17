"""Reads of prompts: one's own, and those of the organisation."""

from __future__ import annotations

from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from chat.composing.models import SavedPrompt
from tenants.access import Access
from tenants.errors import NotFound
from tenants.models import Role

MOST_FOUND = 10
"""Lines of the list below the question."""


def prompts_list(*, access: Access) -> QuerySet[SavedPrompt]:
    """In the order of their names; of two that are called the same, one's own comes first."""
    return (
        SavedPrompt.objects.for_tenant(access.tenant)
        .filter(Q(owner=access.user) | Q(owner=None))
        .order_by("name", F("owner").asc(nulls_last=True))
    )


def prompt_get(*, access: Access, prompt_id: UUID) -> SavedPrompt:
    prompt = prompts_list(access=access).filter(pk=prompt_id).first()
    if prompt is None:
        raise NotFound(_("There is no such prompt. It may have been deleted."))
    return prompt


def prompt_to_change(*, access: Access, prompt_id: UUID) -> SavedPrompt:
    """Those of the organisation are changed by its admins."""
    prompt = prompt_get(access=access, prompt_id=prompt_id)
    if prompt.is_shared:
        access.require(Role.ADMIN)
    return prompt


def prompts_found(*, access: Access, text: str) -> list[SavedPrompt]:
    """Those whose names have `text` in them, names that begin with it first. Names are in small letters."""
    wanted = text.replace("\0", "").lower()
    found = prompts_list(access=access).filter(name__contains=wanted)
    return sorted(found, key=lambda prompt: not prompt.name.startswith(wanted))[:MOST_FOUND]
