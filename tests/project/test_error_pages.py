"""What a person, a program and htmx are shown in place of what they asked for."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from tenants.models import Membership, Role, Tenant, User
from tests.conftest import signed_in
from tests.factories import member

NEEDED = "This needs the role “Admin”. Ask an owner of Acme to give it to you."


def names(response: Any) -> set[str]:
    return {template.name for template in response.templates}


def url(name: str, *args: object) -> str:
    return reverse(name, args=["acme", *args])


def test_a_page_for_another_role_says_which_one_it_needs_and_which_one_there_is(bob_client: Client) -> None:
    for page in ("tenants:members", "chat:settings", "chat:dashboard"):
        response = bob_client.get(url(page))
        assert response.status_code == 403
        assert "403.html" in names(response)
        assert escape(NEEDED) in response.text
        assert "Your role in Acme is “Member”." in response.text
        assert "tenancy.forbidden" not in response.text


def test_from_a_refusal_home_is_the_organisation_that_refused(other_org: Tenant, bob: User, acme: Tenant) -> None:
    Membership.objects.create(tenant=other_org, user=bob, role=Role.READER)
    client = signed_in(bob)
    client.get(reverse("chat:home", args=["other"]))
    response = client.get(url("tenants:members"))
    assert f'href="{url("chat:home")}"' in response.text
    assert client.get("/")["Location"] == url("chat:home")


def test_what_a_service_refuses_has_the_same_page(acme: Tenant, bob_client: Client) -> None:
    erin = Membership.objects.for_tenant(acme).get(user=member(acme, "erin"))
    response = bob_client.post(url("tenants:member_remove", erin.pk))
    assert response.status_code == 403
    assert "403.html" in names(response)


def test_a_program_is_told_in_json(bob_client: Client) -> None:
    response = bob_client.get(url("tenants:members"), headers={"accept": "application/json"})
    assert response.status_code == 403
    assert response.json() == {"error": {"code": "tenancy.forbidden", "message": NEEDED, "retryable": False}}


def test_htmx_gets_the_sentence_alone(bob_client: Client) -> None:
    response = bob_client.get(url("tenants:members"), headers={"hx-request": "true"})
    assert response.status_code == 403
    assert names(response) & {"components/error_message.html", "403.html"} == {"components/error_message.html"}
    assert "<html" not in response.text


def test_what_is_not_there_has_the_page_that_says_so(bob_client: Client) -> None:
    response = bob_client.get(url("chat:conversation", uuid4()))
    assert response.status_code == 404
    assert "404.html" in names(response)
    assert "There is no such conversation. It may have been deleted." in response.text


@pytest.mark.django_db(transaction=True)
def test_anything_else_has_the_page_of_errors_with_its_code(bob_client: Client) -> None:
    response = bob_client.post(url("chat:ask"), {"text": ""})
    assert response.status_code == 400
    assert "error.html" in names(response)
    assert "Type a question" in response.text
