"""A long conversation opens at its end, and leads back to its beginning."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from chat.models import Conversation, Turn
from chat.windows import SIZE, turn_url, window_of
from tenants.access import Access
from tenants.errors import NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def long_one(as_alice: Access) -> Conversation:
    return conversation(as_alice, turns=SIZE + 5)


def conversation(access: Access, *, turns: int) -> Conversation:
    made = Conversation.objects.create(tenant=access.tenant, user=access.user, title="Long")
    begin = timezone.now() - timedelta(days=1)
    turn = None
    for number in range(turns):
        turn = Turn.objects.create(
            tenant=access.tenant,
            id=uuid4(),
            conversation=made,
            parent=turn,
            question=f"Question {number}?",
            status=Turn.Status.COMPLETED,
        )
        Turn.objects.for_tenant(access.tenant).filter(pk=turn.pk).update(created_at=begin + timedelta(minutes=number))
    return made


def test_the_latest_come_first_and_lead_to_the_others(as_alice: Access, long_one: Conversation) -> None:
    window = window_of(access=as_alice, conversation=long_one)
    assert [turn.question for turn in window.turns] == [f"Question {number}?" for number in range(5, SIZE + 5)]
    assert window.is_latest
    earlier = window_of(access=as_alice, conversation=long_one, at=window.earlier)
    assert [turn.question for turn in earlier.turns] == [f"Question {number}?" for number in range(5)]
    assert (earlier.earlier, earlier.is_latest) == (None, False)


def test_a_turn_of_the_latest_window_is_shown_there(as_alice: Access, long_one: Conversation) -> None:
    latest = window_of(access=as_alice, conversation=long_one)
    assert window_of(access=as_alice, conversation=long_one, at=latest.turns[0].pk) == latest


def test_an_older_turn_has_a_page_that_it_is_on(alice_client: Client, as_alice: Access, long_one: Conversation) -> None:
    oldest = window_of(
        access=as_alice,
        conversation=long_one,
        at=window_of(access=as_alice, conversation=long_one).earlier,
    ).turns[0]
    page = LexborHTMLParser(alice_client.get(turn_url("acme", oldest)).content)
    assert page.css(f"#turn-{oldest.pk}")


def test_another_persons_turn_is_no_end(as_alice: Access, as_bob: Access, long_one: Conversation) -> None:
    theirs = window_of(access=as_bob, conversation=conversation(as_bob, turns=1)).turns[0]
    with pytest.raises(NotFound):
        window_of(access=as_alice, conversation=long_one, at=theirs.pk)


def test_the_page_shows_a_window(alice_client: Client, long_one: Conversation) -> None:
    address = reverse("chat:conversation", args=[long_one.tenant.slug, long_one.pk])
    page = LexborHTMLParser(alice_client.get(address).content)
    assert len(page.css("article.turn[id]")) == SIZE
    (earlier,) = page.css(".thread-more a")
    page = LexborHTMLParser(alice_client.get(f"{address}{earlier.attributes['href']}").content)
    assert [each.text() for each in page.css("article.turn[id] [data-part=question]")] == [
        f"Question {number}?" for number in range(5)
    ]
    assert [each.attributes["href"] for each in page.css(".thread-more a")] == [address]


@pytest.mark.parametrize("turn", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_a_turn_that_is_not_there_is_not_found(alice_client: Client, long_one: Conversation, turn: str) -> None:
    address = reverse("chat:conversation", args=[long_one.tenant.slug, long_one.pk])
    assert alice_client.get(address, {"at": turn}).status_code == 404


def test_a_page_costs_the_same_however_long_the_conversation_is(
    alice_client: Client, as_alice: Access, long_one: Conversation, django_assert_max_num_queries: Any
) -> None:
    short = conversation(as_alice, turns=2)
    alice_client.get(reverse("chat:home", args=[short.tenant.slug]))  # what a process looks up once
    with django_assert_max_num_queries(40) as few:
        alice_client.get(reverse("chat:conversation", args=[short.tenant.slug, short.pk]))
    with django_assert_max_num_queries(40) as many:
        alice_client.get(reverse("chat:conversation", args=[long_one.tenant.slug, long_one.pk]))
    assert len(many) == len(few)


def test_a_page_reads_of_the_turns_its_own_conversation_alone(as_alice: Access, long_one: Conversation) -> None:
    """Every query of the window finds its rows by an index, so that others' turns cost it nothing."""
    with CaptureQueriesContext(connection) as queries:
        window_of(access=as_alice, conversation=long_one)
    asked = [query["sql"] for query in queries if 'FROM "chat_turn"' in query["sql"]]
    assert len(asked) == 2
    for sql in asked:
        assert not re.search(r"SCAN chat_turn|Seq Scan on chat_turn", plan := plan_of(sql)), plan


def plan_of(sql: str) -> str:
    """How the database would answer `sql`. PostgreSQL reads a table of a few rows whole, unless it is told not to."""
    explain = "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            explain = "EXPLAIN"
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{explain} {sql}")
        return "\n".join(str(row) for row in cursor.fetchall())
