"""Keys for programs: who makes them, what they open, and when they stop."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants import api_tokens, audit, selectors
from tenants.access import Access, access_for_key
from tenants.api_key_services import api_key_create, api_key_revoke
from tenants.errors import Forbidden, KeyRefused, TenancyError
from tenants.models import ApiKey, AuditEvent, Role, Tenant
from tests.conftest import signed_in
from tests.factories import member


def keys_url(slug: str = "acme") -> str:
    return reverse("tenants:api_keys", args=[slug])


def the_key(tenant: Tenant) -> ApiKey:
    return ApiKey.objects.for_tenant(tenant).get()


def test_a_token_has_a_name_a_prefix_and_256_random_bits() -> None:
    prefix, token = api_tokens.make()
    assert re.fullmatch(rf"rzg_{prefix}_[0-9a-f]{{64}}", token)
    assert api_tokens.is_one(token)
    assert api_tokens.make()[1] != token


def test_only_the_hash_is_stored(as_alice: Access) -> None:
    key, token = api_key_create(access=as_alice, name="nightly import")
    key.refresh_from_db()
    assert key.key_hash == hashlib.sha256(token.encode()).hexdigest()
    stored = [str(getattr(key, field.attname)) for field in key._meta.concrete_fields]
    assert not any(token in value or token.rpartition("_")[2] in value for value in stored)


def test_a_key_opens_its_own_organisation_with_its_own_role(as_alice: Access) -> None:
    key, token = api_key_create(access=as_alice, name="search", role=Role.READER)
    access = access_for_key(token)
    assert (access.tenant, access.role, access.user, access.key) == (as_alice.tenant, Role.READER, None, key)
    assert not access.may_upload


def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(as_alice: Access, as_charlie: Access) -> None:
    revoked, token_revoked = api_key_create(access=as_alice, name="revoked")
    api_key_revoke(access=as_alice, key=revoked)
    _key, expired = api_key_create(access=as_alice, name="old", expires_at=timezone.now() - timedelta(seconds=1))
    _key, of_gone = api_key_create(access=as_charlie, name="gone")
    Tenant.objects.filter(pk=as_charlie.tenant.pk).update(deleted_at=timezone.now())
    sentences = set()
    for token in (token_revoked, expired, of_gone, api_tokens.make()[1], "rzg_", "", "ж" * 80):
        with pytest.raises(KeyRefused) as refusal:
            access_for_key(token)
        sentences.add((refusal.value.code, refusal.value.message))
    assert len(sentences) == 1


def test_a_key_that_ends_later_still_opens(as_alice: Access) -> None:
    _key, token = api_key_create(access=as_alice, name="a", expires_at=timezone.now() + timedelta(minutes=1))
    assert access_for_key(token).tenant == as_alice.tenant


def test_its_use_is_noted_once_a_minute(as_alice: Access) -> None:
    key, token = api_key_create(access=as_alice, name="a")
    access_for_key(token)
    key.refresh_from_db()
    first = key.last_used_at
    assert first is not None
    access_for_key(token)
    key.refresh_from_db()
    assert key.last_used_at == first
    ApiKey.objects.for_tenant(as_alice.tenant).update(last_used_at=first - timedelta(seconds=61))
    access_for_key(token)
    key.refresh_from_db()
    assert key.last_used_at is not None
    assert key.last_used_at >= first


@pytest.mark.parametrize("role", [Role.MEMBER, Role.READER])
def test_members_and_readers_make_and_revoke_none(acme: Tenant, as_alice: Access, role: Role) -> None:
    theirs = Access(tenant=acme, role=role, user=member(acme, "erin", role))
    key, _token = api_key_create(access=as_alice, name="a")
    with pytest.raises(Forbidden):
        api_key_create(access=theirs, name="b", role=Role.READER)
    with pytest.raises(Forbidden):
        api_key_revoke(access=theirs, key=key)
    assert the_key(acme).revoked_at is None


def test_no_key_is_an_owner(as_alice: Access) -> None:
    with pytest.raises(Forbidden):
        api_key_create(access=as_alice, name="a", role=Role.OWNER)


def test_a_key_needs_a_name(as_alice: Access) -> None:
    with pytest.raises(TenancyError, match="name"):
        api_key_create(access=as_alice, name="  ")


def test_a_key_of_another_organisation_is_not_revoked(as_alice: Access, as_charlie: Access) -> None:
    key, _token = api_key_create(access=as_alice, name="a")
    api_key_revoke(access=as_charlie, key=key)
    assert the_key(as_alice.tenant).revoked_at is None
    assert not AuditEvent.objects.for_tenant(as_charlie.tenant).exists()


def test_the_audit_log_names_who_made_a_key_and_what_a_key_did(as_alice: Access) -> None:
    key, token = api_key_create(access=as_alice, name="nightly", role=Role.READER)
    audit.record(access_for_key(token), "tested")
    api_key_revoke(access=as_alice, key=key)
    api_key_revoke(access=as_alice, key=key)  # the second time there is nothing to do, or to note
    label = f"nightly (rzg_{key.prefix}_…)"
    noted = [
        (event.action, event.actor_name, event.target)
        for event in AuditEvent.objects.for_tenant(as_alice.tenant).order_by("pk")
    ]
    assert noted == [
        ("API key created", "alice@example.org", label),
        ("tested", f"API key {label}", ""),
        ("API key revoked", "alice@example.org", label),
    ]


# --- the page ----------------------------------------------------------------------------------------------------


def create(client: Client, **data: str) -> Any:
    return client.post(reverse("tenants:api_key_create", args=["acme"]), {"role": "member", "days": "365", **data})


def test_the_page_says_what_keys_are_for_before_there_is_one(alice_client: Client) -> None:
    response = alice_client.get(keys_url())
    assert "No program has a key yet" in response.text
    assert "/api/v1/documents" in response.text
    assert keys_url() in alice_client.get(reverse("tenants:members", args=["acme"])).text


def test_the_token_is_shown_once(alice_client: Client, acme: Tenant) -> None:
    response = create(alice_client, name="nightly import")
    token = response.context["token"]
    assert access_for_key(token).tenant == acme
    assert response.text.count(token) == 1
    assert response["Cache-Control"] == "no-store"
    later = alice_client.get(keys_url()).text
    assert "nightly import" in later
    assert the_key(acme).prefix in later
    assert token not in later


@pytest.mark.parametrize(("days", "lasts"), [("30", timedelta(days=30)), ("0", None)])
def test_a_key_lasts_as_long_as_was_asked_for(
    alice_client: Client, acme: Tenant, days: str, lasts: timedelta | None
) -> None:
    create(alice_client, name="a", days=days)
    ends = the_key(acme).expires_at
    if lasts is None:
        assert ends is None
    else:
        assert ends is not None
        assert abs(ends - timezone.now() - lasts) < timedelta(minutes=1)


@pytest.mark.parametrize("data", [{"name": ""}, {"name": "a", "role": "owner"}, {"name": "a", "days": "7"}])
def test_what_cannot_be_made_is_explained(alice_client: Client, acme: Tenant, data: dict[str, str]) -> None:
    response = create(alice_client, **data)
    assert response.status_code == 400
    assert "errorlist" in response.text
    assert not ApiKey.objects.for_tenant(acme).exists()


def test_revoking_takes_a_key_off_the_list(alice_client: Client, as_alice: Access) -> None:
    key, token = api_key_create(access=as_alice, name="nightly")
    response = alice_client.post(reverse("tenants:api_key_revoke", args=["acme", key.pk]), follow=True)
    assert "opens nothing any more" in response.text
    assert not selectors.api_keys_list(tenant=as_alice.tenant).exists()
    with pytest.raises(KeyRefused):
        access_for_key(token)


def test_an_expired_key_is_listed_as_such(alice_client: Client, as_alice: Access) -> None:
    api_key_create(access=as_alice, name="old", expires_at=timezone.now() - timedelta(days=1))
    assert "expired" in alice_client.get(keys_url()).text


@pytest.mark.parametrize("role", [Role.MEMBER, Role.READER])
def test_the_page_is_closed_to_members_and_readers(acme: Tenant, role: Role) -> None:
    client = signed_in(member(acme, "erin", role))
    assert client.get(keys_url()).status_code == 403
    assert client.post(reverse("tenants:api_key_create", args=["acme"]), {"name": "a"}).status_code == 403
