"""Whose document is next."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ingestion import pipeline, tasks, waiting
from ingestion.lease import claim
from ingestion.models import Document
from ingestion.parts import Parts
from tenants.models import Tenant
from tests.factories import DocumentFactory

pytestmark = pytest.mark.django_db(transaction=True)

BOOK = "\n\n".join(f"# Chapter {n}\n\n{'Words and words. ' * 60}" for n in range(30)).encode()


def test_many_files_of_one_organisation_do_not_stand_before_the_one_of_another(acme: Tenant, other_org: Tenant) -> None:
    crowd = DocumentFactory.create_batch(8, tenant=acme)
    in_hand = waiting.claim_next()
    single = DocumentFactory(tenant=other_org)

    following = [waiting.claim_next() for _ in range(3)]

    assert in_hand is not None
    assert in_hand.document == crowd[0]
    assert [lease and lease.document for lease in following] == [single, crowd[1], crowd[2]]


def test_organisations_take_turns(acme: Tenant, other_org: Tenant) -> None:
    for tenant in (acme, other_org):
        DocumentFactory.create_batch(3, tenant=tenant)

    served = []
    for _ in range(6):
        lease = waiting.claim_next()
        assert lease is not None
        served.append(lease.document.tenant)
        lease.finish(status="ready")

    assert served in ([acme, other_org] * 3, [other_org, acme] * 3)


def test_a_document_that_is_to_be_tried_later_is_left_until_then(acme: Tenant) -> None:
    document = DocumentFactory(tenant=acme, not_before=timezone.now() + timedelta(minutes=1))
    assert waiting.claim_next() is None

    Document.objects.for_tenant(acme).update(not_before=timezone.now() - timedelta(seconds=1))

    lease = waiting.claim_next()
    assert lease is not None
    assert lease.document == document


def test_a_document_that_another_worker_takes_at_the_same_moment_is_left_to_it(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = DocumentFactory.create_batch(2, tenant=acme)
    quicker = iter([True])

    def beaten(document: Document) -> object:
        if next(quicker, False):
            claim(document)
        return claim(document)

    monkeypatch.setattr(waiting, "claim", beaten)
    lease = waiting.claim_next()

    assert lease is not None
    assert lease.document == second
    first.refresh_from_db()
    assert first.status == "running"


def test_a_long_document_makes_way_for_another_organisation_and_goes_on_where_it_was(
    acme: Tenant, other_org: Tenant, made_of: Parts, no_queue: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "YIELD_S", 0)
    monkeypatch.setattr(pipeline, "EMBED_BATCH", 4)
    monkeypatch.setattr(waiting, "PATIENCE", timedelta())
    book = DocumentFactory(tenant=acme, name="book.md", media_type="text/markdown", content=BOOK)
    note = DocumentFactory(tenant=other_org)
    lease = claim(book)
    assert lease is not None

    tasks.ingest(lease)

    book.refresh_from_db()
    assert (book.status, book.stage, book.searchable) == ("queued", "embedding", True)
    assert no_queue == ["ingestion.tasks.ingest_next"]
    for expected in (note, book):
        tasks.ingest_next()
        expected.refresh_from_db()
        assert expected.status == "ready"


def test_a_worker_that_was_slow_cannot_undo_what_its_successor_does(acme: Tenant, made_of: Parts) -> None:
    from ingestion.lease import LeaseLost

    document = DocumentFactory(tenant=acme)
    slow = claim(document)
    assert slow is not None
    Document.objects.for_tenant(acme).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    tasks.reap_documents()
    successor = claim(document)
    assert successor is not None

    with pytest.raises(LeaseLost), slow.transaction():
        Document.objects.for_tenant(acme).update(title="from the slow one")
    with pytest.raises(LeaseLost):
        slow.finish(status="failed")

    document.refresh_from_db()
    assert (document.status, document.title) == ("running", "")
