"""Runs of the quality lab: through the real search and, where answers are asked for, a scripted model."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from datetime import timedelta
from io import StringIO
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from selectolax.lexbor import LexborHTMLParser

from chat.domain import Answered, Checked, Finding, Verdict
from chat.models import AnswerSettings, Conversation, Provider, Turn
from chat.quality import asking, configuration, golden, run_views, running, runs, tasks
from chat.quality.configuration import Configuration
from chat.quality.errors import QualityRefused
from chat.quality.golden import Draft, SourceDraft
from chat.quality.models import GoldenQuestion, QualityResult, QualityRun
from chat.question import Question
from ingestion import shadows
from ingestion.models import Chunk, Collection, Document
from ingestion.parts import Parts
from ingestion.sentences import sentence
from tenants.access import Access
from tenants.errors import Forbidden, NotFound
from tenants.models import AuditEvent, Tenant
from tests.chat.kits import kit, question
from tests.chat.quality_cast import ABSENT, FARE, PUMP, WARRANTY, ask_for, document, library, shelf
from tests.contracts.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db(transaction=True)
Status = QualityRun.Status
Shelf = tuple[Collection, Document, Document]
UNREACHABLE = sentence("The embedding server at %(url)s does not answer. Start it, or correct its address.", url="e:1")


@pytest.fixture(autouse=True)
def _without_models(made_of: Parts) -> None:
    """Hashed words for vectors, and indexes in memory."""


@pytest.fixture
def lib(as_alice: Access) -> Shelf:
    """Three golden questions over two documents, one of them without an answer."""
    collection, pump, train = library(as_alice)
    ask_for(as_alice, collection, WARRANTY, pump, phrases=["three years"])
    ask_for(as_alice, collection, FARE, train, phrases=["twelve euros"])
    ask_for(as_alice, collection, ABSENT)
    return collection, pump, train


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The messages that would have been sent to workers."""
    messages: list[tuple[str, ...]] = []
    monkeypatch.setattr(tasks.go_on_run, "apply_async", lambda arguments, **_options: messages.append(tuple(arguments)))
    return messages


@pytest.fixture
def model(acme: Tenant, settings: Any) -> Iterator[OpenAIServer]:
    """A model of Acme's that says the same every time: three years, from the first passage."""
    with OpenAIServer() as server:
        settings.OUTBOUND_HOSTS = [server.host]
        Provider.objects.create(tenant=acme, kind="openai", model="phi-3.5-mini", base_url=server.base_url)
        yield server


def start(
    access: Access, collection: Collection, *, answers: bool = False, name: str = "", **changes: Any
) -> QualityRun:
    return runs.run_start(
        access=access,
        collections=[collection],
        wanted=Configuration(**changes),
        with_answers=answers,
        name=name,
    )


def finished(run: QualityRun) -> QualityRun:
    while running.go_on(run):
        pass
    run.refresh_from_db()
    return run


def results(run: QualityRun) -> dict[str, QualityResult]:
    return {row.text: row for row in runs.results_of(run)}


# --- what a run measures ---


def test_a_search_is_measured_question_by_question(as_alice: Access, lib: Shelf) -> None:
    run = finished(start(as_alice, lib[0]))
    assert (run.status, run.done, run.total) == (Status.COMPLETED, 3, 3)
    assert (run.figures["questions"], run.figures["errors"]) == (3, 0)
    assert (run.figures["recall@1"], run.figures["mrr"], run.figures["refusing"]) == (1.0, 1.0, 1.0)
    assert (run.figures["refused_rightly"], run.figures["refused_wrongly"]) == (1, 0)
    assert "sources_ms_p95" in run.figures
    assert "answer_match" not in run.figures
    warranty = results(run)[WARRANTY]
    assert warranty.expected[0]["rank"] == 1
    assert warranty.passages[0]["wanted"]
    assert warranty.passages[0]["excerpt"] == PUMP


def test_answers_are_measured_with_the_model_that_is_set_up(as_alice: Access, lib: Shelf, model: OpenAIServer) -> None:
    run = finished(start(as_alice, lib[0], answers=True))
    assert run.status == Status.COMPLETED, run.error_message
    warranty, fare = results(run)[WARRANTY], results(run)[FARE]
    assert (warranty.answer, warranty.model) == ("The warranty lasts two years [1].", "phi-3.5-mini")
    assert (warranty.answer_match, fare.answer_match) == (0.0, 0.0)
    assert warranty.prompt_tokens
    assert warranty.first_word_ms is not None
    assert {"first_word_ms_p50", "elapsed_ms_p95", "prompt_tokens", "completion_tokens"} <= set(run.figures)
    assert run.figures["supported"] == 0.0  # it says three years, and nothing of them about the train


async def test_what_a_check_of_an_answer_says_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def checked_answer(*_args: object) -> AsyncGenerator[object, None]:
        yield Answered(model="phi3.5")
        yield Checked(4, (Finding(0, 10, Verdict.UNSAID), Finding(10, 20, Verdict.UNCITED, found_in=1)))

    monkeypatch.setattr(asking, "answer", checked_answer)
    asked = await asking.ask(question("How long?"), kit([]), with_answer=True)
    assert (asked.model, asked.sentences, asked.unsupported) == ("phi3.5", 4, 1)


def test_an_empty_answer_holds_nothing_of_what_was_expected(
    as_alice: Access, lib: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def says(question: Question, *_rest: Any, **_options: Any) -> asking.Asked:
        written = ["It lasts three years."] if question.text == WARRANTY else []
        return asking.Asked(refused=False, written=written, elapsed_ms=100)

    monkeypatch.setattr(running, "ask", says)
    run = finished(start(as_alice, lib[0], answers=True))
    assert (results(run)[WARRANTY].answer_match, results(run)[FARE].answer_match) == (1.0, 0.0)
    assert run.figures["answer_match"] == 0.5


def test_quotes_are_answers_too_and_ask_no_model(as_alice: Access, lib: Shelf, model: OpenAIServer) -> None:
    run = finished(start(as_alice, lib[0], answers=True, mode="extractive"))
    assert results(run)[WARRANTY].answer_match == 1.0
    assert run.figures["answer_match"] == 1.0
    assert model.requests == []


def test_only_the_chosen_collections_are_searched(as_alice: Access, lib: Shelf) -> None:
    document(as_alice, shelf(as_alice, "Other"), f"{PUMP} And so on.", "copy.txt")
    run = finished(start(as_alice, lib[0]))
    found = {passage["document"] for row in runs.results_of(run) for passage in row.passages}
    assert found == {"pump.txt", "train.txt"}


def test_a_newer_version_of_a_document_is_still_the_expected_one(as_alice: Access, lib: Shelf) -> None:
    document(as_alice, lib[0], f"{PUMP} It weighs nine kilograms.")
    assert results(finished(start(as_alice, lib[0])))[WARRANTY].expected[0]["rank"] == 1


# --- configurations ---


def test_what_is_different_is_used_and_the_settings_stay(
    as_alice: Access, acme: Tenant, lib: Shelf, model: OpenAIServer
) -> None:
    wanted: dict[str, Any] = {"instructions": "Speak like a pirate.", "passages": 1, "model": "phi-3.5-mini"}
    run = finished(start(as_alice, lib[0], answers=True, **wanted))
    assert run.configuration == wanted
    assert (run.setup["passages"], run.setup["models"], run.setup["reranker"]) == (1, ["phi-3.5-mini"], "")
    assert all("pirate" in json.dumps(request.json) for request in model.requests)
    assert sum(passage["sent"] for passage in results(run)[WARRANTY].passages) == 1
    assert not AnswerSettings.objects.for_tenant(acme).exists()


def test_another_weight_puts_passages_in_another_order(as_alice: Access) -> None:
    """By words alone the rare word wins; the hashed vectors know of the others, too."""
    collection = shelf(as_alice)
    rare = document(as_alice, collection, "Zeppelin", "rare.txt")
    for number in range(8):
        document(as_alice, collection, f"the colour of the big old airship {number} is grey", f"common-{number}.txt")
    ask_for(as_alice, collection, "the colour of the big old zeppelin", rare)
    by_meaning, by_words = (
        finished(start(as_alice, collection, dense_weight=weight)).figures["recall@1"] for weight in (1.0, 0.0)
    )
    assert (by_meaning, by_words) == (0.0, 1.0)


def test_a_provider_can_be_tried_that_is_switched_off(
    as_alice: Access, acme: Tenant, lib: Shelf, model: OpenAIServer
) -> None:
    row = Provider.objects.for_tenant(acme).get()
    Provider.objects.for_tenant(acme).update(enabled=False)
    run = finished(start(as_alice, lib[0], answers=True, mode="generative", provider=str(row.pk)))
    assert results(run)[WARRANTY].model == "phi-3.5-mini"


def test_a_provider_that_is_gone_ends_the_run_with_a_sentence(
    as_alice: Access, lib: Shelf, model: OpenAIServer
) -> None:
    run = start(as_alice, lib[0], answers=True, provider=str(Provider.all_tenants.get().pk))
    Provider.all_tenants.all().delete()
    run = finished(run)
    assert run.status == Status.FAILED
    assert "has been removed" in run.error_message


def test_other_passages_are_tried_out_on_a_copy_that_goes_again(as_alice: Access, acme: Tenant) -> None:
    collection = shelf(as_alice)
    sentences = [f"Part {n} of the machine is made of brass and weighs {n} kilograms altogether." for n in range(12)]
    manual = document(as_alice, collection, "\n\n".join([*sentences, PUMP]), "manual.txt")
    ask_for(as_alice, collection, WARRANTY, manual)
    before = list(Chunk.objects.for_tenant(acme).values_list("pk", flat=True))
    run = start(as_alice, collection, chunk_characters=200)
    assert running.go_on(run, seconds=-1)  # a slice without time copies nothing
    assert Tenant.objects.exclude(slug="acme").get().deleted_at is not None
    run = finished(run)
    assert run.status == Status.COMPLETED, run.error_message
    (result,) = runs.results_of(run)
    assert result.expected[0]["rank"] == 1
    assert max(len(passage["excerpt"]) for passage in result.passages) <= 200
    assert len(result.passages) > 3
    assert run.shadow_id is None
    assert list(Tenant.objects.all()) == [acme]
    assert list(Chunk.objects.for_tenant(acme).values_list("pk", flat=True)) == before


def test_a_copy_that_nobody_knows_of_goes_too(as_alice: Access, acme: Tenant, lib: Shelf) -> None:
    run = start(as_alice, lib[0], chunk_characters=200)
    running.go_on(run, seconds=-1)
    run.refresh_from_db()
    assert run.shadow_id
    Tenant.objects.filter(pk=run.shadow_id).update(created_at=timezone.now() - timedelta(hours=2))
    QualityRun.all_tenants.filter(pk=run.pk).update(shadow_id=None, status=Status.FAILED)
    tasks.tidy_runs()
    assert list(Tenant.objects.all()) == [acme]


def test_a_long_document_is_copied_under_the_same_lease_until_nobody_wants_it(
    as_alice: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = shelf(as_alice)
    manual = document(as_alice, collection, "\n\n".join(f"{PUMP} That was part {n}." for n in range(12)), "manual.txt")
    ask_for(as_alice, collection, WARRANTY, manual)
    run = start(as_alice, collection, chunk_characters=200)
    rows = QualityRun.all_tenants.filter(pk=run.pk)
    leases = []

    def slow(*_batch: object) -> None:
        leases.append(rows.filter(lease_expires_at__gt=timezone.now()).exists())
        rows.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        if len(leases) == 3:
            runs.run_cancel(access=as_alice, run=run)

    monkeypatch.setattr(shadows, "EMBED_BATCH", 1)
    monkeypatch.setattr(shadows, "_index", slow)
    assert not running.go_on(run)
    assert leases == [True, True, True]
    assert not Tenant.objects.filter(slug__startswith=shadows.SLUG).exists()


# --- getting on, and not getting on ---


def test_it_goes_on_in_slices_where_it_was(as_alice: Access, lib: Shelf, sent: list[tuple[str, ...]]) -> None:
    run = start(as_alice, lib[0])
    for done in (1, 2):
        assert running.go_on(run, seconds=-1)
        run.refresh_from_db()
        assert (run.done, runs.results_of(run).count()) == (done, done)
    assert not running.go_on(run, seconds=-1)
    assert finished(run).status == Status.COMPLETED
    assert [row.ordinal for row in runs.results_of(run)] == [1, 2, 3]


def test_a_worker_that_has_died_is_taken_over_from_and_a_living_one_is_not(
    as_alice: Access, lib: Shelf, sent: list[tuple[str, ...]]
) -> None:
    run = start(as_alice, lib[0])
    rows = QualityRun.all_tenants.filter(pk=run.pk)
    now = timezone.now()
    long_ago = now - timedelta(hours=1)
    rows.update(status=Status.RUNNING, lease_expires_at=now + timedelta(minutes=5), alive_at=long_ago)
    assert not running.go_on(run)
    tasks.tidy_runs()
    assert sent == []
    rows.update(lease_expires_at=now - timedelta(seconds=1))
    tasks.tidy_runs()
    assert sent == [(str(run.tenant_id), str(run.pk))]
    assert finished(run).status == Status.COMPLETED


def test_a_worker_that_died_before_it_had_counted_a_question_is_taken_over_from(as_alice: Access, lib: Shelf) -> None:
    run = start(as_alice, lib[0])
    running.go_on(run, seconds=-1)
    QualityRun.all_tenants.filter(pk=run.pk).update(done=0)
    run = finished(run)
    assert (run.status, run.done) == (Status.COMPLETED, 3), run.error_message


def test_a_golden_question_that_is_deleted_while_it_is_asked_does_not_break_the_run(
    as_alice: Access, lib: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*args: Any, **options: Any) -> asking.Asked:
        asked = await asking.ask(*args, **options)
        await GoldenQuestion.all_tenants.filter(text=WARRANTY).adelete()
        return asked

    monkeypatch.setattr(running, "ask", slow)
    run = finished(start(as_alice, lib[0]))
    assert (run.status, run.figures["questions"]) == (Status.COMPLETED, 3), run.error_message
    assert results(run)[WARRANTY].question is None


def test_one_run_at_a_time_and_then_the_next(as_alice: Access, lib: Shelf, sent: list[tuple[str, ...]]) -> None:
    first, second = start(as_alice, lib[0]), start(as_alice, lib[0])
    running.go_on(first, seconds=-1)
    assert not running.go_on(second)
    second.refresh_from_db()
    assert second.status == Status.WAITING
    for _slice in range(2):
        tasks.go_on_run(str(first.tenant_id), str(first.pk))
    assert sent[-1] == (str(second.tenant_id), str(second.pk))


def test_a_run_that_waits_sends_no_messages_until_it_is_its_turn(
    as_alice: Access, lib: Shelf, sent: list[tuple[str, ...]]
) -> None:
    first, second = start(as_alice, lib[0]), start(as_alice, lib[0])
    running.go_on(first, seconds=-1)
    tasks.go_on_run(str(second.tenant_id), str(second.pk))
    assert sent == []
    runs.run_cancel(access=as_alice, run=first)
    tasks.go_on_run(str(first.tenant_id), str(first.pk))
    assert sent == [(str(second.tenant_id), str(second.pk))]


def test_a_message_that_came_twice_takes_nothing_from_the_worker_that_is_at_it(
    as_alice: Access, acme: Tenant, lib: Shelf, sent: list[tuple[str, ...]]
) -> None:
    run = start(as_alice, lib[0], answers=True, mode="extractive")
    lease = timezone.now() + timedelta(minutes=5)
    QualityRun.all_tenants.filter(pk=run.pk).update(status=Status.RUNNING, lease_expires_at=lease)
    conversation = Conversation.objects.create(tenant=acme, user=as_alice.user)
    Turn.objects.create(id=uuid4(), tenant=acme, conversation=conversation, question="Now?")
    tasks.go_on_run(str(run.tenant_id), str(run.pk))
    run.refresh_from_db()
    assert run.lease_expires_at == lease


def test_whoever_asks_comes_first(as_alice: Access, acme: Tenant, lib: Shelf, sent: list[tuple[str, ...]]) -> None:
    conversation = Conversation.objects.create(tenant=acme, user=as_alice.user)
    Turn.objects.create(id=uuid4(), tenant=acme, conversation=conversation, question="Now?")
    run = start(as_alice, lib[0], answers=True, mode="extractive")
    tasks.go_on_run(str(run.tenant_id), str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.done) == (Status.WAITING, 0)
    assert sent == [(str(run.tenant_id), str(run.pk))]
    Turn.objects.for_tenant(acme).update(status=Turn.Status.COMPLETED)
    tasks.go_on_run(str(run.tenant_id), str(run.pk))
    run.refresh_from_db()
    assert run.done == 3


def test_a_cancelled_run_ends_and_keeps_what_it_has(as_alice: Access, lib: Shelf) -> None:
    run = start(as_alice, lib[0])
    running.go_on(run, seconds=-1)
    runs.run_cancel(access=as_alice, run=run)
    assert not running.go_on(run)
    run.refresh_from_db()
    assert (run.status, runs.results_of(run).count()) == (Status.CANCELLED, 1)


def test_a_question_that_fails_is_noted_and_the_next_is_asked(
    as_alice: Access, lib: Shelf, model: OpenAIServer
) -> None:
    Provider.all_tenants.update(model="not-there")
    run = finished(start(as_alice, lib[0], answers=True))
    assert run.status == Status.COMPLETED
    assert run.figures["errors"] == 2
    assert "not-there" in results(run)[WARRANTY].error_message
    assert results(run)[WARRANTY].expected[0]["rank"] == 1


def test_a_model_that_is_gone_is_not_asked_for_ever(as_alice: Access, lib: Shelf, model: OpenAIServer) -> None:
    for number in range(1, running.FAILURES_IN_ROW + 3):
        ask_for(as_alice, lib[0], f"{'the ' * number}{WARRANTY}", lib[1])
    Provider.all_tenants.update(model="not-there")
    run = finished(start(as_alice, lib[0], answers=True, mode="generative"))
    assert run.status == Status.FAILED
    assert "not-there" in run.error_message
    assert run.done < run.total


def test_what_went_wrong_is_told_in_the_language_of_whoever_reads_it(
    as_alice: Access, alice_client: Client, lib: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the embedder says, and what nobody has expected; both come from the worker."""

    async def breaks(question: Question, *_rest: Any, **_options: Any) -> asking.Asked:
        if question.text == WARRANTY:
            raise RuntimeError
        return asking.Asked(
            error=sentence(
                "The embedding server at %(url)s does not answer. Start it, or correct its address.", url="e:1"
            )
        )

    monkeypatch.setattr(running, "ask", breaks)
    run = finished(start(as_alice, lib[0]))
    page = alice_client.get(
        reverse("chat:dashboard_quality_run", args=["acme", run.pk]), headers={"Accept-Language": "de"}
    ).text
    assert "Etwas Unerwartetes ist schiefgegangen." in page
    assert "Der Embedding-Server unter e:1 antwortet nicht." in page


def test_what_a_provider_says_is_told_in_the_language_of_whoever_has_started_the_run(
    as_alice: Access, lib: Shelf, model: OpenAIServer
) -> None:
    Provider.all_tenants.update(model="not-there")
    with override("de"):
        run = start(as_alice, lib[0], answers=True, mode="generative")
    run = finished(run)
    assert "hat das Modell" in results(run)[WARRANTY].error_message


def test_a_run_that_fails_says_why_in_the_language_of_whoever_reads_it(
    as_alice: Access, lib: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "FAILURES_IN_ROW", 2)

    async def breaks(*_arguments: Any, **_options: Any) -> asking.Asked:
        raise RuntimeError

    monkeypatch.setattr(running, "ask", breaks)
    run = finished(start(as_alice, lib[0]))
    assert run.status == Status.FAILED
    with override("de"):
        assert run.error_told.startswith("Etwas Unerwartetes ist schiefgegangen.")
    assert run.error_told == run.error_message


# --- who, and what for ---


def test_there_has_to_be_something_to_ask(as_alice: Access) -> None:
    with pytest.raises(QualityRefused, match="no golden questions"):
        start(as_alice, shelf(as_alice))


def test_bob_is_no_admin_and_starts_none(as_bob: Access, lib: Shelf) -> None:
    with pytest.raises(Forbidden):
        start(as_bob, lib[0])


def test_charlie_sees_nothing_of_it(as_charlie: Access, as_alice: Access, lib: Shelf, charlie_client: Client) -> None:
    run = finished(start(as_alice, lib[0], name="secret run"))
    with pytest.raises(NotFound):
        runs.run_get(tenant=as_charlie.tenant, run_id=run.pk)
    address = reverse("chat:dashboard_quality_compare", args=["other"])
    assert charlie_client.get(address, {"run": [str(run.pk), str(run.pk)]}).status_code == 404
    start_page = charlie_client.get(reverse("chat:dashboard_quality_start", args=["other"]), {"like": str(run.pk)})
    assert "secret run" not in start_page.text
    posted = {"collections": [str(lib[0].pk)], "with_answers": "no"}
    assert charlie_client.post(reverse("chat:dashboard_quality_start", args=["other"]), posted).status_code == 400
    assert QualityRun.all_tenants.count() == 1


def test_deeds_are_in_the_audit_log(as_alice: Access, acme: Tenant, lib: Shelf) -> None:
    run = finished(start(as_alice, lib[0]))
    runs.baseline_set(access=as_alice, run=run)
    runs.run_delete(access=as_alice, run=run)
    actions = set(AuditEvent.objects.for_tenant(acme).values_list("action", flat=True))
    assert {"quality run started", "quality baseline set", "quality run deleted", "golden question added"} <= actions


def test_there_is_one_baseline_for_the_same_collections(as_alice: Access, lib: Shelf) -> None:
    first, second = finished(start(as_alice, lib[0])), finished(start(as_alice, lib[0]))
    for run in (first, second):
        runs.baseline_set(access=as_alice, run=run)
    assert list(runs.alike(first).filter(is_baseline=True)) == [second]
    assert runs.baseline_of(first) == second
    assert runs.baseline_of(second) is None


# --- pages ---


@pytest.fixture
def two_runs(as_alice: Access, lib: Shelf) -> tuple[QualityRun, QualityRun]:
    """The first is the baseline; in the second nothing that is expected is found, since the documents are gone."""
    first = finished(start(as_alice, lib[0], name="Before"))
    runs.baseline_set(access=as_alice, run=first)
    Document.objects.for_tenant(as_alice.tenant).filter(pk=lib[1].pk).update(searchable=False)
    return first, finished(start(as_alice, lib[0], name="After", passages=3))


def test_the_lab_shows_the_latest_run_and_its_history(alice_client: Client, two_runs: tuple[QualityRun, ...]) -> None:
    page = alice_client.get(reverse("chat:dashboard_quality", args=["acme"]))
    assert [tile.delta.kind for tile in page.context["tiles"] if tile.name == "recall@5"] == ["worse"]
    assert page.context["other"] == two_runs[0]
    search, answers = page.context["charts"]
    assert [row[0].partition(", ")[2] for row in search.rows] == ["Before (baseline)", "After"]
    assert [row[1] for row in search.rows] == ["100", "50"]
    assert [row[3] for row in search.rows] == ["100", "100"]  # the baseline's level
    assert [column.partition(" (")[0] for column in answers.columns] == ["Run", "Right about refusing"]
    assert 'aria-label="What was found, in percent"' in page.text


def test_a_run_shows_each_question_with_what_was_found(alice_client: Client, two_runs: tuple[QualityRun, ...]) -> None:
    page = alice_client.get(reverse("chat:dashboard_quality_run", args=["acme", two_runs[1].pk])).text
    assert WARRANTY in page
    assert "not found" in page
    assert "Differences from the baseline" in page


def test_questions_stand_on_pages(
    alice_client: Client, two_runs: tuple[QualityRun, QualityRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_views, "QUESTIONS_SHOWN", 2)
    address = reverse("chat:dashboard_quality_run", args=["acme", two_runs[1].pk])
    first, second = (
        [row.text for row in alice_client.get(address, {"page": page}).context["results"]] for page in (1, 2)
    )
    assert (len(first), {*first, *second}) == (2, {WARRANTY, FARE, ABSENT})
    assert "?page=2#results-heading" in alice_client.get(address).text
    chosen = {"run": [str(run.pk) for run in two_runs]}
    page = alice_client.get(reverse("chat:dashboard_quality_compare", args=["acme"]), chosen)
    assert [each["pair"][1].text for each in page.context["changed"]] == [WARRANTY]


def test_a_run_under_way_is_looked_at_without_all_that_it_has_measured(
    alice_client: Client, as_alice: Access, lib: Shelf, two_runs: tuple[QualityRun, QualityRun]
) -> None:
    run = start(as_alice, lib[0])
    running.go_on(run, seconds=-1)
    for address, target in (
        (reverse("chat:dashboard_quality_run", args=["acme", run.pk]), "progress"),
        (reverse("chat:dashboard_quality", args=["acme"]), "runs"),
    ):
        with CaptureQueriesContext(connection) as queries:
            assert alice_client.get(address, headers={"HX-Target": target}).status_code == 200
        assert not [each for each in queries if "chat_qualityresult" in each["sql"]]


def test_runs_that_are_ticked_stay_ticked_while_one_is_under_way(
    alice_client: Client, as_alice: Access, lib: Shelf, two_runs: tuple[QualityRun, QualityRun]
) -> None:
    start(as_alice, lib[0])
    fresh = alice_client.get(
        reverse("chat:dashboard_quality", args=["acme"]), {"run": str(two_runs[0].pk)}, headers={"HX-Target": "runs"}
    )
    boxes = LexborHTMLParser(fresh.content).css("[name=run]")
    ticks = {str(box.attributes["value"]): "checked" in box.attributes for box in boxes}
    assert ticks == {str(two_runs[0].pk): True, str(two_runs[1].pk): False}


def test_two_runs_stand_side_by_side(alice_client: Client, two_runs: tuple[QualityRun, QualityRun]) -> None:
    before, after = two_runs
    address = reverse("chat:dashboard_quality_compare", args=["acme"])
    page = alice_client.get(address, {"run": [str(after.pk), str(before.pk)]})
    assert (page.context["before"], page.context["after"]) == two_runs
    figures = {figure.name: figure for figure in page.context["figures"]}
    assert (figures["recall@5"].before, figures["recall@5"].value) == ("100 %", "50 %")
    assert (figures["recall@5"].delta.text, figures["recall@5"].delta.sign) == ("−50 points", "▼")
    assert figures["recall@5"].hint == "0 better, 1 worse: may be chance (p = 1.00)"
    assert [each["pair"][1].text for each in page.context["changed"]] == [WARRANTY]
    assert [label for label, _values, differs in page.context["setup"] if differs] == ["Most passages"]
    assert "No difference beyond chance" in page.text


def test_a_question_whose_answer_is_expected_elsewhere_by_now_is_not_compared(
    as_alice: Access, acme: Tenant, lib: Shelf
) -> None:
    before = finished(start(as_alice, lib[0]))
    for text in (WARRANTY, FARE):  # where that of the other one stands is only written again
        asked = GoldenQuestion.objects.for_tenant(acme).get(text=text)
        golden.golden_update(access=as_alice, golden=asked, draft=Draft(text=text, sources=(SourceDraft(lib[2]),)))
    after = finished(start(as_alice, lib[0]))
    assert {row.text for _earlier, row in runs.pairs_of(before, after)} == {FARE, ABSENT}


def test_headings_skip_no_level(alice_client: Client, two_runs: tuple[QualityRun, QualityRun]) -> None:
    before, after = two_runs
    run = reverse("chat:dashboard_quality_run", args=["acme", after.pk])
    compare = reverse("chat:dashboard_quality_compare", args=["acme"])
    for address in (run, f"{compare}?run={before.pk}&run={after.pk}"):
        tags = [
            str(each.tag) for each in LexborHTMLParser(alice_client.get(address).content).css("main :is(h1,h2,h3,h4)")
        ]
        assert [(one, other) for one, other in pairwise(tags) if int(other[1]) > int(one[1]) + 1] == []
        assert "h3" in tags


def test_two_runs_have_to_be_chosen(alice_client: Client, two_runs: tuple[QualityRun, QualityRun]) -> None:
    address = reverse("chat:dashboard_quality_compare", args=["acme"])
    for chosen in ([], [str(two_runs[0].pk)], ["nonsense"]):
        response = alice_client.get(address, {"run": chosen}, follow=True)
        assert "Choose two runs to compare." in response.text


def test_alice_starts_a_run_with_a_form(
    alice_client: Client, acme: Tenant, lib: Shelf, sent: list[tuple[str, ...]]
) -> None:
    address = reverse("chat:dashboard_quality_start", args=["acme"])
    assert 'placeholder="6"' in alice_client.get(address).text
    response = alice_client.post(
        address,
        {"collections": [str(lib[0].pk)], "with_answers": "yes", "mode": "extractive", "passages": "4", "name": "Try"},
    )
    run = QualityRun.objects.for_tenant(acme).get()
    assert response["Location"] == reverse("chat:dashboard_quality_run", args=["acme", run.pk])
    assert (run.name, run.with_answers, run.configuration) == ("Try", True, {"mode": "extractive", "passages": 4})
    assert sent == [(str(acme.pk), str(run.pk))]
    waiting = alice_client.get(response["Location"], headers={"HX-Target": "progress"}).text
    assert waiting.count("<progress") == 1
    assert "Waiting for its turn" in waiting


# --- the command line ---


def quality_run(**options: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("quality_run", tenant="acme", json=True, stdout=out, **options)
    printed: dict[str, Any] = json.loads(out.getvalue())
    return printed


def test_a_night_run_prints_figures_and_compares_with_the_baseline(as_alice: Access, lib: Shelf) -> None:
    result = quality_run(collection=["Manuals"], name="Nightly")
    assert (result["status"], result["figures"]["recall@5"], result["baseline"]) == ("completed", 1.0, None)
    runs.baseline_set(access=as_alice, run=QualityRun.all_tenants.get())
    again = quality_run()
    assert {row["verdict"] for row in again["compared"] if not row["figure"].endswith("_p50")} == {"same"}
    out = StringIO()
    call_command("quality_run", tenant="acme", stdout=out, stderr=StringIO())
    assert "Found among the first 5: 1" in out.getvalue()


def test_a_night_run_fails_where_it_got_worse_beyond_chance(as_alice: Access, lib: Shelf) -> None:
    for number in range(6):
        ask_for(as_alice, lib[0], f"{WARRANTY} ({number})", lib[1])
    quality_run()
    runs.baseline_set(access=as_alice, run=QualityRun.all_tenants.get())
    Document.objects.for_tenant(as_alice.tenant).filter(pk=lib[1].pk).update(searchable=False)
    assert quality_run()["status"] == "completed"
    with pytest.raises(SystemExit) as caught:
        quality_run(fail_if_worse=True)
    assert caught.value.code == 1


def test_a_night_run_does_not_wait_behind_another_one(as_alice: Access, lib: Shelf) -> None:
    running.go_on(start(as_alice, lib[0]), seconds=-1)
    with pytest.raises(CommandError, match="under way"):
        call_command("quality_run", tenant="acme", stdout=StringIO())
    assert QualityRun.all_tenants.count() == 1


def test_a_night_run_that_a_worker_has_taken_up_is_waited_for(
    as_alice: Access, lib: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_up(run: QualityRun) -> bool:
        rows = QualityRun.all_tenants.filter(pk=run.pk)
        rows.update(status=Status.RUNNING, lease_expires_at=timezone.now() + timedelta(minutes=5))
        monkeypatch.setattr(running, "go_on", go_on)
        return go_on(run)

    def worker_lets_go(_seconds: float) -> None:
        QualityRun.all_tenants.update(lease_expires_at=None)

    go_on = running.go_on
    monkeypatch.setattr(running, "go_on", taken_up)
    monkeypatch.setattr("time.sleep", worker_lets_go)
    assert quality_run()["status"] == "completed"


def test_nobody_takes_up_a_night_run_that_waits_for_people(
    as_alice: Access, acme: Tenant, lib: Shelf, sent: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = iter([True, True, True])
    monkeypatch.setattr(running, "people_wait", lambda: next(waits, False))

    def minutes_later(_seconds: float) -> None:
        tasks.tidy_runs()
        QualityRun.all_tenants.update(alive_at=timezone.now() - timedelta(minutes=2))

    monkeypatch.setattr("time.sleep", minutes_later)
    AnswerSettings.objects.create(tenant=acme, mode="extractive")
    assert quality_run(answers=True)["status"] == "completed"
    assert sent == []


def test_a_run_tells_who_put_the_passages_in_order(settings: LazySettings) -> None:
    settings.RERANKER_URL, settings.RERANKER_WEIGHT = "http://gpu:8000/v1", 0.5
    assert configuration.reranker_in_use() == "http://gpu:8000/v1: 0.5"
    settings.RERANKER = "bge"
    assert configuration.reranker_in_use() == "bge: 0.5"


def test_every_part_of_a_configuration_can_be_read_back() -> None:
    wanted = Configuration(provider="x", mode="extractive", passages=3, dense_weight=0.0, chunk_characters=400)
    assert configuration.read(json.loads(json.dumps(wanted.changes))) == wanted
    assert configuration.read({"a setting of another version": 1}) == Configuration()
