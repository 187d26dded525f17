"""Where an invitation's link leads."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants import services
from tenants.access import Access
from tenants.models import AuditEvent, Invitation, Membership, Role, Tenant, User
from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory

GOOD_PASSWORD = "a quite long sentence"


@pytest.fixture
def invited(as_alice: Access) -> tuple[Invitation, str]:
    """Dora's invitation and the address of its page."""
    invitation, token = services.member_invite(access=as_alice, email="dora@example.org", role=Role.READER)
    return invitation, reverse("tenants:invitation", args=[token])


def belongs(email: str, tenant: Tenant) -> bool:
    return Membership.objects.for_tenant(tenant).filter(user__email=email).exists()


def test_it_says_who_invites(client: Client, invited: tuple[Invitation, str]) -> None:
    response = client.get(invited[1])
    assert response.status_code == 200
    for text in ("Acme", "Alice", "dora@example.org"):
        assert text in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_it_makes_an_account_and_signs_in(client: Client, acme: Tenant, invited: tuple[Invitation, str]) -> None:
    response = client.post(invited[1], {"name": "Dora Example", "password": GOOD_PASSWORD})
    assert response.status_code == 302
    assert response["Location"] == reverse("chat:home", args=["acme"])
    dora = User.objects.get(email="dora@example.org")
    assert client.session["_auth_user_id"] == str(dora.pk)
    assert (dora.first_name, dora.last_name) == ("Dora", "Example")
    assert dora.check_password(GOOD_PASSWORD)
    assert Membership.objects.for_tenant(acme).get(user=dora).role == Role.READER
    assert AuditEvent.objects.for_tenant(acme).filter(action="invitation accepted", actor=dora).exists()


@pytest.mark.parametrize("password", ["", "short", "password123", "dora@example.org"])
def test_a_poor_password_leaves_the_invitation_open(
    client: Client, acme: Tenant, invited: tuple[Invitation, str], password: str
) -> None:
    response = client.post(invited[1], {"password": password})
    assert response.status_code == 400
    assert response.context["form"].errors["password"]
    assert not User.objects.filter(email="dora@example.org").exists()
    assert client.get(invited[1]).status_code == 200


def test_an_account_is_asked_to_sign_in_first(client: Client, acme: Tenant, invited: tuple[Invitation, str]) -> None:
    dora = UserFactory(email="dora@example.org")
    response = client.get(invited[1])
    assert response.context["sign_in_url"] in response.content.decode()
    assert client.post(invited[1], {"password": GOOD_PASSWORD}).status_code == 400
    dora.refresh_from_db()
    assert dora.check_password(PASSWORD)
    assert not belongs(dora.email, acme)


def test_signing_in_leads_back_to_the_invitation(client: Client, invited: tuple[Invitation, str]) -> None:
    UserFactory(email="dora@example.org")
    sign_in = client.get(invited[1]).context["sign_in_url"]
    response = client.post(sign_in, {"login": "dora@example.org", "password": PASSWORD})
    assert response["Location"] == invited[1]


def test_who_is_signed_in_accepts_with_a_button(acme: Tenant, invited: tuple[Invitation, str]) -> None:
    dora = UserFactory(email="dora@example.org")
    client = signed_in(dora)
    assert client.get(invited[1]).context["other_account"] is False
    assert client.post(invited[1])["Location"] == reverse("chat:home", args=["acme"])
    assert belongs(dora.email, acme)


def test_another_account_cannot_accept(acme: Tenant, charlie_client: Client, invited: tuple[Invitation, str]) -> None:
    assert charlie_client.get(invited[1]).context["other_account"] is True
    response = charlie_client.post(invited[1])
    assert response.status_code == 400
    assert "This invitation is for dora@example.org" in response.content.decode()
    assert not belongs("charlie@example.org", acme)
    assert services.invitation_find(token=invited[1].rstrip("/").rpartition("/")[2]) == invited[0]


def test_it_works_once(client: Client, invited: tuple[Invitation, str]) -> None:
    client.post(invited[1], {"password": GOOD_PASSWORD})
    again = Client().get(invited[1])
    assert again.status_code == 410
    assert "used or out of date" in again.content.decode()


def test_it_expires(client: Client, acme: Tenant, invited: tuple[Invitation, str]) -> None:
    Invitation.objects.for_tenant(acme).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.post(invited[1], {"password": GOOD_PASSWORD}).status_code == 410
    assert not User.objects.filter(email="dora@example.org").exists()


def test_a_withdrawn_one_is_gone(client: Client, as_alice: Access, invited: tuple[Invitation, str]) -> None:
    services.invitation_withdraw(access=as_alice, invitation=invited[0])
    assert client.get(invited[1]).status_code == 410


def test_guessing_links_is_limited(client: Client, db: None) -> None:
    url = reverse("tenants:invitation", args=["guess"])
    assert [client.post(url).status_code for _attempt in range(11)] == [410] * 10 + [429]


def test_the_link_is_stored_only_as_a_hash(acme: Tenant, invited: tuple[Invitation, str]) -> None:
    token = invited[1].rstrip("/").rpartition("/")[2]
    assert not any(token in str(row) for row in Invitation.objects.for_tenant(acme).values())
