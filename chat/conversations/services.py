"""Writes. Each is safe to repeat: pressing twice does what pressing once does."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from chat.conversations.selectors import conversation_get_deleted_too
from chat.errors import TitleRefused
from chat.models import Conversation, Turn
from chat.selectors import conversation_get
from tenants import audit
from tenants.access import Access

TITLE_MAX = 120
"""Of characters, as the column has room for."""
KEPT_FOR = timedelta(minutes=5)
"""After this a deleted conversation cannot be taken back: longer than a message with “Undo” is looked at."""
PURGED_AT_ONCE = 200


def conversation_rename(*, access: Access, conversation_id: UUID, title: str) -> Conversation:
    conversation = conversation_get(access=access, conversation_id=conversation_id)
    flat = " ".join(title.replace("\0", "").split())
    if not flat or len(flat) > TITLE_MAX:
        raise TitleRefused(_("Type a name of at most %(count)s characters.") % {"count": TITLE_MAX})
    conversation.title = flat
    conversation.save(update_fields=["title"])
    return conversation


def conversation_pin(*, access: Access, conversation_id: UUID, pinned: bool) -> Conversation:
    """A pinned one stands on top of the list, so that it leaves the archive."""
    conversation = conversation_get(access=access, conversation_id=conversation_id)
    conversation.pinned_at = (conversation.pinned_at or timezone.now()) if pinned else None
    conversation.archived_at = None if pinned else conversation.archived_at
    conversation.save(update_fields=["pinned_at", "archived_at"])
    return conversation


def conversation_archive(*, access: Access, conversation_id: UUID, archived: bool) -> Conversation:
    conversation = conversation_get(access=access, conversation_id=conversation_id)
    conversation.archived_at = (conversation.archived_at or timezone.now()) if archived else None
    conversation.save(update_fields=["archived_at"])
    return conversation


@transaction.atomic
def conversation_delete(*, access: Access, conversation_id: UUID) -> Conversation:
    """From now on nobody sees it, and for `KEPT_FOR` its reader can take that back."""
    conversation = conversation_get(access=access, conversation_id=conversation_id)
    conversation.deleted_at = timezone.now()
    conversation.save(update_fields=["deleted_at"])
    audit.record(access, gettext_noop("conversation deleted"))
    return conversation


@transaction.atomic
def conversation_restore(*, access: Access, conversation_id: UUID) -> Conversation:
    """Take a deletion back. What is still there or there again stays as it is."""
    conversation = conversation_get_deleted_too(access=access, conversation_id=conversation_id)
    if conversation.deleted_at:
        conversation.deleted_at = None
        conversation.save(update_fields=["deleted_at"])
        audit.record(access, gettext_noop("conversation restored"))
    return conversation


def conversations_purge() -> int:
    """Remove for good what was deleted long enough ago, every tenant's; return how many. One whose answer is still
    being written waits for its end."""
    due = (
        Conversation.all_tenants.filter(deleted_at__lte=timezone.now() - KEPT_FOR)
        .exclude(pk__in=Turn.all_tenants.filter(status=Turn.Status.RUNNING).values("conversation"))
        .order_by("deleted_at")
        .values_list("pk", flat=True)[:PURGED_AT_ONCE]
    )
    return sum(_purge(pk) for pk in due)


def _purge(pk: UUID) -> int:
    """Deleted still: its reader may have taken it back a moment ago."""
    with transaction.atomic():
        found = Conversation.all_tenants.select_for_update().filter(pk=pk, deleted_at__isnull=False).first()
        return 1 if found and found.delete() else 0
