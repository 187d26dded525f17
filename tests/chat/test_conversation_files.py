"""Conversations that are taken along, and brought back."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.conversations import exporting, importing
from chat.conversations.portable import MAX_BYTES
from chat.conversations.selectors import messages_found
from chat.dashboard import selectors as dashboard
from chat.errors import ConversationUnreadable
from chat.images import intake
from chat.models import Conversation, Source, Turn
from chat.selectors import conversations_list
from chat.sharing import snapshots
from ingestion.errors import UploadRefused
from tenants.access import Access
from tests.chat.talks import source_of, talk, turn_in
from tests.factories import DocumentFactory

TURN = {"question": "How long?", "status": "completed", "asked_at": "2026-01-02T03:04:05Z"}
FILE = {"title": "Warranty", "created_at": "2026-01-02T03:04:05Z", "turns": [TURN]}
SOURCE = {"number": 1, "document": "warranty.pdf", "text": "Two years.", "cited": True}


def exported(access: Access, conversation: Conversation) -> str:
    made_of = exporting.exchanges(access=access, conversation=conversation, every_branch=True)
    return exporting.as_json(conversation, made_of)


def imported(access: Access, content: object) -> Conversation:
    text = content if isinstance(content, str) else json.dumps(content)
    return importing.conversation_import(access=access, file=io.BytesIO(text.encode()))


def with_source(**fields: object) -> dict[str, object]:
    return {**FILE, "turns": [{**TURN, "sources": [{**SOURCE, **fields}]}]}


# --- export ---


def test_markdown_has_question_answer_and_numbered_sources_with_pages(as_alice: Access) -> None:
    turn = talk(as_alice, "How long?\nReally?", title="The *pump*", draft="My words.")
    source_of(turn, 1, document_name="war_ranty.pdf", last_page=4)
    source_of(turn, 2, document_name="read-only.pdf", cited=False)
    source_of(turn, 3, document_name="notes.txt", page=None)
    turn_in(turn.conversation, "Still running", status=Turn.Status.RUNNING)
    text = exporting.as_markdown(
        turn.conversation, exporting.exchanges(access=as_alice, conversation=turn.conversation)
    )
    assert text.startswith("# The \\*pump\\*\n")
    assert "> How long?\n> Really?\n" in text
    assert "Two years [1]." in text
    assert "My words." in text
    assert "- [1] war\\_ranty.pdf, pages 3–4\n- [3] notes.txt\n" in text
    assert "read-only" not in text
    assert "Still running" not in text


def test_files_and_links_render_nothing(
    as_alice: Access, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = talk(as_alice)
    monkeypatch.setattr(exporting, "render_answer", None)
    for name in ("export_markdown", "export_json"):
        url = reverse(f"chat:conversation_{name}", args=["acme", turn.conversation_id])
        assert alice_client.get(url).status_code == 200
    (exchange,) = exporting.exchanges(access=as_alice, conversation=turn.conversation)
    assert snapshots.taken(turn.conversation, [exchange])


def test_a_refused_answer_rests_on_nothing(as_alice: Access) -> None:
    turn = talk(as_alice, refused=True)
    source_of(turn)
    (exchange,) = exporting.exchanges(access=as_alice, conversation=turn.conversation)
    assert exchange.citations == []


def test_files_are_named_after_the_conversation_in_any_script(as_alice: Access, alice_client: Client) -> None:
    conversation = talk(as_alice, title="Гаранција: пумпа/хала?").conversation
    response = alice_client.get(reverse("chat:conversation_export_markdown", args=["acme", conversation.pk]))
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''%D0%93")
    assert exporting.file_name(conversation, "md") == "Гаранција-пумпа-хала.md"
    assert exporting.file_name(Conversation(title="?!"), "json") == "conversation.json"


def test_the_print_page_numbers_its_sources_as_the_answer_does(as_alice: Access, alice_client: Client) -> None:
    turn = talk(as_alice, answer="Two years [3].")
    source_of(turn, 3)
    page = alice_client.get(reverse("chat:conversation_print", args=["acme", turn.conversation_id])).text
    assert '<li value="3" dir="auto">warranty.pdf, page 3</li>' in page


@pytest.mark.parametrize("name", ["export_markdown", "export_json", "print"])
def test_nobody_exports_somebody_elses(
    name: str, as_alice: Access, alice_client: Client, bob_client: Client, charlie_client: Client
) -> None:
    conversation = talk(as_alice).conversation
    url = reverse(f"chat:conversation_{name}", args=["acme", conversation.pk])
    assert alice_client.get(url).status_code == 200
    assert bob_client.get(url).status_code == 404
    assert charlie_client.get(url).status_code == 404
    assert charlie_client.get(url.replace("acme", "other")).status_code == 404


# --- import ---


def test_what_was_exported_comes_back_the_same(as_alice: Access, as_charlie: Access) -> None:
    turn = talk(as_alice, draft="Мои речи.", model="phi3.5")
    source_of(turn, 1, heading="Rules", last_page=4)
    source_of(turn, 2, cited=False, page=None)
    turn_in(turn.conversation, "And then?", status=Turn.Status.STOPPED, answer="")
    text = exported(as_alice, turn.conversation)
    made = imported(as_charlie, text)
    assert made.tenant == as_charlie.tenant
    assert made.user == as_charlie.user
    again = json.loads(exported(as_charlie, made))
    assert again["turns"] == json.loads(text)["turns"]
    assert [row.title for row in messages_found(access=as_charlie, query="how long мои").rows] == ["Warranty"]


def test_its_sources_are_text_and_belong_to_no_document(as_alice: Access, charlie_client: Client) -> None:
    document = DocumentFactory(tenant=as_alice.tenant, name="warranty.pdf")
    turn = talk(as_alice)
    source_of(turn, document=document)
    file = SimpleUploadedFile("warranty.json", exported(as_alice, turn.conversation).encode())
    response = charlie_client.post(reverse("chat:conversation_import", args=["other"]), {"file": file})
    made = Conversation.all_tenants.get(imported_at__isnull=False)
    assert response["Location"] == reverse("chat:conversation", args=["other", made.pk])
    source = Source.all_tenants.get(turn__conversation=made)
    assert source.document is None
    page = charlie_client.get(reverse("chat:source", args=["other", source.turn_id, 1]))
    assert page.status_code == 200
    assert "Two years." in page.text
    assert str(document.pk) not in page.text


def test_the_order_is_kept_and_nothing_comes_from_the_future(as_alice: Access) -> None:
    future = (timezone.now() + timedelta(days=9)).isoformat()
    turns = [{**TURN, "question": str(number), "asked_at": future} for number in range(5)]
    made = imported(as_alice, {**FILE, "turns": turns})
    rows = list(Turn.objects.for_tenant(as_alice.tenant).filter(conversation=made))
    assert [row.question for row in rows] == list("01234")
    assert rows[0].created_at <= timezone.now()
    assert made.updated_at <= timezone.now()


def test_the_dashboard_does_not_count_what_nobody_here_has_asked(as_alice: Access) -> None:
    imported(as_alice, {**FILE, "turns": [{**TURN, "asked_at": timezone.now().isoformat()}]})
    assert not dashboard.turns_asked(tenant=as_alice.tenant).exists()


def test_a_null_character_is_left_out(as_alice: Access) -> None:
    made = imported(as_alice, {**FILE, "title": "War\0ranty"})
    assert made.title == "Warranty"


def test_what_was_imported_says_so_wherever_it_is_read(as_alice: Access, alice_client: Client) -> None:
    made = imported(as_alice, {**FILE, "turns": [{**TURN, "answer": "For ever."}]})
    assert made.imported_bytes > 0
    turn_in(made, "And asked here?")
    made_of = exporting.exchanges(access=as_alice, conversation=made)
    pages = [
        exporting.as_markdown(made, made_of),
        alice_client.get(reverse("chat:conversation_print", args=["acme", made.pk])).text,
        alice_client.get(reverse("chat:conversation", args=["acme", made.pk])).text,
    ]
    for page in pages:
        assert "And asked here?" in page
        assert page.count("Imported: this was not answered here.") == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not JSON"),
        ("# Markdown", "not JSON"),
        ("[]", "At “.”"),
        ({**FILE, "turns": []}, "At “turns”"),
        ({**FILE, "version": 3}, "At “version”"),
        ({**FILE, "turns": [{**TURN, "parent": 0}]}, "does not come before it"),
        ({**FILE, "shown": 1}, "is not there"),
        ({**FILE, "format": "chatgpt"}, "At “format”"),
        ({**FILE, "tenant": "acme"}, "At “tenant”"),
        ({**FILE, "turns": [{**TURN, "status": "running"}]}, "At “turns.0.status”"),
        ({**FILE, "turns": [{**TURN, "asked_at": "2026-01-02T03:04:05"}]}, "At “turns.0.asked_at”"),
        ({**FILE, "turns": [{**TURN, "sources": [SOURCE, SOURCE]}]}, "the same number"),
        (with_source(document_id="1"), "At “turns.0.sources.0.document_id”"),
        ({**FILE, "turns": [{**TURN, "answer": "x" * 60_001}]}, "longer than 60000 characters"),
        ({**FILE, "turns": [{**TURN, "draft": "x" * 60_001}]}, "longer than 60000 characters"),
        (with_source(page=-1), "At “turns.0.sources.0.page”"),
        (with_source(document="x" * 256), "At “turns.0.sources.0.document”"),
    ],
)
def test_what_is_no_conversation_is_refused_with_its_place(content: object, said: str, as_alice: Access) -> None:
    with pytest.raises(ConversationUnreadable) as refused:
        imported(as_alice, content)
    assert said in refused.value.message
    assert not conversations_list(access=as_alice).exists()


def test_what_is_too_large_is_refused_unread(as_alice: Access) -> None:
    with pytest.raises(ConversationUnreadable, match="larger than 5 MB"):
        imported(as_alice, " " * (MAX_BYTES + 1))


def test_what_is_imported_takes_room_until_it_is_deleted(
    as_alice: Access, as_charlie: Access, alice_client: Client, settings: Any
) -> None:
    text = json.dumps({**FILE, "turns": [{**TURN, "answer": "Two years. " * 1_000}]})
    settings.TENANT_MAX_BYTES = len(text) * 3 // 2
    made = imported(as_alice, text)
    with pytest.raises(UploadRefused):
        imported(as_alice, text)
    url = reverse("chat:conversation_import", args=["acme"])
    response = alice_client.post(url, {"file": SimpleUploadedFile("x.json", text.encode())})
    assert response.status_code == 400
    assert "Acme has used 0 of its 0 MB" in response.text
    picture = intake.Prepared("pump.jpg", b"x" * len(text), 1, 1)
    with pytest.raises(UploadRefused):
        intake.keep(access=as_alice, picture=picture)
    imported(as_charlie, text)
    made.delete()
    imported(as_alice, text)


@pytest.mark.parametrize("files", [{}, {"file": SimpleUploadedFile("x.json", b"{")}])
def test_the_page_says_what_was_wrong(files: dict[str, Any], alice_client: Client) -> None:
    response = alice_client.post(reverse("chat:conversation_import", args=["acme"]), files)
    assert response.status_code == 400
    assert 'class="errorlist"' in response.text


def test_an_answer_is_markdown_with_its_sources(as_alice: Access, alice_client: Client) -> None:
    turn = talk(as_alice, answer="**Two** years [1].")
    source_of(turn, page=3)
    response = alice_client.get(reverse("chat:answer_markdown", args=[turn.tenant.slug, turn.pk]))
    assert response.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert response.text == "**Two** years [1].\n\n### Sources\n\n- [1] warranty.pdf, page 3\n"
