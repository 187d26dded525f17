"""A conversation in windows: a page has the latest turns of its shown branch, and leads to the earlier ones. However
long it has become, it opens at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from chat import selectors
from chat.branches import Beside, tree_of
from chat.models import Conversation, Turn
from tenants.access import Access
from tenants.errors import NotFound

SIZE = 30
"""Turns on a page."""


@dataclass(frozen=True, slots=True)
class Window:
    turns: Sequence[Turn]
    """In the order in which they were asked."""
    earlier: UUID | None = None
    """The last turn before them."""
    is_latest: bool = True
    end: UUID | None = None
    """What the branch ends with: a question that is asked here follows it."""
    beside: Mapping[UUID, Beside] = field(default_factory=dict)
    """For each of the turns, those that stand at its place."""
    compared: Mapping[UUID, Sequence[Turn]] = field(default_factory=dict)
    """For those of the turns that are in a comparison, all of it."""


def window_of(*, access: Access, conversation: Conversation, at: UUID | None = None) -> Window:
    """The latest window of the shown branch, or of the one that has the turn `at`; where that turn is older, the window
    that ends with it. Two queries. Raise `NotFound` where the conversation has no such turn."""
    tree = tree_of(conversation)
    if at is not None and at not in tree:
        raise NotFound(_("There is no such answer. It may have been deleted."))
    branch = tree.path_through(conversation.head_id)
    if at is not None and at not in branch:
        shown_with = next((each for each in tree.together(at) if each in branch), None)
        branch = branch if shown_with else tree.path_through(at)
        at = shown_with or at
    reach = len(branch) if at is None else branch.index(at) + 1
    is_latest = len(branch) - reach < SIZE
    stop = len(branch) if is_latest else reach
    start = max(0, stop - SIZE)
    together = {pk: tree.together(pk) for pk in branch[start:stop]}
    rows = selectors.turns_of(access=access).filter(conversation=conversation)
    turns = rows.select_related("comparison", "chosen_provider").in_bulk(
        [pk for each in together.values() for pk in each]
    )
    shown = [turns[pk] for pk in branch[start:stop]]
    return Window(
        turns=shown,
        earlier=branch[start - 1] if start else None,
        is_latest=is_latest,
        end=branch[-1] if branch else None,
        beside={turn.pk: tree.beside(turn.pk) for turn in shown},
        compared={pk: [turns[each] for each in pks] for pk, pks in together.items() if len(pks) > 1},
    )


def turn_url(slug: str, turn: Turn) -> str:
    """The page that has the turn, at its place."""
    return f"{reverse('chat:conversation', args=[slug, turn.conversation_id])}?at={turn.pk}#turn-{turn.pk}"
