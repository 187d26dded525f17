"""Vectors in a Chroma server: one collection for each tenant and embedder, in cosine space.

Chroma holds vectors and ids; text is in SQL. Its own tenants are no access boundary, so none of its names or ids ever
comes from outside this module: a collection's name is made from the tenant's id.
"""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from ingestion.domain import Hit, IndexEntry, Scope, Vector
from ingestion.errors import IndexUnavailable
from ingestion.index.chroma_errors import chroma_errors, is_missing
from ingestion.index.ids import by_document, uuid_of
from ingestion.sentences import sentence as _

if TYPE_CHECKING:
    import httpx
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

Result = TypeVar("Result")

TIMEOUT_SECONDS = 30.0
"""The longest silence. Chroma's client would wait for ever."""
HEARTBEAT_SECONDS = 5.0
PAGE = 5_000
OVERFETCH = 2
"""A filter makes Chroma 10 to 40 times as slow: it looks up every vector that passes, 3 ms for each 1,000 of them. So
`OVERFETCH` times as many neighbours are fetched without one and filtered here, which is as good as long as enough pass;
only where they do not, Chroma filters."""


class ChromaIndex:
    """`ingestion.ports.VectorIndex` over the Chroma server at `url`, for example http://127.0.0.1:8001."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: ClientAPI | None = None
        self._collections: dict[str, Collection] = {}
        self._lock = threading.Lock()

    def for_tenant(self, tenant_id: UUID, *, fingerprint: str) -> ChromaTenantIndex:
        return ChromaTenantIndex(self, tenant_id, fingerprint)

    def drop_tenant(self, tenant_id: UUID, *, fingerprint: str | None = None) -> None:
        prefix = _name_prefix(tenant_id)
        with chroma_errors():
            if fingerprint is None:
                names = [each.name for each in self._every_collection() if each.name.startswith(prefix)]
            else:
                names = [_collection_name(tenant_id, fingerprint)]
            for name in names:
                self._collections.pop(name, None)
                try:
                    self.client.delete_collection(name)
                except Exception as error:
                    if not is_missing(error):  # somebody else was quicker
                        raise

    @property
    def client(self) -> ClientAPI:
        """Connected at its first use, so that a process can start before Chroma does."""
        with self._lock:
            if self._client is None:
                self._client = _connect(self._url)
                weakref.finalize(self, _disconnect, self._client)
            return self._client

    def collection(self, name: str, metadata: Mapping[str, str], *, create: bool) -> Collection | None:
        """Return the collection, or None where there is none and it is not to be made."""
        if (known := self._collections.get(name)) is not None:
            return known
        if create:
            collection = self.client.get_or_create_collection(
                name, metadata=dict(metadata), configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
            )
        else:
            try:
                collection = self.client.get_collection(name, embedding_function=None)
            except Exception as error:
                if is_missing(error):
                    return None
                raise
        _check(collection, metadata)
        self._collections[name] = collection
        return collection

    def forget(self, name: str) -> None:
        """Somebody else has deleted the collection, or made it anew."""
        self._collections.pop(name, None)

    def _every_collection(self) -> Iterator[Collection]:
        offset = 0
        while page := self.client.list_collections(limit=PAGE, offset=offset):
            yield from page
            offset += len(page)


class ChromaTenantIndex:
    """One tenant's vectors of one embedder."""

    def __init__(self, index: ChromaIndex, tenant_id: UUID, fingerprint: str) -> None:
        self._index = index
        self._tenant = str(tenant_id)
        self._name = _collection_name(tenant_id, fingerprint)
        self._metadata = {"tenant_id": self._tenant, "embedder": fingerprint}

    def upsert(self, entries: Sequence[IndexEntry]) -> None:
        latest = list({entry.chunk_id: entry for entry in entries}.values())
        if not latest:
            return

        def write(collection: Collection) -> None:
            size = self._index.client.get_max_batch_size()
            for first in range(0, len(latest), size):
                batch = latest[first : first + size]
                collection.upsert(
                    ids=[str(entry.chunk_id) for entry in batch],
                    embeddings=[_vector_of(entry) for entry in batch],
                    metadatas=[self._metadata_of(entry.document_id, entry.collection_id) for entry in batch],
                )

        self._run(write, create=True, otherwise=None)

    def delete_document(self, document_id: UUID) -> None:
        where = self._where({"document_id": str(document_id)})
        self._run(lambda collection: collection.delete(where=where), create=False, otherwise=None)

    def search(self, query: Vector, *, limit: int, scope: Scope) -> list[Hit]:
        if scope.is_empty or limit < 1:
            return []
        filters = _filters(scope)

        def find(collection: Collection) -> list[Hit]:
            wide = limit * OVERFETCH if filters else limit
            answer = _query(collection, query, wide)
            hits = [hit for hit, metadata in answer if self._is_seen(metadata, scope)]
            if len(hits) >= limit or len(answer) < wide:  # enough, or that was all there is
                return hits[:limit]
            answer = _query(collection, query, limit, where=self._where(*filters))
            return [hit for hit, metadata in answer if self._is_seen(metadata, scope)]

        return self._run(find, create=False, otherwise=[])

    def move_document(self, document_id: UUID, collection_id: UUID) -> None:
        def move(collection: Collection) -> None:
            ids = collection.get(where=self._where({"document_id": str(document_id)}), include=[])["ids"]
            metadata = self._metadata_of(document_id, collection_id)
            for first in range(0, len(ids), size := self._index.client.get_max_batch_size()):
                batch = ids[first : first + size]
                collection.update(ids=batch, metadatas=[metadata] * len(batch))

        self._run(move, create=False, otherwise=None)

    def contents(self) -> Mapping[UUID, frozenset[UUID]]:
        return self._run(lambda collection: by_document(self._every_chunk(collection)), create=False, otherwise={})

    def _every_chunk(self, collection: Collection) -> Iterator[tuple[UUID, UUID]]:
        offset = 0
        while (page := collection.get(limit=PAGE, offset=offset, include=["metadatas"]))["ids"]:
            for chunk_id, metadata in zip(page["ids"], page["metadatas"] or [], strict=True):
                if metadata["tenant_id"] == self._tenant:
                    yield UUID(str(metadata["document_id"])), UUID(chunk_id)
            offset += len(page["ids"])

    def _run(self, call: Callable[[Collection], Result], *, create: bool, otherwise: Result) -> Result:
        """Return what `call` makes of the collection, or `otherwise` where there is none. A collection that was
        deleted or made anew since it was last used is looked up again, once."""
        with chroma_errors():
            for attempt in (1, 2):
                collection = self._index.collection(self._name, self._metadata, create=create)
                if collection is None:
                    return otherwise
                try:
                    return call(collection)
                except Exception as error:
                    self._index.forget(self._name)
                    if attempt == 2 or not is_missing(error):
                        raise
        raise AssertionError("unreachable")

    def _where(self, *filters: Mapping[str, Any]) -> Any:
        """A filter that always names the tenant, even though the collection is the tenant's own."""
        tenant = {"tenant_id": self._tenant}
        return {"$and": [tenant, *filters]} if filters else tenant

    def _is_seen(self, metadata: Mapping[str, Any], scope: Scope) -> bool:
        return metadata["tenant_id"] == self._tenant and scope.sees(
            collection_id=UUID(metadata["collection_id"]), document_id=UUID(metadata["document_id"])
        )

    def _metadata_of(self, document_id: UUID, collection_id: UUID) -> dict[str, str]:
        return {"tenant_id": self._tenant, "document_id": str(document_id), "collection_id": str(collection_id)}


def _filters(scope: Scope) -> list[Mapping[str, Any]]:
    """What Chroma has to be told of the scope, in its own words: nothing, or one condition."""
    allowed: list[Mapping[str, Any]] = [
        {field: {"$in": sorted(map(str, ids))}}
        for field, ids in (("collection_id", scope.collection_ids), ("document_id", scope.document_ids))
        if ids
    ]
    return [{"$or": allowed}] if len(allowed) > 1 else allowed


def _query(
    collection: Collection, vector: Vector, limit: int, where: Any = None
) -> list[tuple[Hit, Mapping[str, Any]]]:
    """The nearest chunks with their metadata, best first. Distances are 1 - cosine."""
    answer: Any = collection.query(
        query_embeddings=[list(vector)], n_results=limit, where=where, include=["distances", "metadatas"]
    )
    found = zip(answer["ids"][0], answer["distances"][0], answer["metadatas"][0], strict=True)
    return [
        (Hit(uuid_of(chunk_id), uuid_of(metadata["document_id"]), 1.0 - distance), metadata)
        for chunk_id, distance, metadata in found
    ]


def _vector_of(entry: IndexEntry) -> list[float]:
    if entry.vector is None:
        raise ValueError(f"Chunk {entry.chunk_id} came without a vector.")
    return list(entry.vector)


def _check(collection: Collection, expected: Mapping[str, str]) -> None:
    """A name is only a hash of the fingerprint; what the collection says of itself has to agree."""
    found = collection.metadata or {}
    if any(found.get(key) != value for key, value in expected.items()):
        raise IndexUnavailable(
            _(
                "The vectors of this organisation were made by another embedding model. "
                "The operator has to run `manage.py reindex`."
            ),
            retryable=False,
        )


def _name_prefix(tenant_id: UUID) -> str:
    return f"t-{tenant_id.hex}-"


def _collection_name(tenant_id: UUID, fingerprint: str) -> str:
    return _name_prefix(tenant_id) + hashlib.sha256(fingerprint.encode()).hexdigest()[:16]


def _connect(url: str) -> ClientAPI:
    import chromadb
    import httpx
    from chromadb.config import Settings

    parts = urlsplit(url)
    tls = parts.scheme == "https"
    with chroma_errors():
        # The client's constructor talks to the server without a timeout, and offers no way to set one.
        httpx.get(f"{url.rstrip('/')}/api/v2/heartbeat", timeout=HEARTBEAT_SECONDS).raise_for_status()
        client = chromadb.HttpClient(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or (443 if tls else 80),
            ssl=tls,
            settings=Settings(anonymized_telemetry=False),
        )
        for session in _sessions(client):
            session.timeout = httpx.Timeout(TIMEOUT_SECONDS)
        return client


def _disconnect(client: Any) -> None:
    """The client's own `close` leaves its connections open."""
    for session in _sessions(client):
        session.close()
    client.close()


def _sessions(client: Any) -> tuple[httpx.Client, ...]:
    """The client's connections, which it hides: for its work, and for its look at tenants and databases."""
    return client._server._session, client._admin_client._server._session  # noqa: SLF001
