"""Writes: a question to several models, and what its reader thinks of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from chat import selectors, services
from chat.branches import Parent
from chat.comparisons.models import Comparison
from chat.errors import ComparisonRefused, TurnConflict
from chat.images.services import images_copied
from chat.models import Turn
from chat.settings_services import provider_get
from tenants import audit
from tenants.access import Access
from tenants.errors import NotFound

FEWEST, MOST = 2, 3
Verdict = Comparison.Verdict


class Asked(NamedTuple):
    """One of the models of a comparison, and the id of the turn that it answers."""

    turn_id: UUID
    provider_id: UUID


def comparison_start(
    *,
    access: Access,
    asked: Sequence[Asked],
    text: str,
    blind: bool = False,
    conversation_id: UUID | None = None,
    collection_ids: Sequence[UUID] | None = None,
    document_ids: Sequence[UUID] | None = None,
    parent: Parent = "end",
    image_ids: Sequence[UUID] = (),
) -> list[tuple[Turn, bool]]:
    """Ask all of them, or none: where one cannot be asked, nothing was. Return each turn in the order of `asked` and
    whether it is new. The conversation goes on from the first until its reader says otherwise."""
    if there := _asked_before(access, asked):
        return [(turn, False) for turn in there]
    _refuse_what_cannot_be_compared(access, asked)
    services.turns_admit(access=access, pictures=len(image_ids), turns=len(asked))
    turns: list[Turn] = []
    with ExitStack() as copying:
        copies = [copying.enter_context(images_copied(access=access, image_ids=image_ids)) for _other in asked[1:]]
        with transaction.atomic():
            for each, own in zip(asked, [image_ids, *copies], strict=True):
                turn = services.turn_create(
                    access=access,
                    turn_id=each.turn_id,
                    text=text,
                    conversation_id=turns[0].conversation_id if turns else conversation_id,
                    collection_ids=collection_ids,
                    document_ids=document_ids,
                    parent=turns[0].parent_id if turns else parent,
                    image_ids=own,
                    provider_id=each.provider_id,
                )
                turns.append(turn)
            _join(turns, blind=blind)
    return [(turn, True) for turn in turns]


def _join(turns: Sequence[Turn], *, blind: bool) -> None:
    """The turns are one comparison, and the conversation shows the first of them."""
    first = turns[0]
    comparison = Comparison.objects.create(tenant=first.tenant, conversation=first.conversation, blind=blind)
    for turn in turns:
        turn.comparison = comparison
        turn.save(update_fields=["comparison"])
    first.conversation.head = first
    first.conversation.save(update_fields=["head"])


def _asked_before(access: Access, asked: Sequence[Asked]) -> list[Turn]:
    """The turns of the same comparison, said twice; empty for a new one."""
    ids = [each.turn_id for each in asked]
    there = selectors.turns_of(access=access).select_related("conversation").in_bulk(ids)
    if not there:
        return []
    of = {turn.comparison_id for turn in there.values()}
    if len(there) < len(set(ids)) or len(of) > 1 or None in of:
        raise TurnConflict(_("This question's id is taken. Reload the page and ask again."))
    return [there[pk] for pk in ids]


def _refuse_what_cannot_be_compared(access: Access, asked: Sequence[Asked]) -> None:
    if not FEWEST <= len(asked) <= MOST:
        raise ComparisonRefused(_("Choose two or three models to compare."))
    models = [provider_get(tenant=access.tenant, provider_id=each.provider_id).model for each in asked]
    if len(set(models)) < len(models):
        raise ComparisonRefused(_("The same model was chosen twice. Choose models that differ."))


@transaction.atomic
def verdict_set(*, access: Access, turn_id: UUID, verdict: Verdict) -> Comparison:
    """Judge the comparison that the turn belongs to, or change or (with `Verdict.NONE`) withdraw that. With
    `Verdict.BETTER` the turn is the better one, and where nothing was asked below them yet, the conversation goes on
    from it."""
    turn = selectors.turn_get(access=access, turn_id=turn_id)
    if turn.comparison_id is None:
        raise NotFound(_("This answer was not compared with others."))
    comparison = Comparison.objects.for_tenant(access.tenant).select_for_update().get(pk=turn.comparison_id)
    compared = Turn.objects.for_tenant(access.tenant).filter(comparison=comparison)
    if verdict and not can_be_judged(list(compared.only("status"))):
        raise ComparisonRefused(_("There is nothing to compare: fewer than two of the answers are complete."))
    if verdict == Verdict.BETTER and turn.status != Turn.Status.COMPLETED:
        raise ComparisonRefused(_("Only a complete answer can be the better one."))
    if verdict and not comparison.verdict:
        audit.record(access, gettext_noop("models compared"))
    comparison.verdict = verdict
    comparison.best = turn if verdict == Verdict.BETTER else None
    comparison.save(update_fields=["verdict", "best"])
    is_last = not Turn.objects.for_tenant(access.tenant).filter(parent__comparison=comparison).exists()
    if comparison.best and is_last:
        services.branch_show(access=access, turn_id=turn_id)
    return comparison


def can_be_judged(turns: Sequence[Turn]) -> bool:
    """Once all have ended, and at least two of them have an answer."""
    complete = sum(turn.status == Turn.Status.COMPLETED for turn in turns)
    return complete >= FEWEST and not any(turn.is_running for turn in turns)
