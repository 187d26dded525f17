"""Writes."""

from __future__ import annotations

import hashlib
import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tenants import audit
from tenants.access import Access
from tenants.errors import Forbidden, InvitationInvalid, TenancyError
from tenants.models import Invitation, Membership, Role, Tenant, User


@transaction.atomic
def tenant_create(*, slug: str, name: str, owner: User) -> Tenant:
    tenant = Tenant(slug=slug, name=name)
    try:
        tenant.full_clean()
    except ValidationError as error:
        raise TenancyError(" ".join(error.messages), code="tenant.invalid") from error
    tenant.save()
    Membership.objects.create(tenant=tenant, user=owner, role=Role.OWNER)
    audit.record(Access(tenant=tenant, role=Role.OWNER, user=owner), gettext_noop("organisation created"), name)
    return tenant


@transaction.atomic
def member_invite(*, access: Access, email: str, role: Role) -> tuple[Invitation, str]:
    """Return the invitation and the secret of its link, which is shown once and stored only as a hash."""
    access.require(Role.ADMIN)
    _require_rank(access, role)
    email = email.strip().lower()
    if Membership.objects.for_tenant(access.tenant).filter(user__email__iexact=email).exists():
        raise TenancyError(_("%(email)s is a member already.") % {"email": email}, code="member.exists")
    Invitation.objects.for_tenant(access.tenant).filter(email__iexact=email, accepted_at=None).delete()
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        tenant=access.tenant, email=email, role=role, token_hash=_hash(token), invited_by=access.user
    )
    audit.record(access, gettext_noop("member invited"), email, role=str(role))
    return invitation, token


def invitation_mail(*, invitation: Invitation, link: str) -> None:
    send_mail(
        subject=_("You are invited to %(tenant)s") % {"tenant": invitation.tenant.name},
        message=_(
            "%(tenant)s invites you to talk to its documents.\n\nOpen this link within %(days)d days:\n%(link)s\n"
        )
        % {"tenant": invitation.tenant.name, "days": 14, "link": link},
        from_email=None,
        recipient_list=[invitation.email],
        fail_silently=True,  # the link is on the page as well
    )


def invitation_find(*, token: str) -> Invitation:
    """Raise `InvitationInvalid` for a link that is wrong, used, withdrawn or too old."""
    invitation = (
        Invitation.all_tenants.select_related("tenant")
        .filter(token_hash=_hash(token), accepted_at=None, expires_at__gt=timezone.now(), tenant__deleted_at=None)
        .first()
    )
    if invitation is None:
        raise InvitationInvalid(_("This invitation is used or out of date. Ask for a new one."))
    return invitation


@transaction.atomic
def invitation_accept(*, token: str, user: User | None = None, password: str = "", name: str = "") -> User:
    """Make the invited person a member: the signed-in `user`, or a new account with `password`."""
    invitation = invitation_find(token=token)
    claimed = Invitation.objects.for_tenant(invitation.tenant).filter(pk=invitation.pk, accepted_at=None)
    if not claimed.update(accepted_at=timezone.now()):
        raise InvitationInvalid(_("This invitation was used a moment ago."))
    if user is None:
        user = _account_create(email=invitation.email, password=password, name=name)
    elif user.email.lower() != invitation.email.lower():
        raise InvitationInvalid(
            _("This invitation is for %(email)s. Sign in with that address, or ask for one for yours.")
            % {"email": invitation.email}
        )
    Membership.objects.for_tenant(invitation.tenant).get_or_create(
        user=user, defaults={"tenant": invitation.tenant, "role": invitation.role}
    )
    access = Access(tenant=invitation.tenant, role=Role(invitation.role), user=user)
    audit.record(access, gettext_noop("invitation accepted"), user.email, role=invitation.role)
    return user


def _account_create(*, email: str, password: str, name: str) -> User:
    if User.objects.filter(email__iexact=email).exists():
        raise InvitationInvalid(_("There is an account for %(email)s. Sign in to accept.") % {"email": email})
    first, _space, last = name.strip().partition(" ")
    user = User(email=email, first_name=first[:150], last_name=last[:150])
    validate_password(password, user)
    user.set_password(password)
    user.save()
    return user


@transaction.atomic
def invitation_withdraw(*, access: Access, invitation: Invitation) -> None:
    access.require(Role.ADMIN)
    Invitation.objects.for_tenant(access.tenant).filter(pk=invitation.pk).delete()
    audit.record(access, gettext_noop("invitation withdrawn"), invitation.email)


@transaction.atomic
def member_change(*, access: Access, membership: Membership, role: Role) -> None:
    access.require(Role.ADMIN)
    _require_rank(access, role)
    _require_rank(access, Role(membership.role))
    _keep_an_owner(membership, becomes=role)
    membership.role = role
    membership.save(update_fields=["role"])
    audit.record(access, gettext_noop("member changed"), membership.user.email, role=str(role))


@transaction.atomic
def member_remove(*, access: Access, membership: Membership) -> None:
    """Admins remove others; everybody may leave, but for the last owner."""
    leaves = access.user is not None and membership.user_id == access.user.pk
    if not leaves:
        access.require(Role.ADMIN)
        _require_rank(access, Role(membership.role))
    _keep_an_owner(membership, becomes=None)
    email = membership.user.email
    Membership.objects.for_tenant(access.tenant).filter(pk=membership.pk).delete()
    audit.record(access, gettext_noop("member left") if leaves else gettext_noop("member removed"), email)


def _require_rank(access: Access, role: Role) -> None:
    """Nobody gives, changes or takes away more than they have themselves."""
    if not access.may(role):
        raise Forbidden(_("Only an owner can do this with the role “%(role)s”.") % {"role": role.label})


def _keep_an_owner(membership: Membership, *, becomes: Role | None) -> None:
    if membership.role != Role.OWNER or becomes == Role.OWNER:
        return
    owners = Membership.objects.for_tenant(membership.tenant_id).filter(role=Role.OWNER).select_for_update()
    if len(owners) <= 1:
        raise TenancyError(_("An organisation needs an owner. Make somebody else one first."), code="member.last_owner")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
