"""Making keys for programs, and taking them back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tenants import api_tokens, audit
from tenants.access import Access
from tenants.errors import Forbidden, TenancyError
from tenants.models import ApiKey, Role


@transaction.atomic
def api_key_create(
    *, access: Access, name: str, role: Role = Role.MEMBER, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Return the key and its token, which is shown once and stored only as a hash."""
    access.require(Role.ADMIN)
    if role == Role.OWNER or not access.may(role):
        raise Forbidden(_("A key cannot have the role “%(role)s”.") % {"role": role.label})
    name = " ".join(name.split())
    if not name:
        raise TenancyError(_("A key needs a name, so that you know later what uses it."), code="key.invalid")
    prefix, token = api_tokens.make()
    key = ApiKey.objects.create(
        tenant=access.tenant,
        name=name[: ApiKey.NAME_CHARS],
        prefix=prefix,
        key_hash=api_tokens.hash_of(token),
        role=role,
        created_by=access.user,
        expires_at=expires_at,
    )
    audit.record(access, gettext_noop("API key created"), str(key), role=str(role))
    return key, token


@transaction.atomic
def api_key_revoke(*, access: Access, key: ApiKey) -> None:
    """It opens nothing from now on. The row stays, so that the audit log's names keep their meaning."""
    access.require(Role.ADMIN)
    live = ApiKey.objects.for_tenant(access.tenant).filter(pk=key.pk, revoked_at=None)
    if live.update(revoked_at=timezone.now()):
        audit.record(access, gettext_noop("API key revoked"), str(key))
