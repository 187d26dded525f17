from __future__ import annotations

import sys
from collections.abc import Iterator
from subprocess import run
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError, connection, transaction

from ingestion.domain import Scope
from ingestion.errors import IndexUnavailable
from ingestion.index import bm25
from ingestion.index.entries import LexicalEntry
from ingestion.index.fakes import MemoryLexicalIndex
from ingestion.index.lexical import SqlLexicalIndex
from tenants.models import Tenant
from tests.ingestion.index_contracts import EVERYTHING, LexicalIndexContract, chunks, entry
from tests.support import ROOT, product_environment


@pytest.fixture
def tenant_id(acme: Tenant) -> UUID:
    return acme.pk


@pytest.fixture
def other_tenant_id(other_org: Tenant) -> UUID:
    return other_org.pk


@pytest.fixture
def index() -> SqlLexicalIndex:
    return SqlLexicalIndex()


class TestInTheDatabase(LexicalIndexContract):
    """On SQLite or PostgreSQL, whichever the tests run on."""


class TestInMemory(LexicalIndexContract):
    @pytest.fixture
    def index(self) -> MemoryLexicalIndex:
        return MemoryLexicalIndex()


@pytest.mark.slow
def test_postgresql_keeps_the_same_contract(postgres_url: str) -> None:
    """The tests of this module again, in a process whose database is PostgreSQL."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", __file__]
    done = run(
        command,
        cwd=ROOT,
        env=product_environment(DATABASE_URL=postgres_url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout


def test_the_database_and_memory_rank_alike(tenant_id: UUID) -> None:
    """1,500 passages of a skewed vocabulary: above the number from which frequent terms are passed over."""
    words = [f"word{number}" for number in range(400)]
    entries = [
        entry(" ".join(words[(seed * seed * step + step) % (1 + (seed * step) % 400)] for step in range(3, 23)))
        for seed in range(1_500)
    ]
    real, memory = SqlLexicalIndex().for_tenant(tenant_id), MemoryLexicalIndex().for_tenant(tenant_id)
    for each in (real, memory):
        each.upsert(entries)
    for question in ("word7 word11 word300", "word399 word12", "word21 word57 word88 word130"):
        expected = memory.search(question, limit=20, scope=EVERYTHING)
        found = real.search(question, limit=20, scope=EVERYTHING)
        assert len(found) == 20
        # PostgreSQL estimates the mean length from 1,000 passages; all have 20 terms.
        assert [hit.score for hit in found] == pytest.approx([hit.score for hit in expected], rel=1e-6)


def test_a_question_of_frequent_words_only_is_answered_all_the_same(
    tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bm25, "FEW_PASSAGES", 2)
    tenant = SqlLexicalIndex().for_tenant(tenant_id)
    entries = [entry(f"printer {name}") for name in ("hall", "attic", "cellar", "porch")]
    tenant.upsert(entries)
    assert len(tenant.search("printer", limit=9, scope=EVERYTHING)) == 4
    assert len(tenant.search("printer zebra", limit=9, scope=EVERYTHING)) == 4
    assert chunks(tenant.search("printer attic", limit=9, scope=EVERYTHING)) == [entries[1].chunk_id]


def test_what_the_caller_rolls_back_is_not_in_the_index(tenant_id: UUID) -> None:
    tenant = SqlLexicalIndex().for_tenant(tenant_id)
    kept = entry("The printer in the hall.")
    tenant.upsert([kept])

    def interrupted() -> None:
        with transaction.atomic():
            tenant.delete_document(kept.document_id)
            tenant.upsert([entry("The printer in the attic.")])
            raise InterruptedError

    with pytest.raises(InterruptedError):
        interrupted()
    assert chunks(tenant.search("printer attic", limit=9, scope=EVERYTHING)) == [kept.chunk_id]


def test_it_knows_the_languages_of_the_documents(tenant_id: UUID, other_tenant_id: UUID) -> None:
    index = SqlLexicalIndex()
    index.for_tenant(tenant_id).upsert([entry(language=code) for code in ("sr", "de", "", "de")])
    index.for_tenant(other_tenant_id).upsert([entry(language="fr")])
    assert index.for_tenant(tenant_id).languages() == ["", "de", "sr"]


def test_dropping_a_tenant_leaves_no_table_behind(tenant_id: UUID) -> None:
    index = SqlLexicalIndex()
    index.for_tenant(tenant_id).upsert([entry("The printer.")])
    index.drop_tenant(tenant_id)
    assert [name for name in connection.introspection.table_names() if tenant_id.hex in name] == []
    assert not LexicalEntry.objects.for_tenant(tenant_id).exists()


def test_a_scope_of_thousands_of_documents_is_no_trouble(tenant_id: UUID) -> None:
    tenant = SqlLexicalIndex().for_tenant(tenant_id)
    wanted = entry("The printer.")
    tenant.upsert([wanted, entry("Another printer.")])
    scope = Scope(document_ids=frozenset([wanted.document_id, *(uuid4() for _ in range(5_000))]))
    assert chunks(tenant.search("printer", limit=9, scope=scope)) == [wanted.chunk_id]


def test_a_word_of_any_length_and_a_passage_of_one_word_are_indexed(tenant_id: UUID) -> None:
    tenant = SqlLexicalIndex().for_tenant(tenant_id)
    endless, same = entry("A" * 100_000), entry("echo " * 2_000)
    tenant.upsert([endless, same, entry("Other."), entry("Another.")])
    assert chunks(tenant.search("echo", limit=9, scope=EVERYTHING)) == [same.chunk_id]
    assert chunks(tenant.search("a" * 90_000, limit=9, scope=EVERYTHING)) == [endless.chunk_id]


@pytest.fixture
def broken_database(db: None) -> Iterator[None]:
    def fail(*_args: object) -> None:
        raise OperationalError("database is locked")

    with connection.execute_wrapper(fail):
        yield


@pytest.mark.usefixtures("broken_database")
def test_a_database_that_does_not_answer_is_an_index_that_does_not() -> None:
    tenant = SqlLexicalIndex().for_tenant(uuid4())
    with pytest.raises(IndexUnavailable) as caught:
        tenant.search("printer", limit=5, scope=EVERYTHING)
    assert caught.value.retryable
    assert "try again" in caught.value.message
