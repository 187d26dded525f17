"""Writes."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from chat.conversations.exporting import exchanges
from chat.errors import ShareRefused
from chat.selectors import conversation_get
from chat.sharing.models import Share, SharingRules
from chat.sharing.selectors import alive, hash_of, share_get, shares_own, sharing_rules
from chat.sharing.snapshots import taken
from tenants import audit, limits
from tenants.access import Access
from tenants.models import Role, Tenant, User

DAYS = (1, 7, 30)
"""How long a link may work."""
DAYS_DEFAULT = 7
TOKEN_BYTES = 32
SHARES_PER_MINUTE = 20
SHARES_MAX = 200
"""Of one person's, at a time: each is a copy of what it shows."""
PURGED_AT_ONCE = 500


def share_create(*, access: Access, conversation_id: UUID, audience: Share.Audience, days: int | None) -> Share:
    """Freeze the conversation as it reads now. Raise `ShareRefused` where the organisation's rules do not allow the
    link, where nothing is answered yet, where outsiders would take something imported for the organisation's own
    answers, and where this person has `SHARES_MAX` links. `days` is one of `DAYS`, or None for no end."""
    conversation = conversation_get(access=access, conversation_id=conversation_id)
    made_of = exchanges(access=access, conversation=conversation)
    if not made_of:
        raise ShareRefused(_("Nothing in this conversation is answered yet, so that there is nothing to share."))
    if audience == Share.Audience.PUBLIC and any(each.turn.imported for each in made_of):
        raise ShareRefused(
            _(
                "This conversation has imported answers, which outsiders would take for the organisation's own. Share "
                "it with members instead."
            )
        )
    assert access.user is not None  # noqa: S101 - programs have no conversations
    limits.spend(
        "shares",
        access.user.pk,
        per_minute=SHARES_PER_MINUTE,
        message=_("You have shared very many conversations in the last minute. Wait a little and go on."),
    )
    token = secrets.token_urlsafe(TOKEN_BYTES)
    snapshot = taken(conversation, made_of)
    with transaction.atomic():
        _require_allowed(_locked_rules(access), audience, days)
        if shares_own(access=access).count() >= SHARES_MAX:
            raise ShareRefused(
                _("You have %(count)d links that work, which is the most. Withdraw some that nobody needs any more.")
                % {"count": SHARES_MAX}
            )
        share = Share.objects.create(
            tenant=access.tenant,
            conversation=conversation,
            user=access.user,
            token=token,
            token_hash=hash_of(token),
            audience=audience,
            title=conversation.title,
            snapshot=snapshot,
            expires_at=None if days is None else timezone.now() + timedelta(days=days),
        )
        audit.record(access, gettext_noop("conversation shared"), share.title, audience=str(audience), days=days)
    return share


def _locked_rules(access: Access) -> SharingRules:
    """As they stay until the transaction's end, so that no link is made by rules that are changed meanwhile. It is the
    tenant's row that is locked: theirs may not be there yet."""
    Tenant.objects.select_for_update(no_key=True).get(pk=access.tenant.pk)
    return sharing_rules(access.tenant)


def _require_allowed(rules: SharingRules, audience: Share.Audience, days: int | None) -> None:
    if audience == Share.Audience.PUBLIC and not rules.public:
        raise ShareRefused(_("Links for anyone are switched off in this organisation. An admin can allow them."))
    if days is None and not rules.endless:
        raise ShareRefused(_("Links without an end are switched off in this organisation. An admin can allow them."))
    if days is not None and days not in DAYS:
        raise ShareRefused(_("Choose one of the times that are offered."))


@transaction.atomic
def share_withdraw(*, access: Access, share_id: UUID) -> None:
    """The link ends at once. Whoever has shared it may, and every admin."""
    share = share_get(access=access, share_id=share_id)
    Share.objects.for_tenant(access.tenant).filter(pk=share.pk).delete()
    audit.record(access, gettext_noop("shared link withdrawn"), share.title, audience=share.audience)


def share_count_view(*, share: Share, reader: User | None) -> None:
    if reader is None or reader.pk != share.user_id:
        Share.objects.for_tenant(share.tenant_id).filter(pk=share.pk).update(views=F("views") + 1)


@transaction.atomic
def sharing_rules_change(*, access: Access, public: bool, endless: bool) -> int:
    """Return how many links have ended by it. Those for anyone end for good when such links are switched off; those
    without an end get the longest time that is left."""
    access.require(Role.ADMIN)
    rules = _locked_rules(access)
    if (rules.public, rules.endless) == (public, endless):
        return 0
    SharingRules.objects.for_tenant(access.tenant).update_or_create(
        tenant=access.tenant, defaults={"public": public, "endless": endless}
    )
    shares = Share.objects.for_tenant(access.tenant)
    if not endless:
        shares.filter(expires_at=None).update(expires_at=timezone.now() + timedelta(days=max(DAYS)))
    ended = 0 if public else shares.filter(audience=Share.Audience.PUBLIC).delete()[0]
    audit.record(access, gettext_noop("sharing rules changed"), "", public=public, endless=endless, ended=ended)
    return ended


def shares_purge() -> int:
    """Remove what has ended, every tenant's; return how many. What belongs to a conversation that was deleted a moment
    ago stays as long as that can be taken back, and goes with it."""
    there = Share.all_tenants.filter(conversation__deleted_at=None)
    due = there.exclude(alive(timezone.now())).values_list("pk", flat=True)[:PURGED_AT_ONCE]
    return Share.all_tenants.filter(pk__in=list(due)).delete()[0]
