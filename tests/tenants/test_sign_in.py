"""Signing in: its limits, its traces in the audit log, and where one lands."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from tenants.models import AuditEvent, Tenant, User
from tests.conftest import signed_in
from tests.factories import PASSWORD, MembershipFactory, UserFactory


def sign_in(client: Client, email: str, password: str = PASSWORD) -> int:
    return client.post(reverse("account_login"), {"login": email, "password": password}).status_code


def actions(tenant: Tenant) -> list[str]:
    return [event.action for event in AuditEvent.objects.for_tenant(tenant)]


def test_a_sign_in_is_recorded(client: Client, acme: Tenant, alice: User) -> None:
    assert sign_in(client, alice.email) == 302
    assert actions(acme) == ["signed in"]


def test_a_failed_sign_in_is_recorded_without_an_actor(client: Client, acme: Tenant, alice: User) -> None:
    assert sign_in(client, alice.email, "guess") == 200
    event = AuditEvent.objects.for_tenant(acme).get()
    assert (event.action, event.target, event.actor, event.actor_name) == ("sign-in failed", alice.email, None, "")
    assert "guess" not in str(event.detail)


def test_an_unknown_address_is_recorded_nowhere(client: Client, acme: Tenant, alice: User) -> None:
    sign_in(client, "nobody@example.org", "guess")
    assert actions(acme) == []


def test_guessing_a_password_is_limited(client: Client, acme: Tenant, alice: User) -> None:
    """After five failures not even the right password opens the door."""
    for _attempt in range(5):
        sign_in(client, alice.email, "guess")
    sign_in(client, alice.email)
    assert "_auth_user_id" not in client.session


def test_the_admins_door_is_the_same_one(client: Client, db: None) -> None:
    response = client.get(reverse("admin:login"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_a_member_without_staff_standing_does_not_pass_the_admins_door(alice_client: Client) -> None:
    assert alice_client.get(reverse("admin:login")).status_code == 403


def test_home_asks_a_stranger_to_sign_in(client: Client, db: None) -> None:
    assert client.get("/")["Location"].startswith(reverse("account_login"))


def test_home_tells_who_has_no_organisation_what_to_do(db: None) -> None:
    response = signed_in(UserFactory()).get("/")
    assert response.templates[0].name == "tenants/no_tenant.html"


def test_home_leads_to_the_organisation_visited_last(acme: Tenant, other_org: Tenant, alice: User) -> None:
    MembershipFactory(tenant=other_org, user=alice, role="admin")
    client = signed_in(alice)
    assert client.get("/")["Location"] == reverse("chat:home", args=["acme"])
    client.get(reverse("tenants:members", args=["other"]))
    assert client.get("/")["Location"] == reverse("chat:home", args=["other"])


def test_home_forgets_an_organisation_that_one_has_left(acme: Tenant, other_org: Tenant, alice: User) -> None:
    membership = MembershipFactory(tenant=other_org, user=alice, role="admin")
    client = signed_in(alice)
    client.get(reverse("tenants:members", args=["other"]))
    membership.delete()
    assert client.get("/")["Location"] == reverse("chat:home", args=["acme"])
