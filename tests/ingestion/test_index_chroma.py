from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from uuid import UUID, uuid4

import pytest

from ingestion.domain import IndexEntry, Scope
from ingestion.errors import IndexUnavailable
from ingestion.index import chroma
from ingestion.index.chroma import ChromaIndex
from ingestion.index.fakes import MemoryVectorIndex
from tests.ingestion.index_contracts import EVERYTHING, FINGERPRINT, VectorIndexContract, chunks, counts, entry

NEAR = (1.0, 0.0, 0.0)
FAR = (0.0, 0.0, 1.0)


@pytest.fixture
def tenant_id() -> UUID:
    return uuid4()


@pytest.fixture
def other_tenant_id() -> UUID:
    return uuid4()


@pytest.fixture(scope="module")
def index(chroma_url: str) -> ChromaIndex:
    return ChromaIndex(chroma_url)


class TestAgainstAServer(VectorIndexContract):
    pass


class TestInMemory(VectorIndexContract):
    @pytest.fixture
    def index(self) -> MemoryVectorIndex:
        return MemoryVectorIndex()


# --- what fails silently when it is done wrong -------------------------------------------------------------------


def test_a_process_sees_what_another_has_just_indexed(chroma_url: str, tenant_id: UUID) -> None:
    reader = ChromaIndex(chroma_url).for_tenant(tenant_id, fingerprint=FINGERPRINT)
    reader.upsert([entry(vector=FAR)])
    assert len(reader.search(NEAR, limit=5, scope=EVERYTHING)) == 1
    writer = f"""
from uuid import UUID, uuid4
from ingestion.domain import IndexEntry
from ingestion.index.chroma import ChromaIndex

tenant = ChromaIndex({chroma_url!r}).for_tenant(UUID({str(tenant_id)!r}), fingerprint={FINGERPRINT!r})
tenant.upsert([IndexEntry(uuid4(), uuid4(), uuid4(), "", vector=(1.0, n / 1000, 0.0)) for n in range(200)])
"""
    subprocess.run([sys.executable, "-c", writer], check=True)
    hits = reader.search(NEAR, limit=50, scope=EVERYTHING)
    assert len(hits) == 50
    assert hits[0].score == pytest.approx(1.0)


def test_a_document_of_six_thousand_chunks_is_indexed_whole(index: ChromaIndex, tenant_id: UUID) -> None:
    tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
    assert index.client.get_max_batch_size() < 6_001
    document = uuid4()
    tenant.upsert([entry(document=document, vector=(1.0, number / 6_001, 0.5)) for number in range(6_001)])
    assert counts(tenant) == {document: 6_001}


def test_a_passage_of_another_tenant_is_not_shown_even_where_it_lies_in_this_ones_collection(
    index: ChromaIndex, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
    mine = [entry(vector=FAR) for _ in range(12)]
    tenant.upsert(mine)
    foreign = entry(vector=NEAR)
    _collection_of(index, tenant_id).upsert(
        ids=[str(foreign.chunk_id)],
        embeddings=[list(NEAR)],
        metadatas=[_metadata(foreign, tenant_id=other_tenant_id)],
    )
    scopes = [EVERYTHING, Scope(collection_ids=frozenset({foreign.collection_id}))]
    scopes.append(Scope(document_ids=frozenset({foreign.document_id, mine[0].document_id})))
    for scope in scopes:
        for limit in (1, 3, 50):
            assert foreign.chunk_id not in chunks(tenant.search(NEAR, limit=limit, scope=scope))
    assert len(tenant.search(NEAR, limit=3, scope=EVERYTHING)) == 3
    assert foreign.document_id not in counts(tenant)
    tenant.delete_document(foreign.document_id)
    assert _collection_of(index, tenant_id).get(ids=[str(foreign.chunk_id)])["ids"]


# --- a collection's life -----------------------------------------------------------------------------------------


def test_a_collection_that_another_process_deleted_is_made_anew(chroma_url: str, tenant_id: UUID) -> None:
    one, other = (ChromaIndex(chroma_url) for _ in range(2))
    tenant = one.for_tenant(tenant_id, fingerprint=FINGERPRINT)
    tenant.upsert([entry(vector=NEAR)])
    other.drop_tenant(tenant_id)
    assert tenant.search(NEAR, limit=5, scope=EVERYTHING) == []
    other.for_tenant(tenant_id, fingerprint=FINGERPRINT).upsert([entry(vector=FAR)])
    assert len(tenant.search(NEAR, limit=5, scope=EVERYTHING)) == 1
    other.drop_tenant(tenant_id)
    tenant.upsert([entry(vector=NEAR)])
    assert len(tenant.search(NEAR, limit=5, scope=EVERYTHING)) == 1


def test_searching_makes_no_collection(index: ChromaIndex, tenant_id: UUID) -> None:
    before = index.client.count_collections()
    index.for_tenant(tenant_id, fingerprint=FINGERPRINT).search(NEAR, limit=5, scope=EVERYTHING)
    assert index.client.count_collections() == before


def test_it_refuses_a_collection_of_another_embedder_under_its_name(
    chroma_url: str, index: ChromaIndex, tenant_id: UUID
) -> None:
    index.for_tenant(tenant_id, fingerprint=FINGERPRINT).upsert([entry(vector=NEAR)])
    _collection_of(index, tenant_id).modify(metadata={"tenant_id": str(tenant_id), "embedder": "another"})
    tenant = ChromaIndex(chroma_url).for_tenant(tenant_id, fingerprint=FINGERPRINT)
    with pytest.raises(IndexUnavailable, match="reindex") as caught:
        tenant.search(NEAR, limit=5, scope=EVERYTHING)
    assert not caught.value.retryable


def test_a_vector_of_another_length_is_refused_with_a_sentence(index: ChromaIndex, tenant_id: UUID) -> None:
    tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
    tenant.upsert([entry(vector=NEAR)])
    with pytest.raises(IndexUnavailable):
        tenant.upsert([entry(vector=(1.0, 0.0))])


def test_text_stays_out_of_chroma(index: ChromaIndex, tenant_id: UUID) -> None:
    index.for_tenant(tenant_id, fingerprint=FINGERPRINT).upsert([entry("Top secret.", vector=NEAR)])
    stored = _collection_of(index, tenant_id).get(include=["documents", "metadatas"])
    assert stored["documents"] == [None]
    assert set(stored["metadatas"][0]) == {"tenant_id", "document_id", "collection_id"}


# --- a server that does not answer -------------------------------------------------------------------------------


@pytest.fixture
def silent_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port that takes connections and never says a word."""
    monkeypatch.setattr(chroma, "HEARTBEAT_SECONDS", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0), backlog=8)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
    return port


def test_a_server_that_is_not_there_is_an_error_that_trying_again_may_cure(closed_port: int, tenant_id: UUID) -> None:
    tenant = ChromaIndex(f"http://127.0.0.1:{closed_port}").for_tenant(tenant_id, fingerprint=FINGERPRINT)
    with pytest.raises(IndexUnavailable, match="try again") as caught:
        tenant.search(NEAR, limit=5, scope=EVERYTHING)
    assert caught.value.retryable


def test_a_server_that_says_nothing_is_not_waited_for(silent_port: int, tenant_id: UUID) -> None:
    tenant = ChromaIndex(f"http://127.0.0.1:{silent_port}").for_tenant(tenant_id, fingerprint=FINGERPRINT)
    with pytest.raises(IndexUnavailable):
        tenant.upsert([entry(vector=NEAR)])


def test_a_server_that_falls_silent_is_not_waited_for(
    chroma_url: str, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma, "TIMEOUT_SECONDS", 1e-6)
    tenant = ChromaIndex(chroma_url).for_tenant(tenant_id, fingerprint=FINGERPRINT)
    with pytest.raises(IndexUnavailable):
        tenant.upsert([entry(vector=NEAR)])


def test_a_process_can_start_before_chroma_does(closed_port: int) -> None:
    index = ChromaIndex(f"http://127.0.0.1:{closed_port}")
    assert (
        index.for_tenant(uuid4(), fingerprint=FINGERPRINT).search(NEAR, limit=5, scope=Scope(document_ids=frozenset()))
        == []
    )


def _collection_of(index: ChromaIndex, tenant_id: UUID) -> Any:
    [found] = [each for each in index.client.list_collections() if tenant_id.hex in each.name]
    return found


def _metadata(foreign: IndexEntry, *, tenant_id: UUID) -> Mapping[str, str]:
    return {
        "tenant_id": str(tenant_id),
        "document_id": str(foreign.document_id),
        "collection_id": str(foreign.collection_id),
    }
