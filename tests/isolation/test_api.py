"""Every address and method of the API, found by walking the URL configuration: what is new is covered unasked."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from tenants.access import Access
from tenants.models import Role, Tenant, User
from tests.api import program
from tests.isolation.acme_rows import SECRET, AcmeRows, acme_rows, api_patterns

OPEN = {"openapi-json", "openapi-view", "api-root"}
"""Say nothing of any tenant: how the API is used, and that there is nothing at an address."""
GUARDED = [pattern for pattern in api_patterns() if pattern.name not in OPEN]
WITH_IDS = [pattern for pattern in GUARDED if pattern.pattern.converters]
READING = ["get", "head", "options"]
WRITING = ["post", "put", "patch", "delete"]
METHODS = pytest.mark.parametrize("method", READING + WRITING)


def name_of(pattern: URLPattern) -> str:
    return f"api:{pattern.name}"


@pytest.fixture
def rows(acme: Tenant, alice: User) -> AcmeRows:
    return acme_rows(acme, alice)


def address(pattern: URLPattern, rows: AcmeRows) -> str:
    """With Acme's ids in it. A new keyword has to be added to `AcmeRows.ids`."""
    known = rows.ids()
    return reverse(name_of(pattern), kwargs={name: known[name] for name in pattern.pattern.converters})


def text_of(response: Any) -> str:
    try:
        return b"".join(response.streaming_content if response.streaming else [response.content]).decode()
    finally:
        response.close()


def test_there_is_something_to_walk() -> None:
    assert len(GUARDED) >= 8
    assert len(WITH_IDS) >= 6


@pytest.mark.parametrize("pattern", GUARDED, ids=name_of)
@METHODS
def test_nothing_opens_without_a_key(pattern: URLPattern, method: str, rows: AcmeRows, alice_client: Client) -> None:
    """Not for a stranger, and not for Alice, who is signed in on the pages."""
    for client in (Client(), alice_client):
        response = getattr(client, method)(address(pattern, rows))
        assert response.status_code in {401, 405}
        assert SECRET not in text_of(response)


@pytest.mark.parametrize("pattern", GUARDED, ids=name_of)
@METHODS
def test_a_key_of_another_organisation_opens_nothing(
    pattern: URLPattern, method: str, rows: AcmeRows, as_charlie: Access
) -> None:
    response = getattr(program(as_charlie, Role.ADMIN), method)(address(pattern, rows))

    assert SECRET not in text_of(response)
    if pattern.pattern.converters:
        assert response.status_code in {404, 405}


@pytest.mark.parametrize("pattern", WITH_IDS, ids=name_of)
def test_the_addresses_that_were_walked_are_there_for_their_own(
    pattern: URLPattern, rows: AcmeRows, as_alice: Access, no_queue: list[str]
) -> None:
    """Else a 404 above would prove nothing."""
    client = program(as_alice)
    responses = [getattr(client, method)(address(pattern, rows)) for method in ("get", "post")]
    found = {response.status_code for response in responses}
    if found == {405}:  # it can only be deleted, which the version in use refuses
        responses.append(client.delete(address(pattern, rows)))
        assert responses[-1].status_code == 409
    else:
        assert 200 in found
    for response in responses:
        response.close()


@pytest.mark.parametrize("pattern", GUARDED, ids=name_of)
@pytest.mark.parametrize("method", WRITING)
def test_a_reader_writes_nothing(pattern: URLPattern, method: str, rows: AcmeRows, as_alice: Access) -> None:
    """403 before anything else is looked at; 422 where the body already is none that a service could be called with."""
    response = getattr(program(as_alice, Role.READER), method)(address(pattern, rows))
    assert response.status_code in ({403, 405} if pattern.pattern.converters else {403, 405, 422, 400})


def test_nothing_of_acmes_was_changed_by_all_that(rows: AcmeRows, as_charlie: Access) -> None:
    client = program(as_charlie, Role.ADMIN)
    before = {field.attname: getattr(rows.document, field.attname) for field in rows.document._meta.concrete_fields}
    for pattern in GUARDED:
        for method in WRITING:
            getattr(client, method)(address(pattern, rows))
    rows.document.refresh_from_db()
    after = {field.attname: getattr(rows.document, field.attname) for field in rows.document._meta.concrete_fields}
    assert {key: str(value) for key, value in before.items()} == {key: str(value) for key, value in after.items()}


@pytest.mark.parametrize("name", sorted(OPEN - {"api-root"}))
def test_what_is_open_says_nothing_of_a_tenant(name: str, rows: AcmeRows) -> None:
    response = Client().get(reverse(f"api:{name}"))
    assert response.status_code == 200
    assert SECRET not in text_of(response)
    assert "acme" not in Client().get(reverse(f"api:{name}")).text.lower()
