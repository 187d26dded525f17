"""The stages of the settings, over documents of Alice's and Charlie's organisations."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from chat.aio import in_thread
from chat.domain import Candidate, Retrieval
from chat.retrieval import build_pipeline
from chat.retrieval.dense import DenseSearch
from chat.retrieval.lexical import LexicalSearch
from chat.retrieval.load import LoadPassages
from chat.retrieval.retriever import TenantRetriever
from ingestion.domain import Scope
from ingestion.models import Chunk, Document
from ingestion.parts import Parts
from tenants.models import Tenant
from tests.chat.retrieval_cast import library, memory_parts

# The stages read from threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

PRINTER = "The printer stands in the hall beside the stairs."
LUNCH = "Lunch is served at noon in the canteen."


@pytest.fixture
def parts() -> Parts:
    return memory_parts()


@pytest.fixture
def guide(parts: Parts, acme: Tenant) -> Document:
    return library(parts, acme, "guide.txt", [LUNCH, PRINTER, "Bring a pencil to the meeting."])


def asked(question: str, scope: Scope | None = None) -> Retrieval:
    return Retrieval(question=question, query=question, scope=scope or Scope())


async def test_a_question_becomes_numbered_passages(parts: Parts, acme: Tenant, guide: Document) -> None:
    found = await build_pipeline(acme.pk, parts=parts)(asked("Where is the printer?"))
    assert [passage.number for passage in found.passages] == [1, 2, 3]
    first = found.passages[0]
    assert (first.text, first.document_name, first.page, first.heading) == (PRINTER, "guide.txt", 2, "Chapter")
    assert (first.start, first.end) == (len(LUNCH) + 2, len(LUNCH) + 2 + len(PRINTER))
    assert (first.document_id, first.version) == (guide.pk, guide.sha256)
    assert first.dense is not None
    assert first.lexical is not None
    assert first.fused is not None
    assert first.fused > 0
    assert set(found.elapsed_ms) >= {"dense", "lexical"}


@pytest.mark.usefixtures("guide")
async def test_another_tenants_documents_are_not_found(parts: Parts, acme: Tenant, other_org: Tenant) -> None:
    secret = await in_thread(library, parts, other_org, "secret.txt", [PRINTER])
    for scope in (Scope(), Scope(document_ids=frozenset({secret.pk}))):
        found = await build_pipeline(acme.pk, parts=parts)(asked("Where is the printer?", scope))
        assert secret.pk not in {passage.document_id for passage in found.passages}


async def test_another_tenants_text_is_not_loaded_even_where_an_index_names_it(
    parts: Parts, acme: Tenant, other_org: Tenant
) -> None:
    secret = await in_thread(library, parts, other_org, "secret.txt", [PRINTER])
    [chunk] = await in_thread(lambda: list(Chunk.objects.for_tenant(other_org)))
    state = replace(asked("?"), fused=(Candidate(chunk.pk, secret.pk, fused=1.0),))
    assert (await LoadPassages(acme.pk, parts)(state)).passages == ()
    assert len((await LoadPassages(other_org.pk, parts)(state)).passages) == 1


@pytest.mark.usefixtures("guide")
@pytest.mark.parametrize("scope", [Scope(collection_ids=frozenset()), Scope(document_ids=frozenset())])
async def test_an_empty_scope_finds_nothing_and_costs_no_vector(acme: Tenant, parts: Parts, scope: Scope) -> None:
    class NoEmbedder:
        fingerprint = "none"

    found = await build_pipeline(acme.pk, parts=replace(parts, embedder=NoEmbedder()))(asked("printer", scope))  # type: ignore[arg-type]
    assert (found.dense, found.lexical, found.passages) == ((), (), ())


async def test_the_scope_narrows_what_is_found(parts: Parts, acme: Tenant, guide: Document) -> None:
    other = await in_thread(library, parts, acme, "other.txt", ["Another printer."])
    only = Scope(collection_ids=frozenset({other.collection_id}))
    found = await build_pipeline(acme.pk, parts=parts)(asked("printer", only))
    assert {passage.document_name for passage in found.passages} == {"other.txt"}
    assert guide.collection_id != other.collection_id


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (Document.Status.READY, True),
        (Document.Status.RUNNING, True),  # what of it is embedded already can be found
        (Document.Status.DELETING, False),
        (Document.Status.FAILED, False),
        (Document.Status.CANCELLED, False),
        (Document.Status.SUPERSEDED, False),
    ],
)
async def test_only_documents_that_can_be_opened_are_shown(
    parts: Parts, acme: Tenant, status: Document.Status, shown: bool
) -> None:
    await in_thread(library, parts, acme, "guide.txt", [PRINTER], status=status)
    found = await build_pipeline(acme.pk, parts=parts)(asked("printer"))
    assert bool(found.passages) is shown


async def test_a_document_that_has_left_the_scope_is_left_out_though_the_index_still_has_it(
    parts: Parts, acme: Tenant, guide: Document
) -> None:
    scope = Scope(collection_ids=frozenset({guide.collection_id}))
    moved_to = (await in_thread(library, parts, acme, "other.txt", [LUNCH])).collection_id
    await in_thread(Document.objects.for_tenant(acme).filter(pk=guide.pk).update, collection_id=moved_to)
    found = await build_pipeline(acme.pk, parts=parts)(asked("printer", scope))
    assert found.lexical != ()
    assert found.passages == ()


async def test_the_same_words_earn_their_place_once_but_a_changed_word_earns_another(
    parts: Parts, acme: Tenant
) -> None:
    texts = [PRINTER, "the PRINTER stands\nin the hall, beside the stairs", PRINTER.replace("stands", "stood")]
    await in_thread(library, parts, acme, "guide.txt", texts)
    found = await build_pipeline(acme.pk, parts=parts)(asked("printer"))
    assert len(found.fused) == 3
    assert [passage.number for passage in found.passages] == [1, 2]
    assert len({passage.text.casefold().split()[2] for passage in found.passages}) == 2


async def test_no_more_passages_are_loaded_than_the_limit(parts: Parts, acme: Tenant) -> None:
    await in_thread(library, parts, acme, "guide.txt", [f"Printer number {number}." for number in range(9)])
    state = replace(asked("printer"), fused=(await LexicalSearch(acme.pk, parts)(asked("printer"))).lexical)
    assert len(state.fused) == 9
    assert len((await LoadPassages(acme.pk, parts, limit=4)(state)).passages) == 4


async def test_earlier_questions_are_searched_for_too_and_count_less(parts: Parts, acme: Tenant) -> None:
    texts = ["The ferry takes bicycles.", "The bus takes bicycles.", "The ferry has a restaurant."]
    await in_thread(library, parts, acme, "travel.txt", texts)
    alone = asked("Does it take bicycles?")
    search = LexicalSearch(acme.pk, parts)

    def found(state: Retrieval) -> list[str]:
        chunks = Chunk.objects.for_tenant(acme).in_bulk([hit.chunk_id for hit in state.lexical])
        return [chunks[hit.chunk_id].text for hit in state.lexical]

    state = await search(replace(alone, context=("Tell me about the ferry.",)))
    assert await in_thread(found, state) == texts
    assert sorted(await in_thread(found, await search(alone))) == sorted(texts[:2])
    older = await search(replace(alone, context=("Tell me about the ferry.", "And about its restaurant.")))
    scores = {hit.chunk_id: hit.lexical or 0.0 for hit in state.lexical}
    assert {hit.chunk_id for hit in older.lexical} == set(scores)


async def test_an_embedder_without_a_coroutine_is_asked_in_a_thread(
    parts: Parts, acme: Tenant, guide: Document
) -> None:
    class Blocking:
        fingerprint = parts.embedder.fingerprint
        embed_query = staticmethod(parts.embedder.embed_query)

    found = await DenseSearch(acme.pk, replace(parts, embedder=Blocking()))(asked("printer"))  # type: ignore[arg-type]
    assert {each.document_id for each in found.dense} == {guide.pk}


# --- LangChain's view --------------------------------------------------------------------------------------------


async def test_the_retriever_returns_documents_that_say_where_they_are_from(
    parts: Parts, acme: Tenant, guide: Document
) -> None:
    retriever = TenantRetriever(pipeline=build_pipeline(acme.pk, parts=parts), scope=Scope())
    first = (await retriever.ainvoke("Where is the printer?"))[0]
    assert first.page_content == PRINTER
    expected = {"document_id": str(guide.pk), "document": "guide.txt", "version": guide.sha256, "page": 2, "number": 1}
    assert expected.items() <= first.metadata.items()
    assert first.metadata["end"] - first.metadata["start"] == len(PRINTER)
    assert first.metadata["fused"] > 0
    state = await retriever.aretrieve("Where is the printer?")
    assert state.passages[0].text == PRINTER
    assert state.fused[0].document_id == guide.pk


@pytest.mark.usefixtures("guide")
def test_the_retriever_can_be_asked_without_an_event_loop(parts: Parts, acme: Tenant) -> None:
    retriever = TenantRetriever(pipeline=build_pipeline(acme.pk, parts=parts), scope=Scope())
    assert retriever.invoke("printer")[0].page_content == PRINTER
    assert TenantRetriever(pipeline=build_pipeline(uuid4(), parts=parts), scope=Scope()).invoke("printer") == []
