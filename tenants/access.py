"""The one gate: may this person act in this organisation, and as what?

HTTP views, the socket, the API, tasks and the command line all come through here, so that there is one answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from tenants import api_tokens
from tenants.errors import Forbidden, KeyRefused, NotFound
from tenants.models import ApiKey, Membership, Role, Tenant, User

P = ParamSpec("P")

LAST_TENANT = "last_tenant"
"""The session's key for the slug of the organisation that was visited last."""
NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Access:
    """A person's standing in one organisation. Every service takes one; none takes a bare tenant id from outside.

    `user` is None for the operator at the command line, who acts as an owner, and for a program, which has a `key`.
    """

    tenant: Tenant
    role: Role
    user: User | None
    key: ApiKey | None = None

    def may(self, needed: Role) -> bool:
        return self.role.may(needed)

    def require(self, needed: Role) -> None:
        if not self.may(needed):
            raise Forbidden(
                _("This needs the role “%(role)s”. Ask an owner of %(tenant)s to give it to you.")
                % {"role": needed.label, "tenant": self.tenant.name}
            )

    @property
    def actor_name(self) -> str:
        """Who the audit log says it was."""
        if self.key is not None:
            return f"API key {self.key}"
        return self.user.email if self.user else "command line"

    @property
    def is_admin(self) -> bool:
        return self.may(Role.ADMIN)

    @property
    def may_upload(self) -> bool:
        return self.may(Role.MEMBER)


def access_for(user: User | AnonymousUser, slug: str) -> Access:
    """Raise `NotFound` alike when there is no such organisation and when the person is not in it."""
    membership = (
        Membership.all_tenants.select_related("tenant")
        .filter(user_id=user.pk, tenant__slug=slug, tenant__deleted_at=None, user__is_active=True)
        .first()
        if user.pk
        else None
    )
    if membership is None:
        raise NotFound(_("There is no organisation at this address, or you do not belong to it."))
    assert isinstance(user, User)  # noqa: S101 - a membership has a user
    return Access(tenant=membership.tenant, role=Role(membership.role), user=user)


def access_for_key(token: str) -> Access:
    """Raise `KeyRefused` alike for a key that is unknown, revoked or expired, and where the organisation is gone."""
    now = timezone.now()
    key = (
        ApiKey.all_tenants.select_related("tenant")
        .filter(key_hash=api_tokens.hash_of(token), revoked_at=None, tenant__deleted_at=None)
        .exclude(expires_at__lte=now)
        .first()
        if api_tokens.is_one(token)
        else None
    )
    if key is None:
        raise KeyRefused(_("This API key does not work: it is unknown, revoked or expired. Ask an admin for one."))
    _note_use(key, now)
    return Access(tenant=key.tenant, role=Role(key.role), user=None, key=key)


def _note_use(key: ApiKey, now: datetime) -> None:
    """At most once a minute: a program that asks ten times a second shall not write as often."""
    if key.last_used_at is None or key.last_used_at <= now - NOTED_EVERY:
        ApiKey.objects.for_tenant(key.tenant_id).filter(pk=key.pk).update(last_used_at=now)


def operator_access(slug: str) -> Access:
    """The standing of whoever can run commands on the server."""
    tenant = Tenant.objects.filter(slug=slug, deleted_at=None).first()
    if tenant is None:
        raise NotFound(f"There is no tenant “{slug}”. `manage.py tenant_create {slug}` makes one.")
    return Access(tenant=tenant, role=Role.OWNER, user=None)


View = Callable[Concatenate[HttpRequest, Access, P], HttpResponseBase]


def tenant_view(needed: Role = Role.READER) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Decorate a view below `/t/<slug>/`: it is called with the caller's `Access` in place of the slug."""

    def decorate(view: View[P]) -> Callable[..., HttpResponseBase]:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                access = access_for(request.user, slug)
            except NotFound as error:
                raise Http404(error.message) from error
            request.access = access  # type: ignore[attr-defined]  # for templates, that of a refusal among them
            if request.session.get(LAST_TENANT) != slug:
                request.session[LAST_TENANT] = slug
            access.require(needed)
            return view(request, access, *args, **kwargs)

        guarded.needed_role = needed  # type: ignore[attr-defined]
        return guarded

    return decorate
