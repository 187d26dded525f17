"""The page of a PDF that an answer cites, as a picture."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from chat.models import Conversation, Source, Turn
from chat.page_render import MARK, MARK_AROUND
from chat.source_pages import page_image
from ingestion.errors import DocumentUnreadable
from tenants.access import Access
from tenants.errors import NotFound
from tests import data_factory
from tests.factories import DocumentFactory

pytestmark = pytest.mark.django_db

PRESSURE = "The highest operating pressure of the pump is eight bar."
FROST = "Before the first frost the body of the pump is drained."


def cited(access: Access, *, content: bytes | None = None, deciding: list[list[int]] | None = None) -> Source:
    """A source on the second of two pages."""
    file = (
        data_factory.pdf([["An introduction to the pump."], [PRESSURE, FROST]]).read() if content is None else content
    )
    document = DocumentFactory(tenant=access.tenant, name="pump.pdf", media_type="application/pdf", content=file)
    conversation = Conversation.objects.create(tenant=access.tenant, user=access.user)
    turn = Turn.objects.create(tenant=access.tenant, id=uuid4(), conversation=conversation, question="?")
    text = f"{PRESSURE}\n{FROST}"
    return Source.objects.create(
        tenant=access.tenant,
        turn=turn,
        number=1,
        document=document,
        chunk_id=uuid4(),
        document_name=document.name,
        text=text,
        start=0,
        end=len(text),
        page=2,
        deciding=deciding or [],
    )


def colours(png: bytes) -> set[tuple[int, ...]]:
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return {colour for _count, colour in image.getcolors(maxcolors=1 << 24) or []}  # type: ignore[misc]


def test_the_passage_is_marked_on_its_page_and_on_no_other(as_alice: Access) -> None:
    source = cited(as_alice)
    assert MARK in colours(page_image(source, page=None))
    assert MARK not in colours(page_image(source, page=1))


def test_the_sentences_that_decide_are_marked_most(as_alice: Access) -> None:
    found = colours(page_image(cited(as_alice, deciding=[[0, len(PRESSURE)]]), page=2))
    assert {MARK, MARK_AROUND} <= found


def test_a_page_that_is_not_there_and_a_file_that_is_no_pdf_are_said_so(as_alice: Access) -> None:
    with pytest.raises(NotFound, match="2 pages only"):
        page_image(cited(as_alice), page=3)
    with pytest.raises(DocumentUnreadable, match="can no longer be opened"):
        page_image(cited(as_alice, content=b"%PDF-1.7 and nothing else"), page=None)


def test_many_readers_look_at_pages_at_once(as_alice: Access) -> None:
    source = cited(as_alice)
    with ThreadPoolExecutor(8) as threads:
        pictures = list(threads.map(lambda _each: page_image(source, page=2), range(12)))
    assert len(set(pictures)) == 1
    assert MARK in colours(pictures[0])


def test_the_picture_is_its_readers(as_alice: Access, alice_client: Client, bob_client: Client) -> None:
    source = cited(as_alice)
    address = reverse("chat:source_image", args=["acme", source.turn_id, 1])
    response = alice_client.get(address)
    assert response["Content-Type"] == "image/png"
    assert MARK in colours(response.content)
    assert bob_client.get(address).status_code == 404


def test_an_original_that_is_gone_is_said_so_in_the_readers_language(as_alice: Access, alice_client: Client) -> None:
    source = cited(as_alice)
    assert source.document
    source.document.file.delete(save=False)
    address = reverse("chat:source_image", args=["acme", source.turn_id, 1])
    response = alice_client.get(address, headers={"accept-language": "de", "accept": "text/html"})
    assert response.status_code >= 400
    assert "Original" in response.content.decode()
    assert "no longer there" not in response.content.decode()
