"""Reads. Tenant and person come first: a picture is seen by whoever has attached it, and by nobody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from chat.images.models import QuestionImage
from tenants.access import Access
from tenants.errors import NotFound
from tenants.models import Tenant

if TYPE_CHECKING:
    from chat.models import Turn


@dataclass(frozen=True, slots=True)
class ImageView:
    """A picture as a page shows it."""

    id: UUID
    url: str
    name: str
    width: int
    height: int


def images_of(*, access: Access) -> QuerySet[QuestionImage]:
    """This person's own, but for those of deleted conversations."""
    own = QuestionImage.objects.for_tenant(access.tenant).filter(user=access.user)
    return own.filter(Q(turn=None) | Q(turn__conversation__deleted_at=None))


def image_get(*, access: Access, image_id: UUID) -> QuestionImage:
    image = images_of(access=access).filter(pk=image_id).first()
    if image is None:
        raise NotFound(_("There is no such picture. It may have been deleted."))
    return image


def image_bytes(*, tenant: Tenant) -> int:
    """What all pictures of the tenant take."""
    return QuestionImage.objects.for_tenant(tenant).aggregate(total=Sum("size"))["total"] or 0


def images_by_turn(*, access: Access, turn_ids: Sequence[UUID]) -> dict[UUID, tuple[ImageView, ...]]:
    """One query, and none without turns."""
    found: defaultdict[UUID, list[ImageView]] = defaultdict(list)
    if turn_ids:
        for image in images_of(access=access).filter(turn__in=turn_ids).defer("text"):
            found[image.turn_id].append(image_view(access.tenant.slug, image))  # type: ignore[index]
    return {turn_id: tuple(views) for turn_id, views in found.items()}


def images_listed(turn: Turn) -> list[dict[str, str | int]]:
    """A turn's pictures as the turn log keeps them."""
    return [
        {"id": str(image.pk), "name": image.name, "width": image.width, "height": image.height}
        for image in QuestionImage.objects.for_tenant(turn.tenant_id).filter(turn=turn).defer("text")
    ]


def image_view(slug: str, image: QuestionImage) -> ImageView:
    return ImageView(image.pk, image_url(slug, image.pk), image.name, image.width, image.height)


def image_url(slug: str, image_id: UUID | str) -> str:
    return reverse("chat:image", args=[slug, image_id])
