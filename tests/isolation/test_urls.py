"""Every address of a tenant, found by walking the URL configuration: what is new is covered unasked."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from tenants.models import Role, Tenant, User
from tests.conftest import signed_in
from tests.factories import member
from tests.isolation.acme_rows import SECRET, AcmeRows, acme_rows, name_of, tenant_patterns

PATTERNS = tenant_patterns()
OF_CONVERSATIONS = [
    pattern
    for pattern in PATTERNS
    if {"conversation_id", "turn_id", "image_id"} & set(pattern.pattern.converters)
    and "dashboard" not in str(pattern.name)
]
ADDRESSES = pytest.mark.parametrize("pattern", PATTERNS, ids=name_of)
METHODS = pytest.mark.parametrize("method", ["get", "post"])
REFUSED = {403, 404, 405}
ENCRYPTED = {"api_key", "token"}
"""Printed as dots once they are read back."""


@pytest.fixture
def rows(acme: Tenant, alice: User) -> AcmeRows:
    return acme_rows(acme, alice)


def address(pattern: URLPattern, slug: str, rows: AcmeRows) -> str:
    return reverse(name_of(pattern), kwargs={"slug": slug, **kwargs_of(pattern, rows)})


def kwargs_of(pattern: URLPattern, rows: AcmeRows) -> dict[str, Any]:
    names = [name for name in pattern.pattern.converters if name != "slug"]
    row_of_pk = rows.invitation if "invitation" in str(pattern.name) else rows.membership
    known = {**rows.ids(), "pk": row_of_pk.pk}
    return {name: known[name] for name in names}


def text_of(response: Any) -> str:
    try:
        return b"".join(response.streaming_content if response.streaming else [response.content]).decode()
    finally:
        response.close()


def test_there_is_something_to_walk() -> None:
    assert len(PATTERNS) > 25


@ADDRESSES
@METHODS
def test_somebody_from_elsewhere_gets_the_404_of_a_tenant_that_does_not_exist(
    pattern: URLPattern, method: str, rows: AcmeRows, charlie_client: Client
) -> None:
    there = getattr(charlie_client, method)(address(pattern, "acme", rows))
    nowhere = getattr(charlie_client, method)(address(pattern, "no-such-tenant", rows))

    assert there.status_code == nowhere.status_code
    assert there.status_code in {404, 405}
    assert SECRET not in text_of(there)


@ADDRESSES
@METHODS
def test_the_ids_of_one_tenant_lead_nowhere_in_another(
    pattern: URLPattern, method: str, rows: AcmeRows, charlie_client: Client
) -> None:
    """Charlie owns the other tenant, so that only the ids are foreign."""
    response = getattr(charlie_client, method)(address(pattern, "other", rows))

    assert SECRET not in text_of(response)
    if kwargs_of(pattern, rows):
        assert response.status_code in REFUSED


@ADDRESSES
@METHODS
def test_a_stranger_is_led_to_the_sign_in_page(
    pattern: URLPattern, method: str, rows: AcmeRows, client: Client
) -> None:
    response = getattr(client, method)(address(pattern, "acme", rows))

    assert response.status_code in {302, 405}
    if response.status_code == 302:
        assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("pattern", OF_CONVERSATIONS, ids=name_of)
def test_colleagues_do_not_see_each_others_conversations(pattern: URLPattern, rows: AcmeRows, acme: Tenant) -> None:
    """Bob is an admin of Acme: he sees the dashboard's traces, but nobody's conversations."""
    client = signed_in(member(acme, "bob", Role.ADMIN))

    assert client.get(address(pattern, "acme", rows)).status_code in {404, 405}
    assert client.post(address(pattern, "acme", rows)).status_code in {404, 405}


def test_nothing_of_acmes_was_changed_by_all_that(rows: AcmeRows, charlie_client: Client) -> None:
    for pattern in PATTERNS:
        for slug in ("acme", "other"):
            charlie_client.post(address(pattern, slug, rows))

    for row in vars(rows).values():
        before = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
        row.refresh_from_db()
        after = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
        assert {k: str(v) for k, v in before.items() if k not in ENCRYPTED} == {
            k: str(v) for k, v in after.items() if k not in ENCRYPTED
        }
