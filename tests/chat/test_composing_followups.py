"""What could be asked after an answer."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from chat.composing.followups import Topic, choose, followups_of, heading_of
from chat.models import AnswerSettings, Turn
from ingestion.models import Chunk, Document, DocumentSection
from tenants.access import Access
from tests.chat.talks import source_of, talk
from tests.factories import DocumentFactory

QUESTION = "How long does the warranty last?"
HEADINGS = ("Kettle › 1. Warranty", "Kettle › 2. Returns", "Kettle › 3. Limescale", "Kettle › 4. Spare parts")


@pytest.fixture
def chunks(as_alice: Access) -> list[Chunk]:
    """Of a document that has a passage under each heading."""
    document = DocumentFactory(tenant=as_alice.tenant, name="kettle.md", status="ready", searchable=True)
    return [chunk_of(document, ordinal, heading) for ordinal, heading in enumerate(HEADINGS)]


def chunk_of(document: Document, ordinal: int, heading: str) -> Chunk:
    place = {"tenant": document.tenant, "document": document, "ordinal": ordinal, "start": 100 * ordinal}
    DocumentSection.objects.create(text=heading, heading=heading.split(" › "), **place)
    return Chunk.objects.create(
        id=uuid4(), text=heading, end=100 * ordinal + 90, heading=heading, embedded=True, **place
    )


def answered(
    access: Access,
    cited: Chunk,
    *,
    read: tuple[Chunk, ...] = (),
    cut: tuple[Chunk, ...] = (),
    deciding: tuple[int, int] | None = None,
    question: str = QUESTION,
    **fields: Any,
) -> Turn:
    turn = talk(access, question, trace={"cut": [{"chunk_id": str(each.pk)} for each in cut]}, **fields)
    for number, chunk in enumerate((cited, *read), start=1):
        source = source_of(turn, number, document=chunk.document, heading=chunk.heading, cited=chunk is cited)
        source.chunk_id, source.start, source.end = chunk.pk, chunk.start, chunk.end
        source.deciding = [deciding] if deciding else []
        source.save()
    return turn


def asked_about(access: Access, turn: Turn) -> list[str]:
    return [each.rpartition("about “")[2].rstrip("”?") for each in followups_of(access=access, turn=turn)]


def test_what_was_found_comes_first_and_then_what_follows(as_alice: Access, chunks: list[Chunk]) -> None:
    turn = answered(as_alice, chunks[0], cut=(chunks[3],))
    assert followups_of(access=as_alice, turn=turn)[0] == "What does “kettle.md” say about “Spare parts”?"
    assert asked_about(as_alice, turn) == ["Spare parts", "Returns", "Limescale"]
    assert asked_about(as_alice, answered(as_alice, chunks[2], read=(chunks[1],))) == ["Returns", "Spare parts"]


def test_a_passage_of_several_sections_leads_to_those_that_are_not_the_answer(
    as_alice: Access, chunks: list[Chunk]
) -> None:
    """It begins under “Warranty”, and what answers the question stands under “Returns”."""
    turn = answered(as_alice, chunks[0], deciding=(110, 120))
    assert asked_about(as_alice, turn) == ["Limescale", "Spare parts"]


def test_only_documents_that_are_cited_and_still_there_are_suggested(as_alice: Access, chunks: list[Chunk]) -> None:
    other = DocumentFactory(tenant=as_alice.tenant, name="lamp.md", status="ready", searchable=True)
    turn = answered(as_alice, chunks[0], read=(chunk_of(other, 0, "Bulbs"),))
    assert "Bulbs" not in asked_about(as_alice, turn)
    Document.objects.for_tenant(as_alice.tenant).filter(name="kettle.md").update(searchable=False)
    assert followups_of(access=as_alice, turn=turn) == []


@pytest.mark.parametrize("fields", [{"refused": True}, {"status": "stopped"}, {"status": "failed"}])
def test_nothing_is_suggested_after_what_is_no_answer(
    fields: dict[str, Any], as_alice: Access, chunks: list[Chunk]
) -> None:
    assert followups_of(access=as_alice, turn=answered(as_alice, chunks[0], **fields)) == []


def test_an_organisation_may_want_none(as_alice: Access, chunks: list[Chunk]) -> None:
    turn = answered(as_alice, chunks[0])
    AnswerSettings.objects.create(tenant=as_alice.tenant, suggests=False)
    assert followups_of(access=as_alice, turn=turn) == []


def test_the_question_is_in_the_language_of_the_one_before(as_alice: Access, chunks: list[Chunk]) -> None:
    for question, said in (
        ("Колико траје гаранција за чајник?", "Шта „kettle.md“ каже о теми „Returns“?"),
        ("Koliko traje garancija za čajnik?", "Šta „kettle.md“ kaže o temi „Returns“?"),
        ("Wie lange dauert die Garantie für den Wasserkocher?", "Was sagt „kettle.md“ über „Returns“?"),
    ):
        assert followups_of(access=as_alice, turn=answered(as_alice, chunks[0], question=question))[0] == said


def test_what_says_nothing_new_is_left_out() -> None:
    headings = ["warranty", "Last Warranty", "FAQ", "7.2", "x" * 80, "Returns", "RETURNS"]
    topics = [Topic("kettle.md", heading) for heading in headings]
    assert [each.heading for each in choose(QUESTION, topics, {"limescale"})] == ["Returns"]
    assert choose(QUESTION, topics, {"returns"}) == []


@pytest.mark.parametrize(
    ("numbered", "heading"),
    [("1.2 Scope", "Scope"), ("IV. Transport", "Transport"), ("Mixed media:", "Mixed media"), ("3.", "")],
)
def test_a_heading_is_asked_about_without_its_number(numbered: str, heading: str) -> None:
    assert heading_of(numbered) == heading


def test_they_stand_below_the_latest_answer_and_nobody_elses(
    as_alice: Access, chunks: list[Chunk], alice_client: Client, charlie_client: Client
) -> None:
    turn = answered(as_alice, chunks[0])
    page = reverse("chat:conversation", args=["acme", turn.conversation_id])
    fragment = reverse("chat:followups", args=["acme", turn.pk])
    for address in (page, fragment):
        assert 'value="What does “kettle.md” say about “Returns”?"' in alice_client.get(address).text
        assert charlie_client.get(address).status_code == 404
