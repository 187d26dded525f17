"""A program with a key, for tests of the API."""

from __future__ import annotations

from datetime import datetime

from django.test import Client

from tenants.access import Access
from tenants.api_key_services import api_key_create
from tenants.models import Role

V1 = "/api/v1"


def program(access: Access, role: Role = Role.MEMBER, *, expires_at: datetime | None = None) -> Client:
    """A client without cookies that sends a new key of this organisation. Django's check of forms is on, as outside."""
    _key, token = api_key_create(access=access, name=f"a {role}", role=role, expires_at=expires_at)
    return with_token(token)


def with_token(token: str) -> Client:
    return Client(enforce_csrf_checks=True, headers={"authorization": f"Bearer {token}"})
