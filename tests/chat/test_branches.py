"""A conversation as a tree: versions of a question, the branch that is shown, and what a new question follows."""

from __future__ import annotations

import io
import json
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from selectolax.lexbor import LexborHTMLParser, LexborNode

from chat import plans, selectors, services
from chat.branches import Tree, shown_branch, tree_of
from chat.conversations import exporting, importing
from chat.llm.breaker import MemoryBreaker
from chat.models import Conversation, Provider, Turn
from chat.settings_services import provider_configs
from chat.windows import turn_url, window_of
from tenants.access import Access
from tenants.errors import NotFound
from tests.chat.talks import talk, turn_in

pytestmark = pytest.mark.django_db

A, B, C, D, E = (UUID(int=number) for number in range(1, 6))


def asked(access: Access, text: str, conversation: Conversation, **fields: Any) -> Turn:
    """A question that was asked and answered."""
    turn, _new = services.turn_start(
        access=access, turn_id=uuid4(), text=text, conversation_id=conversation.pk, **fields
    )
    services.turn_finish(turn=turn, outcome=services.Outcome(status=Turn.Status.COMPLETED, answer=f"{text} Yes."))
    return turn


def again(access: Access, turn: Turn, **fields: Any) -> Turn:
    new, _new = services.turn_retry(access=access, turn_id=uuid4(), retry_of=turn.pk, **fields)
    services.turn_finish(turn=new, outcome=services.Outcome(status=Turn.Status.COMPLETED, answer="Again."))
    return new


def only(page: LexborHTMLParser | LexborNode, selector: str) -> Any:
    (found,) = page.css(selector)
    return found


def shown(access: Access, conversation: Conversation) -> list[str]:
    conversation.refresh_from_db()
    return [turn.question for turn in window_of(access=access, conversation=conversation).turns]


def test_a_branch_goes_on_with_what_was_asked_last_below_it() -> None:
    #  A ─ B ─ D
    #    └ C ─ E
    tree = Tree([(A, None), (B, A), (C, A), (D, B), (E, C)])
    assert tree.path_through(None) == [A, C, E]
    assert tree.path_through(A) == [A, C, E]
    assert tree.path_through(B) == [A, B, D]
    assert tree.path_to(B) == [A, B]
    assert (tree.beside(C).turns, tree.beside(C).previous, tree.beside(C).next) == ((B, C), B, None)
    assert Tree([]).path_through(None) == []


def test_an_edited_question_stands_beside_the_old_one_and_hides_what_was_below(as_alice: Access) -> None:
    first = talk(as_alice, "How long?")
    turn_in(first.conversation, "And the battery?")
    edited = again(as_alice, first, text="How long in Serbia?")
    assert shown(as_alice, first.conversation) == ["How long in Serbia?"]
    assert selectors.history_before(edited) == ((), 0)
    services.branch_show(access=as_alice, turn_id=first.pk)
    assert shown(as_alice, first.conversation) == ["How long?", "And the battery?"]
    window = window_of(access=as_alice, conversation=first.conversation)
    assert (window.beside[first.pk].next, window.beside[first.pk].place) == (edited.pk, 1)


def test_a_model_hears_of_its_own_branch_only(as_alice: Access) -> None:
    first = talk(as_alice, "One?")
    second = asked(as_alice, "Two?", first.conversation)
    other = again(as_alice, second, text="Two otherwise?")
    third = asked(as_alice, "Three?", first.conversation)
    assert third.parent == other
    exchanges, count = selectors.history_before(third)
    assert ([each.question for each in exchanges], count) == (["One?", "Two otherwise?"], 2)


def test_a_page_that_shows_an_older_state_goes_on_from_what_it_shows(as_alice: Access) -> None:
    """Two tabs: what one has asked in the meantime, the reader of the other has not seen."""
    first = talk(as_alice, "One?")
    one = asked(as_alice, "Here?", first.conversation, parent=first.pk)
    two = asked(as_alice, "There?", first.conversation, parent=first.pk)
    assert tree_of(first.conversation).beside(two.pk).turns == (one.pk, two.pk)
    assert shown(as_alice, first.conversation) == ["One?", "There?"]


def test_a_question_follows_an_answer_that_is_still_being_written(as_alice: Access) -> None:
    first = talk(as_alice, "One?")
    running, _new = services.turn_start(
        access=as_alice, turn_id=uuid4(), text="Two?", conversation_id=first.conversation_id
    )
    assert asked(as_alice, "Three?", first.conversation).parent == running


def test_a_first_question_can_be_asked_beside_the_first(as_alice: Access) -> None:
    first = talk(as_alice, "One?")
    assert asked(as_alice, "Other?", first.conversation, parent=None).parent is None
    assert shown(as_alice, first.conversation) == ["Other?"]


def test_a_question_follows_nothing_of_another_conversation(as_alice: Access, as_bob: Access) -> None:
    first = talk(as_alice, "One?")
    for stranger in (talk(as_alice, "Else?"), talk(as_bob, "His?")):
        with pytest.raises(NotFound, match="not in this conversation"):
            asked(as_alice, "Two?", first.conversation, parent=stranger.pk)
    with pytest.raises(NotFound):
        services.turn_start(access=as_alice, turn_id=uuid4(), text="New?", parent=first.pk)
    assert shown(as_alice, first.conversation) == ["One?"]


def test_a_hit_of_the_search_opens_the_branch_that_it_stands_in(alice_client: Client, as_alice: Access) -> None:
    first = talk(as_alice, "One?")
    hidden = turn_in(first.conversation, "Hidden?")
    again(as_alice, first)
    page = LexborHTMLParser(alice_client.get(turn_url("acme", hidden)).content)
    assert page.css_first(f"#turn-{hidden.pk}")
    assert only(page, "[name=parent_id]").attributes["value"] == str(hidden.pk)
    assert shown(as_alice, first.conversation) == ["One?"]  # looking at it has chosen nothing


# --- forms ---


def test_arrows_lead_from_version_to_version_without_a_script(alice_client: Client, as_alice: Access) -> None:
    first = talk(as_alice, "One?")
    second = again(as_alice, first, text="One otherwise?")
    address = reverse("chat:conversation", args=["acme", first.conversation_id])
    arrows = only(LexborHTMLParser(alice_client.get(address).content), "article[id] .branches")
    assert only(arrows, "[data-part=branch-place]").text() == "2 / 2"
    before, after = arrows.css("button")
    assert "disabled" in after.attributes
    response = alice_client.post(before.attributes["formaction"])
    assert response["Location"] == turn_url("acme", first)
    page = LexborHTMLParser(alice_client.get(address).content)
    assert page.css_first(f"#turn-{first.pk}")
    assert not page.css_first(f"#turn-{second.pk}")


def test_a_question_is_edited_on_a_page_without_a_script(alice_client: Client, as_alice: Access) -> None:
    first = talk(as_alice, "One <b>?")
    page = LexborHTMLParser(alice_client.get(reverse("chat:turn_edit", args=["acme", first.pk])).content)
    form = only(page, ".page .question-editor")
    assert only(form, "textarea").text() == "One <b>?"
    assert form.attributes["action"] == reverse("chat:turn_again", args=["acme", first.pk])


def test_the_same_number_of_queries_for_any_number_of_branches(
    alice_client: Client, as_alice: Access, django_assert_max_num_queries: Any
) -> None:
    first = talk(as_alice, "One?")
    address = reverse("chat:conversation", args=["acme", first.conversation_id])
    alice_client.get(address)
    with django_assert_max_num_queries(40) as few:
        alice_client.get(address)
    for _number in range(5):
        turn_in(first.conversation, "Two?", parent_id=first.pk)
    with django_assert_max_num_queries(40) as many:
        alice_client.get(address)
    assert len(many) == len(few)


# --- models ---


def test_only_the_chosen_model_answers_in_the_mode_that_is_its_own(as_alice: Access) -> None:
    starter = Provider.objects.create(tenant=as_alice.tenant, kind="starter", model="Small", position=1)
    writer = Provider.objects.create(
        tenant=as_alice.tenant, kind="openai", model="Large", base_url="http://127.0.0.1:1/v1"
    )
    assert [choice.id for choice in provider_configs(as_alice.tenant)] == [writer.pk, starter.pk]
    first = talk(as_alice)
    for provider, extractive in ((starter, True), (writer, False)):
        kit = plans.load(again(as_alice, first, provider_id=provider.pk), MemoryBreaker()).kit
        assert (kit.style.extractive, kit.is_chosen) == (extractive, True)
        assert [link.provider_id for link in kit.writer._links] == [provider.pk]
    assert len(plans.load(again(as_alice, first), MemoryBreaker()).kit.writer._links) == 2


def test_a_model_of_another_organisation_or_one_that_is_off_is_refused(as_alice: Access, as_charlie: Access) -> None:
    first = talk(as_alice)
    theirs = Provider.objects.create(tenant=as_charlie.tenant, kind="ollama", model="theirs")
    off = Provider.objects.create(tenant=as_alice.tenant, kind="ollama", model="off", enabled=False)
    for provider in (theirs, off):
        with pytest.raises(NotFound, match="no such model"):
            again(as_alice, first, provider_id=provider.pk)
    assert tree_of(first.conversation).beside(first.pk).turns == (first.pk,)


def test_the_menu_of_models_is_there_where_there_is_a_choice(alice_client: Client, as_alice: Access) -> None:
    first = talk(as_alice)
    address = reverse("chat:conversation", args=["acme", first.conversation_id])
    Provider.objects.create(tenant=as_alice.tenant, kind="openai", model="Large", base_url="http://127.0.0.1:1/v1")
    assert "Ask again with" not in alice_client.get(address).text
    Provider.objects.create(tenant=as_alice.tenant, kind="starter", model="Small", position=1)
    for page in (address, reverse("chat:turn", args=["acme", first.pk])):
        article = only(LexborHTMLParser(alice_client.get(page).content), "article[id]")
        assert [each.text() for each in article.css("[name=provider_id]")] == [
            "OpenAI-compatible endpoint: Large",
            "Starter model on this server: Small",
        ]


# --- taken along, and what was there before ---


def test_a_file_has_every_branch_and_a_text_the_one_that_is_shown(as_alice: Access) -> None:
    first = talk(as_alice, "One?")
    turn_in(first.conversation, "Two?")
    again(as_alice, first, text="One otherwise?")
    services.branch_show(access=as_alice, turn_id=first.pk)
    first.conversation.refresh_from_db()
    text = exporting.as_markdown(
        first.conversation, exporting.exchanges(access=as_alice, conversation=first.conversation)
    )
    assert "Two?" in text
    assert "One otherwise?" not in text
    every = exporting.exchanges(access=as_alice, conversation=first.conversation, every_branch=True)
    file = exporting.as_json(first.conversation, every)
    assert [turn["parent"] for turn in json.loads(file)["turns"]] == [None, 0, None]
    made = importing.conversation_import(access=as_alice, file=io.BytesIO(file.encode()))
    assert shown(as_alice, made) == ["One?", "Two?"]
    assert tree_of(made).beside(shown_branch(made)[0]).place == 1


def test_a_file_of_the_first_version_is_one_branch(as_alice: Access) -> None:
    turns = [{"question": each, "status": "completed", "asked_at": "2026-01-02T03:04:05Z"} for each in ("One?", "Two?")]
    file = {"version": 1, "title": "Old", "created_at": "2026-01-02T03:04:05Z", "turns": turns}
    made = importing.conversation_import(access=as_alice, file=io.BytesIO(json.dumps(file).encode()))
    assert shown(as_alice, made) == ["One?", "Two?"]


def test_the_turns_that_are_there_become_a_chain(as_alice: Access) -> None:
    first = talk(as_alice, "One?")
    for question in ("Two?", "Three?"):
        turn_in(first.conversation, question, parent_id=None)
    alone = talk(as_alice, "Alone?")
    import_module("chat.migrations.0009_branches").chain(apps, None)
    assert shown(as_alice, first.conversation) == ["One?", "Two?", "Three?"]
    alone.refresh_from_db()
    assert alone.parent is None


def test_a_conversation_with_branches_is_deleted_whole(as_alice: Access) -> None:
    first = talk(as_alice)
    again(as_alice, first)
    first.conversation.refresh_from_db()
    first.conversation.delete()
    assert not Turn.objects.for_tenant(as_alice.tenant).exists()
