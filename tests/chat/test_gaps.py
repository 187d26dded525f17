"""Questions that the documents did not answer: sent by readers, dealt with by admins, answered by a document."""

from __future__ import annotations

import re
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from chat.errors import GapClosed, TurnConflict
from chat.gaps import grouping, selectors, services, views
from chat.gaps.models import GapRequest, KnowledgeGap
from chat.models import Conversation, Source, Turn
from chat.quality.models import Rating
from chat.selectors import turn_views
from ingestion import tasks as ingestion_tasks
from ingestion.models import Collection, Document
from tenants.access import Access, access_for
from tenants.errors import Forbidden, NotFound
from tenants.models import AuditEvent, Role, Tenant, User
from tests.factories import CollectionFactory, DocumentFactory, member

QUESTION = "How long may a guest keep the key?"
LONG = "What is the notice period of somebody who has worked part-time in the sales department"
ANSWER = "A guest keeps the key for three days."

pytestmark = pytest.mark.usefixtures("made_of")


def refused(access: Access, question: str = QUESTION, **fields: Any) -> Turn:
    conversation = Conversation.objects.create(tenant=access.tenant, user=access.user)
    values = {"status": Turn.Status.COMPLETED, "refused": True, "answer": "I did not find it.", **fields}
    return Turn.objects.create(id=uuid4(), tenant=access.tenant, conversation=conversation, question=question, **values)


def asked(access: Access, question: str = QUESTION, note: str = "") -> KnowledgeGap:
    return services.owner_ask(access=access, turn_id=refused(access, question).pk, note=note).gap


def gaps(access: Access) -> list[KnowledgeGap]:
    return list(selectors.gaps_list(tenant=access.tenant))


# --- asking ---


def test_bob_sends_his_question_and_sending_it_twice_sends_it_once(as_bob: Access) -> None:
    turn = refused(as_bob)
    first = services.owner_ask(access=as_bob, turn_id=turn.pk, note="  For the\nvilla. ")
    assert services.owner_ask(access=as_bob, turn_id=turn.pk).pk == first.pk
    (gap,) = gaps(as_bob)
    assert (gap.question, gap.times, gap.people) == (QUESTION, 1, 1)  # type: ignore[attr-defined]  # annotated
    assert first.note == "For the villa."
    assert AuditEvent.objects.for_tenant(as_bob.tenant).filter(action="owner asked").count() == 1


def test_the_nearest_documents_go_along_each_once(as_bob: Access, acme: Tenant) -> None:
    turn = refused(as_bob)
    document = DocumentFactory(tenant=acme, name="rules.pdf")
    for number, page in ((1, 4), (2, 7)):
        Source.objects.create(
            tenant=acme, turn=turn, number=number, document=document, chunk_id=uuid4(), document_name="rules.pdf",
            text="…", start=0, end=1, page=page,
        )  # fmt: skip
    services.owner_ask(access=as_bob, turn_id=turn.pk)
    (row,) = selectors.gap_rows(tenant=acme, gaps=gaps(as_bob))
    address = reverse("ingestion:document", args=["acme", document.pk])
    assert row.nearest == (selectors.Nearest("rules.pdf", 4, address),)


@pytest.mark.parametrize("fields", [{"refused": False}, {"status": Turn.Status.FAILED}, {"status": "running"}])
def test_what_was_answered_cannot_be_sent(as_bob: Access, fields: dict[str, Any]) -> None:
    with pytest.raises(TurnConflict):
        services.owner_ask(access=as_bob, turn_id=refused(as_bob, **fields).pk)


def test_what_was_rated_down_can_be_sent_too_by_whoever_has_rated_it(as_bob: Access, bob: User) -> None:
    turn = refused(as_bob, refused=False)
    Rating.objects.create(tenant=as_bob.tenant, turn=turn, user=bob, helpful=False)
    services.owner_ask(access=as_bob, turn_id=turn.pk)
    assert [gap.question for gap in gaps(as_bob)] == [QUESTION]


def test_nobody_sends_somebody_elses_question(as_bob: Access, as_alice: Access, as_charlie: Access) -> None:
    turn = refused(as_bob)
    for access in (as_alice, as_charlie):
        with pytest.raises(NotFound):
            services.owner_ask(access=access, turn_id=turn.pk)
    assert not GapRequest.all_tenants.exists()


def test_what_nobody_has_sent_is_not_listed(as_bob: Access, alice_client: Client) -> None:
    refused(as_bob, "Is Bob looking for another job?")
    page = alice_client.get(reverse("chat:dashboard_gaps", args=["acme"]))
    assert "another job" not in page.content.decode()


def test_a_question_that_was_sent_stays_when_its_conversation_is_deleted(as_bob: Access) -> None:
    turn = refused(as_bob)
    services.owner_ask(access=as_bob, turn_id=turn.pk)
    turn.conversation.delete()
    assert [gap.question for gap in gaps(as_bob)] == [QUESTION]


# --- grouping ---


def test_the_same_words_in_another_order_are_the_same_question(as_bob: Access, as_alice: Access) -> None:
    asked(as_bob)
    asked(as_alice, "the key: how long may a GUEST keep?")
    (gap,) = gaps(as_bob)
    assert (gap.times, gap.people) == (2, 2)  # type: ignore[attr-defined]  # annotated


def test_a_question_is_asked_by_one_person_however_often(as_bob: Access) -> None:
    asked(as_bob)
    asked(as_bob)
    (gap,) = gaps(as_bob)
    assert (gap.times, gap.people) == (2, 1)  # type: ignore[attr-defined]  # annotated


def test_serbian_in_either_script_is_one_question(as_bob: Access) -> None:
    asked(as_bob, "Колико кошта паркинг за госте?")
    asked(as_bob, "Koliko košta parking za goste?")
    assert len(gaps(as_bob)) == 1


@pytest.mark.django_db(transaction=True)
def test_nearly_the_same_meaning_is_the_same_question(as_bob: Access, eager_tasks: None) -> None:
    """With the embedder of tests a text's meaning is its words, those of question words among them."""
    asked(as_bob, "How long may a guest keep the key of the house by the lake over the winter?")
    asked(as_bob, "How long may a guest keep the key of the house by the lake over a winter?")
    asked(as_bob, "Who empties the bins?")
    assert sorted(gap.times for gap in gaps(as_bob)) == [1, 2]  # type: ignore[attr-defined]  # annotated


@pytest.mark.django_db(transaction=True)
def test_a_question_that_comes_while_its_gap_is_put_to_another_one_goes_along(
    as_bob: Access, as_alice: Access, no_queue: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = asked(as_bob, "When may the key be kept?"), asked(as_bob)

    def join() -> None:
        grouping._join(as_bob.tenant.pk, newer.pk, older.pk)
        connection.close()

    def meanwhile(*_arguments: object) -> list[dict[str, object]]:
        joining.start()
        joining.join(timeout=0.5)  # it has to wait for what is being written
        return []

    joining = Thread(target=join)
    monkeypatch.setattr(services, "_nearest", meanwhile)
    assert asked(as_alice).pk == newer.pk
    joining.join()
    (gap,) = gaps(as_bob)
    assert (gap.pk, gap.times) == (older.pk, 3)  # type: ignore[attr-defined]  # annotated


@pytest.mark.django_db(transaction=True)
def test_another_number_is_another_question(as_bob: Access, eager_tasks: None) -> None:
    for year in (2019, 2020):
        asked(as_bob, f"How long may a guest keep the key of the house by the lake over the winter of {year}?")
    assert len(gaps(as_bob)) == 2


def test_what_was_closed_is_not_joined(as_bob: Access, as_alice: Access) -> None:
    services.gap_dismiss(access=as_alice, gap=asked(as_bob))
    asked(as_bob)
    assert [gap.times for gap in gaps(as_bob)] == [1]  # type: ignore[attr-defined]  # annotated


def test_another_organisations_questions_are_never_joined(as_bob: Access, as_charlie: Access) -> None:
    asked(as_charlie)
    gap = asked(as_bob)
    assert not grouping.join_by_meaning(tenant_id=as_bob.tenant.pk, gap_id=gap.pk)
    assert [each.times for each in gaps(as_charlie)] == [1]  # type: ignore[attr-defined]  # annotated


# --- answering ---


@pytest.fixture
def shelf(acme: Tenant) -> Collection:
    return CollectionFactory(tenant=acme, name="House rules")


def test_the_answer_becomes_a_document_that_is_read_like_any_other(
    as_bob: Access, as_alice: Access, shelf: Collection, no_queue: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    gap = asked(as_bob)
    with django_capture_on_commit_callbacks(execute=True):
        document = services.gap_answer(access=as_alice, gap=gap, text=ANSWER, collection=shelf)
    assert no_queue == ["ingestion.tasks.ingest_next"]
    assert (document.collection, document.folder) == (shelf, "answers")
    assert document.name == "How_long_may_a_guest_keep_the_key.md"
    ingestion_tasks.ingest_document(document)
    document.refresh_from_db()
    assert (document.status, document.title) == (Document.Status.READY, QUESTION)
    gap.refresh_from_db()
    assert (gap.status, gap.answered_by, gap.document) == ("answered", as_alice.user, document)


def test_an_answer_that_is_written_again_is_the_next_version(
    as_bob: Access, as_alice: Access, shelf: Collection
) -> None:
    for text in (ANSWER, "A guest keeps the key for a week."):
        document = services.gap_answer(access=as_alice, gap=asked(as_bob), text=text, collection=shelf)
    assert document.version == 2


def test_the_second_of_two_admins_is_told_so_and_writes_nothing(
    as_bob: Access, as_alice: Access, shelf: Collection
) -> None:
    gap = asked(as_bob)
    services.gap_mark_answered(access=as_alice, gap=gap)
    with pytest.raises(GapClosed):
        services.gap_answer(access=as_alice, gap=gap, text=ANSWER, collection=shelf)
    assert not Document.objects.for_tenant(as_alice.tenant).exists()


def test_members_can_only_ask(as_bob: Access, shelf: Collection) -> None:
    gap = asked(as_bob)
    for act in (
        lambda: services.gap_answer(access=as_bob, gap=gap, text=ANSWER, collection=shelf),
        lambda: services.gap_mark_answered(access=as_bob, gap=gap),
        lambda: services.gap_dismiss(access=as_bob, gap=gap),
        lambda: services.gap_reopen(access=as_bob, gap=gap),
    ):
        with pytest.raises(Forbidden):
            act()
    assert [each.status for each in gaps(as_bob)] == ["open"]


def test_a_name_is_made_of_any_question() -> None:
    assert services.document_name("???") == "answer.md"
    assert services.document_name("Колико кошта\n паркинг?") == "Колико_кошта_паркинг.md"
    assert re.fullmatch(r"etc_passwd-[0-9a-f]{8}\.md", services.document_name("../../etc/passwd"))
    assert len(services.document_name("word " * 100)) < 99


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do I build it with C++?", "How do I build it with C#?"),
        (f"{LONG} after a year?", f"{LONG} after nine years?"),
    ],
)
def test_the_answer_to_another_question_never_takes_the_place_of_a_document(
    as_bob: Access, as_alice: Access, shelf: Collection, one: str, other: str
) -> None:
    for question in (one, other):
        document = services.gap_answer(access=as_alice, gap=asked(as_bob, question), text=question, collection=shelf)
        assert document.version == 1
    assert Document.objects.for_tenant(as_alice.tenant).exclude(status="superseded").count() == 2


# --- what the asker sees ---


def sent(access: Access, turn: Turn) -> selectors.Sent | None:
    (view,) = turn_views(access=access, turns=[turn])
    return view.sent


def test_the_asker_sees_that_the_owner_was_asked_and_then_the_answer(
    as_bob: Access, as_alice: Access, shelf: Collection
) -> None:
    turn = refused(as_bob)
    assert sent(as_bob, turn) is None
    gap = services.owner_ask(access=as_bob, turn_id=turn.pk).gap
    assert sent(as_bob, turn) == selectors.Sent("open")
    document = services.gap_answer(access=as_alice, gap=gap, text=ANSWER, collection=shelf)
    address = reverse("ingestion:document", args=["acme", document.pk])
    assert sent(as_bob, turn) == selectors.Sent("answered", ANSWER, address, being_read=True)
    Document.objects.for_tenant(as_bob.tenant).update(status="ready")
    assert sent(as_bob, turn) == selectors.Sent("answered", ANSWER, address)
    services.gap_reopen(access=as_alice, gap=gap)
    assert sent(as_bob, turn) == selectors.Sent("open")


def test_a_collection_can_be_where_the_answer_is(as_bob: Access, as_alice: Access, shelf: Collection) -> None:
    turn = refused(as_bob)
    gap = services.owner_ask(access=as_bob, turn_id=turn.pk).gap
    services.gap_mark_answered(access=as_alice, gap=gap, text="See page 4.", collection=shelf)
    address = reverse("ingestion:collection", args=["acme", shelf.pk])
    assert sent(as_bob, turn) == selectors.Sent("answered", "See page 4.", address)


# --- pages ---


def test_a_plain_form_asks_and_leads_back_to_the_turn(as_bob: Access, bob_client: Client) -> None:
    turn = refused(as_bob)
    page = bob_client.get(reverse("chat:conversation", args=["acme", turn.conversation_id])).content.decode()
    assert "Ask the owner" in page
    response = bob_client.post(reverse("chat:ask_owner", args=["acme"]), {"turn_id": turn.pk, "note": "Urgent"})
    assert response["Location"].endswith(f"/c/{turn.conversation_id}/?at={turn.pk}#turn-{turn.pk}")
    page = bob_client.get(response["Location"]).content.decode()
    assert "The owner was asked." in page
    assert GapRequest.objects.for_tenant(as_bob.tenant).get().note == "Urgent"


def test_the_pages_script_gets_the_line_that_takes_the_buttons_place(as_bob: Access, bob_client: Client) -> None:
    turn = refused(as_bob)
    url = reverse("chat:ask_owner", args=["acme"])
    response = bob_client.post(url, {"turn_id": turn.pk}, headers={"HX-Request": "true"})
    assert "The owner was asked." in response.content.decode()
    assert "<html" not in response.content.decode()


@pytest.mark.parametrize("data", [{}, {"turn_id": "nonsense"}])
def test_a_form_without_a_turn_is_refused(bob_client: Client, data: dict[str, str]) -> None:
    assert bob_client.post(reverse("chat:ask_owner", args=["acme"]), data).status_code >= 400


def test_an_admin_answers_marks_dismisses_and_opens_again(
    as_bob: Access, alice_client: Client, acme: Tenant, shelf: Collection
) -> None:
    def post(action: str, gap: KnowledgeGap, **data: Any) -> Any:
        url = reverse(f"chat:dashboard_gap_{action}", args=["acme", gap.pk])
        return alice_client.post(url, data, follow=True)

    answered, marked, dismissed = (asked(as_bob, text) for text in (QUESTION, "Who waters?", "Why me?"))
    post("answer", answered, text=ANSWER, collection=shelf.pk)
    post("mark", marked, text="On page 3.", collection=shelf.pk)
    page = post("dismiss", dismissed).content.decode()
    assert "Nothing is waiting for an answer" in page
    assert selectors.gap_counts(tenant=acme) == {"open": 0, "answered": 2, "dismissed": 1}
    page = alice_client.get(reverse("chat:dashboard_gaps", args=["acme"]), {"status": "answered"}).content.decode()
    for text in (QUESTION, ANSWER, "On page 3.", "How_long_may_a_guest_keep_the_key.md", "House rules"):
        assert text in page
    post("reopen", dismissed)
    assert selectors.gap_counts(tenant=acme)["open"] == 1


def test_an_answer_without_words_is_given_back_with_what_is_wrong(as_bob: Access, alice_client: Client) -> None:
    gap = asked(as_bob)
    url = reverse("chat:dashboard_gap_answer", args=["acme", gap.pk])
    response = alice_client.post(url, {"text": " "})
    assert response.status_code == 400
    assert "This field is required." in response.content.decode()
    assert [each.status for each in gaps(as_bob)] == ["open"]


def test_what_was_typed_is_there_again_wherever_the_question_stood_in_the_list(
    as_bob: Access, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PAGE_SIZE", 1)
    older, _newer = asked(as_bob), asked(as_bob, "Who waters the plants?")
    url = reverse("chat:dashboard_gap_mark", args=["acme", older.pk])
    page = alice_client.post(url, {"text": "On page 3. " * 200}).content.decode()
    assert page.count("On page 3. ") >= 200
    assert "at most 1000 characters" in page


def test_what_was_typed_is_there_again_when_there_is_no_room_for_it(
    as_bob: Access, alice_client: Client, shelf: Collection, settings: Any
) -> None:
    settings.TENANT_MAX_BYTES = 1
    url = reverse("chat:dashboard_gap_answer", args=["acme", asked(as_bob).pk])
    data = {"text": ANSWER, "collection": str(shelf.pk)}
    response = alice_client.post(url, data, headers={"Accept-Language": "de"})
    assert response.status_code == 400
    assert ANSWER in response.content.decode()
    assert "Löschen Sie Dokumente" in response.content.decode()
    assert [each.status for each in gaps(as_bob)] == ["open"]


def test_what_was_typed_is_there_again_when_somebody_else_was_quicker(
    as_bob: Access, as_alice: Access, alice_client: Client, shelf: Collection
) -> None:
    gap = asked(as_bob)
    services.gap_mark_answered(access=as_alice, gap=gap, text="On page 3.")
    url = reverse("chat:dashboard_gap_answer", args=["acme", gap.pk])
    page = alice_client.post(url, {"text": ANSWER, "collection": str(shelf.pk)}).content.decode()
    for text in ("Somebody has dealt with this question already", "On page 3.", ANSWER):
        assert text in page


def test_another_organisations_collection_cannot_be_chosen(
    as_bob: Access, alice_client: Client, other_org: Tenant
) -> None:
    foreign = CollectionFactory(tenant=other_org)
    url = reverse("chat:dashboard_gap_answer", args=["acme", asked(as_bob).pk])
    assert alice_client.post(url, {"text": ANSWER, "collection": foreign.pk}).status_code == 400


def test_the_page_shows_who_asked_what_and_how_often(
    acme: Tenant, as_bob: Access, as_alice: Access, alice_client: Client
) -> None:
    asked(as_bob, note="The <b>keybox</b> is empty.")
    asked(as_alice, "Key: how long may a guest keep the…?")
    page = alice_client.get(reverse("chat:dashboard_gaps", args=["acme"])).content.decode()
    for text in ("Bob", "asked 2 times", "by 2 people", "The &lt;b&gt;keybox", "Key: how long"):
        assert text in page
    assert "Knowledge gaps" in alice_client.get(reverse("chat:dashboard", args=["acme"])).content.decode()


def test_the_number_of_queries_does_not_grow_with_the_gaps(
    as_bob: Access, alice_client: Client, django_assert_max_num_queries: Any
) -> None:
    url = reverse("chat:dashboard_gaps", args=["acme"])
    asked(as_bob)
    alice_client.get(url)
    with django_assert_max_num_queries(24) as one:
        alice_client.get(url)
    for number in range(8):
        asked(as_bob, f"Which is number {number}?")
    with django_assert_max_num_queries(24) as many:
        alice_client.get(url)
    assert len(one) == len(many)


@pytest.mark.parametrize(("role", "status"), [(Role.READER, 403), (Role.MEMBER, 403), (Role.ADMIN, 200)])
def test_the_page_is_for_admins(acme: Tenant, role: Role, status: int, client: Client) -> None:
    client.force_login(member(acme, "dana", role))
    assert client.get(reverse("chat:dashboard_gaps", args=["acme"])).status_code == status


def test_a_reader_can_ask_too(acme: Tenant) -> None:
    reader: User = member(acme, "rosa", Role.READER)
    assert asked(access_for(reader, "acme")).question == QUESTION


def test_the_page_speaks_the_readers_language(as_bob: Access, alice_client: Client) -> None:
    asked(as_bob)
    with override("de"):
        page = alice_client.get(reverse("chat:dashboard_gaps", args=["acme"]), headers={"Accept-Language": "de"})
    assert "Wissenslücken" in page.content.decode()
