"""`manage.py tenant_create`."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from tenants.models import Membership, Role, Tenant, User


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> object:
    """Put a line on standard input."""

    def put(line: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{line}\n"))

    return put


def create(*args: str) -> str:
    out = io.StringIO()
    call_command("tenant_create", *args, stdout=out)
    return out.getvalue()


def test_it_makes_an_owner_with_the_password_from_standard_input(db: None, typed) -> None:
    typed("a quite long sentence")
    assert "/t/acme/" in create("acme", "--name", "Acme Ltd", "--owner", "Alice@example.org")
    tenant = Tenant.objects.get(slug="acme")
    owner = Membership.objects.for_tenant(tenant).get()
    assert (tenant.name, owner.role, owner.user.email) == ("Acme Ltd", Role.OWNER, "alice@example.org")
    assert owner.user.check_password("a quite long sentence")


def test_an_account_that_exists_keeps_its_password(alice: User) -> None:
    before = alice.password
    create("second", "--owner", "ALICE@example.org")
    alice.refresh_from_db()
    assert alice.password == before
    assert Membership.objects.for_tenant(Tenant.objects.get(slug="second")).get().user == alice


@pytest.mark.parametrize(
    ("slug", "owner", "password"),
    [
        ("Not A Slug", "dora@example.org", "a quite long sentence"),
        ("acme2", "no address", "a quite long sentence"),
        ("acme2", "dora@example.org", "short"),
    ],
)
def test_a_refusal_leaves_nothing_behind(db: None, typed, slug: str, owner: str, password: str) -> None:
    typed(password)
    with pytest.raises(CommandError):
        create(slug, "--owner", owner)
    assert not Tenant.objects.exists()
    assert not User.objects.exists()


def test_a_slug_that_is_taken_is_refused(acme: Tenant, alice: User) -> None:
    with pytest.raises(CommandError, match="already exists"):
        create("acme", "--owner", alice.email)
