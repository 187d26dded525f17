"""The search through one's own questions and answers."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.conversations import selectors, services
from chat.conversations.searching import QUERY_WORDS, folded_text, query_words, snippet
from chat.conversations.selectors import messages_found
from chat.models import Turn
from chat.services import Outcome, turn_finish, turn_start
from tenants.access import Access
from tests.chat.talks import talk, turn_in


def found(access: Access, query: str) -> list[str]:
    return [plain(row.question) for row in messages_found(access=access, query=query).rows]


def plain(parts: Any) -> str:
    return "".join(part.text for part in parts)


def marked(parts: Any) -> list[str]:
    return [part.text for part in parts if part.is_deciding]


# --- words ---


@pytest.mark.parametrize("typed", ["štampača", "STAMPACA", "штампача", "Штампач", "stamp"])
def test_case_accents_and_the_two_scripts_make_no_difference(typed: str, as_alice: Access) -> None:
    talk(as_alice, "Gde je Štampača?")
    assert found(as_alice, typed) == ["Gde je Štampača?"]


def test_every_word_has_to_be_there_in_question_answer_or_draft(as_alice: Access) -> None:
    talk(as_alice, "How long is the warranty?", answer="Two **years** [1].", draft="Perhaps longer.")
    assert found(as_alice, "warranty years perhaps")
    assert not found(as_alice, "warranty years never")


@pytest.mark.parametrize("typed", ["arranty", "1", "two_years%", "%", "_", "' OR 1=1 --"])
def test_a_word_is_found_at_its_beginning_and_signs_are_only_signs(typed: str, as_alice: Access) -> None:
    """`[1]` is a citation and no word."""
    talk(as_alice, "How long is the warranty?", answer="Two years [1].")
    talk(as_alice, "Other", answer="")
    assert found(as_alice, typed) == (["How long is the warranty?"] if typed == "two_years%" else [])


def test_scripts_without_spaces_are_found_by_their_pairs(as_alice: Access) -> None:
    talk(as_alice, "保証期間は何年ですか")
    (row,) = messages_found(access=as_alice, query="期間").rows
    assert marked(row.question) == ["期間"]
    assert not found(as_alice, "期限")


def test_a_long_query_is_cut_short() -> None:
    assert len(query_words(" ".join(f"w{number}" for number in range(50)))) == QUERY_WORDS
    assert query_words(" … -- ") == []
    assert folded_text("Dva, dva; ДВА [12]!") == " dva"


# --- snippets ---


def test_a_snippet_is_cut_around_the_first_hit() -> None:
    text = f"{'before ' * 60}the PUMP stands {'after ' * 90}"
    parts, is_hit = snippet(text, ["pump"])
    shown = plain(parts)
    assert is_hit
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert marked(parts) == ["PUMP"]
    assert len(shown) < 300


def test_a_snippet_without_a_hit_is_the_beginning() -> None:
    assert snippet("Two\n  years.", ["pump"]) == ([("Two years.", False)], False)
    assert snippet("", ["pump"]) == ([], False)


def test_one_word_without_a_space_is_cut_too() -> None:
    parts, _is_hit = snippet("x" * 5_000, ["pump"])
    assert len(plain(parts)) < 300


def test_markup_of_the_text_stays_text(as_alice: Access, alice_client: Client) -> None:
    talk(as_alice, "What is <b>pump</b>?", answer="It is <script>pump</script> `x`.")
    page = alice_client.get(reverse("chat:search", args=["acme"]), {"q": "pump"}).text
    assert "&lt;b&gt;<mark>pump</mark>&lt;/b&gt;" in page
    assert "<script>pump" not in page


# --- what is found, and whose ---


def test_nobody_finds_what_somebody_else_has_asked(
    as_alice: Access, as_bob: Access, as_charlie: Access, bob_client: Client
) -> None:
    for access in (as_alice, as_bob, as_charlie):
        talk(access, f"The secret of {access.user.first_name if access.user else ''}?")
    assert found(as_bob, "secret") == ["The secret of Bob?"]
    assert found(as_charlie, "secret") == ["The secret of Charlie?"]
    page = bob_client.get(reverse("chat:search", args=["acme"]), {"q": "secret"}).text
    assert "Alice?" not in page


def test_archived_ones_are_found_and_say_so_deleted_ones_are_not(as_alice: Access) -> None:
    archived, deleted = talk(as_alice, "pump one"), talk(as_alice, "pump two")
    services.conversation_archive(access=as_alice, conversation_id=archived.conversation_id, archived=True)
    services.conversation_delete(access=as_alice, conversation_id=deleted.conversation_id)
    (row,) = messages_found(access=as_alice, query="pump").rows
    assert row.is_archived
    assert row.url == f"/t/acme/c/{archived.conversation_id}/?at={archived.pk}#turn-{archived.pk}"


def test_the_newest_come_first_page_by_page_and_not_without_end(
    as_alice: Access, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(selectors, "FOUND_MAX", 5)
    monkeypatch.setattr(selectors, "FOUND_PAGE", 2)
    conversation = talk(as_alice, "pump 0").conversation
    for number in range(1, 7):
        turn = turn_in(conversation, f"pump {number}")
        Turn.all_tenants.filter(pk=turn.pk).update(created_at=timezone.now() + timedelta(minutes=number))
    with django_assert_num_queries(2):
        results = messages_found(access=as_alice, query="pump", page=2)
    assert [plain(row.question) for row in results.rows] == ["pump 4", "pump 3"]
    assert results.more
    assert results.page.paginator.num_pages == 3


def test_the_words_are_written_when_a_question_begins_and_when_it_ends(as_alice: Access) -> None:
    turn, _new = turn_start(access=as_alice, turn_id=uuid4(), text="Koliko traje garancija?")
    assert found(as_alice, "гаранција")
    turn_finish(turn=turn, outcome=Outcome(status=Turn.Status.COMPLETED, answer="Dve godine.", draft="Možda tri."))
    assert found(as_alice, "garancija godine mozda")


def test_what_was_asked_before_there_was_a_search_is_found_too(as_alice: Access) -> None:
    talk(as_alice, "Koliko traje garancija?")
    Turn.all_tenants.update(folded="")
    assert not found(as_alice, "garancija")
    import_module("chat.migrations.0007_conversation_life").fold(apps, None)
    assert found(as_alice, "garancija godine") == []
    assert found(as_alice, "garancija years") == ["Koliko traje garancija?"]


def test_the_page_says_what_to_do_when_there_is_nothing(as_alice: Access, alice_client: Client) -> None:
    page = reverse("chat:search", args=["acme"])
    assert "Type words from a question" in alice_client.get(page).text
    assert "Ask the documents instead" in alice_client.get(page, {"q": "pump"}).text
    assert alice_client.get(page, {"q": "x" * 5_000, "page": "nonsense"}).status_code == 200
    assert alice_client.get(page, {"q": "\0 %_"}).status_code == 200


def test_the_answer_is_shown_where_the_hit_is(as_alice: Access) -> None:
    talk(as_alice, answer="Quote.", draft="In other words: the pump.")
    (row,) = messages_found(access=as_alice, query="pump").rows
    assert marked(row.answer) == ["pump"]


def test_a_citation_leaves_no_gap_in_a_snippet(as_alice: Access) -> None:
    talk(as_alice, answer="Two **years** [1][2].")
    assert plain(messages_found(access=as_alice, query="years").rows[0].answer) == "Two years."
