"""A changed file under the same name: which version is searched, and what becomes of the others."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ingestion import pipeline, reindexing, services, tasks, versions
from ingestion.domain import Scope
from ingestion.errors import EmbedderUnavailable, IngestionError
from ingestion.models import Chunk, Collection, Document, DocumentEvent
from ingestion.parts import Parts
from tenants.access import Access

pytestmark = pytest.mark.django_db(transaction=True)

FIRST, SECOND, THIRD = b"The fee is ten crowns.", b"The fee is twenty crowns.", b"The fee is thirty crowns."


@pytest.fixture
def shelf(as_alice: Access, no_queue: list[str], made_of: Parts) -> Collection:
    return services.collection_create(access=as_alice, name="Fees")


def upload(access: Access, shelf: Collection, content: bytes, **kwargs: Any) -> Document:
    uploaded = services.document_upload(
        access=access, collection=shelf, file=io.BytesIO(content), name=kwargs.pop("name", "fees.txt"), **kwargs
    )
    return uploaded.document


def read(document: Document) -> Document:
    document.refresh_from_db()
    tasks.ingest_document(document)
    document.refresh_from_db()
    return document


def found(access: Access, made_of: Parts, words: str = "crowns fee") -> set[Any]:
    """The documents whose words and whose vectors are in the indexes."""
    lexical = made_of.lexical.for_tenant(access.tenant.pk).search(words, limit=9, scope=Scope())
    vectors = made_of.vectors.for_tenant(access.tenant.pk, fingerprint=made_of.embedder.fingerprint)
    ids = {hit.document_id for hit in lexical}
    assert ids == set(vectors.contents())
    return ids


def test_a_changed_file_of_the_same_name_takes_the_place_of_the_old_one(
    as_alice: Access, shelf: Collection, made_of: Parts
) -> None:
    old = read(upload(as_alice, shelf, FIRST))
    new = upload(as_alice, shelf, SECOND)
    assert (new.series, new.version) == (old.series, 2)
    assert found(as_alice, made_of) == {old.pk}  # until the new one has been read

    read(new)
    old.refresh_from_db()

    assert [(each.status, each.searchable) for each in (old, new)] == [("superseded", False), ("ready", True)]
    assert found(as_alice, made_of) == {new.pk}
    assert list(Chunk.objects.for_tenant(as_alice.tenant).filter(document=old).values_list("text", flat=True)) == [
        FIRST.decode()
    ]
    assert all(each.agree for each in reindexing.check(tenant=as_alice.tenant, parts=made_of))


def test_files_of_one_name_in_different_folders_are_different_documents(as_alice: Access, shelf: Collection) -> None:
    one = upload(as_alice, shelf, FIRST, folder="2025/")
    other = upload(as_alice, shelf, SECOND, folder="2026")

    assert (one.folder, other.folder) == ("2025", "2026")
    assert one.series != other.series
    assert (one.version, other.version) == (1, 1)


def test_a_new_version_is_not_searched_before_it_is_whole(
    as_alice: Access, shelf: Collection, made_of: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(upload(as_alice, shelf, FIRST))
    new = upload(as_alice, shelf, SECOND)
    seen: list[bool] = []
    write = pipeline.write

    def watching(document: Document, *args: Any) -> None:
        write(document, *args)
        seen.append(Document.objects.for_tenant(document.tenant_id).get(pk=document.pk).searchable)

    monkeypatch.setattr(pipeline, "write", watching)
    read(new)

    assert seen == [False]
    assert new.searchable


def test_the_first_pages_of_a_first_version_are_searched_before_the_last_is_embedded(
    as_alice: Access, shelf: Collection, made_of: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "EMBED_BATCH", 1)
    document = upload(as_alice, shelf, b"\n\n".join(b"# Part %d\n\n%s" % (n, b"Words. " * 150) for n in range(4)))
    seen: list[tuple[bool, int]] = []
    write = pipeline.write

    def watching(document: Document, *args: Any) -> None:
        write(document, *args)
        searchable = Document.objects.for_tenant(document.tenant_id).get(pk=document.pk).searchable
        lexical = made_of.lexical.for_tenant(document.tenant_id).search("words", limit=99, scope=Scope())
        seen.append((searchable, len(lexical)))

    monkeypatch.setattr(pipeline, "write", watching)
    read(document)

    assert seen[0] == (True, 1)
    assert seen[-1] == (True, document.chunk_count)
    assert document.chunk_count > 2


def test_a_version_that_fails_leaves_the_old_one_searched(
    as_alice: Access, shelf: Collection, made_of: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = read(upload(as_alice, shelf, FIRST))
    new = upload(as_alice, shelf, SECOND)

    def away(_texts: Any) -> Any:
        raise EmbedderUnavailable("The embedding server does not answer.")

    monkeypatch.setattr(made_of.embedder, "embed_passages", away)
    for _ in range(tasks.MAX_ATTEMPTS):
        read(new)
    old.refresh_from_db()

    assert [(each.status, each.searchable) for each in (old, new)] == [("ready", True), ("failed", False)]
    assert found(as_alice, made_of) == {old.pk}


def test_the_newest_wins_whichever_is_read_first(as_alice: Access, shelf: Collection, made_of: Parts) -> None:
    first, second, third = (upload(as_alice, shelf, content) for content in (FIRST, SECOND, THIRD))
    for each in (third, first, second):
        read(each)
    for each in (first, second, third):
        each.refresh_from_db()

    assert [each.status for each in (first, second, third)] == ["superseded", "superseded", "ready"]
    assert found(as_alice, made_of) == {third.pk}
    assert [each.version for each in versions.of(first)] == [3, 2, 1]


def test_restoring_makes_an_old_version_the_newest_without_parsing_it_again(
    as_alice: Access, shelf: Collection, made_of: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = read(upload(as_alice, shelf, FIRST)), read(upload(as_alice, shelf, SECOND))
    old.refresh_from_db()
    services.document_restore(access=as_alice, document=old)
    assert found(as_alice, made_of) == {new.pk}

    monkeypatch.setattr(pipeline, "read", None)  # a call of it would fail
    read(old)
    new.refresh_from_db()

    assert [(each.status, each.version) for each in (old, new)] == [("ready", 3), ("superseded", 2)]
    assert found(as_alice, made_of) == {old.pk}
    kinds = DocumentEvent.objects.for_tenant(as_alice.tenant).filter(document=old).values_list("kind", flat=True)
    assert list(kinds) == ["uploaded", "started", "ready", "superseded", "restored", "started", "ready"]


def test_uploading_an_old_version_again_restores_it(as_alice: Access, shelf: Collection, made_of: Parts) -> None:
    old = read(upload(as_alice, shelf, FIRST))
    read(upload(as_alice, shelf, SECOND))

    again = read(upload(as_alice, shelf, FIRST))

    assert again.pk == old.pk
    assert (again.status, again.version) == ("ready", 3)


def test_deleting_a_document_deletes_its_versions_and_one_older_version_goes_alone(
    as_alice: Access, shelf: Collection, made_of: Parts
) -> None:
    first, second, third = (read(upload(as_alice, shelf, content)) for content in (FIRST, SECOND, THIRD))
    for each in (first, second, third):
        each.refresh_from_db()
    with pytest.raises(IngestionError, match="older versions"):
        services.document_version_delete(access=as_alice, document=third)
    services.document_version_delete(access=as_alice, document=first)
    assert [each.version for each in versions.of(third)] == [3, 2]

    services.document_delete(access=as_alice, document=third)

    assert not versions.of(third).exists()
    for each in (first, second, third):
        tasks.purge_document(str(each.tenant_id), str(each.pk))
    assert not Document.objects.for_tenant(as_alice.tenant).exists()
    assert found(as_alice, made_of) == set()


def test_a_worker_that_dies_before_the_old_vectors_are_gone_is_tidied_up_after(
    as_alice: Access, shelf: Collection, made_of: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = read(upload(as_alice, shelf, FIRST))
    new = upload(as_alice, shelf, SECOND)
    with monkeypatch.context() as patched:
        patched.setattr(versions, "forget", lambda *_args: None)
        read(new)
    vectors = made_of.vectors.for_tenant(as_alice.tenant.pk, fingerprint=made_of.embedder.fingerprint)
    assert set(vectors.contents()) == {old.pk, new.pk}

    monkeypatch.setattr(tasks, "FORGOTTEN_S", 0)
    tasks.reap_documents()

    assert set(vectors.contents()) == {new.pk}


def test_moving_takes_the_versions_and_the_index_entries_along(
    as_alice: Access, shelf: Collection, made_of: Parts
) -> None:
    old, new = read(upload(as_alice, shelf, FIRST)), read(upload(as_alice, shelf, SECOND))
    attic = services.collection_create(access=as_alice, name="Attic")

    services.document_move(access=as_alice, document=new, collection=attic)

    for each in (old, new):
        each.refresh_from_db()
        assert each.collection == attic
    for scope, expected in ((Scope(frozenset({attic.pk})), {new.pk}), (Scope(frozenset({shelf.pk})), set())):
        lexical = made_of.lexical.for_tenant(as_alice.tenant.pk).search("fee", limit=9, scope=scope)
        vectors = made_of.vectors.for_tenant(as_alice.tenant.pk, fingerprint=made_of.embedder.fingerprint)
        dense = vectors.search(made_of.embedder.embed_query("fee"), limit=9, scope=scope)
        assert {hit.document_id for hit in lexical} == {hit.document_id for hit in dense} == expected


def test_a_document_is_not_moved_to_where_its_content_is_already(as_alice: Access, shelf: Collection) -> None:
    document = read(upload(as_alice, shelf, FIRST))
    attic = services.collection_create(access=as_alice, name="Attic")
    upload(as_alice, attic, FIRST)

    with pytest.raises(IngestionError, match="already"):
        services.document_move(access=as_alice, document=document, collection=attic)

    document.refresh_from_db()
    assert document.collection == shelf
