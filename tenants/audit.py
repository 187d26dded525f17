"""The audit log: what happened, who did it, to what. Written in the transaction of the deed itself."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import user_logged_in
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.utils.translation import gettext_noop

from tenants.access import Access
from tenants.models import AuditEvent, User
from tenants.selectors import tenants_of

TARGET_CHARS = 300


def record(access: Access, action: str, target: str = "", **detail: Any) -> None:
    """`action` is stored in English, marked with `gettext_noop`, and translated where it is shown."""
    AuditEvent.objects.create(
        tenant=access.tenant,
        actor=access.user,
        actor_name=access.actor_name,
        action=action,
        target=target[:TARGET_CHARS],
        detail=detail,
    )


@receiver(user_logged_in)
def _signed_in(sender: object, user: User, **_kwargs: Any) -> None:
    """A sign-in concerns every organisation that the person belongs to."""
    for tenant in tenants_of(user=user):
        AuditEvent.objects.create(tenant=tenant, actor=user, actor_name=user.email, action=gettext_noop("signed in"))


@receiver(user_login_failed)
def _sign_in_failed(sender: object, credentials: dict[str, Any], **_kwargs: Any) -> None:
    """Somebody tried a member's address. There is no actor: nobody knows who it was. The limits on sign-in keep
    this from filling the log."""
    user = User.objects.filter(email__iexact=str(credentials.get("email", ""))).first()
    if user is None:
        return
    for tenant in tenants_of(user=user):
        AuditEvent.objects.create(tenant=tenant, action=gettext_noop("sign-in failed"), target=user.email)
