"""From file to passages, and what happens when that is interrupted anywhere."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from ingestion import confinement, pipeline, reindexing, services, tasks
from ingestion.domain import SECTION_SEPARATOR, Embedded, Scope
from ingestion.errors import EmbedderUnavailable
from ingestion.models import Chunk, Document, DocumentSection
from ingestion.parts import Parts
from tenants.access import Access
from tenants.models import Tenant
from tests.factories import DocumentFactory

MARKDOWN = "\n\n".join(
    f"# Chapter {n}\n\n{' '.join(f'Sentence {n}.{m} is about topic{n}.' for m in range(40))}" for n in range(1, 21)
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def document(acme: Tenant) -> Document:
    return DocumentFactory(tenant=acme, name="book.md", media_type="text/markdown", content=MARKDOWN.encode())


def run(document: Document) -> Document:
    tasks.ingest_document(document)
    document.refresh_from_db()
    return document


def is_consistent(document: Document, made_of: Parts) -> bool:
    counts = reindexing.check(tenant=document.tenant, parts=made_of)
    return all(each.agree for each in counts) and [each.document_id for each in counts] == [document.pk]


def test_a_document_becomes_ready_and_can_be_found(document: Document, made_of: Parts) -> None:
    run(document)

    assert (document.status, document.error_message) == ("ready", "")
    assert document.language == "en"
    assert set(document.timings) == {"reading", "splitting", "embedding"}
    hits = made_of.lexical.for_tenant(document.tenant_id).search("topic7", limit=5, scope=Scope())
    assert {hit.document_id for hit in hits} == {document.pk}
    assert is_consistent(document, made_of)


def test_chunks_are_exactly_the_text_between_their_offsets(document: Document, made_of: Parts) -> None:
    run(document)
    sections = DocumentSection.objects.for_tenant(document.tenant).filter(document=document)
    text = SECTION_SEPARATOR.join(sections.values_list("text", flat=True))
    assert len(text) == document.char_count

    chunks = list(Chunk.objects.for_tenant(document.tenant).filter(document=document))
    assert len(chunks) == document.chunk_count > 10
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert chunks[-1].heading.startswith("Chapter 2")


def test_reading_it_again_changes_nothing(document: Document, made_of: Parts) -> None:
    run(document)
    before = list(Chunk.objects.for_tenant(document.tenant).values_list("pk", "text"))
    Document.objects.for_tenant(document.tenant).update(status="queued", stage="reading")
    run(document)

    assert list(Chunk.objects.for_tenant(document.tenant).values_list("pk", "text")) == before
    assert is_consistent(document, made_of)


class Killed(BaseException):
    """The end of a process: nothing catches it."""


@pytest.mark.parametrize("step", ["read", "split", "embed", "publish"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_at_any_step_is_succeeded_by_another_without_duplicates(
    document: Document, made_of: Parts, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    whole = getattr(pipeline, step)

    def dies(*args: Any) -> None:
        if when == "after":
            whole(*args)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, step, dies)
        with pytest.raises(Killed):
            run(document)
    finish_as_another_worker(document)

    assert document.status == "ready"
    assert is_consistent(document, made_of)


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_a_worker_killed_between_batches_does_not_embed_them_again(
    document: Document, made_of: Parts, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    monkeypatch.setattr(pipeline, "EMBED_BATCH", 4)
    embed = made_of.embedder.embed_passages
    calls: list[Sequence[str]] = []

    def dies(texts: Sequence[str]) -> list[Embedded]:
        if len(calls) == batches:
            raise Killed
        calls.append(texts)
        return embed(texts)

    with monkeypatch.context() as patched:
        patched.setattr(made_of.embedder, "embed_passages", dies)
        with pytest.raises(Killed):
            run(document)
    again: list[str] = []

    def counts(texts: Sequence[str]) -> list[Embedded]:
        again.extend(texts)
        return embed(texts)

    monkeypatch.setattr(made_of.embedder, "embed_passages", counts)
    finish_as_another_worker(document)

    assert document.status == "ready"
    assert len(again) == document.chunk_count - 4 * batches
    assert is_consistent(document, made_of)


def test_a_long_document_that_gets_on_is_finished_however_often_its_worker_dies(
    document: Document, made_of: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "EMBED_BATCH", 1)
    embed = made_of.embedder.embed_passages
    deaths = 0

    def one_batch_only() -> Callable[[Sequence[str]], list[Embedded]]:
        calls = itertools.count()

        def dies(texts: Sequence[str]) -> list[Embedded]:
            if next(calls):
                raise Killed
            return embed(texts)

        return dies

    while document.status not in {"ready", "failed"}:
        monkeypatch.setattr(made_of.embedder, "embed_passages", one_batch_only())
        with contextlib.suppress(Killed):
            finish_as_another_worker(document) if deaths else run(document)
        deaths += 1
        document.refresh_from_db()

    assert document.status == "ready"
    assert deaths > tasks.MAX_ATTEMPTS + 1
    assert is_consistent(document, made_of)


def finish_as_another_worker(document: Document) -> None:
    """The lease runs out, the reaper queues it again, another worker takes it."""
    Document.objects.for_tenant(document.tenant).filter(status="running").update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )
    document.refresh_from_db()
    if document.status == "running":
        tasks.reap_documents()
        run(document)


def test_two_workers_never_read_one_document(document: Document, made_of: Parts) -> None:
    from ingestion.lease import claim

    first = claim(document)

    assert first is not None
    assert claim(document) is None


def test_a_poison_file_is_set_aside_after_three_tries(document: Document, made_of: Parts) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    Document.objects.for_tenant(document.tenant).update(status="running", attempts=3, lease_expires_at=long_ago)

    tasks.reap_documents()

    document.refresh_from_db()
    assert (document.status, document.error_code) == ("failed", "ingestion.poison")


def test_a_document_that_was_cancelled_is_not_taken_over_from_a_dead_worker(
    document: Document, made_of: Parts, as_alice: Access, no_queue: list[str]
) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    Document.objects.for_tenant(document.tenant).update(status="running", attempts=1, lease_expires_at=long_ago)
    services.document_cancel(access=as_alice, document=document)

    tasks.reap_documents()

    document.refresh_from_db()
    assert document.status == "cancelled"


def test_a_document_that_is_cancelled_as_it_makes_way_does_not_wait(
    document: Document, made_of: Parts, as_alice: Access, monkeypatch: pytest.MonkeyPatch, no_queue: list[str]
) -> None:
    def makes_way(*_: Any) -> None:
        services.document_cancel(access=as_alice, document=document)
        raise pipeline.Yielded

    monkeypatch.setattr(pipeline, "embed", makes_way)
    run(document)

    assert (document.status, document.stage) == ("cancelled", "embedding")


def test_a_document_whose_message_was_lost_is_asked_for_again(
    document: Document, made_of: Parts, no_queue: list[str]
) -> None:
    tasks.reap_documents()

    assert no_queue == ["ingestion.tasks.ingest_next"]


def hangs(_request: Mapping[str, Any], _send: confinement.Send) -> None:
    """A job that comes to no end."""
    time.sleep(60)


@pytest.mark.parametrize("stage", ["reading", "splitting"])
def test_cancelling_does_not_wait_for_a_reader(
    document: Document, made_of: Parts, as_alice: Access, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    job = {"reading": "ingestion.confined.parse", "splitting": "ingestion.confined.split"}[stage]
    really_run, hanging, cancelled_at = confinement.run, threading.Event(), []

    def run_or_hang(asked: str, request: Mapping[str, Any], **rest: Any) -> Iterator[confinement.Message]:
        if asked == job:
            hanging.set()
            asked = f"{__name__}.hangs"
        return really_run(asked, request, **rest)

    def cancel() -> None:
        hanging.wait(60)
        time.sleep(0.5)
        cancelled_at.append(time.monotonic())
        services.document_cancel(access=as_alice, document=document)
        connection.close()

    monkeypatch.setattr(confinement, "run", run_or_hang)
    canceller = threading.Thread(target=cancel)
    canceller.start()
    run(Document.objects.for_tenant(document.tenant).get(pk=document.pk))
    ended_at = time.monotonic()
    canceller.join()

    document.refresh_from_db()
    assert (document.status, document.stage) == ("cancelled", stage)
    assert ended_at - cancelled_at[0] < 2


def test_a_cancelled_document_goes_on_at_the_stage_that_it_had_come_to(
    document: Document, made_of: Parts, as_alice: Access, monkeypatch: pytest.MonkeyPatch, no_queue: list[str]
) -> None:
    Document.objects.for_tenant(document.tenant).update(status="cancelled", stage="splitting")
    run_before = confinement.run
    jobs: list[str] = []

    def noted(job: str, request: Mapping[str, Any], **rest: Any) -> Iterator[confinement.Message]:
        jobs.append(job)
        return run_before(job, request, **rest)

    monkeypatch.setattr(confinement, "run", noted)
    DocumentSection.objects.create(tenant=document.tenant, document=document, ordinal=0, text="Read before.", start=0)
    services.document_retry(access=as_alice, document=document)
    run(document)

    assert jobs == ["ingestion.confined.split"]
    assert document.status == "ready"
    assert Chunk.objects.for_tenant(document.tenant).get(document=document).text == "Read before."


def test_cancelling_does_not_wait_for_the_embedder(
    document: Document, made_of: Parts, as_alice: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.lease.CANCEL_CHECK_S", 0)
    let_go = threading.Event()

    def cancelled_meanwhile(texts: Sequence[str]) -> list[Embedded]:
        Document.objects.for_tenant(document.tenant).filter(pk=document.pk).update(cancel_requested=True)
        connection.close()
        let_go.wait(60)
        return [Embedded((1.0,))] * len(texts)

    monkeypatch.setattr(made_of.embedder, "embed_passages", cancelled_meanwhile)
    run(document)  # comes back although the embedder has not
    let_go.set()

    assert (document.status, document.searchable) == ("cancelled", False)
    assert not Chunk.objects.for_tenant(document.tenant).filter(embedded=True).exists()


def test_a_document_deleted_while_it_is_read_leaves_nothing(
    document: Document, made_of: Parts, as_alice: Access, monkeypatch: pytest.MonkeyPatch, no_queue: list[str]
) -> None:
    monkeypatch.setattr("ingestion.lease.CANCEL_CHECK_S", 0)
    embed = made_of.embedder.embed_passages

    def deleted_meanwhile(texts: Sequence[str]) -> list[Embedded]:
        services.document_delete(access=as_alice, document=document)
        tasks.purge_document(str(document.tenant_id), str(document.pk))
        return embed(texts)

    monkeypatch.setattr(made_of.embedder, "embed_passages", deleted_meanwhile)
    tasks.ingest_document(document)

    assert reindexing.check(tenant=as_alice.tenant, parts=made_of) == []
    assert not Document.objects.for_tenant(as_alice.tenant).exists()


def test_an_embedder_that_is_away_is_waited_for(
    document: Document, made_of: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    delays: list[int] = []
    monkeypatch.setattr(tasks, "_send", lambda *_args, countdown_s, **_kw: delays.append(countdown_s))

    def away(_texts: Sequence[str]) -> list[Embedded]:
        raise EmbedderUnavailable("The embedding server does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(made_of.embedder, "embed_passages", away)
        for _attempt in range(3):
            run(document)

    assert delays == [2, 4]
    assert (document.status, document.error_code, document.error_retryable) == ("failed", "embedder.unavailable", True)


def test_a_file_without_text_fails_with_what_to_do(acme: Tenant, made_of: Parts) -> None:
    document = run(DocumentFactory(tenant=acme, name="x.txt", content=b" \n \n"))

    assert document.status == "failed"
    assert not document.error_retryable
    assert document.error_message


def test_a_bug_fails_one_document_with_a_reference(
    document: Document, made_of: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(pipeline, "split", broken)
    run(document)

    assert document.status == "failed"
    assert str(document.pk) in document.error_message
    assert "secret detail" not in document.error_message


def test_purging_leaves_no_file_no_row_and_no_entry(document: Document, made_of: Parts, as_alice: Access) -> None:
    run(document)
    file = document.file
    services.document_delete(access=as_alice, document=document)
    tasks.purge_document(str(document.tenant_id), str(document.pk))

    assert not file.storage.exists(str(file.name))
    for model in (Document, Chunk, DocumentSection):
        assert not model.objects.for_tenant(document.tenant).exists()
    assert reindexing.check(tenant=document.tenant, parts=made_of) == []


def test_reindexing_makes_both_indexes_again_from_sql(document: Document, made_of: Parts) -> None:
    run(document)
    made_of.vectors.drop_tenant(document.tenant_id)
    made_of.lexical.drop_tenant(document.tenant_id)
    assert not is_consistent(document, made_of)

    chunks = reindexing.rebuild(tenant=document.tenant, parts=made_of, report=lambda _done, _total: None)

    assert chunks == document.chunk_count
    assert is_consistent(document, made_of)


def test_what_has_no_meaning_is_found_by_its_words_and_takes_the_embedder_no_time(
    acme: Tenant, made_of: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = "".join(f"{number:04x}" for number in range(3_000))
    text = f"The key was issued in May.\n\n{data}\n\nIt is valid for a year."
    document = DocumentFactory(tenant=acme, name="key.txt", media_type="text/plain", content=text.encode())
    embed = made_of.embedder.embed_passages
    embedded: list[str] = []

    def counting(texts: Sequence[str]) -> list[Embedded]:
        embedded.extend(texts)
        return embed(texts)

    monkeypatch.setattr(made_of.embedder, "embed_passages", counting)
    run(document)

    chunks = list(Chunk.objects.for_tenant(acme).filter(document=document))
    assert "".join(chunk.text for chunk in chunks).replace("\n", "") == text.replace("\n", "")
    assert (len(chunks), len(embedded)) == (12, 2)
    lexical = made_of.lexical.for_tenant(acme.pk)
    for chunk in chunks:
        (hit,) = lexical.search(chunk.text[:64].split()[-1], limit=1, scope=Scope())
        assert hit.chunk_id == chunk.pk
    assert is_consistent(document, made_of)
    reindexing.rebuild(tenant=acme, parts=made_of, report=lambda _done, _total: None)
    assert is_consistent(document, made_of)

    made_of.vectors.for_tenant(acme.pk, fingerprint=made_of.embedder.fingerprint).delete_document(document.pk)
    assert not is_consistent(document, made_of)


@pytest.mark.parametrize("lost", ["vectors", "lexical"])
def test_index_check_sees_what_is_missing_and_what_is_too_much(document: Document, made_of: Parts, lost: str) -> None:
    run(document)
    index: Any = getattr(made_of, lost)
    arguments: dict[str, Any] = {"fingerprint": made_of.embedder.fingerprint} if lost == "vectors" else {}
    index.for_tenant(document.tenant_id, **arguments).delete_document(document.pk)

    (counts,) = reindexing.check(tenant=document.tenant, parts=made_of)

    assert not counts.agree
    assert getattr(counts, lost) == 0


def test_progress_is_reported_as_it_goes(document: Document, made_of: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "EMBED_BATCH", 4)
    monkeypatch.setattr("ingestion.progress.ANNOUNCE_S", 0)
    seen: list[tuple[str, int, int]] = []

    def publish(changed: Document) -> None:
        row = Document.objects.for_tenant(changed.tenant_id).get(pk=changed.pk)
        seen.append((row.stage, row.done, row.total))

    monkeypatch.setattr("ingestion.progress.publish", publish)
    run(document)

    embedding = [done for stage, done, total in seen if stage == "embedding" and total]
    assert embedding == sorted(embedding)
    assert len(set(embedding)) > 3
    assert next(stage for stage, _done, _total in seen) == "reading"
