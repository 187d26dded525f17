"""What the pictures of the quality lab show: golden questions, ratings, and a month of runs, really searched for and
answered. Django has to be set up, and the product to run beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from chat.models import Conversation, Source, Turn
from chat.quality import golden, ratings, running, runs
from chat.quality.configuration import Configuration
from chat.quality.golden import Draft, SourceDraft
from chat.quality.models import QualityRun
from ingestion.models import Collection, Document
from tenants.access import Access

QUESTIONS: tuple[tuple[str, str, tuple[str, ...], int | None], ...] = (
    ("What is the highest operating pressure of the Kestrel pump?", "pump-handbook.pdf", ("8.5 bar",), 3),
    ("How far above the water may the pump stand?", "pump-handbook.pdf", ("six metres",), 2),
    ("What does a rattle of the pump mean?", "pump-handbook.pdf", ("strainer is clogged",), 3),
    ("How often is the strainer replaced?", "pump-handbook.pdf", ("every year",), 4),
    ("What comes with the Kestrel pump?", "pump-handbook.pdf", ("a strainer", "gaskets"), 1),
    ("When does the work on Zmaj Jovina street begin?", "minutes-2026-03-12.md", ("4 May",), None),
    ("Where does the water come from during the work?", "minutes-2026-03-12.md", ("tanks",), None),
    ("Koliko dana plaćenog odsustva dobija zaposleni za selidbu?", "правилник-о-раду.md", ("tri dana",), None),
    ("Ко одобрава рад од куће?", "правилник-о-раду.md", ("непосредног руководиоца",), None),
    ("Koliko dana godišnjeg odmora ima zaposleni?", "правилник-о-раду.md", ("dvadeset dva",), None),
)
ABSENT = ("Who won the football world cup of 1974?", "What does a season ticket of the swimming pool cost?")
RUNS: tuple[tuple[int, str, dict[str, Any]], ...] = (
    (26, "As set up", {"mode": "extractive"}),
    (19, "Words alone", {"mode": "extractive", "dense_weight": 0.0}),
    (12, "Meaning alone", {"mode": "extractive", "dense_weight": 1.0}),
    (5, "One passage only", {"mode": "extractive", "passages": 1}),
    (0, "After the new handbook", {"mode": "extractive"}),
)
"""Days ago, name, and what is different."""
BASELINE = 1


@dataclass(frozen=True)
class Lab:
    """`runs` are the earliest first; `collection` is the one with the most questions."""

    collection: UUID
    runs: tuple[UUID, ...]


def make(access: Access) -> Lab:
    documents = {each.name: each for each in Document.objects.for_tenant(access.tenant).filter(status="ready")}
    for text, name, phrases, page in QUESTIONS:
        source = SourceDraft(documents[name], page)
        draft = Draft(text=text, key_phrases=phrases, sources=(source,))
        golden.golden_create(access=access, collection=documents[name].collection, draft=draft)
    handbook = documents["pump-handbook.pdf"]
    for text in ABSENT:
        golden.golden_create(access=access, collection=handbook.collection, draft=Draft(text=text, answerable=False))
    _ratings(access, handbook)
    made = [_run(access, *each) for each in RUNS]
    runs.baseline_set(access=access, run=made[BASELINE])
    return Lab(handbook.collection_id, tuple(run.pk for run in made))


def _run(access: Access, days_ago: int, name: str, changes: dict[str, Any]) -> QualityRun:
    counts = golden.golden_counts(tenant=access.tenant)
    collections = list(Collection.objects.for_tenant(access.tenant).filter(pk__in=counts))
    run = runs.run_start(
        access=access, collections=collections, wanted=Configuration(**changes), with_answers=True, name=name
    )
    while running.go_on(run):
        pass
    when = timezone.now() - timedelta(days=days_ago)
    QualityRun.objects.for_tenant(access.tenant).filter(pk=run.pk).update(created_at=when)
    run.refresh_from_db()
    return run


def _ratings(access: Access, handbook: Document) -> None:
    conversation = Conversation.objects.create(tenant=access.tenant, user=access.user, title="The pump")
    rated = (
        ("How often is the bearing greased?", "After five hundred hours, at the front bearing only [1].", True, ""),
        ("May the relief valve be adjusted?", "Yes, by hand [1].", False, "The handbook says that it must not be."),
        ("How is the pump drained before the frost?", "Through the plug at its foot [1].", True, ""),
    )
    turn = None
    for question, answer, helpful, comment in rated:
        turn = Turn.objects.create(
            id=uuid4(),
            tenant=access.tenant,
            conversation=conversation,
            parent=turn,
            question=question,
            answer=answer,
            status=Turn.Status.COMPLETED,
        )
        Source.objects.create(
            tenant=access.tenant,
            turn=turn,
            number=1,
            document=handbook,
            chunk_id=uuid4(),
            document_name=handbook.name,
            text="Grease is needed at the front bearing only, after five hundred hours.",
            start=0,
            end=70,
            page=4,
            cited=True,
        )
        ratings.rating_set(access=access, turn_id=turn.pk, helpful=helpful, comment=comment)
