"""What the chat's pages say around questions and answers."""

from __future__ import annotations

from importlib import import_module
from uuid import uuid4

import pytest
from django.apps import apps
from django.conf import settings
from django.template import Context, Template
from django.test import Client
from django.urls import reverse

from chat.models import Conversation, Source, Turn
from ingestion.models import Chunk, DocumentSection
from tenants.access import Access
from tests.chat.talks import source_of, talk
from tests.factories import CollectionFactory, DocumentFactory


@pytest.mark.parametrize(
    ("language", "first", "further"),
    [
        ("en", "Ask your documents…", "Ask a follow-up…"),
        ("de", "Fragen Sie Ihre Dokumente …", "Weiterfragen …"),
        ("sr", "Питајте своје документе…", "Питајте даље…"),
        ("sr-latn", "Pitajte svoje dokumente…", "Pitajte dalje…"),
        ("ar", "اسأل مستنداتك…", "اسأل سؤالًا تاليًا…"),
    ],
)
def test_the_composer_invites_to_a_first_question_and_then_to_a_further_one(
    language: str, first: str, further: str, as_alice: Access, alice_client: Client
) -> None:
    alice_client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    begun = Conversation.objects.create(tenant=as_alice.tenant, user=as_alice.user, title="Warranty")
    Turn.objects.create(tenant=as_alice.tenant, id=uuid4(), conversation=begun, question="How long?")
    assert f'placeholder="{first}"' in alice_client.get(reverse("chat:home", args=["acme"])).text
    assert f'placeholder="{further}"' in alice_client.get(reverse("chat:conversation", args=["acme", begun.pk])).text


def test_examples_are_of_documents_that_answers_are_looked_for_in(as_alice: Access, alice_client: Client) -> None:
    aside = CollectionFactory(tenant=as_alice.tenant, searched=False)
    for name, place in {"kettle.pdf": {}, "diary.pdf": {"collection": aside}}.items():
        DocumentFactory(tenant=as_alice.tenant, name=name, status="ready", content=name.encode(), **place)
    html = alice_client.get(reverse("chat:home", args=["acme"])).text
    assert "What is “kettle.pdf” about?" in html
    assert "diary.pdf" not in html


@pytest.mark.parametrize(("last", "label", "hidden"), [(4, "3–4", "page"), (3, "3", "pages"), (None, "3", "pages")])
def test_a_source_names_all_of_its_pages(
    last: int | None, label: str, hidden: str, as_alice: Access, alice_client: Client
) -> None:
    begun = Conversation.objects.create(tenant=as_alice.tenant, user=as_alice.user, title="Warranty")
    turn = Turn.objects.create(
        tenant=as_alice.tenant, id=uuid4(), conversation=begun, question="How long?", status=Turn.Status.COMPLETED
    )
    Source.objects.create(
        tenant=as_alice.tenant,
        turn=turn,
        number=1,
        chunk_id=uuid4(),
        document_name="warranty.pdf",
        text="Two years.",
        start=0,
        end=10,
        page=3,
        last_page=last,
    )
    html = alice_client.get(reverse("chat:turn", args=["acme", turn.pk])).text
    assert f'<span data-part="page">{label}</span>' in html
    assert f"hidden>{hidden}</span>" in html
    assert f"hidden>{'page' if hidden == 'pages' else 'pages'}</span>" not in html


@pytest.mark.parametrize("address", ["chat:source", "chat:source_image"])
@pytest.mark.parametrize("number", ["²", "9" * 5_000, "three"])
def test_what_is_no_page_number_is_no_page(number: str, address: str, as_alice: Access, alice_client: Client) -> None:
    source = source_of(talk(as_alice), 1)
    cited = reverse(address, args=["acme", source.turn_id, 1])
    assert alice_client.get(cited, {"page": number}).status_code == 404


def test_what_was_read_before_learns_its_last_page_from_the_sections(as_alice: Access) -> None:
    document = DocumentFactory(tenant=as_alice.tenant)
    for ordinal, (start, page) in enumerate([(0, 3), (50, 4), (90, 5)]):
        DocumentSection.objects.create(
            tenant=as_alice.tenant, document=document, ordinal=ordinal, text="…", start=start, page=page
        )
    for ordinal, (start, end, page) in enumerate([(0, 48, 3), (10, 60, 3), (50, 99, 4)]):
        Chunk.objects.create(
            tenant=as_alice.tenant,
            id=uuid4(),
            document=document,
            ordinal=ordinal,
            text="…",
            start=start,
            end=end,
            page=page,
        )
    import_module("ingestion.migrations.0004_chunk_last_page").fill(apps, None)
    filled = Chunk.objects.for_tenant(as_alice.tenant).order_by("ordinal").values_list("page", "last_page")
    assert list(filled) == [(3, 3), (3, 4), (4, 5)]


def test_what_is_to_be_typed_is_code_and_the_rest_is_text() -> None:
    template = Template("{% load sentences %}{{ sentence|commands }}")
    html = template.render(Context({"sentence": "Run `ollama pull <b>`, not <i>."}))
    assert html == 'Run <code dir="ltr">ollama pull &lt;b&gt;</code>, not &lt;i&gt;.'
