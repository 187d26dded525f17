"""Reads."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from tenants.models import ApiKey, AuditEvent, Invitation, Membership, Tenant


def tenants_of(*, user: Any) -> QuerySet[Tenant]:
    ids = Membership.all_tenants.filter(user_id=user.pk).values("tenant_id")
    return Tenant.objects.filter(pk__in=ids, deleted_at=None)


def members_list(*, tenant: Tenant) -> QuerySet[Membership]:
    return Membership.objects.for_tenant(tenant).select_related("user").order_by("user__email")


def invitations_open(*, tenant: Tenant) -> QuerySet[Invitation]:
    return Invitation.objects.for_tenant(tenant).filter(accepted_at=None, expires_at__gt=timezone.now())


def api_keys_list(*, tenant: Tenant) -> QuerySet[ApiKey]:
    """Those that were not revoked; what has expired is among them, so that somebody notices and makes a new one."""
    return ApiKey.objects.for_tenant(tenant).filter(revoked_at=None).select_related("created_by")


def audit_list(*, tenant: Tenant) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.for_tenant(tenant)
