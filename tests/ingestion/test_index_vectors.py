"""The vector index of the settings: Chroma and, beside it, the words of the passages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from ingestion.index.fakes import MemoryVectorIndex
from ingestion.index.passage_words import PassageWords
from ingestion.index.vectors import PassageVectors
from ingestion.ports import VectorIndex
from tenants.models import Tenant
from tests.ingestion.index_contracts import FINGERPRINT, VectorIndexContract, entry

pytestmark = pytest.mark.django_db


class WordsContract(VectorIndexContract):
    @pytest.fixture
    def tenant_id(self, acme: Tenant) -> UUID:
        return acme.pk

    @pytest.fixture
    def other_tenant_id(self, other_org: Tenant) -> UUID:
        return other_org.pk

    def test_words_are_kept_with_their_passage(self, index: VectorIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
        told, silent = replace(entry(vector=self.near), words=b"one"), entry(vector=self.far)
        tenant.upsert([told, silent])
        tenant.upsert([replace(told, words=b"two")])
        assert tenant.words([told.chunk_id, silent.chunk_id, uuid4()]) == {told.chunk_id: b"two"}

    def test_words_go_with_their_document(self, index: VectorIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
        gone, stays = (replace(entry(vector=self.near), words=b"some") for _ in range(2))
        tenant.upsert([gone, stays])
        tenant.delete_document(gone.document_id)
        assert set(tenant.words([gone.chunk_id, stays.chunk_id])) == {stays.chunk_id}

    def test_words_are_of_one_tenant_and_one_embedder(
        self, index: VectorIndex, tenant_id: UUID, other_tenant_id: UUID
    ) -> None:
        mine = replace(entry(vector=self.near), words=b"mine")
        index.for_tenant(tenant_id, fingerprint=FINGERPRINT).upsert([mine])
        assert index.for_tenant(other_tenant_id, fingerprint=FINGERPRINT).words([mine.chunk_id]) == {}
        assert index.for_tenant(tenant_id, fingerprint="another:3").words([mine.chunk_id]) == {}

    def test_words_go_with_their_tenant_and_their_embedder(self, index: VectorIndex, tenant_id: UUID) -> None:
        old, new = (replace(entry(vector=self.near), words=b"some") for _ in range(2))
        index.for_tenant(tenant_id, fingerprint="old:3").upsert([old])
        index.for_tenant(tenant_id, fingerprint=FINGERPRINT).upsert([new])
        index.drop_tenant(tenant_id, fingerprint="old:3")
        assert index.for_tenant(tenant_id, fingerprint="old:3").words([old.chunk_id]) == {}
        assert index.for_tenant(tenant_id, fingerprint=FINGERPRINT).words([new.chunk_id])
        index.drop_tenant(tenant_id)
        assert index.for_tenant(tenant_id, fingerprint=FINGERPRINT).words([new.chunk_id]) == {}


class TestChromaAndSql(WordsContract):
    @pytest.fixture
    def index(self, chroma_url: str, acme: Tenant, other_org: Tenant) -> Iterator[PassageVectors]:
        made = PassageVectors(chroma_url)
        yield made
        for tenant in (acme, other_org):
            made.drop_tenant(tenant.pk)

    def test_nothing_is_left_in_sql(self, index: PassageVectors, tenant_id: UUID) -> None:
        mine = replace(entry(vector=self.near), words=b"mine")
        index.for_tenant(tenant_id, fingerprint=FINGERPRINT).upsert([mine])
        index.drop_tenant(tenant_id)
        assert not PassageWords.objects.for_tenant(tenant_id).exists()


class TestInMemory(WordsContract):
    @pytest.fixture
    def index(self) -> MemoryVectorIndex:
        return MemoryVectorIndex()
