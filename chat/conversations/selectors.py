"""Reads: what stands in the sidebar, in the archive, and in the results of a search. Tenant and person come first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from chat.citations import CITATION
from chat.conversations.searching import query_words, snippet
from chat.excerpts import Part
from chat.folders.models import Folder
from chat.folders.selectors import folders_list
from chat.marking import text_of
from chat.models import Conversation, Turn
from chat.rendering import CitationLinks, render
from chat.selectors import conversations_list, turns_of
from chat.windows import turn_url
from tenants.access import Access
from tenants.errors import NotFound

SIDEBAR_CONVERSATIONS = 100
"""Of each kind, pinned and not; the search finds the older ones."""
SIDEBAR_FILED = 300
"""In all folders together."""
CITED = re.compile(rf"\s*{CITATION.pattern}")
FOUND_MAX = 200
"""Messages that a search shows; whoever gets so many adds a word."""
FOUND_PAGE = 20
ARCHIVED_PAGE = 50


@dataclass(frozen=True, slots=True)
class SidebarItem:
    id: UUID
    title: str
    url: str
    is_current: bool
    is_pinned: bool
    folder_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class SidebarFolder:
    id: UUID
    name: str
    is_open: bool
    items: Sequence[SidebarItem]


@dataclass(frozen=True, slots=True)
class Sidebar:
    pinned: Sequence[SidebarItem]
    folders: Sequence[SidebarFolder]
    recent: Sequence[SidebarItem]

    def __bool__(self) -> bool:
        return bool(self.pinned or self.folders or self.recent)


def sidebar(*, access: Access, current_id: UUID | None = None) -> Sidebar:
    """Two queries. Pinned ones stand on top in the order of their pinning, so that they stay where they were put; the
    others in their folders, or among the recent ones."""
    rows = list(_in_sidebar(access))
    pinned = sorted((row for row in rows if row.pinned_at), key=lambda row: row.pinned_at or row.updated_at)
    unpinned = [_item(access, row, current_id) for row in rows if not row.pinned_at]
    folders = [
        _folder(folder, [item for item in unpinned if item.folder_id == folder.pk])
        for folder in folders_list(access=access)
    ]
    return Sidebar(
        pinned=[_item(access, row, current_id) for row in pinned],
        folders=folders,
        recent=[item for item in unpinned if item.folder_id is None],
    )


def _in_sidebar(access: Access) -> QuerySet[Conversation]:
    """One query for all of them: each part is a subquery that an index ends early."""
    unarchived = conversations_list(access=access).filter(archived_at=None)
    unpinned = unarchived.filter(pinned_at=None)
    parts = (
        unarchived.exclude(pinned_at=None).order_by("pinned_at")[:SIDEBAR_CONVERSATIONS],
        unpinned.exclude(folder=None)[:SIDEBAR_FILED],
        unpinned.filter(folder=None)[:SIDEBAR_CONVERSATIONS],
    )
    shown = Q()
    for part in parts:
        shown |= Q(pk__in=part.values("pk"))
    return unarchived.filter(shown)


def _item(access: Access, row: Conversation, current_id: UUID | None) -> SidebarItem:
    url = reverse("chat:conversation", args=[access.tenant.slug, row.pk])
    return SidebarItem(row.pk, row.title, url, row.pk == current_id, row.pinned_at is not None, row.folder_id)


def _folder(folder: Folder, items: Sequence[SidebarItem]) -> SidebarFolder:
    """One that was folded up is unfolded on the pages of what is in it."""
    is_open = not folder.collapsed or any(item.is_current for item in items)
    return SidebarFolder(folder.pk, folder.name, is_open, items)


def conversation_get_deleted_too(*, access: Access, conversation_id: UUID) -> Conversation:
    """One's own, also in the minutes after its deletion: for taking that back, and for nothing else."""
    own = Conversation.objects.for_tenant(access.tenant).filter(user=access.user)
    conversation = own.filter(pk=conversation_id).first()
    if conversation is None:
        raise NotFound(_("There is no such conversation. It may have been deleted."))
    return conversation


def conversations_archived(*, access: Access) -> QuerySet[Conversation]:
    return conversations_list(access=access).exclude(archived_at=None).order_by("-archived_at")


@dataclass(frozen=True, slots=True)
class Found:
    """A turn in which every word of a search stands."""

    url: str
    question: Sequence[Part]
    answer: Sequence[Part]
    title: str
    at: datetime
    is_archived: bool


@dataclass(frozen=True, slots=True)
class Results:
    """A page of what was found, newest first. `more` says that there is more than is shown on all pages."""

    rows: Sequence[Found]
    page: Page[UUID]
    more: bool


def messages_found(*, access: Access, query: str, page: str | int | None = None) -> Results:
    """Two queries: the newest ids, at most `FOUND_MAX` of them, among this person's own turns only, and one page's
    rows. A query without a word finds nothing."""
    words = query_words(query)
    ids = list(_matching(access, words).values_list("pk", flat=True)[: FOUND_MAX + 1]) if words else []
    shown: Page[UUID] = Paginator(ids[:FOUND_MAX], FOUND_PAGE).get_page(page)
    turns = turns_of(access=access).filter(pk__in=list(shown.object_list)).select_related("conversation")
    rows = turns.defer("trace", "folded", "checked").order_by("-created_at", "-pk")
    return Results([_found(access.tenant.slug, turn, words) for turn in rows], shown, more=len(ids) > FOUND_MAX)


def _matching(access: Access, words: Sequence[str]) -> QuerySet[Turn]:
    turns = turns_of(access=access)
    for word in words:
        turns = turns.filter(folded__contains=f" {word}")
    return turns.order_by("-created_at", "-pk")


def _found(slug: str, turn: Turn, words: Sequence[str]) -> Found:
    snippets = [snippet(_plain(text), words) for text in (turn.answer, turn.draft) if text]
    answer = next((parts for parts, is_hit in snippets if is_hit), snippets[0][0] if snippets else [])
    return Found(
        url=turn_url(slug, turn),
        question=snippet(turn.question, words)[0],
        answer=answer,
        title=turn.conversation.title,
        at=turn.created_at,
        is_archived=turn.conversation.archived_at is not None,
    )


def _plain(markdown: str) -> str:
    return text_of(render(CITED.sub("", markdown), CitationLinks("", frozenset())))
