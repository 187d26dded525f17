"""Writes. Each is safe to repeat."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from chat.errors import FolderRefused
from chat.folders.models import Folder
from chat.folders.selectors import folder_get, folders_list
from chat.models import Conversation
from chat.selectors import conversation_get
from tenants.access import Access

FOLDERS_MAX = 50
"""Of one person: each stands in the sidebar of every page."""


def conversation_move(*, access: Access, conversation_id: UUID, folder_id: UUID | None) -> Conversation:
    """Into one of this person's folders, or out of the one it is in."""
    conversation = conversation_get(access=access, conversation_id=conversation_id)
    conversation.folder = None if folder_id is None else folder_get(access=access, folder_id=folder_id)
    conversation.save(update_fields=["folder"])
    return conversation


@transaction.atomic
def conversation_move_to_new(*, access: Access, conversation_id: UUID, name: str) -> Conversation:
    """Into the folder of that name, which is made where there is none."""
    conversation = conversation_get(access=access, conversation_id=conversation_id)
    flat = _named(name)
    assert access.user is not None  # noqa: S101 - programs have no conversations
    own = folders_list(access=access)
    if not own.filter(name=flat).exists() and own.count() >= FOLDERS_MAX:
        raise FolderRefused(_("There are %(count)d folders already. Delete one first.") % {"count": FOLDERS_MAX})
    conversation.folder, _new = own.get_or_create(name=flat, defaults={"tenant": access.tenant, "user": access.user})
    conversation.save(update_fields=["folder"])
    return conversation


def folder_rename(*, access: Access, folder_id: UUID, name: str) -> Folder:
    folder = folder_get(access=access, folder_id=folder_id)
    folder.name = _named(name)
    if folders_list(access=access).filter(name=folder.name).exclude(pk=folder.pk).exists():
        raise FolderRefused(_("There is a folder “%(name)s” already.") % {"name": folder.name})
    folder.save(update_fields=["name"])
    return folder


def folder_collapse(*, access: Access, folder_id: UUID, collapsed: bool) -> Folder:
    folder = folder_get(access=access, folder_id=folder_id)
    folder.collapsed = collapsed
    folder.save(update_fields=["collapsed"])
    return folder


def folder_delete(*, access: Access, folder_id: UUID) -> None:
    """Its conversations stay, in no folder."""
    folder_get(access=access, folder_id=folder_id).delete()


def _named(name: str) -> str:
    flat = " ".join(name.replace("\0", "").split())
    if not flat or len(flat) > Folder.NAME_CHARS:
        raise FolderRefused(_("Type a name of at most %(count)s characters.") % {"count": Folder.NAME_CHARS})
    return flat
