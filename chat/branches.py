"""A conversation is a tree: a question that is asked in other words, or asked again, stands beside the one before it.

One light query reads a conversation's ids; which turns are shown, and which stand beside one another, is found here.
The conversation remembers in `head` a turn of the shown branch, which goes on from it to what was asked last below it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from chat.models import Conversation, Turn

Parent = UUID | Literal["end"] | None
"""What a new question follows: a turn, nothing (it is a first question), or whatever the shown branch ends with."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The turns that stand at one place of a conversation, in the order in which they were asked. Those of a comparison
    count as one."""

    turns: Sequence[UUID]
    place: int
    """Of the turn in question, from 1."""

    @property
    def previous(self) -> UUID | None:
        return self.turns[self.place - 2] if self.place > 1 else None

    @property
    def next(self) -> UUID | None:
        return self.turns[self.place] if self.place < len(self.turns) else None


@dataclass(frozen=True, slots=True)
class Compared:
    """What a turn has in common with those that other models answer beside it."""

    comparison: int
    best: UUID | None = None


class Tree:
    """`turns` are pairs of a turn and what it follows, in the order in which they were asked; `compared` are those of
    comparisons."""

    def __init__(
        self,
        turns: Iterable[tuple[UUID, UUID | None]],
        compared: Mapping[UUID, Compared] = MappingProxyType({}),
    ) -> None:
        self._parents = dict(turns)
        self._children: defaultdict[UUID | None, list[UUID]] = defaultdict(list)
        self._compared = compared
        for turn, parent in self._parents.items():
            self._children[parent].append(turn)

    def __contains__(self, turn: UUID) -> bool:
        return turn in self._parents

    def path_to(self, turn: UUID | None) -> list[UUID]:
        """From the first question to `turn`; empty for None."""
        path: list[UUID] = []
        while turn is not None:
            path.append(turn)
            turn = self._parents[turn]
        return path[::-1]

    def path_through(self, turn: UUID | None) -> list[UUID]:
        """The branch that `turn` stands in, as far as it goes; for None the one that was asked last. Where it divides
        below `turn`, it goes the way that was asked last, and through the leading one of a comparison."""
        for end in reversed(self._parents):
            if end not in self._children:
                path = self.path_to(end)
                if turn is None or turn in path:
                    return path if end == turn else [*path[:-1], self._leading(end)]
        return []

    def together(self, turn: UUID) -> Sequence[UUID]:
        """The turns of its comparison; itself alone where it is in none."""
        if turn not in self._compared:
            return (turn,)
        comparison = self._compared[turn].comparison
        beside = self._children[self._parents[turn]]
        return tuple(
            each for each in beside if each in self._compared and self._compared[each].comparison == comparison
        )

    def _leading(self, turn: UUID) -> UUID:
        """Of its comparison, the one that the conversation goes on from: that with the latest question below it, else
        the better one, else the first."""
        together = self.together(turn)
        if len(together) == 1:
            return turn
        followed = [each for each in together if self._children.get(each)]
        if followed:
            order = list(self._parents)
            return max(followed, key=lambda each: order.index(self._children[each][-1]))
        return self._compared[turn].best or together[0]

    def beside(self, turn: UUID) -> Beside:
        """Of another comparison at its place, the leading turn."""
        own = self.together(turn)
        turns: list[UUID] = []
        for each in self._children[self._parents[turn]]:
            together = self.together(each)
            if each == together[0]:
                turns.append(turn if each in own else self._leading(each))
        return Beside(tuple(turns), turns.index(turn) + 1)


def tree_of(conversation: Conversation) -> Tree:
    turns = Turn.objects.for_tenant(conversation.tenant_id).filter(conversation=conversation)
    rows = list(
        turns.order_by("created_at", "pk").values_list("pk", "parent_id", "comparison_id", "comparison__best_id")
    )
    compared = {pk: Compared(comparison, best) for pk, _parent, comparison, best in rows if comparison}
    return Tree(((pk, parent) for pk, parent, _comparison, _best in rows), compared)


def shown_branch(conversation: Conversation) -> list[UUID]:
    """The turns that the conversation shows, from the first to the last."""
    return tree_of(conversation).path_through(conversation.head_id)
