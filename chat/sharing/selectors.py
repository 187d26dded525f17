"""Reads, and the one answer to whether a link still works."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.sharing.models import Share, SharingRules
from tenants.access import Access
from tenants.errors import NotFound, TenancyError
from tenants.models import Membership, Role, Tenant, User
from tenants.secrets import Secret

PAGE = 50


def sharing_rules(tenant: Tenant) -> SharingRules:
    """The tenant's; an unsaved row with the defaults when it has none."""
    return SharingRules.objects.for_tenant(tenant).first() or SharingRules(tenant=tenant)


def alive(now: datetime) -> Q:
    """Which shares may be read. Whoever has left and is invited again finds the old links ended: the membership that
    counts is the one that the link was made under."""
    memberships = Membership.all_tenants.filter(
        tenant=OuterRef("tenant"),
        user=OuterRef("user"),
        user__is_active=True,
        created_at__lte=OuterRef("created_at"),
    )
    rules = SharingRules.all_tenants.filter(tenant=OuterRef("tenant"))
    in_time = Q(expires_at__gt=now) | Q(expires_at=None) & Q(Exists(rules.filter(endless=True)))
    audience = Q(audience=Share.Audience.MEMBERS) | Q(Exists(rules.filter(public=True)))
    return in_time & audience & Q(Exists(memberships)) & Q(tenant__deleted_at=None, conversation__deleted_at=None)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def share_find(*, token: str) -> Share:
    """Raise `NotFound` alike for a link that was never made, is withdrawn, or has ended in any other way."""
    found = Share.all_tenants.select_related("tenant", "user")
    share = found.filter(alive(timezone.now()), token_hash=hash_of(token)).first()
    if share is None:
        raise gone()
    return share


def is_member(*, share: Share, reader: User | None) -> bool:
    members = Membership.objects.for_tenant(share.tenant_id)
    return reader is not None and members.filter(user=reader, user__is_active=True).exists()


def gone() -> NotFound:
    return NotFound(
        _(
            "This link does not lead to a conversation: it has expired, was withdrawn, or is mistyped. Ask whoever "
            "sent it to you for a new one."
        )
    )


def shares_own(*, access: Access) -> QuerySet[Share]:
    """This person's, of all conversations, as far as they work."""
    return shares_list(tenant=access.tenant).filter(user=access.user)


def shares_list(*, tenant: Tenant) -> QuerySet[Share]:
    """Everybody's that work, newest first, without what they show."""
    working = Share.objects.for_tenant(tenant).filter(alive(timezone.now()))
    return working.select_related("user").defer("snapshot")


def share_get(*, access: Access, share_id: UUID) -> Share:
    """One's own, or for an admin anybody's of the organisation."""
    visible = Share.objects.for_tenant(access.tenant).defer("snapshot")
    own = visible if access.may(Role.ADMIN) else visible.filter(user=access.user)
    share = own.filter(pk=share_id).first()
    if share is None:
        raise NotFound(_("There is no such link. It may have been withdrawn."))
    return share


def link_of(share: Share) -> str:
    """The whole address; empty where its secret can no longer be read, because the server's key has changed."""
    try:
        token = share.token.reveal() if isinstance(share.token, Secret) else share.token
    except TenancyError:
        return ""
    return settings.PUBLIC_URL + reverse("sharing:shared", args=[token])
