"""A conversation in windows: a page has its latest turns, and leads to the earlier ones. However long it has become, it
opens at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from chat import selectors
from chat.models import Conversation, Turn
from tenants.access import Access

SIZE = 30
"""Turns on a page."""


@dataclass(frozen=True, slots=True)
class Window:
    turns: Sequence[Turn]
    """In the order in which they were asked."""
    earlier: UUID | None = None
    """The last turn before them."""
    is_latest: bool = True


def window_of(*, access: Access, conversation: Conversation, at: UUID | None = None) -> Window:
    """The latest window; where the turn `at` is older, the one that ends with it. Raise `NotFound` where this person
    has no such turn."""
    turns = selectors.turns_of(access=access).filter(conversation=conversation)
    reach, is_latest = turns, True
    if at is not None:
        last = selectors.turn_get(access=access, turn_id=at)
        is_latest = turns.filter(created_at__gt=last.created_at).count() < SIZE
        reach = turns if is_latest else turns.filter(Q(created_at__lt=last.created_at) | Q(pk=last.pk))
    newest_first = list(reach.order_by("-created_at")[: SIZE + 1])
    shown, rest = newest_first[:SIZE], newest_first[SIZE:]
    return Window(turns=shown[::-1], earlier=rest[0].pk if rest else None, is_latest=is_latest)


def turn_url(slug: str, turn: Turn) -> str:
    """The page that has the turn, at its place."""
    return f"{reverse('chat:conversation', args=[slug, turn.conversation_id])}?at={turn.pk}#turn-{turn.pk}"
