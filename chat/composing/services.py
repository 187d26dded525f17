"""Writes of prompts."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from chat.composing.models import SavedPrompt
from chat.errors import PromptRefused
from tenants import audit
from tenants.access import Access
from tenants.models import Role

MOST_OWN = 100
MOST_SHARED = 200


def prompt_save(*, access: Access, prompt: SavedPrompt, shared: bool) -> SavedPrompt:
    """Create the prompt or change it; `shared` gives it to the organisation, or back to whoever saves it."""
    is_everybodys = shared or prompt.is_shared
    if is_everybodys:
        access.require(Role.ADMIN)
    owner = None if shared else access.user
    _check_room(access, prompt, shared=shared)
    prompt.tenant, prompt.owner = access.tenant, owner
    try:
        with transaction.atomic():
            prompt.save()
            if is_everybodys:
                audit.record(access, gettext_noop("shared prompt saved"), str(prompt))
    except IntegrityError as error:
        raise PromptRefused(_("There is a prompt of this name already. Choose another name.")) from error
    return prompt


def _check_room(access: Access, prompt: SavedPrompt, *, shared: bool) -> None:
    most = MOST_SHARED if shared else MOST_OWN
    owned = SavedPrompt.objects.for_tenant(access.tenant).filter(owner=None if shared else access.user)
    if owned.exclude(pk=prompt.pk).count() >= most:
        raise PromptRefused(
            _("There are %(count)d prompts already, which is the limit. Delete one that is not used.") % {"count": most}
        )


@transaction.atomic
def prompt_delete(*, access: Access, prompt: SavedPrompt) -> None:
    if prompt.is_shared:
        access.require(Role.ADMIN)
        audit.record(access, gettext_noop("shared prompt deleted"), str(prompt))
    SavedPrompt.objects.for_tenant(access.tenant).filter(pk=prompt.pk).delete()
