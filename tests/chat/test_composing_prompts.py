"""Prompts of one's own, and those of the organisation."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from chat.composing import services
from chat.composing.models import TEXT_CHARS, SavedPrompt
from chat.composing.selectors import prompt_to_change, prompts_found, prompts_list
from chat.errors import PromptRefused
from tenants.access import Access
from tenants.errors import Forbidden, NotFound
from tenants.models import AuditEvent, User
from tests.conftest import signed_in

PAGE = reverse("chat:prompts", args=["acme"])


def saved(access: Access, name: str, *, shared: bool = False, text: str = "Why?") -> SavedPrompt:
    return services.prompt_save(access=access, prompt=SavedPrompt(name=name, text=text), shared=shared)


def names(access: Access) -> list[str]:
    return [each.name for each in prompts_list(access=access)]


def test_everybody_has_their_own_and_those_of_the_organisation(
    as_alice: Access, as_bob: Access, as_charlie: Access
) -> None:
    saved(as_alice, "mine")
    saved(as_alice, "ours", shared=True)
    saved(as_bob, "bobs")
    assert (names(as_alice), names(as_bob), names(as_charlie)) == (["mine", "ours"], ["bobs", "ours"], [])


def test_only_admins_share_and_change_what_is_shared(as_alice: Access, as_bob: Access) -> None:
    ours = saved(as_alice, "ours", shared=True)
    with pytest.raises(Forbidden):
        saved(as_bob, "mine", shared=True)
    with pytest.raises(Forbidden):
        prompt_to_change(access=as_bob, prompt_id=ours.pk)
    with pytest.raises(Forbidden):
        services.prompt_delete(access=as_bob, prompt=ours)
    with pytest.raises(NotFound):
        prompt_to_change(access=as_bob, prompt_id=saved(as_alice, "mine").pk)
    services.prompt_delete(access=as_alice, prompt=ours)
    said = AuditEvent.objects.for_tenant(as_alice.tenant).values_list("action", flat=True)
    assert {"shared prompt saved", "shared prompt deleted"} <= set(said)


def test_a_name_is_taken_once_by_each_owner(as_alice: Access, as_bob: Access) -> None:
    for access, shared in ((as_alice, False), (as_bob, False), (as_alice, True)):
        saved(access, "letter", shared=shared)
        with pytest.raises(PromptRefused, match="already"):
            saved(access, "letter", shared=shared)
    assert [each.is_shared for each in prompts_list(access=as_bob)] == [False, True]


def test_there_is_a_limit_to_how_many_one_keeps(as_alice: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_OWN", 2)
    first = saved(as_alice, "one")
    saved(as_alice, "two")
    saved(as_alice, "ours", shared=True)
    with pytest.raises(PromptRefused, match="limit"):
        saved(as_alice, "three")
    services.prompt_save(access=as_alice, prompt=first, shared=False)  # changing one is no more of them


def test_what_begins_with_the_letters_is_found_first(as_alice: Access, as_charlie: Access) -> None:
    for name in ("a-letter", "letter", "закон", "other"):
        saved(as_alice, name)
    saved(as_charlie, "letter-of-charlie")
    assert [each.name for each in prompts_found(access=as_alice, text="Let")] == ["letter", "a-letter"]
    assert [each.name for each in prompts_found(access=as_alice, text="За")] == ["закон"]
    assert len(prompts_found(access=as_alice, text="")) == 4


def test_the_page_makes_changes_and_deletes_them(alice_client: Client, as_alice: Access) -> None:
    made = alice_client.post(PAGE, {"name": "Summary", "text": "Sum up {{document}}.\r\nBriefly."}, follow=True)
    (prompt,) = prompts_list(access=as_alice)
    assert (prompt.name, prompt.text, prompt.owner) == ("summary", "Sum up {{document}}.\nBriefly.", as_alice.user)
    assert "/summary" in made.text
    one = reverse("chat:prompt", args=["acme", prompt.pk])
    alice_client.post(one, {"name": "sum", "text": "Sum it up.", "shared": "on"})
    (prompt,) = prompts_list(access=as_alice)
    assert (prompt.name, prompt.is_shared) == ("sum", True)
    begun = alice_client.get(reverse("chat:home", args=["acme"]), {"prompt": str(prompt.pk)}).text
    assert ">Sum it up.</textarea>" in begun
    alice_client.post(reverse("chat:prompt_delete", args=["acme", prompt.pk]))
    assert names(as_alice) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": "two words", "text": "Why?"}, "valid"),
        ({"name": "long", "text": "x" * (TEXT_CHARS + 1)}, f"at most {TEXT_CHARS}"),
        ({"name": "taken", "text": "Why?"}, "already"),
    ],
)
def test_what_cannot_be_saved_is_said_in_the_form(
    typed: dict[str, str], said: str, alice_client: Client, as_alice: Access
) -> None:
    saved(as_alice, "taken")
    response = alice_client.post(PAGE, typed)
    assert response.status_code == 400
    assert said in response.text
    assert names(as_alice) == ["taken"]


def test_a_member_is_offered_no_sharing(bob: User, as_bob: Access) -> None:
    client = signed_in(bob)
    assert 'name="shared"' not in client.get(PAGE).text
    client.post(PAGE, {"name": "mine", "text": "Why?", "shared": "on"})
    (prompt,) = prompts_list(access=as_bob)
    assert not prompt.is_shared
