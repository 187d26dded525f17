"""A cited document that has been replaced: the citation stays readable, and leads to what has changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import Conversation, Source, Turn
from chat.selectors import turn_views
from ingestion.models import Document, DocumentSection
from tenants.access import Access
from tests.factories import DocumentFactory

TEXT = "The warranty lasts two years."


@dataclass(frozen=True)
class Cited:
    turn: Turn
    old: Document
    new: Document


@pytest.fixture
def cited(as_alice: Access) -> Cited:
    """An answer that cites version 1, which version 2 has replaced."""
    old = DocumentFactory(tenant=as_alice.tenant, name="guide.txt", status="superseded")
    new = DocumentFactory(
        tenant=as_alice.tenant, collection=old.collection, name=old.name, series=old.series, version=2, status="ready"
    )
    DocumentSection.objects.create(tenant=old.tenant, document=old, ordinal=0, text=TEXT, start=0)
    begun = Conversation.objects.create(tenant=as_alice.tenant, user=as_alice.user, title="Warranty")
    turn = Turn.objects.create(
        tenant=as_alice.tenant,
        id=uuid4(),
        conversation=begun,
        question="How long?",
        answer="2 [1].",
        status="completed",
    )
    Source.objects.create(
        tenant=as_alice.tenant,
        turn=turn,
        number=1,
        document=old,
        chunk_id=uuid4(),
        document_name=old.name,
        text=TEXT,
        start=0,
        end=len(TEXT),
        cited=True,
    )
    return Cited(turn, old, new)


def compare_url(cited: Cited) -> str:
    return reverse("ingestion:compare", args=["acme", cited.old.pk, cited.new.pk])


def test_the_answers_source_says_that_there_is_a_newer_version(cited: Cited, alice_client: Client) -> None:
    page = alice_client.get(reverse("chat:conversation", args=["acme", cited.turn.conversation_id])).text
    assert "This document has changed since: version 2 of" in page
    assert compare_url(cited) in page


def test_the_cited_passage_can_be_read_as_it_was(cited: Cited, alice_client: Client) -> None:
    page = alice_client.get(reverse("chat:source", args=["acme", cited.turn.pk, 1])).text
    assert "This document has changed since: version 2 of" in page
    assert f'class="cited-passage"><mark>{TEXT}</mark></span>' in page
    assert compare_url(cited) in page
    assert reverse("ingestion:document", args=["acme", cited.new.pk]) in page


@pytest.mark.parametrize(
    ("which", "status"), [("old", "ready"), ("new", "running"), ("new", "deleting")], ids=["current", "unread", "gone"]
)
def test_nothing_is_said_where_no_newer_version_is_in_use(
    which: str, status: str, cited: Cited, alice_client: Client, as_alice: Access
) -> None:
    Document.objects.for_tenant(as_alice.tenant).filter(pk=getattr(cited, which).pk).update(status=status)
    page = alice_client.get(reverse("chat:source", args=["acme", cited.turn.pk, 1])).text
    assert "has changed since" not in page


def test_many_sources_take_no_more_queries_than_one(
    cited: Cited, as_alice: Access, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(4):
        (one,) = turn_views(access=as_alice, turns=[cited.turn])
    for number in range(2, 8):
        Source.objects.create(
            tenant=as_alice.tenant,
            turn=cited.turn,
            number=number,
            document=cited.old,
            chunk_id=uuid4(),
            document_name="guide.txt",
            text=TEXT,
            start=0,
            end=len(TEXT),
        )
    with django_assert_num_queries(4):
        (many,) = turn_views(access=as_alice, turns=[cited.turn])
    assert one.sources[0].changed == many.sources[6].changed
    assert one.sources[0].changed is not None
    assert one.sources[0].changed.version == 2
