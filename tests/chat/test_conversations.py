"""The life of a conversation: named, pinned, archived, deleted and taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat import tasks
from chat.conversations import services
from chat.conversations.selectors import conversations_archived, sidebar
from chat.dashboard import selectors as dashboard
from chat.errors import TitleRefused
from chat.models import Conversation, Source, Turn
from chat.quality.ratings import rating_set, ratings_count, ratings_latest
from chat.selectors import conversation_get, conversations_list, source_get, turn_get, turns_of
from chat.services import turn_retry, turn_start
from tenants.access import Access
from tenants.errors import NotFound
from tenants.models import AuditEvent
from tests.chat.talks import source_of, talk, turn_in

CHANGES = ("rename", "pin", "unpin", "archive", "unarchive", "delete", "restore")


def titles(items: Any) -> list[str]:
    return [item.title for item in items]


def address(name: str, conversation: Conversation, slug: str = "acme") -> str:
    return reverse(f"chat:conversation_{name}", args=[slug, conversation.pk])


def aged(conversation: Conversation, **ago: int) -> None:
    """As if it had been deleted so long ago."""
    Conversation.all_tenants.filter(pk=conversation.pk).update(deleted_at=timezone.now() - timedelta(**ago))


# --- the list ---


def test_pinned_ones_stand_above_in_the_order_of_their_pinning(as_alice: Access) -> None:
    first, second, third = (talk(as_alice, title=title).conversation for title in ("one", "two", "three"))
    for each in (third, first):
        services.conversation_pin(access=as_alice, conversation_id=each.pk, pinned=True)
    shown = sidebar(access=as_alice, current_id=second.pk)
    assert (titles(shown.pinned), titles(shown.recent)) == (["three", "one"], ["two"])
    assert shown.recent[0].is_current
    assert not shown.pinned[0].is_current


def test_pinning_twice_leaves_it_where_it_was_and_unpinning_puts_it_back(as_alice: Access) -> None:
    first, second = (talk(as_alice, title=title).conversation for title in ("one", "two"))
    for each in (first, second, first):
        services.conversation_pin(access=as_alice, conversation_id=each.pk, pinned=True)
    assert titles(sidebar(access=as_alice).pinned) == ["one", "two"]
    services.conversation_pin(access=as_alice, conversation_id=first.pk, pinned=False)
    assert titles(sidebar(access=as_alice).recent) == ["one"]


def test_what_is_archived_leaves_the_list_and_comes_back_with_the_next_question(as_alice: Access) -> None:
    conversation = talk(as_alice).conversation
    services.conversation_archive(access=as_alice, conversation_id=conversation.pk, archived=True)
    assert not sidebar(access=as_alice)
    assert titles(conversations_archived(access=as_alice)) == ["Warranty"]
    turn_start(access=as_alice, turn_id=uuid4(), text="And then?", conversation_id=conversation.pk)
    assert titles(sidebar(access=as_alice).recent) == ["Warranty"]


def test_pinning_takes_it_out_of_the_archive(as_alice: Access) -> None:
    conversation = talk(as_alice).conversation
    services.conversation_archive(access=as_alice, conversation_id=conversation.pk, archived=True)
    services.conversation_pin(access=as_alice, conversation_id=conversation.pk, pinned=True)
    assert titles(sidebar(access=as_alice).pinned) == ["Warranty"]


def test_a_name_is_one_line(as_alice: Access) -> None:
    conversation = talk(as_alice).conversation
    services.conversation_rename(access=as_alice, conversation_id=conversation.pk, title=" The\npump\0  hall ")
    conversation.refresh_from_db()
    assert conversation.title == "The pump hall"


@pytest.mark.parametrize("title", ["", " \n ", "x" * 121])
def test_a_name_that_is_none_is_refused(as_alice: Access, title: str) -> None:
    conversation = talk(as_alice).conversation
    with pytest.raises(TitleRefused):
        services.conversation_rename(access=as_alice, conversation_id=conversation.pk, title=title)


# --- deleting ---


def test_what_is_deleted_is_invisible_at_once_everywhere(as_alice: Access, alice_client: Client) -> None:
    turn = talk(as_alice)
    source_of(turn)
    rating_set(access=as_alice, turn_id=turn.pk, helpful=True)
    services.conversation_delete(access=as_alice, conversation_id=turn.conversation_id)

    assert not conversations_list(access=as_alice).exists()
    assert not turns_of(access=as_alice).exists()
    for read in (
        lambda: conversation_get(access=as_alice, conversation_id=turn.conversation_id),
        lambda: turn_get(access=as_alice, turn_id=turn.pk),
        lambda: source_get(access=as_alice, turn_id=turn.pk, number=1),
        lambda: turn_retry(access=as_alice, turn_id=uuid4(), retry_of=turn.pk),
        lambda: turn_start(access=as_alice, turn_id=uuid4(), text="And then?", conversation_id=turn.conversation_id),
    ):
        with pytest.raises(NotFound):
            read()
    assert list(dashboard.turns_last(tenant=as_alice.tenant)) == []
    assert not dashboard.turns_since(tenant=as_alice.tenant, first_day=timezone.localdate()).exists()
    assert ratings_count(tenant=as_alice.tenant).all == 0
    assert list(ratings_latest(tenant=as_alice.tenant)) == []
    pages = [
        reverse("chat:conversation", args=["acme", turn.conversation_id]),
        reverse("chat:turn", args=["acme", turn.pk]),
        reverse("chat:source", args=["acme", turn.pk, 1]),
        reverse("chat:dashboard_turn", args=["acme", turn.pk]),
        *(address(name, turn.conversation) for name in ("print", "export_markdown", "export_json")),
    ]
    assert {page: alice_client.get(page).status_code for page in pages} == dict.fromkeys(pages, 404)


def test_it_is_taken_back_with_everything_in_it(as_alice: Access) -> None:
    turn = talk(as_alice)
    source_of(turn)
    services.conversation_delete(access=as_alice, conversation_id=turn.conversation_id)
    for _time in range(2):
        services.conversation_restore(access=as_alice, conversation_id=turn.conversation_id)
    assert source_get(access=as_alice, turn_id=turn.pk, number=1).turn == turn
    told = AuditEvent.objects.for_tenant(as_alice.tenant).order_by("pk").values_list("action", flat=True)
    assert list(told) == ["conversation deleted", "conversation restored"]


def test_minutes_later_it_is_gone_for_good_and_others_are_not(as_alice: Access, as_charlie: Access) -> None:
    kept, fresh, gone, elsewhere = talk(as_alice), talk(as_alice), talk(as_alice), talk(as_charlie)
    source_of(gone)
    for each, minutes in ((fresh, 4), (gone, 6), (elsewhere, 6)):
        aged(each.conversation, minutes=minutes)
    tasks.purge_conversations()
    assert set(Turn.all_tenants.values_list("pk", flat=True)) == {kept.pk, fresh.pk}
    assert not Source.all_tenants.exists()
    with pytest.raises(NotFound):
        services.conversation_restore(access=as_alice, conversation_id=gone.conversation_id)


def test_the_purge_waits_for_an_answer_that_is_being_written(as_alice: Access) -> None:
    turn = talk(as_alice, status=Turn.Status.RUNNING, answer="")
    aged(turn.conversation, minutes=6)
    assert services.conversations_purge() == 0
    Turn.all_tenants.update(status=Turn.Status.COMPLETED)
    assert services.conversations_purge() == 1


def test_the_purge_is_asked_for_by_the_schedule(settings: Any) -> None:
    assert tasks.purge_conversations.name in {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}


# --- whose it is ---


@pytest.mark.parametrize("change", CHANGES)
def test_nobody_changes_somebody_elses(
    change: str, as_alice: Access, bob_client: Client, charlie_client: Client
) -> None:
    conversation = talk(as_alice).conversation
    if change == "restore":
        aged(conversation, seconds=1)
    before = Conversation.all_tenants.filter(pk=conversation.pk).values().get()
    for client, slug in ((bob_client, "acme"), (charlie_client, "other"), (charlie_client, "acme")):
        assert client.post(address(change, conversation, slug), {"title": "Mine"}).status_code == 404
    assert Conversation.all_tenants.filter(pk=conversation.pk).values().get() == before


def test_one_list_is_not_anothers(as_alice: Access, as_bob: Access, as_charlie: Access) -> None:
    for access, title in ((as_alice, "Alice's"), (as_bob, "Bob's"), (as_charlie, "Charlie's")):
        services.conversation_pin(access=access, conversation_id=talk(access, title=title).conversation_id, pinned=True)
        archived = talk(access, title=f"{title} old").conversation_id
        services.conversation_archive(access=access, conversation_id=archived, archived=True)
    assert titles(sidebar(access=as_bob).pinned) == ["Bob's"]
    assert titles(conversations_archived(access=as_bob)) == ["Bob's old"]


# --- what a page and its script get ---


def test_a_form_comes_back_to_the_page_it_was_on_and_to_no_other(as_alice: Access, alice_client: Client) -> None:
    conversation = talk(as_alice).conversation
    url = address("pin", conversation)
    for here, target in (
        ("/t/acme/archived/?page=2", "/t/acme/archived/?page=2"),
        ("https://evil.example/", "/t/acme/"),
        ("//evil.example/t/acme/", "/t/acme/"),
        ("/t/other/", "/t/acme/"),
        ("", "/t/acme/"),
    ):
        assert alice_client.post(url, {"here": here})["Location"] == target


def test_deleting_what_is_open_leads_to_the_start_with_an_undo(as_alice: Access, alice_client: Client) -> None:
    conversation = talk(as_alice).conversation
    here = reverse("chat:conversation", args=["acme", conversation.pk])
    assert alice_client.post(address("delete", conversation), {"here": here})["Location"] == "/t/acme/"
    page = alice_client.get("/t/acme/").text
    assert f'<form method="post" action="{address("restore", conversation)}"' in page
    alice_client.post(address("restore", conversation))
    assert alice_client.get(here).status_code == 200


def test_the_script_gets_the_list_and_the_undo(as_alice: Access, alice_client: Client) -> None:
    gone, kept = talk(as_alice, title="Going").conversation, talk(as_alice, title="Staying").conversation
    here = reverse("chat:conversation", args=["acme", kept.pk])
    response = alice_client.post(
        address("delete", gone), {"here": here, "part": "list"}, headers={"HX-Request": "true"}
    )
    assert 'id="conversations"' in response.text
    assert "Staying" in response.text
    assert "Going" not in response.text
    assert address("restore", gone) in response.text
    assert f'href="{here}" aria-current="page"' in response.text
    assert "<html" not in response.text


def test_the_script_is_led_away_from_what_has_left(as_alice: Access, alice_client: Client) -> None:
    conversation = talk(as_alice).conversation
    here = reverse("chat:conversation", args=["acme", conversation.pk])
    form = {"here": here, "part": "list"}
    response = alice_client.post(address("archive", conversation), form, headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == "/t/acme/"


def test_a_hundred_conversations_are_listed_by_two_queries(as_alice: Access, django_assert_num_queries: Any) -> None:
    for number in range(4):
        turn_in(talk(as_alice).conversation, str(number))
    with django_assert_num_queries(2):
        sidebar(access=as_alice)
