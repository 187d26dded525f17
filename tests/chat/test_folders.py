"""Folders of the sidebar: one person's own order in their conversations."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat.conversations.selectors import Sidebar, sidebar
from chat.conversations.services import conversation_archive, conversation_pin
from chat.errors import FolderRefused
from chat.folders import services
from chat.folders.models import Folder
from chat.models import Conversation
from tenants.access import Access
from tests.chat.talks import talk


def filed(access: Access, title: str, name: str = "Pumps") -> Conversation:
    conversation_id = talk(access, title=title).conversation_id
    return services.conversation_move_to_new(access=access, conversation_id=conversation_id, name=name)


def shown(bar: Sidebar) -> dict[str, list[str]]:
    return {folder.name: [item.title for item in folder.items] for folder in bar.folders}


def test_what_is_moved_stands_in_its_folder_and_no_longer_among_the_recent(as_alice: Access) -> None:
    folder = filed(as_alice, "one").folder
    assert folder is not None
    filed(as_alice, "two", " Pumps\n")  # the same name is the same folder
    filed(as_alice, "three", "Leave")
    loose = talk(as_alice, title="four").conversation
    bar = sidebar(access=as_alice, current_id=loose.pk)
    assert shown(bar) == {"Leave": ["three"], "Pumps": ["two", "one"]}
    assert [item.title for item in bar.recent] == ["four"]

    services.conversation_move(access=as_alice, conversation_id=loose.pk, folder_id=folder.pk)
    assert shown(sidebar(access=as_alice))["Pumps"] == ["four", "two", "one"]
    services.conversation_move(access=as_alice, conversation_id=loose.pk, folder_id=None)
    assert [item.title for item in sidebar(access=as_alice).recent] == ["four"]


def test_pinned_ones_stay_on_top_and_go_back_into_their_folder(as_alice: Access) -> None:
    conversation = filed(as_alice, "one")
    conversation_pin(access=as_alice, conversation_id=conversation.pk, pinned=True)
    assert shown(sidebar(access=as_alice)) == {"Pumps": []}
    assert [item.title for item in sidebar(access=as_alice).pinned] == ["one"]
    conversation_pin(access=as_alice, conversation_id=conversation.pk, pinned=False)
    assert shown(sidebar(access=as_alice)) == {"Pumps": ["one"]}
    conversation_archive(access=as_alice, conversation_id=conversation.pk, archived=True)
    assert shown(sidebar(access=as_alice)) == {"Pumps": []}


def test_deleting_a_folder_keeps_what_was_in_it(as_alice: Access) -> None:
    folder = filed(as_alice, "one").folder
    assert folder is not None
    services.folder_delete(access=as_alice, folder_id=folder.pk)
    assert shown(sidebar(access=as_alice)) == {}
    assert [item.title for item in sidebar(access=as_alice).recent] == ["one"]


def test_it_is_renamed_to_what_no_other_is_called(as_alice: Access, as_bob: Access) -> None:
    folder = filed(as_alice, "one").folder
    assert folder is not None
    filed(as_alice, "two", "Leave")
    filed(as_bob, "his", "Board")
    for name in ("", "x" * 61, "Leave"):
        with pytest.raises(FolderRefused):
            services.folder_rename(access=as_alice, folder_id=folder.pk, name=name)
    services.folder_rename(access=as_alice, folder_id=folder.pk, name=" Board ")
    assert set(shown(sidebar(access=as_alice))) == {"Board", "Leave"}


def test_there_are_not_very_many(as_alice: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "FOLDERS_MAX", 1)
    filed(as_alice, "one")
    filed(as_alice, "two")
    with pytest.raises(FolderRefused):
        filed(as_alice, "three", "Leave")


def test_it_is_shown_as_it_was_left_and_open_around_the_open_conversation(
    as_alice: Access, alice_client: Client
) -> None:
    conversation = filed(as_alice, "one")
    url = reverse("chat:folder_collapse", args=["acme", conversation.folder_id])
    assert alice_client.post(url, {"collapsed": "true"}).status_code == 204
    assert not sidebar(access=as_alice).folders[0].is_open
    assert sidebar(access=as_alice, current_id=conversation.pk).folders[0].is_open
    alice_client.post(url, {"collapsed": "false"})
    assert sidebar(access=as_alice).folders[0].is_open


def test_colleagues_folders_are_their_own(as_alice: Access, as_bob: Access, bob_client: Client) -> None:
    folder = filed(as_alice, "one").folder
    mine = talk(as_bob).conversation
    assert folder is not None
    for name in ("rename", "collapse", "delete"):
        url = reverse(f"chat:folder_{name}", args=["acme", folder.pk])
        assert bob_client.post(url, {"name": "Mine", "collapsed": "true"}).status_code == 404
    move = reverse("chat:conversation_move", args=["acme", mine.pk])
    for stray in (str(folder.pk), "nonsense"):
        assert bob_client.post(move, {"folder": stray}).status_code == 404
    filed(as_bob, "his")  # of the same name, and another one
    assert shown(sidebar(access=as_alice)) == {"Pumps": ["one"]}
    assert Folder.all_tenants.count() == 2


def test_a_form_does_it_without_a_script_and_the_script_gets_the_list(as_alice: Access, alice_client: Client) -> None:
    conversation = talk(as_alice, title="one").conversation
    here = reverse("chat:conversation", args=["acme", conversation.pk])
    new = reverse("chat:conversation_move_to_new", args=["acme", conversation.pk])
    assert new in alice_client.get(here).text
    assert alice_client.post(new, {"name": "Pumps", "here": here})["Location"] == here
    (folder,) = sidebar(access=as_alice).folders
    form = {"here": here, "part": "list"}
    response = alice_client.post(
        reverse("chat:folder_delete", args=["acme", folder.id]), form, headers={"HX-Request": "true"}
    )
    assert 'id="conversations"' in response.text
    assert "The folder is deleted." in response.text
    assert f'data-folder="{folder.id}"' not in response.text


def test_the_sidebar_takes_two_queries_with_any_number_of_folders(
    as_alice: Access, django_assert_num_queries: Any
) -> None:
    for number in range(4):
        filed(as_alice, str(number), f"Folder {number}")
    conversation_pin(access=as_alice, conversation_id=talk(as_alice).conversation_id, pinned=True)
    with django_assert_num_queries(2):
        assert len(sidebar(access=as_alice).folders) == 4
