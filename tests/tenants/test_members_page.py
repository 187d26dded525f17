"""The members' page: who may see it, and what an admin may do there."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from tenants.models import AuditEvent, Invitation, Membership, Role, Tenant, User
from tests.conftest import signed_in
from tests.factories import member


def members_url(slug: str = "acme") -> str:
    return reverse("tenants:members", args=[slug])


def membership(tenant: Tenant, user: User) -> Membership:
    return Membership.objects.for_tenant(tenant).get(user=user)


def role_of(tenant: Tenant, user: User) -> str:
    return membership(tenant, user).role


def act(client: Client, name: str, *args: object, **data: str) -> object:
    return client.post(reverse(f"tenants:{name}", args=args), data)


def test_it_lists_the_members_and_open_invitations(alice_client: Client, bob: User) -> None:
    act(alice_client, "invite", "acme", email="dora@example.org", role="reader")
    response = alice_client.get(members_url())
    assert {row.user.email for row in response.context["members"]} == {"alice@example.org", "bob@example.org"}
    assert b"dora@example.org" in response.content


@pytest.mark.parametrize("role", [Role.MEMBER, Role.READER])
def test_it_is_closed_to_members_and_readers(acme: Tenant, role: Role) -> None:
    assert signed_in(member(acme, "erin", role)).get(members_url()).status_code == 403


def test_it_does_not_exist_for_other_tenants(acme: Tenant, charlie_client: Client) -> None:
    assert charlie_client.get(members_url()).status_code == 404


def test_it_shows_the_link_once_and_mails_it(alice_client: Client, settings: object) -> None:
    response = alice_client.post(
        reverse("tenants:invite", args=["acme"]), {"email": "Dora@Example.org", "role": "reader"}
    )
    link = response.context["new_link"]
    assert link.encode() in response.content
    assert response["Cache-Control"] == "no-store"
    assert link in mail.outbox[0].body
    assert mail.outbox[0].to == ["dora@example.org"]
    token = link.rstrip("/").rpartition("/")[2]
    assert token.encode() not in alice_client.get(members_url()).content


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"email": "not an address", "role": "reader"}, "valid email"),
        ({"email": "dora@example.org", "role": "emperor"}, "emperor"),
        ({"email": "alice@example.org", "role": "reader"}, "is a member already"),
    ],
)
def test_it_explains_a_refused_invitation(alice_client: Client, data: dict[str, str], sentence: str) -> None:
    response = alice_client.post(reverse("tenants:invite", args=["acme"]), data)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not mail.outbox


def test_an_admin_cannot_invite_an_owner(acme: Tenant, alice: User) -> None:
    admin = signed_in(member(acme, "erin", Role.ADMIN))
    response = admin.post(reverse("tenants:invite", args=["acme"]), {"email": "dora@example.org", "role": "owner"})
    assert response.status_code == 400
    assert not Invitation.objects.for_tenant(acme).exists()


def test_an_invitation_can_be_withdrawn(acme: Tenant, alice_client: Client) -> None:
    act(alice_client, "invite", "acme", email="dora@example.org", role="reader")
    invitation = Invitation.objects.for_tenant(acme).get()
    act(alice_client, "invitation_withdraw", "acme", invitation.pk)
    assert not Invitation.objects.for_tenant(acme).exists()


@pytest.mark.slow
def test_invitations_are_limited(alice_client: Client) -> None:
    url = reverse("tenants:invite", args=["acme"])
    statuses = [
        alice_client.post(url, {"email": f"guest{n}@example.org", "role": "reader"}).status_code for n in range(21)
    ]
    assert statuses == [200] * 20 + [429]


def test_an_owner_changes_a_role(acme: Tenant, alice_client: Client, bob: User) -> None:
    act(alice_client, "member_change", "acme", membership(acme, bob).pk, role="admin")
    assert role_of(acme, bob) == Role.ADMIN
    assert AuditEvent.objects.for_tenant(acme).filter(action="member changed", target=bob.email).exists()


def test_an_unknown_role_changes_nothing(acme: Tenant, alice_client: Client, bob: User) -> None:
    act(alice_client, "member_change", "acme", membership(acme, bob).pk, role="emperor")
    assert role_of(acme, bob) == Role.MEMBER


def test_the_last_owner_stays_one(acme: Tenant, alice: User, alice_client: Client) -> None:
    own = membership(acme, alice)
    changed = alice_client.post(
        reverse("tenants:member_change", args=["acme", own.pk]), {"role": "member"}, follow=True
    )
    removed = alice_client.post(reverse("tenants:member_remove", args=["acme", own.pk]), follow=True)
    for response in (changed, removed):
        assert "needs an owner" in response.content.decode()
    assert role_of(acme, alice) == Role.OWNER


def test_one_of_two_owners_may_go(acme: Tenant, alice: User, alice_client: Client, bob: User) -> None:
    Membership.objects.for_tenant(acme).filter(user=bob).update(role=Role.OWNER)
    response = act(alice_client, "member_remove", "acme", membership(acme, alice).pk)
    assert response.url == reverse("home")  # type: ignore[attr-defined]
    assert not Membership.objects.for_tenant(acme).filter(user=alice).exists()


def test_an_admin_cannot_touch_an_owner(acme: Tenant, alice: User) -> None:
    admin = signed_in(member(acme, "erin", Role.ADMIN))
    act(admin, "member_change", "acme", membership(acme, alice).pk, role="reader")
    act(admin, "member_remove", "acme", membership(acme, alice).pk)
    assert role_of(acme, alice) == Role.OWNER


def test_a_member_may_leave_but_remove_nobody(acme: Tenant, alice: User, bob: User, bob_client: Client) -> None:
    erin = member(acme, "erin")
    assert act(bob_client, "member_remove", "acme", membership(acme, erin).pk).status_code == 403  # type: ignore[attr-defined]
    act(bob_client, "member_remove", "acme", membership(acme, bob).pk)
    assert {row.user for row in Membership.objects.for_tenant(acme).select_related("user")} == {alice, erin}


def test_everybody_leaves_from_the_menu_of_any_page(acme: Tenant, bob: User, bob_client: Client) -> None:
    url = reverse("tenants:leave", args=["acme"])
    page = bob_client.get(reverse("chat:home", args=["acme"])).text
    assert re.search(
        rf'<form method="post" action="{url}" data-confirm="Leave Acme\? [^"]+" data-confirm-verb="Leave">', page
    )
    response = bob_client.post(url, follow=True)
    assert response.redirect_chain[0][0] == reverse("home")
    assert "You have left Acme." in response.text
    assert not Membership.objects.for_tenant(acme).filter(user=bob).exists()
    assert bob_client.get(reverse("chat:home", args=["acme"])).status_code == 404


def test_leaving_is_posted_with_a_token(acme: Tenant, bob: User) -> None:
    url = reverse("tenants:leave", args=["acme"])
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    assert client.get(url).status_code == 405
    assert client.post(url).status_code == 403
    assert role_of(acme, bob) == Role.MEMBER


def test_the_audit_log_tells_leaving_from_being_removed(acme: Tenant, alice_client: Client, bob_client: Client) -> None:
    act(bob_client, "leave", "acme")
    act(alice_client, "member_remove", "acme", membership(acme, member(acme, "erin")).pk)
    events = AuditEvent.objects.for_tenant(acme).filter(action__in=["member left", "member removed"])
    assert {(event.action, event.actor_name, event.target) for event in events} == {
        ("member left", "bob@example.org", "bob@example.org"),
        ("member removed", "alice@example.org", "erin@example.org"),
    }


def test_the_last_owner_is_told_why_they_cannot_leave(acme: Tenant, alice: User, alice_client: Client) -> None:
    response = alice_client.post(reverse("tenants:leave", args=["acme"]), follow=True)
    assert response.redirect_chain == [(members_url(), 302)]
    assert "An organisation needs an owner. Make somebody else one first." in response.text
    assert role_of(acme, alice) == Role.OWNER


def test_another_tenants_membership_is_not_there(
    acme: Tenant, other_org: Tenant, charlie: User, alice_client: Client
) -> None:
    foreign = membership(other_org, charlie)
    for name in ("member_change", "member_remove"):
        assert act(alice_client, name, "acme", foreign.pk, role="reader").status_code == 404  # type: ignore[attr-defined]
    assert role_of(other_org, charlie) == Role.OWNER
