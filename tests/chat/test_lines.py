"""A collection's own line between answering and refusing: how it is drawn, when, by whom, and what it does."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import current_app
from django.conf import settings
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from chat import tasks
from chat.answering import anything_relevant
from chat.lines import selectors, services
from chat.lines.models import RelevanceLine
from chat.lines.phrases import FOLDER, phrases
from chat.lines.questions import Sample, off_topic_questions, own_questions
from chat.lines.threshold import HIGHEST, LOWEST, Shares, fitted_line, shares
from chat.models import Conversation, Source, Turn
from ingestion import services as ingestion
from ingestion import tasks as ingestion_tasks
from ingestion.models import Chunk, Collection, Document
from ingestion.parts import Parts
from tenants.access import Access
from tenants.errors import Forbidden
from tenants.models import AuditEvent, Role, Tenant
from tests.chat.kits import kit, passage, question
from tests.factories import CollectionFactory, DocumentFactory, member
from tests.transliteration import to_latin

PUMP = (
    "The Kestrel pump delivers forty litres of water through a brass outlet every minute.",
    "Grease the front bearing after five hundred hours with lithium grease from the red tin.",
    "The relief valve opens above nine bar and must never be adjusted outside of the workshop.",
    "Rinse the strainer weekly under running water and replace it together with its rubber gasket.",
)
TRAINS = (
    "Copper wires above the railway carry fifteen kilovolts from the substation near Lapovo.",
    "Passengers with a yearly ticket may bring one bicycle free of charge after nine.",
    "Snow ploughs leave the depot at Stalać before the first train of the morning.",
    "Conductors check the brakes at every terminus, and note the pressure in a booklet.",
    "Level crossings without barriers are announced by three long whistles of the engine.",
    "Sleeping cars are heated with hot water from a boiler underneath the corridor.",
)

# --- questions ---


def test_a_question_has_some_of_a_sentences_words_and_not_its_rarest() -> None:
    samples = [Sample(text, "", "en") for text in PUMP]
    questions = list(own_questions(samples, Random(1), wanted=1))
    assert len(questions) == len(PUMP)
    for text, made in zip(PUMP, questions, strict=True):
        assert made.endswith("?")
        shared = {word for word in made.rstrip("?").split() if word in text}
        assert 2 <= len(shared) < len(text.split())


def test_the_same_questions_are_made_each_time() -> None:
    samples = [Sample(text, "", "en") for text in PUMP]
    assert list(own_questions(samples, Random(7), wanted=1)) == list(own_questions(samples, Random(7), wanted=1))


def test_of_few_passages_several_sentences_are_asked_for() -> None:
    assert len(list(own_questions([Sample("\n".join(PUMP), "", "en")], Random(1), wanted=80))) == len(PUMP)


def test_words_that_stand_everywhere_are_not_asked_for() -> None:
    samples = [Sample(f"Notwithstanding {text}", "", "en") for text in PUMP * 3]
    assert not [each for each in own_questions(samples, Random(1), wanted=1) if "Notwithstanding" in each]


@pytest.mark.parametrize("text", ["", "Yes.", "12 34 56", "Ja, ja."])
def test_a_passage_without_words_makes_no_question(text: str) -> None:
    assert list(own_questions([Sample(text, "", "en")], Random(1), wanted=1)) == []


@pytest.mark.parametrize("language", ["en", "de", "sr", "sr-Latn"])
def test_each_language_of_the_interface_has_its_phrases(language: str) -> None:
    of = phrases(language)
    assert len(of.frames) == 10
    assert len(set(of.off_topic)) == 32
    assert all(each.endswith("?") for each in (*of.frames, *of.off_topic))


def test_serbian_in_latin_letters_is_serbian() -> None:
    assert to_latin((FOLDER / "sr.txt").read_text()) == (FOLDER / "sr-Latn.txt").read_text()


def test_other_languages_are_asked_in_english() -> None:
    assert phrases("fi") == phrases("en")


def test_off_topic_questions_are_asked_as_they_are_and_shuffled() -> None:
    made = list(off_topic_questions(["de", "de"]))
    assert len(made) == len(set(made)) == 63
    assert set(phrases("de").off_topic) < set(made)


# --- the line ---

OWN = [0.95 + number / 1000 for number in range(60)]
OFF_TOPIC = [0.78 + number / 1000 for number in range(60)]


def test_the_line_runs_between_the_two_kinds() -> None:
    assert shares(fitted_line(OWN, OFF_TOPIC, general=0.91), OWN, OFF_TOPIC) == Shares(1.0, 1.0)
    low = fitted_line([each - 0.1 for each in OWN], [each - 0.1 for each in OFF_TOPIC], general=0.91)
    high = fitted_line([each + 0.1 for each in OWN], [each + 0.1 for each in OFF_TOPIC], general=0.91)
    assert low < 0.91 < high


def test_few_questions_move_it_little() -> None:
    low = [each - 0.1 for each in OWN], [each - 0.1 for each in OFF_TOPIC]
    many = fitted_line(*low, general=0.91)
    few = fitted_line(low[0][::20], low[1], general=0.91)
    assert many < few < 0.91


def test_where_they_overlap_the_general_line_stays() -> None:
    assert fitted_line(OWN, OWN, general=0.91) == pytest.approx(0.91, abs=0.005)


def test_answering_too_often_is_better_than_refusing_wrongly() -> None:
    own, off_topic = [0.90] * 10 + [0.99] * 50, [0.80] * 50 + [0.93] * 20
    assert fitted_line(own, off_topic, general=0.89) <= 0.90  # although 0.94 would put more of them right


@given(
    own=st.lists(st.floats(0, 1.2), max_size=40),
    off_topic=st.lists(st.floats(0, 1.2), max_size=40),
    general=st.floats(0.8, 1.0),
)
def test_it_never_leaves_its_bounds(own: list[float], off_topic: list[float], general: float) -> None:
    line = fitted_line(own, off_topic, general=general)
    assert LOWEST <= line <= HIGHEST or line == general


def test_nothing_to_go_by_is_the_general_line() -> None:
    assert fitted_line([], OFF_TOPIC, general=0.91) == fitted_line(OWN, [], general=0.91) == 0.91


# --- which line decides ---


def relevant(lines: dict[UUID | None, float], *collections: UUID | None) -> bool:
    the_kit = replace(kit([]), lines=lines)
    found = [replace(passage("Guarantees hold for two years.", dense=0.89), collection_id=each) for each in collections]
    return anything_relevant(question("How long does the warranty last?"), the_kit, found)


def test_the_passages_own_collection_decides() -> None:
    lenient, strict = uuid4(), uuid4()
    lines: dict[UUID | None, float] = {lenient: 0.85, strict: 1.05}
    assert relevant(lines, lenient)
    assert not relevant(lines, strict)
    assert relevant(lines, strict, lenient)


def test_the_general_line_decides_where_there_is_no_other() -> None:
    assert not relevant({}, uuid4(), None)


# --- fitting ---


@pytest.fixture
def shelf(as_alice: Access, made_of: Parts, no_queue: list[str]) -> Collection:
    """Acme's handbook, read and searchable."""
    collection = ingestion.collection_create(access=as_alice, name="Handbook")
    read(as_alice, collection, *PUMP)
    return collection


def read(access: Access, collection: Collection, *texts: str) -> None:
    for text in texts:
        document = DocumentFactory(tenant=access.tenant, collection=collection, content=text.encode())
        ingestion_tasks.ingest_document(document)
    collection.refresh_from_db()
    assert Chunk.objects.for_tenant(access.tenant).filter(document__collection=collection, embedded=True).exists()


pytestmark = pytest.mark.django_db(transaction=True)


def fit(collection: Collection) -> RelevanceLine:
    tasks.fit_collection(str(collection.tenant_id), str(collection.pk))
    return RelevanceLine.objects.for_tenant(collection.tenant_id).get(collection=collection)


def test_a_collection_is_fitted_by_asking_it(shelf: Collection) -> None:
    line = fit(shelf)
    assert (len(line.own_scores), len(line.off_topic_scores), line.passages) == (4, 63, 4)
    assert line.fingerprint == shelf.embedder_fingerprint
    assert line.own_scores == sorted(line.own_scores)
    assert max(line.own_scores) > max(line.off_topic_scores)
    assert selectors.lines_of(tenant_id=shelf.tenant_id) == {shelf.pk: line.fitted}


def test_fitting_twice_comes_out_the_same(shelf: Collection) -> None:
    first, second = fit(shelf), fit(shelf)
    assert (first.pk, first.fitted, first.own_scores) == (second.pk, second.fitted, second.own_scores)


def test_what_was_answered_from_it_is_asked_again(shelf: Collection, as_bob: Access) -> None:
    conversation = Conversation.objects.create(tenant=as_bob.tenant, user=as_bob.user)
    document = Document.objects.for_tenant(as_bob.tenant).filter(collection=shelf).first()
    for refused in (False, True):
        turn = Turn.objects.create(
            id=uuid4(), tenant=as_bob.tenant, conversation=conversation, question="How many litres?",
            status=Turn.Status.COMPLETED, refused=refused,
        )  # fmt: skip
        Source.objects.create(
            tenant=as_bob.tenant, turn=turn, number=1, document=document, chunk_id=uuid4(), document_name="…",
            text="…", start=0, end=1, cited=not refused,
        )  # fmt: skip
    assert len(fit(shelf).own_scores) == len(PUMP) + 1


def test_another_organisations_texts_are_never_asked_for(
    shelf: Collection, as_charlie: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = ingestion.collection_create(access=as_charlie, name="Theirs")
    read(as_charlie, theirs, "Marmalade sandwiches belong underneath ceremonial headgear on every Tuesday morning.")
    asked: list[str] = []
    scores = services._scores

    def noting(collection: Collection, questions: Any) -> list[float]:
        asked.extend(questions)
        return scores(collection, questions)

    monkeypatch.setattr(services, "_scores", noting)
    fit(shelf)
    assert not [each for each in asked if {"Marmalade", "ceremonial", "headgear"} & set(each.split())]


def test_a_collection_without_passages_is_left_alone(acme: Tenant) -> None:
    empty = CollectionFactory(tenant=acme, embedder_fingerprint="x")
    tasks.fit_collection(str(acme.pk), str(empty.pk))
    assert not RelevanceLine.all_tenants.exists()


# --- when ---


def due() -> list[Collection]:
    return list(selectors.out_of_date())


def test_it_is_due_when_it_has_changed_noticeably_and_nothing_is_read_any_more(
    shelf: Collection, as_alice: Access
) -> None:
    assert due() == [shelf]
    fit(shelf)
    assert due() == []
    waiting = DocumentFactory(tenant=as_alice.tenant, collection=shelf, content=b"Drain the body before the frost.")
    ingestion_tasks.ingest_document(DocumentFactory(tenant=as_alice.tenant, collection=shelf, content=b"Level it."))
    assert due() == []  # one of them still waits
    ingestion_tasks.ingest_document(waiting)
    assert due() == [shelf]


def test_the_sweep_fits_what_is_due_and_another_embedder_makes_it_due(shelf: Collection, eager_tasks: None) -> None:
    tasks.fit_changed_collections()
    assert RelevanceLine.objects.for_tenant(shelf.tenant_id).count() == 1
    Collection.objects.for_tenant(shelf.tenant_id).update(embedder_fingerprint="another")
    assert selectors.lines_of(tenant_id=shelf.tenant_id) == {}
    assert [each.pk for each in due()] == [shelf.pk]


def test_fitting_never_stands_in_the_way_of_reading() -> None:
    route = current_app.amqp.router.route({}, tasks.fit_collection.name)
    assert route.get("queue", settings.CELERY_TASK_DEFAULT_QUEUE) in {"default", current_app.amqp.queues["default"]}


# --- by hand ---


def test_an_admins_line_counts_until_it_is_given_back(shelf: Collection, as_alice: Access) -> None:
    fitted = fit(shelf).fitted
    services.line_choose(access=as_alice, collection=shelf, line=1.02)
    assert selectors.lines_of(tenant_id=shelf.tenant_id) == {shelf.pk: 1.02}
    fit(shelf)
    assert selectors.lines_of(tenant_id=shelf.tenant_id) == {shelf.pk: 1.02}
    services.line_choose(access=as_alice, collection=shelf, line=None)
    assert selectors.lines_of(tenant_id=shelf.tenant_id) == {shelf.pk: fitted}
    assert AuditEvent.objects.for_tenant(shelf.tenant_id).filter(action="line of refusing changed").count() == 2


def test_members_draw_no_lines(shelf: Collection, as_bob: Access) -> None:
    with pytest.raises(Forbidden):
        services.line_choose(access=as_bob, collection=shelf, line=0.8)


def url(name: str, *args: object) -> str:
    return reverse(f"chat:settings_{name}", args=["acme", *args])


def test_the_page_shows_what_each_line_does(shelf: Collection, as_alice: Access, alice_client: Client) -> None:
    assert "not fitted yet" in alice_client.get(url("lines")).content.decode()
    fit(shelf)
    page = alice_client.get(url("lines")).content.decode()
    assert "too little in it" in page
    read(as_alice, shelf, *TRAINS)
    fit(shelf)
    page = alice_client.get(url("lines")).content.decode()
    for text in ("Handbook", "of 10 questions", "of 63 questions", "fitted"):
        assert text in page
    parsed = LexborHTMLParser(page)
    named = [parsed.css_first(f"#{meter.attributes['aria-labelledby']}") for meter in parsed.css("meter")]
    assert [each and each.text() for each in named] == [
        "Own questions that are answered",
        "Off-topic questions that are refused",
    ]


def test_the_page_takes_a_line_and_gives_it_back(shelf: Collection, alice_client: Client) -> None:
    page = alice_client.post(url("line_choose", shelf.pk), {"line": "0.87"}, follow=True).content.decode()
    assert "set by hand" in page
    assert selectors.lines_of(tenant_id=shelf.tenant_id) == {shelf.pk: 0.87}
    alice_client.post(url("line_choose", shelf.pk), {"line": "0.87", "reset": "on"})
    assert selectors.lines_of(tenant_id=shelf.tenant_id) == {}


@pytest.mark.parametrize("line", ["7", "-1", "much"])
def test_a_line_out_of_bounds_is_refused(shelf: Collection, alice_client: Client, line: str) -> None:
    page = alice_client.post(url("line_choose", shelf.pk), {"line": line}, follow=True).content.decode()
    assert "Enter a number from 0.75 to 1.1." in page
    assert selectors.lines_of(tenant_id=shelf.tenant_id) == {}


def test_no_line_is_drawn_before_there_is_anything_that_it_could_hold_for(
    as_alice: Access, alice_client: Client, no_queue: list[str]
) -> None:
    empty = ingestion.collection_create(access=as_alice, name="Empty")
    assert 'name="line"' not in alice_client.get(url("lines")).content.decode()
    for name, said in (("line_choose", "is saved"), ("line_fit", "is being asked")):
        page = alice_client.post(url(name, empty.pk), {"line": "0.87"}, follow=True).content.decode()
        assert "The general line holds until its documents are read" in page
        assert said not in page
    assert not RelevanceLine.all_tenants.exists()
    assert no_queue == []


def test_it_can_be_tried_out_at_once(shelf: Collection, alice_client: Client, eager_tasks: None) -> None:
    alice_client.post(url("line_fit", shelf.pk))
    assert RelevanceLine.objects.for_tenant(shelf.tenant_id).get().fitted is not None


@pytest.mark.parametrize(("role", "status"), [(Role.READER, 403), (Role.MEMBER, 403), (Role.ADMIN, 200)])
def test_the_page_is_for_admins(acme: Tenant, role: Role, status: int, client: Client) -> None:
    client.force_login(member(acme, "dana", role))
    assert client.get(url("lines")).status_code == status
