"""What every index has to do, be it real or in memory. `test_index_*.py` run it against each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

import pytest

from ingestion.domain import Hit, IndexEntry, Scope, Vector
from ingestion.ports import LexicalIndex, TenantIndex, VectorIndex

EVERYTHING = Scope()
NONE: frozenset[UUID] = frozenset()
EMPTY_SCOPES = [Scope(collection_ids=NONE), Scope(document_ids=NONE), Scope(NONE, NONE)]
FINGERPRINT = "test-model:3"


def entry(
    text: str = "A passage.",
    *,
    chunk: UUID | None = None,
    document: UUID | None = None,
    collection: UUID | None = None,
    vector: Vector | None = None,
    language: str = "en",
    title: str = "",
    heading: str = "",
) -> IndexEntry:
    return IndexEntry(
        chunk_id=chunk or uuid4(),
        document_id=document or uuid4(),
        collection_id=collection or uuid4(),
        text=text,
        title=title,
        heading=heading,
        language=language,
        vector=vector,
    )


def counts(index: TenantIndex[Any]) -> dict[UUID, int]:
    return {document_id: len(chunk_ids) for document_id, chunk_ids in index.contents().items()}


def chunks(hits: Iterable[Hit]) -> list[UUID]:
    return [hit.chunk_id for hit in hits]


class VectorIndexContract:
    """Subclasses give the fixtures `index`, `tenant_id` and `other_tenant_id`."""

    near: Vector = (1.0, 0.0, 0.0)
    middle: Vector = (0.6, 0.8, 0.0)
    far: Vector = (0.0, 0.0, 1.0)

    def three(self, *, document: UUID | None = None) -> list[IndexEntry]:
        return [entry(vector=vector, document=document) for vector in (self.far, self.near, self.middle)]

    def test_it_finds_the_nearest_first_and_scores_with_the_cosine(self, index: VectorIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
        far, near, middle = entries = self.three()
        tenant.upsert(entries)
        hits = tenant.search(self.near, limit=3, scope=EVERYTHING)
        assert chunks(hits) == chunks_of(near, middle, far)
        assert [hit.score for hit in hits] == pytest.approx([1.0, 0.6, 0.0], abs=1e-5)
        assert [hit.document_id for hit in hits] == [near.document_id, middle.document_id, far.document_id]

    def test_it_returns_no_more_than_the_limit(self, index: VectorIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
        tenant.upsert(self.three())
        assert len(tenant.search(self.near, limit=2, scope=EVERYTHING)) == 2
        assert tenant.search(self.near, limit=0, scope=EVERYTHING) == []

    def test_doing_it_twice_changes_nothing(self, index: VectorIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
        document = uuid4()
        entries = self.three(document=document)
        tenant.upsert(entries)
        tenant.upsert([*entries, *entries])
        assert counts(tenant) == {document: 3}

    def test_it_replaces_a_chunk_of_the_same_id(self, index: VectorIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
        chunk = uuid4()
        tenant.upsert([entry(chunk=chunk, vector=self.far)])
        tenant.upsert([entry(chunk=chunk, vector=self.near)])
        [hit] = tenant.search(self.near, limit=5, scope=EVERYTHING)
        assert (hit.chunk_id, round(hit.score, 3)) == (chunk, 1.0)

    def test_it_knows_nothing_of_a_tenant_who_never_indexed(self, index: VectorIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
        tenant.upsert([])
        tenant.delete_document(uuid4())
        assert tenant.search(self.near, limit=5, scope=EVERYTHING) == []
        assert counts(tenant) == {}

    def test_it_shows_no_tenant_what_another_has(
        self, index: VectorIndex, tenant_id: UUID, other_tenant_id: UUID
    ) -> None:
        mine = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
        theirs = index.for_tenant(other_tenant_id, fingerprint=FINGERPRINT)
        secret = entry(vector=self.near)
        theirs.upsert([secret])
        mine.upsert([entry(vector=self.far)])
        everywhere = Scope(frozenset({secret.collection_id}), frozenset({secret.document_id}))
        for scope in (EVERYTHING, everywhere):
            assert secret.chunk_id not in chunks(mine.search(self.near, limit=10, scope=scope))
        mine.delete_document(secret.document_id)
        assert counts(theirs) == {secret.document_id: 1}

    def test_it_keeps_the_vectors_of_two_embedders_apart(self, index: VectorIndex, tenant_id: UUID) -> None:
        index.for_tenant(tenant_id, fingerprint="old").upsert([entry(vector=(1.0, 0.0))])
        index.for_tenant(tenant_id, fingerprint="new").upsert([entry(vector=self.near)])
        assert len(index.for_tenant(tenant_id, fingerprint="old").search((1.0, 0.0), limit=5, scope=EVERYTHING)) == 1
        assert len(index.for_tenant(tenant_id, fingerprint="new").search(self.near, limit=5, scope=EVERYTHING)) == 1

    def test_it_forgets_a_document(self, index: VectorIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
        gone, kept = uuid4(), entry(vector=self.far)
        tenant.upsert([*self.three(document=gone), kept])
        tenant.delete_document(gone)
        assert chunks(tenant.search(self.near, limit=10, scope=EVERYTHING)) == [kept.chunk_id]
        assert counts(tenant) == {kept.document_id: 1}

    def test_it_searches_only_what_the_scope_names(self, index: VectorIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
        far, near, middle = entries = self.three()
        tenant.upsert(entries)
        only = Scope(collection_ids=frozenset({far.collection_id, middle.collection_id}))
        assert chunks(tenant.search(self.near, limit=10, scope=only)) == chunks_of(middle, far)
        one = Scope(document_ids=frozenset({far.document_id}))
        assert chunks(tenant.search(self.near, limit=10, scope=one)) == [far.chunk_id]
        both = Scope(frozenset({far.collection_id}), frozenset({near.document_id}))
        assert chunks(tenant.search(self.near, limit=10, scope=both)) == chunks_of(near, far)

    def test_it_finds_a_distant_document_that_the_scope_names(self, index: VectorIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
        wanted = entry(vector=self.far)
        tenant.upsert([entry(vector=(1.0, number / 1000, 0.0)) for number in range(60)])
        tenant.upsert([wanted])
        scope = Scope(document_ids=frozenset({wanted.document_id}))
        assert chunks(tenant.search(self.near, limit=3, scope=scope)) == [wanted.chunk_id]

    @pytest.mark.parametrize("scope", EMPTY_SCOPES)
    def test_an_empty_scope_is_nothing(self, index: VectorIndex, tenant_id: UUID, scope: Scope) -> None:
        tenant = index.for_tenant(tenant_id, fingerprint=FINGERPRINT)
        tenant.upsert(self.three())
        assert tenant.search(self.near, limit=10, scope=scope) == []

    def test_it_drops_one_tenant_and_no_other(self, index: VectorIndex, tenant_id: UUID, other_tenant_id: UUID) -> None:
        for each in (tenant_id, other_tenant_id):
            index.for_tenant(each, fingerprint=FINGERPRINT).upsert(self.three())
        index.drop_tenant(tenant_id)
        index.drop_tenant(tenant_id)
        assert counts(index.for_tenant(tenant_id, fingerprint=FINGERPRINT)) == {}
        assert len(counts(index.for_tenant(other_tenant_id, fingerprint=FINGERPRINT))) == 3


class LexicalIndexContract:
    """Subclasses give the fixtures `index`, `tenant_id` and `other_tenant_id`."""

    def test_it_ranks_a_passage_with_more_of_the_words_first(self, index: LexicalIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id)
        one = entry("The printer is in the hall.")
        both = entry("The printer jams when the paper is damp.")
        tenant.upsert([one, both, entry("Lunch is at noon."), entry("The hall is closed."), entry("Bring a pencil.")])
        hits = tenant.search("printer paper", limit=10, scope=EVERYTHING)
        assert chunks(hits) == chunks_of(both, one)
        assert hits[0].score > hits[1].score > 0
        assert hits[0].document_id == both.document_id

    def test_a_rare_word_counts_for_more_than_a_common_one(self, index: LexicalIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id)
        rare = entry("A quokka was seen today.")
        common = [entry(f"A meeting was held on day {day}.") for day in range(6)]
        tenant.upsert([*common, rare, *(entry(f"Nothing of note, {number}.") for number in range(8))])
        assert chunks(tenant.search("quokka meeting", limit=10, scope=EVERYTHING))[0] == rare.chunk_id

    def test_title_and_heading_are_searched_too(self, index: LexicalIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id)
        titled = entry("See below.", title="Holiday allowance")
        headed = entry("Twenty days.", heading="Leave › Parental")
        tenant.upsert([titled, headed, entry("Something else."), entry("And more.")])
        assert chunks(tenant.search("holidays", limit=5, scope=EVERYTHING)) == [titled.chunk_id]
        assert chunks(tenant.search("parental", limit=5, scope=EVERYTHING)) == [headed.chunk_id]

    def test_a_question_finds_documents_of_several_languages(self, index: LexicalIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id)
        serbian = entry("Штампачи су у ходнику.", language="sr")
        german = entry("Die Drucker stehen im Flur.", language="de")
        chinese = entry("打印机在走廊里。", language="zh")
        tenant.upsert([serbian, german, chinese, entry("Printers are in the hall.")])
        for question, wanted in (("stampac", serbian), ("Druckern", german), ("打印机", chinese)):
            assert chunks(tenant.search(question, limit=5, scope=EVERYTHING)) == [wanted.chunk_id]

    def test_it_finds_nothing_where_no_word_is_held(self, index: LexicalIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id)
        tenant.upsert([entry("The printer is in the hall.")])
        for question in ("zebra", "", "?!", "'; DROP TABLE x; --", '" OR "', "NEAR(a b)", "a:*"):
            assert tenant.search(question, limit=5, scope=EVERYTHING) == []

    def test_it_takes_a_question_of_a_thousand_words(self, index: LexicalIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id)
        wanted = entry("The printer is in the hall.")
        tenant.upsert([wanted, entry("Lunch is at noon.")])
        question = "printer " + " ".join(f"word{number}" for number in range(1_000))
        assert chunks(tenant.search(question, limit=5, scope=EVERYTHING)) == [wanted.chunk_id]

    def test_doing_it_twice_changes_nothing(self, index: LexicalIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id)
        document = uuid4()
        entries = [entry(f"Printer number {number}.", document=document) for number in range(3)]
        tenant.upsert(entries)
        before = tenant.search("printer", limit=5, scope=EVERYTHING)
        tenant.upsert([*entries, *entries])
        assert counts(tenant) == {document: 3}
        assert tenant.search("printer", limit=5, scope=EVERYTHING) == before

    def test_it_replaces_a_chunk_of_the_same_id(self, index: LexicalIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id)
        chunk = uuid4()
        tenant.upsert([entry("The printer is in the hall.", chunk=chunk)])
        tenant.upsert([entry("The copier is in the hall.", chunk=chunk)])
        assert tenant.search("printer", limit=5, scope=EVERYTHING) == []
        assert chunks(tenant.search("copier", limit=5, scope=EVERYTHING)) == [chunk]

    def test_it_knows_nothing_of_a_tenant_who_never_indexed(self, index: LexicalIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id)
        tenant.upsert([])
        tenant.delete_document(uuid4())
        assert tenant.search("printer", limit=5, scope=EVERYTHING) == []
        assert counts(tenant) == {}

    def test_it_shows_no_tenant_what_another_has(
        self, index: LexicalIndex, tenant_id: UUID, other_tenant_id: UUID
    ) -> None:
        mine, theirs = index.for_tenant(tenant_id), index.for_tenant(other_tenant_id)
        chunk = uuid4()
        secret = entry("The secret printer.", chunk=chunk)
        theirs.upsert([secret])
        mine.upsert([entry("Our printer.")])
        everywhere = Scope(frozenset({secret.collection_id}), frozenset({secret.document_id}))
        for scope in (EVERYTHING, everywhere):
            assert chunk not in chunks(mine.search("secret printer", limit=10, scope=scope))
        mine.delete_document(secret.document_id)
        mine.upsert([entry("Not a secret.", chunk=chunk)])
        assert counts(theirs) == {secret.document_id: 1}
        assert chunks(theirs.search("secret printer", limit=5, scope=EVERYTHING)) == [chunk]

    def test_a_tenants_scores_do_not_depend_on_what_others_have(
        self, index: LexicalIndex, tenant_id: UUID, other_tenant_id: UUID
    ) -> None:
        mine = index.for_tenant(tenant_id)
        mine.upsert([entry("The printer is in the hall."), entry("Lunch is at noon."), entry("Bring a pencil.")])
        before = mine.search("printer", limit=5, scope=EVERYTHING)
        index.for_tenant(other_tenant_id).upsert([entry(f"Printer {number}, rather long.") for number in range(20)])
        assert mine.search("printer", limit=5, scope=EVERYTHING) == before

    def test_it_forgets_a_document(self, index: LexicalIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id)
        gone, kept = uuid4(), entry("The printer in the hall.")
        tenant.upsert([entry("The old printer.", document=gone), entry("Its paper.", document=gone), kept])
        tenant.delete_document(gone)
        assert chunks(tenant.search("printer paper", limit=5, scope=EVERYTHING)) == [kept.chunk_id]
        assert counts(tenant) == {kept.document_id: 1}

    def test_it_searches_only_what_the_scope_names(self, index: LexicalIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id)
        first, second, third = entries = [entry(f"Printer {word}.") for word in ("one", "two", "three")]
        tenant.upsert(entries)
        only = Scope(collection_ids=frozenset({first.collection_id, third.collection_id}))
        assert set(chunks(tenant.search("printer", limit=5, scope=only))) == set(chunks_of(first, third))
        one = Scope(document_ids=frozenset({second.document_id}))
        assert chunks(tenant.search("printer", limit=5, scope=one)) == [second.chunk_id]
        both = Scope(frozenset({first.collection_id}), frozenset({second.document_id}))
        assert set(chunks(tenant.search("printer", limit=5, scope=both))) == set(chunks_of(first, second))

    @pytest.mark.parametrize("scope", EMPTY_SCOPES)
    def test_an_empty_scope_is_nothing(self, index: LexicalIndex, tenant_id: UUID, scope: Scope) -> None:
        tenant = index.for_tenant(tenant_id)
        tenant.upsert([entry("The printer.")])
        assert tenant.search("printer", limit=5, scope=scope) == []

    def test_it_returns_no_more_than_the_limit(self, index: LexicalIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id)
        tenant.upsert([entry(f"Printer {number}.") for number in range(5)])
        assert len(tenant.search("printer", limit=2, scope=EVERYTHING)) == 2
        assert tenant.search("printer", limit=0, scope=EVERYTHING) == []

    def test_it_drops_one_tenant_and_no_other(
        self, index: LexicalIndex, tenant_id: UUID, other_tenant_id: UUID
    ) -> None:
        for each in (tenant_id, other_tenant_id):
            index.for_tenant(each).upsert([entry("The printer.")])
        index.drop_tenant(tenant_id)
        index.drop_tenant(tenant_id)
        assert counts(index.for_tenant(tenant_id)) == {}
        assert index.for_tenant(tenant_id).search("printer", limit=5, scope=EVERYTHING) == []
        assert len(counts(index.for_tenant(other_tenant_id))) == 1

    def test_it_ranks_as_bm25_with_the_tenants_own_statistics_does(self, index: LexicalIndex, tenant_id: UUID) -> None:
        tenant = index.for_tenant(tenant_id)
        twice = entry("printer printer hall")  # three terms
        once = entry("printer")  # one term
        others = [entry("hall desk"), entry("desk lamp")]
        tenant.upsert([twice, once, *others])
        hits = tenant.search("printer lamp", limit=5, scope=EVERYTHING)
        # 4 passages, 8 terms, so a mean length of 2. `printer` is in 2 of 4: ln(2.5 / 2.5) = 0, so the floor of 1e-6.
        # `lamp` is in 1 of 4: ln(3.5 / 1.5); once, in a passage of mean length: 1 * 2.2 / (1 + 1.2) = 1.
        expected = {
            others[1].chunk_id: 0.847297860387,
            twice.chunk_id: 1e-6 * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2)),
            once.chunk_id: 1e-6 * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1 / 2)),
        }
        assert {hit.chunk_id: hit.score for hit in hits} == pytest.approx(expected, rel=1e-6)


def chunks_of(*entries: IndexEntry) -> list[UUID]:
    return [each.chunk_id for each in entries]
