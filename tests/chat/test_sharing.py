"""Links to frozen conversations: who may read them, what they show, and everything that ends them."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from chat import rendering, tasks
from chat.conversations import services as conversations
from chat.conversations.importing import conversation_import
from chat.errors import ShareRefused
from chat.models import Conversation, Turn
from chat.sharing import services, snapshots
from chat.sharing.models import Share, SharingRules
from chat.sharing.public_views import VIEWS_PER_MINUTE
from chat.sharing.selectors import link_of, share_find, shares_list, shares_own
from tenants import services as tenancy
from tenants.access import Access
from tenants.errors import Forbidden, NotFound
from tenants.models import AuditEvent, Membership, Role, Tenant, User
from tests.chat.talks import source_of, talk, turn_in
from tests.conftest import signed_in
from tests.factories import member

MEMBERS, PUBLIC = Share.Audience.MEMBERS, Share.Audience.PUBLIC
GONE = "This link does not lead to a conversation"
IMPORTED = "Imported: this was not answered here."
THEIRS = "These answers were made from documents of"
WHEN = "2026-01-02T03:04:05Z"


def shared(access: Access, turn: Turn | None = None, *, audience: Any = MEMBERS, days: int | None = 7) -> Share:
    turn = turn or talk(access)
    return services.share_create(access=access, conversation_id=turn.conversation_id, audience=audience, days=days)


def path_of(share: Share) -> str:
    return reverse("sharing:shared", args=[link_of(share).rstrip("/").rpartition("/")[2]])


def allow(access: Access, *, public: bool = True, endless: bool = False) -> None:
    services.sharing_rules_change(access=access, public=public, endless=endless)


def assert_gone(share: Share, client: Client | None = None) -> None:
    response = (client or Client()).get(path_of(share))
    assert response.status_code == 404
    assert GONE in response.text


def forged(access: Access) -> Conversation:
    source = {"number": 1, "document": "terms.pdf", "text": "For ever.", "cited": True}
    turn = {"question": "How long?", "answer": "For ever [1].", "status": "completed", "sources": [source]}
    made_up = {"title": "Warranty", "created_at": WHEN, "turns": [{**turn, "asked_at": WHEN}]}
    return conversation_import(access=access, file=io.BytesIO(json.dumps(made_up).encode()))


@pytest.fixture
def public(as_alice: Access) -> Share:
    allow(as_alice)
    return shared(as_alice, audience=PUBLIC)


# --- what is made ---


def test_a_link_is_long_and_only_its_hash_finds_it(as_alice: Access) -> None:
    share = shared(as_alice)
    token = path_of(share).split("/")[2]
    assert len(token) >= 40
    row = Share.all_tenants.filter(pk=share.pk).values("token_hash", "token").get()
    assert token not in str(row["token_hash"])
    assert token not in row["token"].token  # type: ignore[attr-defined]  # encrypted, for whoever wants to copy it again
    assert share_find(token=token) == share
    assert shared(as_alice).token_hash != share.token_hash


def test_it_works_for_a_week_unless_something_else_is_chosen(as_alice: Access, alice_client: Client) -> None:
    url = reverse("chat:conversation_share", args=["acme", talk(as_alice).conversation_id])
    assert '<option value="7" selected>' in alice_client.get(url).text
    assert alice_client.post(url, {"audience": "members", "days": "7"}).status_code == 302
    (share,) = shares_own(access=as_alice)
    left = (share.expires_at or timezone.now()) - timezone.now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    assert link_of(share) in alice_client.get(url).text


@pytest.mark.parametrize(("audience", "days"), [(PUBLIC, 7), (MEMBERS, None), (MEMBERS, 365)])
def test_what_the_organisation_does_not_allow_is_refused(as_alice: Access, audience: Any, days: int | None) -> None:
    with pytest.raises(ShareRefused):
        shared(as_alice, audience=audience, days=days)
    assert not Share.all_tenants.exists()


def test_the_page_offers_what_is_allowed(as_alice: Access, alice_client: Client) -> None:
    url = reverse("chat:conversation_share", args=["acme", talk(as_alice).conversation_id])
    assert 'value="public"' not in alice_client.get(url).text
    assert alice_client.post(url, {"audience": "public", "days": "endless"}).status_code == 400
    allow(as_alice, endless=True)
    assert alice_client.post(url, {"audience": "public", "days": "endless"}).status_code == 302
    (share,) = shares_own(access=as_alice)
    assert (share.audience, share.expires_at) == (PUBLIC, None)


def test_nobody_has_very_many_links_at_a_time(
    as_alice: Access, as_bob: Access, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "SHARES_MAX", 2)
    turn = talk(as_alice)
    first, second = shared(as_alice, turn), shared(as_alice, turn)
    url = reverse("chat:conversation_share", args=["acme", turn.conversation_id])
    assert "You have 2 links that work" in alice_client.post(url, {"audience": "members", "days": "7"}).text
    shared(as_bob)
    services.share_withdraw(access=as_alice, share_id=first.pk)
    Share.all_tenants.filter(pk=second.pk).update(expires_at=timezone.now())
    shared(as_alice, turn)
    shared(as_alice, turn)
    with pytest.raises(ShareRefused):
        shared(as_alice, turn)


def test_a_conversation_without_an_answer_is_not_shared(as_alice: Access, alice_client: Client) -> None:
    turn = talk(as_alice, status=Turn.Status.RUNNING, answer="")
    url = reverse("chat:conversation_share", args=["acme", turn.conversation_id])
    response = alice_client.post(url, {"audience": "members", "days": "7"})
    assert response.status_code == 400
    assert "Nothing in this conversation is answered yet" in response.text


# --- what it shows ---


def test_it_shows_answers_and_cited_passages_as_they_were(as_alice: Access, public: Share) -> None:
    turn = talk(as_alice, "How <b>long</b>?", answer="Two **years** [1]. More [2].")
    source_of(turn, 1, text="Lids are blue. It lasts two years.", deciding=[[15, 34]], page=3, last_page=4)
    source_of(turn, 2, text="Nobody has cited this.", cited=False, document_name="secret.pdf")
    share = shared(as_alice, turn, audience=PUBLIC)
    Turn.all_tenants.filter(pk=turn.pk).update(answer="Changed since.")
    turn_in(turn.conversation, "Asked since?")

    page = Client().get(path_of(share)).text

    assert "How &lt;b&gt;long&lt;/b&gt;?" in page
    assert "Two <strong>years</strong>" in page
    assert 'href="#source-1-1"' in page
    assert 'id="source-1-1"' in page
    assert "Lids are blue. <mark>It lasts two years.</mark>" in page
    assert "3–4" in page
    assert "More [2]" in page
    for other in ("Nobody has cited this", "secret.pdf", "Changed since", "Asked since?", "alice@example.org", "Alice"):
        assert other not in page


def test_what_a_check_had_found_is_marked_in_the_readers_language(as_alice: Access, public: Share) -> None:
    finding = {"verdict": "number", "start": 0, "end": 11, "cited": [1], "detail": "9", "found_in": 0, "draft": False}
    turn = talk(as_alice, answer="Nine years. [1]", checked={"sentences": 1, "findings": [finding]})
    source_of(turn)
    page = Client().get(path_of(shared(as_alice, turn, audience=PUBLIC)), headers={"accept-language": "de"}).text
    assert '<mark class="unsupported"' in page
    assert "Nicht belegt" in page


def test_a_refusal_is_one_and_has_no_sources(as_alice: Access, public: Share) -> None:
    turn = talk(as_alice, answer="It is not in the documents.", refused=True)
    source_of(turn, text="What came nearest.")
    page = Client().get(path_of(shared(as_alice, turn, audience=PUBLIC))).text
    assert "Not in the documents" in page
    assert "What came nearest." not in page


def test_what_was_imported_is_never_shown_as_the_organisations_own(
    as_alice: Access, bob_client: Client, public: Share
) -> None:
    turn = turn_in(forged(as_alice), "And asked here?")
    with pytest.raises(ShareRefused, match="Share it with members instead"):
        shared(as_alice, turn, audience=PUBLIC)
    page = bob_client.get(path_of(shared(as_alice, turn))).text
    assert "And asked here?" in page
    assert page.count(IMPORTED) == 1
    assert THEIRS not in page
    assert THEIRS in Client().get(path_of(public)).text


def test_a_branch_without_anything_imported_is_shared_with_anyone(as_alice: Access, public: Share) -> None:
    turn = turn_in(forged(as_alice), "Asked otherwise?", parent_id=None)
    page = Client().get(path_of(shared(as_alice, turn, audience=PUBLIC))).text
    assert IMPORTED not in page
    assert "For ever" not in page


def test_the_migration_finds_what_was_imported_before(as_alice: Access, public: Share, bob_client: Client) -> None:
    conversation = forged(as_alice)
    later = turn_in(conversation, "And asked here?")
    Turn.all_tenants.filter(pk=later.pk).update(created_at=timezone.now() + timedelta(minutes=1))
    kept, ended = shared(as_alice, later), shared(as_alice, later)
    Share.all_tenants.filter(pk=ended.pk).update(audience=PUBLIC)
    Turn.all_tenants.update(imported=False)
    for turn in kept.snapshot["turns"]:
        del turn["imported"]
    kept.save()
    ended.snapshot = kept.snapshot
    ended.save(update_fields=["snapshot"])
    assert IMPORTED not in bob_client.get(path_of(kept)).text

    import_module("chat.migrations.0014_imported").mark(apps, None)

    assert list(Turn.all_tenants.filter(imported=True).values_list("question", flat=True)) == ["How long?"]
    assert bob_client.get(path_of(kept)).text.count(IMPORTED) == 1
    assert_gone(ended)
    assert THEIRS in Client().get(path_of(public)).text


def test_the_page_keeps_to_itself(public: Share) -> None:
    response = Client().get(path_of(public))
    assert response["Referrer-Policy"] == "no-referrer"
    assert "noindex" in response["X-Robots-Tag"]
    assert "no-store" in response["Cache-Control"]
    assert '<meta name="robots" content="noindex' in response.text
    for way in ("/ws/", "/t/acme/", "<rz-chat", 'chat/main.js";', 'method="post"'):
        assert way not in response.text


def test_it_is_rendered_once_for_each_language_and_what_ends_it_acts_at_once(
    as_alice: Access, public: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[str | None] = []

    def render_answer(*args: Any) -> str:
        rendered.append(get_language())
        return rendering.render_answer(*args)

    monkeypatch.setattr(snapshots, "render_answer", render_answer)
    turn = talk(as_alice, draft="In my words.")
    first, second = shared(as_alice, turn, audience=PUBLIC), shared(as_alice, turn, audience=PUBLIC)
    languages = ("en", "de", "en", "de")
    pages = [Client().get(path_of(first), headers={"accept-language": each}).text for each in languages]
    assert rendered == ["en", "de"]
    assert "Draft in the model" in pages[2]
    assert "Draft in the model" not in pages[3]
    Client().get(path_of(second))
    assert len(rendered) == 3
    services.share_withdraw(access=as_alice, share_id=first.pk)
    assert_gone(first)
    SharingRules.objects.for_tenant(as_alice.tenant).update(public=False)
    assert_gone(second)
    SharingRules.objects.for_tenant(as_alice.tenant).update(public=True)
    Share.all_tenants.filter(pk=second.pk).update(expires_at=timezone.now())
    assert_gone(second)


def test_others_views_are_counted(public: Share, alice_client: Client, bob_client: Client) -> None:
    for client in (Client(), bob_client, alice_client):
        client.get(path_of(public))
    Client().head(path_of(public))
    public.refresh_from_db()
    assert public.views == 2


def test_whoever_opens_very_many_waits(public: Share) -> None:
    answers = {Client().get("/shared/guessed/").status_code for _time in range(VIEWS_PER_MINUTE)}
    assert answers == {404}
    assert Client().get(path_of(public)).status_code == 429


# --- who reads it ---


def test_members_read_what_is_for_members_and_nobody_else(
    as_alice: Access, bob_client: Client, charlie_client: Client
) -> None:
    share = shared(as_alice)
    page = bob_client.get(path_of(share))
    assert page.status_code == 200
    assert "Alice" in page.text
    assert_gone(share, charlie_client)
    assert Client().get(path_of(share))["Location"] == f"/accounts/login/?next={path_of(share)}"


def test_colleagues_see_and_withdraw_no_links_but_their_own(
    as_alice: Access, as_bob: Access, bob_client: Client, charlie_client: Client
) -> None:
    share = shared(as_alice)
    assert not shares_own(access=as_bob).exists()
    assert link_of(share) not in bob_client.get(reverse("chat:shares", args=["acme"])).text
    for client, slug in ((bob_client, "acme"), (charlie_client, "other"), (charlie_client, "acme")):
        url = reverse("chat:share_withdraw", args=[slug, share.pk])
        assert client.post(url).status_code == 404
    assert bob_client.get(reverse("chat:settings_sharing", args=["acme"])).status_code == 403
    assert shares_own(access=as_alice).get() == share


def test_an_admin_sees_and_withdraws_everybodys_of_the_organisation(
    as_bob: Access, as_charlie: Access, alice_client: Client
) -> None:
    bobs, charlies = shared(as_bob, talk(as_bob, title="Bob's pumps")), shared(as_charlie)
    page = alice_client.get(reverse("chat:settings_sharing", args=["acme"])).text
    assert "Bob&#x27;s pumps" in page
    assert link_of(charlies) not in page
    assert alice_client.post(reverse("chat:share_withdraw", args=["acme", bobs.pk])).status_code == 302
    assert list(Share.all_tenants.all()) == [charlies]


def test_lists_take_the_same_queries_for_any_number(as_alice: Access, django_assert_num_queries: Any) -> None:
    for _time in range(4):
        shared(as_alice)
    with django_assert_num_queries(1):
        assert [link_of(each) and each.user.email for each in shares_list(tenant=as_alice.tenant)]


# --- what ends it ---


def test_a_link_that_never_was_has_the_same_answer_as_one_that_has_ended(as_alice: Access, public: Share) -> None:
    services.share_withdraw(access=as_alice, share_id=public.pk)
    ended, never = Client().get(path_of(public)), Client().get("/shared/no-such-token/")
    assert ended.status_code == never.status_code == 404
    assert GONE in ended.text
    assert GONE in never.text


def test_time_ends_it_and_the_task_removes_it(as_alice: Access, public: Share) -> None:
    kept = shared(as_alice)
    Share.all_tenants.filter(pk=public.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert_gone(public)
    assert list(shares_own(access=as_alice)) == [kept]
    tasks.purge_shares()
    assert list(Share.all_tenants.all()) == [kept]


def test_the_task_is_in_the_schedule(settings: Any) -> None:
    assert tasks.purge_shares.name in {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}


def test_deleting_the_conversation_ends_it_and_taking_that_back_does_not(as_alice: Access, public: Share) -> None:
    conversations.conversation_delete(access=as_alice, conversation_id=public.conversation_id)
    assert_gone(public)
    tasks.purge_shares()
    conversations.conversation_restore(access=as_alice, conversation_id=public.conversation_id)
    assert Client().get(path_of(public)).status_code == 200


def test_switching_links_for_anyone_off_ends_them_for_good_and_no_others(as_alice: Access, public: Share) -> None:
    kept = shared(as_alice)
    allow(as_alice, public=False)
    assert_gone(public)
    allow(as_alice)
    assert_gone(public)
    assert list(Share.all_tenants.all()) == [kept]


def test_switching_links_without_an_end_off_gives_them_one(as_alice: Access) -> None:
    allow(as_alice, endless=True)
    share = shared(as_alice, days=None)
    allow(as_alice, endless=False)
    share.refresh_from_db()
    assert share.expires_at is not None


def test_a_link_without_an_end_works_only_where_such_links_are_allowed(as_alice: Access) -> None:
    allow(as_alice, public=True, endless=True)
    share = shared(as_alice, audience=PUBLIC, days=None)
    assert Client().get(path_of(share)).status_code == 200
    SharingRules.objects.for_tenant(as_alice.tenant).update(endless=False)
    assert_gone(share)
    assert not shares_own(access=as_alice).exists()


@pytest.mark.parametrize(("audience", "days"), [(PUBLIC, 7), (MEMBERS, None)])
def test_rules_that_change_while_a_link_is_made_count(
    as_alice: Access, monkeypatch: pytest.MonkeyPatch, audience: Any, days: int | None
) -> None:
    allow(as_alice, endless=True)

    def taken_slowly(*args: Any) -> snapshots.Snapshot:
        allow(as_alice, public=False, endless=False)
        return snapshots.taken(*args)

    monkeypatch.setattr(services, "taken", taken_slowly)
    with pytest.raises(ShareRefused):
        shared(as_alice, audience=audience, days=days)
    assert not Share.all_tenants.exists()


@pytest.mark.parametrize("audience", [MEMBERS, PUBLIC])
def test_whoever_leaves_takes_the_links_along_even_when_invited_again(
    as_alice: Access, as_bob: Access, bob: User, alice_client: Client, audience: Any
) -> None:
    allow(as_alice)
    share = shared(as_bob, audience=audience)
    tenancy.member_remove(access=as_alice, membership=Membership.objects.for_tenant(as_bob.tenant).get(user=bob))
    assert_gone(share, alice_client)
    Membership.objects.create(tenant=as_bob.tenant, user=bob, role=Role.MEMBER)
    assert_gone(share, alice_client)
    tasks.purge_shares()
    assert not Share.all_tenants.exists()


def test_an_account_that_is_switched_off_ends_it(public: Share, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert_gone(public)


def test_the_end_of_the_organisation_ends_it(public: Share, acme: Tenant) -> None:
    Tenant.objects.filter(pk=acme.pk).update(deleted_at=timezone.now())
    assert_gone(public)


# --- the rules, and what is noted down ---


def test_only_admins_change_the_rules_and_it_is_noted(as_alice: Access, as_bob: Access, alice_client: Client) -> None:
    with pytest.raises(Forbidden):
        services.sharing_rules_change(access=as_bob, public=True, endless=True)
    url = reverse("chat:settings_sharing", args=["acme"])
    assert alice_client.post(url, {"public": "on"}).status_code == 302
    share = shared(as_alice, audience=PUBLIC)
    services.share_withdraw(access=as_alice, share_id=share.pk)
    alice_client.post(url, {})
    told = AuditEvent.objects.for_tenant(as_alice.tenant).order_by("pk").values_list("action", "detail")
    assert list(told) == [
        ("sharing rules changed", {"public": True, "endless": False, "ended": 0}),
        ("conversation shared", {"audience": "public", "days": 7}),
        ("shared link withdrawn", {"audience": "public"}),
        ("sharing rules changed", {"public": False, "endless": False, "ended": 0}),
    ]


def test_nobody_shares_somebody_elses_conversation(as_alice: Access, as_bob: Access, acme: Tenant) -> None:
    turn = talk(as_alice)
    with pytest.raises(NotFound):
        shared(as_bob, turn)
    admin = signed_in(member(acme, "adam", Role.ADMIN))
    url = reverse("chat:conversation_share", args=["acme", turn.conversation_id])
    assert admin.post(url, {"audience": "members", "days": "7"}).status_code == 404
    assert admin.post(reverse("chat:share_withdraw", args=["acme", uuid4()])).status_code == 404
