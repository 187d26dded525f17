"""Another embedding model: what is searched before, during and after the change, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ingestion import embedder_change, parts, pipeline, reindexing, services, tasks
from ingestion.domain import Embedded, Scope
from ingestion.embedding.fakes import HashEmbedder
from ingestion.errors import EmbedderRefused, EmbedderUnavailable, IngestionError
from ingestion.models import Document, EmbedderChange
from ingestion.parts import Parts
from ingestion.tenant_parts import parts_of
from tenants.access import Access
from tenants.errors import Forbidden
from tests.factories import DocumentFactory

pytestmark = pytest.mark.django_db(transaction=True)

SMALL, LARGE = 64, 96
BOOK = "\n\n".join(f"# Part {n}\n\n{f'Passage number{n}. ' * 60}" for n in range(12)).encode()


@pytest.fixture
def embedders(made_of: Parts, monkeypatch: pytest.MonkeyPatch, no_queue: list[str]) -> dict[str, HashEmbedder]:
    """Two, whose vectors have different dimensions. Nothing is built but where a test says so."""
    known = {"": HashEmbedder(SMALL), "large": HashEmbedder(LARGE)}

    def configured(name: str = "") -> Parts:
        if name not in known:
            raise EmbedderRefused("no longer set up")
        return replace(made_of, embedder=known[name], embedder_name=name)

    monkeypatch.setattr(parts, "configured", configured)
    monkeypatch.setattr(tasks, "enqueue_change", lambda _change: None)
    return known


@pytest.fixture
def documents(as_alice: Access, embedders: dict[str, HashEmbedder]) -> list[Document]:
    return [read(DocumentFactory(tenant=as_alice.tenant)) for _ in range(3)]


def read(document: Document) -> Document:
    document.refresh_from_db()
    tasks.ingest_document(document)
    document.refresh_from_db()
    return document


def build(change: EmbedderChange, *, seconds: float = 60) -> EmbedderChange:
    while embedder_change.build(change, seconds=seconds):
        pass
    change.refresh_from_db()
    return change


def found(access: Access, words: str = "text of document") -> set[Any]:
    """What the organisation's embedder finds among its vectors."""
    chosen = parts_of(access.tenant.pk)
    index = chosen.vectors.for_tenant(access.tenant.pk, fingerprint=chosen.embedder.fingerprint)
    return {hit.document_id for hit in index.search(chosen.embedder.embed_query(words), limit=99, scope=Scope())}


def is_consistent(access: Access) -> bool:
    return all(each.agree for each in reindexing.check(tenant=access.tenant, parts=parts_of(access.tenant.pk)))


def test_the_old_vectors_are_searched_until_the_new_ones_are_whole(
    as_alice: Access, documents: list[Document], embedders: dict[str, HashEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = {each.pk for each in documents}
    change = services.embedder_choose(access=as_alice, name="large")
    seen: list[tuple[int, set[Any], str]] = []
    embed = embedders["large"].embed_passages

    def watching(texts: Sequence[str]) -> list[Embedded]:
        seen.append((embedder_change.progress(change)[0], found(as_alice), parts_of(as_alice.tenant.pk).embedder_name))
        return embed(texts)

    monkeypatch.setattr(embedders["large"], "embed_passages", watching)
    build(change)

    assert seen == [(0, everything, ""), (1, everything, ""), (2, everything, "")]
    assert (change.status, parts_of(as_alice.tenant.pk).embedder_name) == ("switched", "large")
    assert found(as_alice) == everything
    assert is_consistent(as_alice)


def test_a_document_that_comes_meanwhile_is_not_lost(
    as_alice: Access, documents: list[Document], embedders: dict[str, HashEmbedder]
) -> None:
    change = services.embedder_choose(access=as_alice, name="large")
    assert embedder_change.build(change, seconds=0)  # the first document, and there is more to do
    late = read(DocumentFactory(tenant=as_alice.tenant))
    assert late.embedder_fingerprint == embedders[""].fingerprint

    build(change)

    assert found(as_alice) == {late.pk, *(each.pk for each in documents)}
    assert is_consistent(as_alice)


def test_a_document_that_becomes_ready_after_the_switch_is_embedded_for_the_new_model(
    as_alice: Access, documents: list[Document], embedders: dict[str, HashEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    change = services.embedder_choose(access=as_alice, name="large")
    late = DocumentFactory(tenant=as_alice.tenant)
    publish = pipeline.publish

    def late_publish(*args: Any) -> None:
        build(change)
        publish(*args)

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "publish", late_publish)
        read(late)
    assert (late.status, late.stage) == ("queued", "embedding")
    read(late)

    assert (late.status, late.embedder_fingerprint) == ("ready", embedders["large"].fingerprint)
    assert found(as_alice) == {late.pk, *(each.pk for each in documents)}
    assert is_consistent(as_alice)


def test_going_back_builds_only_what_has_come_since(
    as_alice: Access, documents: list[Document], embedders: dict[str, HashEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    build(services.embedder_choose(access=as_alice, name="large"))
    late = read(DocumentFactory(tenant=as_alice.tenant))
    embedded: list[str] = []
    embed = embedders[""].embed_passages

    def counting(texts: Sequence[str]) -> list[Embedded]:
        embedded.extend(texts)
        return embed(texts)

    monkeypatch.setattr(embedders[""], "embed_passages", counting)
    build(services.embedder_choose(access=as_alice, name=""))

    assert len(embedded) == late.chunk_count == 1
    assert parts_of(as_alice.tenant.pk).embedder_name == ""
    assert found(as_alice) == {late.pk, *(each.pk for each in documents)}
    assert is_consistent(as_alice)


def test_the_old_vectors_go_after_a_day(as_alice: Access, documents: list[Document], made_of: Parts) -> None:
    change = build(services.embedder_choose(access=as_alice, name="large"))
    old = made_of.vectors.for_tenant(as_alice.tenant.pk, fingerprint=change.source_fingerprint)
    embedder_change.tidy()
    assert len(old.contents()) == len(documents)

    EmbedderChange.objects.for_tenant(as_alice.tenant).update(switched_at=timezone.now() - timedelta(days=2))
    embedder_change.tidy()

    old = made_of.vectors.for_tenant(as_alice.tenant.pk, fingerprint=change.source_fingerprint)
    change.refresh_from_db()
    assert old.contents() == {}
    assert change.status == "ended"
    assert not Document.objects.for_tenant(as_alice.tenant).exclude(other_fingerprint="").exists()
    assert found(as_alice) == {each.pk for each in documents}


def test_the_vectors_in_use_are_never_removed_however_often_one_goes_back_and_forth(
    as_alice: Access, documents: list[Document]
) -> None:
    for name in ("large", "", "large"):
        build(services.embedder_choose(access=as_alice, name=name))
    EmbedderChange.objects.for_tenant(as_alice.tenant).update(switched_at=timezone.now() - timedelta(days=2))
    for _ in range(2):
        embedder_change.tidy()

    assert parts_of(as_alice.tenant.pk).embedder_name == "large"
    assert found(as_alice) == {each.pk for each in documents}
    assert is_consistent(as_alice)


def test_deleting_a_document_removes_both_sets_of_its_vectors(
    as_alice: Access, documents: list[Document], made_of: Parts
) -> None:
    change = build(services.embedder_choose(access=as_alice, name="large"))
    documents[0].refresh_from_db()
    services.document_delete(access=as_alice, document=documents[0])
    tasks.purge_document(str(as_alice.tenant.pk), str(documents[0].pk))

    for fingerprint in (change.source_fingerprint, change.target_fingerprint):
        index = made_of.vectors.for_tenant(as_alice.tenant.pk, fingerprint=fingerprint)
        assert set(index.contents()) == {each.pk for each in documents[1:]}


def test_a_document_deleted_while_it_is_built_leaves_nothing(
    as_alice: Access, documents: list[Document], embedders: dict[str, HashEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    change = services.embedder_choose(access=as_alice, name="large")
    embed = embedders["large"].embed_passages

    def deleting(texts: Sequence[str]) -> list[Embedded]:
        if Document.objects.for_tenant(as_alice.tenant).filter(pk=documents[0].pk).exists():
            services.document_delete(access=as_alice, document=documents[0])
            tasks.purge_document(str(as_alice.tenant.pk), str(documents[0].pk))
        return embed(texts)

    monkeypatch.setattr(embedders["large"], "embed_passages", deleting)
    build(change)

    assert found(as_alice) == {each.pk for each in documents[1:]}
    assert is_consistent(as_alice)


def test_a_worker_that_dies_while_building_is_succeeded_where_it_was(
    as_alice: Access, embedders: dict[str, HashEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedder_change, "EMBED_BATCH", 4)
    book = read(DocumentFactory(tenant=as_alice.tenant, name="b.md", media_type="text/markdown", content=BOOK))
    change = services.embedder_choose(access=as_alice, name="large")
    embedded: list[str] = []
    embed = embedders["large"].embed_passages

    class Killed(BaseException):
        pass

    def dies(texts: Sequence[str]) -> list[Embedded]:
        if len(embedded) == 8:
            raise Killed
        embedded.extend(texts)
        return embed(texts)

    with monkeypatch.context() as patched:
        patched.setattr(embedders["large"], "embed_passages", dies)
        patched.setattr(embedder_change, "_expiry", lambda: timezone.now() - timedelta(seconds=1))
        with pytest.raises(Killed):
            build(change)

    def counting(texts: Sequence[str]) -> list[Embedded]:
        embedded.extend(texts)
        return embed(texts)

    monkeypatch.setattr(embedders["large"], "embed_passages", counting)
    build(change)

    assert change.status == "switched"
    assert len(embedded) == book.chunk_count > 8
    assert is_consistent(as_alice)


def test_an_embedder_that_is_away_is_waited_for_and_one_that_refuses_is_given_up(
    as_alice: Access, documents: list[Document], embedders: dict[str, HashEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    change = services.embedder_choose(access=as_alice, name="large")
    for error, status in ((EmbedderUnavailable("It is away."), "building"), (EmbedderRefused("It cannot."), "failed")):

        def fails(_texts: Sequence[str], error: Exception = error) -> list[Embedded]:
            raise error

        monkeypatch.setattr(embedders["large"], "embed_passages", fails)
        build(change)
        assert (change.status, change.error_message) == (status, error.message)
    assert found(as_alice) == {each.pk for each in documents}

    embedder_change.tidy()
    assert found(as_alice) == {each.pk for each in documents}


def test_cancelling_keeps_the_old_and_removes_what_was_built(
    as_alice: Access, documents: list[Document], made_of: Parts
) -> None:
    change = services.embedder_choose(access=as_alice, name="large")
    assert embedder_change.build(change, seconds=0)
    change.refresh_from_db()
    fingerprint = change.target_fingerprint
    embedder_change.cancel(access=as_alice, change=change)
    assert not embedder_change.build(change)
    embedder_change.tidy()

    assert made_of.vectors.for_tenant(as_alice.tenant.pk, fingerprint=fingerprint).contents() == {}
    assert found(as_alice) == {each.pk for each in documents}
    build(services.embedder_choose(access=as_alice, name="large"))
    assert found(as_alice) == {each.pk for each in documents}


def test_one_change_at_a_time_by_an_admin_to_what_the_operator_has_set_up(
    as_alice: Access, as_bob: Access, documents: list[Document]
) -> None:
    with pytest.raises(Forbidden):
        services.embedder_choose(access=as_bob, name="large")
    with pytest.raises(IngestionError, match="in use already"):
        services.embedder_choose(access=as_alice, name="")
    with pytest.raises(EmbedderRefused):
        services.embedder_choose(access=as_alice, name="unknown")
    services.embedder_choose(access=as_alice, name="large")
    with pytest.raises(IngestionError, match="being prepared already"):
        services.embedder_choose(access=as_alice, name="large")


def test_an_embedder_that_the_operator_has_removed_can_be_left(
    as_alice: Access, documents: list[Document], embedders: dict[str, HashEmbedder], made_of: Parts
) -> None:
    build(services.embedder_choose(access=as_alice, name="large"))  # and that of before is still kept
    removed = embedders.pop("large")
    with pytest.raises(EmbedderRefused):
        parts_of(as_alice.tenant.pk)
    embedder_change.tidy()

    change = build(services.embedder_choose(access=as_alice, name=""))

    assert (change.status, change.source, change.source_fingerprint) == ("switched", "large", removed.fingerprint)
    assert found(as_alice) == {each.pk for each in documents}
    assert is_consistent(as_alice)
    EmbedderChange.objects.for_tenant(as_alice.tenant).update(switched_at=timezone.now() - timedelta(days=2))
    embedder_change.tidy()
    assert made_of.vectors.for_tenant(as_alice.tenant.pk, fingerprint=removed.fingerprint).contents() == {}
    assert found(as_alice) == {each.pk for each in documents}


def test_one_that_was_removed_before_anything_was_read_can_be_left(
    as_alice: Access, embedders: dict[str, HashEmbedder]
) -> None:
    build(services.embedder_choose(access=as_alice, name="large"))
    del embedders["large"]
    change = build(services.embedder_choose(access=as_alice, name=""))
    assert (change.status, change.source_fingerprint) == ("switched", "")


def test_an_embedder_that_is_away_is_not_asked_when_it_is_left(
    as_alice: Access, documents: list[Document], embedders: dict[str, HashEmbedder]
) -> None:
    class Away(HashEmbedder):
        @property
        def fingerprint(self) -> str:
            raise EmbedderUnavailable("It is away.")

        @fingerprint.setter
        def fingerprint(self, _value: str) -> None: ...

    known = embedders[""].fingerprint
    embedders[""] = Away(SMALL)
    change = build(services.embedder_choose(access=as_alice, name="large"))
    assert (change.status, change.source_fingerprint) == ("switched", known)
    assert found(as_alice) == {each.pk for each in documents}


def test_a_document_that_has_failed_keeps_no_old_vectors(
    as_alice: Access, documents: list[Document], made_of: Parts
) -> None:
    Document.objects.for_tenant(as_alice.tenant).filter(pk=documents[0].pk).update(status="failed", searchable=False)
    change = build(services.embedder_choose(access=as_alice, name="large"))
    EmbedderChange.objects.for_tenant(as_alice.tenant).update(switched_at=timezone.now() - timedelta(days=2))
    embedder_change.tidy()
    assert made_of.vectors.for_tenant(as_alice.tenant.pk, fingerprint=change.source_fingerprint).contents() == {}


def test_what_had_gone_wrong_is_forgotten_when_it_goes_on(
    as_alice: Access, documents: list[Document], embedders: dict[str, HashEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    change = services.embedder_choose(access=as_alice, name="large")

    def away(_texts: Sequence[str]) -> list[Embedded]:
        raise EmbedderUnavailable("It is away.")

    with monkeypatch.context() as patched:
        patched.setattr(embedders["large"], "embed_passages", away)
        embedder_change.build(change)
    change.refresh_from_db()
    assert change.error_message == "It is away."

    assert embedder_change.build(change, seconds=0)
    change.refresh_from_db()
    assert (change.status, change.error_message) == ("building", "")


def test_a_change_that_nobody_builds_is_gone_on_with(
    as_alice: Access, documents: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    change = services.embedder_choose(access=as_alice, name="large")
    asked: list[EmbedderChange] = []
    monkeypatch.setattr(tasks, "enqueue_change", asked.append)
    tasks.tidy_embedders()
    assert asked == []

    EmbedderChange.objects.for_tenant(as_alice.tenant).update(updated_at=timezone.now() - timedelta(minutes=5))
    tasks.tidy_embedders()

    assert asked == [change]
