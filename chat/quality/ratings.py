"""What readers think of answers. A conversation is its member's own; rating an answer shows that one to admins, which
is said beside the thumbs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from chat import selectors
from chat.models import Turn
from chat.quality.errors import QualityRefused
from chat.quality.models import COMMENT_CHARS, GoldenQuestion, Rating
from tenants import audit
from tenants.access import Access
from tenants.errors import NotFound
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Counts:
    helpful: int = 0
    unhelpful: int = 0

    @property
    def all(self) -> int:
        return self.helpful + self.unhelpful


@transaction.atomic
def rating_set(*, access: Access, turn_id: UUID, helpful: bool, reason: str = "", comment: str = "") -> Rating:
    """Rate an answer of one's own, or change one's mind. What was not helpful may have one of `Rating.Reason`."""
    turn = _finished(access, turn_id)
    rating, created = Rating.objects.for_tenant(access.tenant).update_or_create(
        turn=turn,
        user=access.user,
        defaults={
            "tenant": access.tenant,
            "helpful": helpful,
            "reason": "" if helpful else reason,
            "comment": "" if helpful else " ".join(comment.split())[:COMMENT_CHARS],
        },
    )
    if created:
        audit.record(access, gettext_noop("answer rated"), helpful=helpful)
    return rating


@transaction.atomic
def rating_withdraw(*, access: Access, turn_id: UUID) -> None:
    turn = _finished(access, turn_id)
    Rating.objects.for_tenant(access.tenant).filter(turn=turn, user=access.user).delete()


def _finished(access: Access, turn_id: UUID) -> Turn:
    turn = selectors.turn_get(access=access, turn_id=turn_id)
    if turn.status != Turn.Status.COMPLETED:
        raise QualityRefused(_("Only a complete answer can be rated."))
    return turn


def _visible(tenant: Tenant) -> QuerySet[Rating]:
    """Not those of conversations that their readers have deleted."""
    return Rating.objects.for_tenant(tenant).filter(turn__conversation__deleted_at=None)


def ratings_count(*, tenant: Tenant, turns: QuerySet[Turn] | None = None) -> Counts:
    """Of all answers, or of `turns`."""
    rows = _visible(tenant)
    if turns is not None:
        rows = rows.filter(turn__in=turns.values("pk"))
    counted = rows.order_by().aggregate(
        up=Count("pk", filter=Q(helpful=True)), down=Count("pk", filter=Q(helpful=False))
    )
    return Counts(helpful=counted["up"], unhelpful=counted["down"])


def reasons_count(*, tenant: Tenant) -> list[tuple[str, int]]:
    """What was wrong with the answers that were not helpful, the most frequent first, as (reason, how often)."""
    rows = _visible(tenant).exclude(reason=Rating.Reason.NONE).order_by()
    counted = rows.values_list("reason").annotate(count=Count("pk")).order_by("-count", "reason")
    return [(str(Rating.Reason(reason).label), count) for reason, count in counted]


def ratings_latest(*, tenant: Tenant) -> QuerySet[Rating]:
    """With their turns, without the turns' traces."""
    rows = _visible(tenant).select_related("turn").defer("turn__trace", "turn__folded")
    return rows.order_by("-updated_at", "-pk")


def rated_get(*, tenant: Tenant, rating_id: int) -> Rating:
    rating = _visible(tenant).select_related("turn").filter(pk=rating_id).first()
    if rating is None:
        raise NotFound(_("This rating is no longer there. Its reader may have taken it back."))
    return rating


def taken(*, tenant: Tenant, turn_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the turns that golden questions were made from."""
    rows = GoldenQuestion.objects.for_tenant(tenant).filter(turn__in=list(turn_ids))
    return set(rows.values_list("turn_id", flat=True))
