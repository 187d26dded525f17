"""The dashboard's numbers against rows made here, its charts, and the pages behind it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import etree
from pytest_django import DjangoAssertNumQueries

from chat.dashboard import charts, selectors
from chat.dashboard.selectors import percentile
from chat.dashboard.urls import dashboard_urls
from chat.models import Conversation, Source, Turn
from ingestion.models import Document
from tenants.models import AuditEvent, Role, Tenant, User
from tests.conftest import signed_in
from tests.factories import CollectionFactory, DocumentFactory, member

QUERIES_AT_MOST = 24
"""Session, user, standing, settings, eight selectors and the page's frame: what matters is that it does not grow."""


def turn(tenant: Tenant, user: User, *, days_ago: int = 0, **fields: Any) -> Turn:
    conversation = Conversation.objects.create(tenant=tenant, user=user)
    made = Turn.objects.create(
        id=uuid4(),
        tenant=tenant,
        conversation=conversation,
        **{"question": "What lasts two years?", "status": Turn.Status.COMPLETED, "model": "phi3.5", **fields},
    )
    Turn.objects.for_tenant(tenant).filter(pk=made.pk).update(created_at=timezone.now() - timedelta(days=days_ago))
    return made


@pytest.fixture
def history(acme: Tenant, alice: User, other_org: Tenant, charlie: User) -> None:
    for wait in range(100, 1100, 100):
        turn(acme, alice, first_word_ms=wait, prompt_tokens=1000, completion_tokens=50)
    turn(acme, alice, refused=True, days_ago=1, prompt_tokens=500)
    turn(acme, alice, status=Turn.Status.FAILED, days_ago=1, model="")
    turn(acme, alice, status=Turn.Status.INTERRUPTED, days_ago=8)
    turn(acme, alice, status=Turn.Status.STOPPED, days_ago=8, model="other")
    turn(acme, alice, days_ago=40, completion_tokens=7)
    turn(other_org, charlie, first_word_ms=99_999, prompt_tokens=99_999)


def dashboard(client: Client, days: int = 30) -> dict[str, Any]:
    response = client.get(reverse("chat:dashboard", args=["acme"]), {"days": days})
    assert response.status_code == 200
    names = "days", "overview", "charts", "ingestion", "failures", "bytes_used"
    return {name: response.context[name] for name in names}


# --- numbers ---


def test_the_tiles_count_what_happened_in_the_range(history: None, alice_client: Client) -> None:
    assert dashboard(alice_client)["overview"] == selectors.Overview(
        questions=14,
        answered=10,
        refused=1,
        failed=2,
        prompt_tokens=10_500,
        completion_tokens=500,
        first_word_p50=500,
        first_word_p95=1000,
    )


@pytest.mark.parametrize(("days", "questions"), [(7, 12), (30, 14), (90, 15)])
def test_the_range_can_be_chosen(history: None, alice_client: Client, days: int, questions: int) -> None:
    context = dashboard(alice_client, days)
    assert context["overview"].questions == questions
    assert len(context["charts"][0].rows) == days


def test_a_range_that_is_not_offered_is_the_default(alice_client: Client) -> None:
    assert dashboard(alice_client, 100_000)["days"] == 30


def test_each_day_has_its_row_and_they_add_up(history: None, alice_client: Client) -> None:
    questions = dashboard(alice_client)["charts"][0]
    numbers = [[int(cell) for cell in row[1:]] for row in questions.rows]
    assert len(numbers) == 30
    assert numbers[-1] == [10, 0, 0, 0]
    assert numbers[-2] == [0, 1, 1, 0]
    assert numbers[-9] == [0, 0, 1, 1]
    assert sum(map(sum, numbers)) == 14


def test_each_model_has_its_row(history: None, alice_client: Client) -> None:
    questions, tokens = dashboard(alice_client)["charts"][2:]
    assert questions.rows == (("phi3.5", "12"), ("–", "1"), ("other", "1"))
    assert tokens.rows[0] == ("phi3.5", "10,500", "500")


def test_it_shows_the_queue_the_failures_and_the_storage(acme: Tenant, other_org: Tenant, alice_client: Client) -> None:
    shelf = CollectionFactory(tenant=acme)

    def document(**fields: Any) -> Document:
        return DocumentFactory(tenant=acme, collection=shelf, **fields)

    document(status="ready", size=1000, chunk_count=10)
    document(status="ready", size=500, chunk_count=5)
    document(status="deleting", size=7777, chunk_count=777)
    waiting = document(status="queued", size=1)
    failed = document(status="failed", size=2, error_message="The file is protected by a password.")
    DocumentFactory(tenant=other_org, status="failed")
    context = dashboard(alice_client)
    state = context["ingestion"]
    assert (state.documents, context["bytes_used"], state.chunks) == (4, 1503, 15)
    assert state.by_status == {"ready": 2, "deleting": 1, "queued": 1, "failed": 1}
    assert state.waiting_since == waiting.created_at
    assert list(context["failures"]) == [failed]


def test_an_empty_tenant_has_a_dashboard_too(alice_client: Client) -> None:
    assert dashboard(alice_client)["overview"] == selectors.Overview()


def test_the_number_of_queries_does_not_grow_with_the_rows(
    acme: Tenant,
    alice: User,
    alice_client: Client,
    history: None,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    dashboard(alice_client)  # the session notes the visit, once
    shelf = CollectionFactory(tenant=acme)
    for number in range(12):
        turn(acme, member(acme, f"user{number}"), model=f"model {number}")
        DocumentFactory(tenant=acme, collection=shelf, status="failed")
    with django_assert_max_num_queries(QUERIES_AT_MOST) as many:
        dashboard(alice_client)
    Turn.objects.for_tenant(acme).delete()
    Document.objects.for_tenant(acme).delete()
    with django_assert_max_num_queries(QUERIES_AT_MOST) as none:
        dashboard(alice_client)
    assert len(many) == len(none)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 95, None), ([7], 50, 7), ([1, 2], 50, 1), ([3, 1, 2], 50, 2), (list(range(1, 101)), 95, 95)],
)
def test_a_percentile_is_a_value_that_was_measured(values: list[int], percent: int, expected: int | None) -> None:
    assert percentile(values, percent) == expected


# --- charts ---


@pytest.fixture
def drawn(history: None, alice_client: Client) -> list[charts.Chart]:
    drawn: list[charts.Chart] = dashboard(alice_client)["charts"]
    return drawn


def test_a_chart_has_nothing_that_the_security_policy_forbids(drawn: list[charts.Chart]) -> None:
    for chart in drawn:
        for drawing in chart.drawings.values():
            for element in etree.fromstring(drawing).iter():
                assert isinstance(element.tag, str), "a comment"
                assert etree.QName(element).localname not in {"script", "style"}
                assert not [name for name in element.attrib if name == "style" or name.startswith("on")]


def test_series_differ_without_colour() -> None:
    days = [
        selectors.Day(day, 8, 1, 2, 3, first_word_p50=100, first_word_p95=200)
        for day in selectors.days_until(timezone.localdate(), 3)
    ]
    bars = series_of(charts.questions_per_day(days), "rect", "fill")
    assert bars == [{f"url(#questions-wide-{index})"} for index in range(4)]
    lines = series_of(charts.first_word_per_day(days), "path", "stroke-dasharray")
    assert lines == [{"none"}, {"8 5"}]


def series_of(chart: charts.Chart, shape: str, attribute: str) -> list[set[str | None]]:
    """What each series' shapes have as `attribute`."""
    groups = etree.fromstring(chart.drawings["wide"]).iterfind(".//{*}g[@class]")
    drawn: dict[str, set[str | None]] = {}
    for group in groups:
        if found := re.search(r"\bserie-\d", group.get("class", "")):
            values = {each.get(attribute) for each in group.iterfind(f".//{{*}}{shape}")}
            drawn.setdefault(found[0], set()).update(values)
    return [drawn[name] for name in sorted(drawn)]


def test_ids_are_not_on_the_page_twice(drawn: list[charts.Chart]) -> None:
    drawings = [drawing for chart in drawn for drawing in chart.drawings.values()]
    ids = [found for drawing in drawings for found in re.findall(r'\bid="([^"]*)"', drawing)]
    assert len(ids) == len(set(ids))


def test_the_page_has_each_number_as_text(history: None, alice_client: Client) -> None:
    html = alice_client.get(reverse("chat:dashboard", args=["acme"])).content.decode()
    assert "<td" in html
    assert "10,500" in html


def test_a_models_name_cannot_bring_markup_in() -> None:
    use = selectors.ModelUse("x", '<script>alert(1)</script>"&', 3, 1, 1)
    chart = charts.questions_per_model([use])
    for drawing in chart.drawings.values():
        assert "<script" not in drawing
        assert "&lt;script" in drawing


# --- the trace of an answer ---


TRACE = {
    "query": "How long does the warranty last?",
    "candidates": [
        {
            "chunk_id": str(uuid4()),
            "document_id": str(uuid4()),
            "document": "warranty.pdf",
            "page": 3,
            "dense": 0.8123,
            "lexical": 4.5,
            "fused": 0.0325,
            "excerpt": "The warranty lasts two years.",
        }
    ],
    "cut": [
        {
            "chunk_id": str(uuid4()),
            "document_id": str(uuid4()),
            "document": "terms.pdf",
            "page": None,
            "dense": None,
            "lexical": 1.25,
            "fused": 0.0161,
            "excerpt": "Nothing else is promised.",
        }
    ],
    "prompt_version": "answer.v2",
    "counted_tokens": 1311,
    "room_tokens": 3584,
    "tokenizer": "phi3.5",
    "prompt": [{"role": "system", "content": "Answer from the passages."}, {"role": "user", "content": "<b>[1]</b>"}],
    "timings_ms": {"searching": 41, "writing": 1234},
    "skipped": {"reranking": "The re-ranker took longer than 2 seconds."},
    "providers": [{"label": "GitHub Models: phi", "error": "GitHub Models was retired."}],
}


def test_the_trace_shows_how_an_answer_came_about(acme: Tenant, alice: User, alice_client: Client) -> None:
    row = turn(acme, alice, question="And how long?", trace=TRACE, answer="Two years [1].", prompt_tokens=321)
    Source.objects.create(
        tenant=acme, turn=row, number=1, chunk_id=uuid4(), document_name="warranty.pdf", text="…", start=0, end=1
    )
    html = alice_client.get(reverse("chat:dashboard_turn", args=["acme", row.pk])).content.decode()
    for text in [
        "And how long?",
        "How long does the warranty last?",
        "warranty.pdf",
        "terms.pdf",
        "The warranty lasts two years.",
        "Answer from the passages.",
        "GitHub Models was retired.",
        "reranking: The re-ranker took longer than 2 seconds.",
        "phi3.5",
        "321",
        "answer.v2",
        "1311 / 3584",
        "by the model’s own tokenizer",
    ]:
        assert text in html
    assert "<b>[1]</b>" not in html


def test_an_answer_without_a_trace_has_a_page(acme: Tenant, alice: User, alice_client: Client) -> None:
    row = turn(acme, alice, status=Turn.Status.RUNNING)
    assert alice_client.get(reverse("chat:dashboard_turn", args=["acme", row.pk])).status_code == 200


def test_the_trace_of_another_tenant_is_not_there(
    acme: Tenant, alice: User, alice_client: Client, other_org: Tenant, charlie: User
) -> None:
    foreign = turn(other_org, charlie, trace=TRACE)
    assert alice_client.get(reverse("chat:dashboard_turn", args=["acme", foreign.pk])).status_code == 404


# --- the audit log ---


def test_the_audit_log_is_paged_and_filtered(acme: Tenant, other_org: Tenant, alice_client: Client) -> None:
    for number in range(60):
        AuditEvent.objects.create(tenant=acme, action="even" if number % 2 == 0 else "odd", target=f"event {number}")
    AuditEvent.objects.create(tenant=other_org, action="foreign")
    url = reverse("chat:dashboard_audit", args=["acme"])
    first = alice_client.get(url).context
    assert len(first["events"]) == 50
    assert first["events"][0].target == "event 59"
    assert first["actions"] == ["even", "odd"]
    assert len(alice_client.get(url, {"page": 2}).context["events"]) == 10
    odd = alice_client.get(url, {"action": "odd"}).context
    assert {event.action for event in odd["events"]} == {"odd"}


# --- who may ---


@pytest.mark.parametrize("name", [pattern.name for pattern in dashboard_urls])
def test_it_is_for_admins_of_this_tenant(name: str, acme: Tenant, alice: User, charlie_client: Client) -> None:
    args = ["acme", turn(acme, alice).pk] if name == "dashboard_turn" else ["acme"]
    url = reverse(f"chat:{name}", args=args)
    for role, status in ((Role.READER, 403), (Role.MEMBER, 403), (Role.ADMIN, 200)):
        assert signed_in(member(acme, str(role), role)).get(url).status_code == status
    assert charlie_client.get(url).status_code == 404
    assert Client().get(url).status_code == 302
