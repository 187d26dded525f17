"""Golden questions: typed, imported, exported and taken from rated answers."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from selectolax.lexbor import LexborHTMLParser

from chat.quality import golden, golden_csv, rating_views, ratings
from chat.quality.errors import ImportRefused, QualityRefused
from chat.quality.golden import Draft
from chat.quality.models import GoldenQuestion, Rating
from chat.quality.ratings import reasons_count
from ingestion.models import Collection, Document
from tenants.access import Access
from tenants.errors import Forbidden, NotFound
from tenants.models import AuditEvent, Tenant
from tests.chat.quality_cast import ABSENT, PUMP, WARRANTY, answered, ask_for
from tests.factories import CollectionFactory, DocumentFactory


@pytest.fixture
def manuals(acme: Tenant) -> Collection:
    return CollectionFactory(tenant=acme, name="Manuals")


@pytest.fixture
def pump(acme: Tenant, manuals: Collection) -> Document:
    return DocumentFactory(tenant=acme, collection=manuals, name="pump.pdf", status="ready")


def texts(tenant: Tenant) -> list[str]:
    return list(GoldenQuestion.objects.for_tenant(tenant).values_list("text", flat=True))


def imported(collection: Collection, *lines: str) -> list[Draft]:
    return golden_csv.imported("\n".join(lines).encode(), collection=collection)


def problems(collection: Collection, *lines: str) -> tuple[str, ...]:
    with pytest.raises(ImportRefused) as caught:
        imported(collection, *lines)
    return caught.value.problems


# --- typed ---


def test_alice_types_a_question_with_its_document(
    alice_client: Client, acme: Tenant, manuals: Collection, pump: Document
) -> None:
    response = alice_client.post(
        reverse("chat:dashboard_golden_questions", args=["acme", manuals.pk]),
        {
            "text": f"  {WARRANTY} ",
            "answerable": "yes",
            "expected_answer": "",
            "key_phrases": "three years\n\nthree years\n",
            "sources-TOTAL_FORMS": "1",
            "sources-INITIAL_FORMS": "0",
            "sources-0-document": str(pump.pk),
            "sources-0-page": "3",
            "sources-0-text": "",
        },
    )
    assert response.status_code == 302
    (made,) = golden.golden_list(tenant=acme, collection_ids=[manuals.pk])
    assert (made.text, made.answerable, made.key_phrases) == (WARRANTY, True, ["three years"])
    (source,) = made.sources.all()
    assert (source.series, source.document_name, source.page) == (pump.series, "pump.pdf", 3)
    assert AuditEvent.objects.for_tenant(acme).filter(action="golden question added").exists()


def test_a_page_without_its_document_is_asked_back(alice_client: Client, acme: Tenant, manuals: Collection) -> None:
    response = alice_client.post(
        reverse("chat:dashboard_golden_questions", args=["acme", manuals.pk]),
        {
            "text": WARRANTY,
            "answerable": "yes",
            "sources-TOTAL_FORMS": "1",
            "sources-INITIAL_FORMS": "0",
            "sources-0-page": "3",
        },
    )
    assert response.status_code == 400
    assert "Choose the document that this is in." in response.text
    assert texts(acme) == []


def test_a_document_of_another_collection_or_organisation_cannot_be_chosen(
    alice_client: Client, acme: Tenant, other_org: Tenant, manuals: Collection
) -> None:
    for foreign in (DocumentFactory(tenant=acme), DocumentFactory(tenant=other_org)):
        response = alice_client.post(
            reverse("chat:dashboard_golden_questions", args=["acme", manuals.pk]),
            {
                "text": WARRANTY,
                "answerable": "yes",
                "sources-TOTAL_FORMS": "1",
                "sources-INITIAL_FORMS": "0",
                "sources-0-document": str(foreign.pk),
            },
        )
        assert response.status_code == 400
    assert texts(acme) == []


def test_a_question_is_edited_and_deleted(
    alice_client: Client, as_alice: Access, acme: Tenant, manuals: Collection, pump: Document
) -> None:
    made = ask_for(as_alice, manuals, WARRANTY, pump)
    address = reverse("chat:dashboard_golden_edit", args=["acme", made.pk])
    assert WARRANTY in alice_client.get(address).text
    posted = {"text": ABSENT, "answerable": "no", "sources-TOTAL_FORMS": "0", "sources-INITIAL_FORMS": "0"}
    assert alice_client.post(address, posted).status_code == 302
    changed = golden.golden_get(tenant=acme, golden_id=made.pk)
    assert (changed.text, changed.answerable, list(changed.sources.all())) == (ABSENT, False, [])
    alice_client.post(reverse("chat:dashboard_golden_delete", args=["acme", made.pk]))
    assert texts(acme) == []


def test_a_document_that_is_not_there_any_more_is_named_before_it_is_lost(
    alice_client: Client, as_alice: Access, acme: Tenant, manuals: Collection, pump: Document
) -> None:
    made = ask_for(
        as_alice, manuals, WARRANTY, pump, DocumentFactory(tenant=acme, collection=manuals, name="train.txt")
    )
    address = reverse("chat:dashboard_golden_edit", args=["acme", made.pk])
    assert "no longer in this collection" not in alice_client.get(address).text
    Document.objects.for_tenant(acme).filter(pk=pump.pk).update(collection=CollectionFactory(tenant=acme))
    page = alice_client.get(address).text
    assert "“pump.pdf” is no longer in this collection." in page
    assert "“train.txt” is no longer" not in page
    chosen = [option.text() for option in LexborHTMLParser(page).css("[name$=-document] option[selected]")]
    assert chosen == ["Any, or none", "train.txt", "Any, or none"]


def test_documents_are_read_once_however_many_say_it(
    alice_client: Client, as_alice: Access, acme: Tenant, manuals: Collection, pump: Document
) -> None:
    several = [DocumentFactory(tenant=acme, collection=manuals) for _number in range(4)]
    counts = []
    for text, documents in ((WARRANTY, [pump]), (f"{WARRANTY} And why?", several)):
        made = ask_for(as_alice, manuals, text, *documents)
        alice_client.get(reverse("chat:dashboard_golden_edit", args=["acme", made.pk]))
        with CaptureQueriesContext(connection) as queries:
            alice_client.get(reverse("chat:dashboard_golden_edit", args=["acme", made.pk]))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_same_question_twice_is_refused(as_alice: Access, manuals: Collection, pump: Document) -> None:
    ask_for(as_alice, manuals, WARRANTY, pump)
    with pytest.raises(QualityRefused, match="there already"):
        ask_for(as_alice, manuals, WARRANTY, pump)


def test_bob_is_no_admin_and_writes_none(as_bob: Access, manuals: Collection, pump: Document) -> None:
    with pytest.raises(Forbidden):
        ask_for(as_bob, manuals, WARRANTY, pump)


# --- imported and exported ---


def test_a_table_becomes_questions(acme: Tenant, manuals: Collection, pump: Document) -> None:
    DocumentFactory(tenant=acme, collection=manuals, name="train.txt", folder="travel")
    first, second = imported(
        manuals,
        "Question;Key phrases;Document;Page;In documents",
        f"{WARRANTY};three years | 36 months;PUMP.pdf;3;yes",
        f"{WARRANTY};;travel/train.txt;;",
        f"{ABSENT};;;;no",
    )
    assert (first.text, first.key_phrases) == (WARRANTY, ("three years", "36 months"))
    assert [(each.document.name, each.page) for each in first.sources] == [("pump.pdf", 3), ("train.txt", None)]
    assert (second.text, second.answerable, second.sources) == (ABSENT, False, ())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1250"])
def test_a_table_may_be_in_the_encoding_of_an_old_spreadsheet(manuals: Collection, encoding: str) -> None:
    question = "Koliko dana plaćenog odsustva dobija zaposleni za selidbu, a šta žena za rođenje četvrtog deteta?"
    table = f"question;expected_answer\n{question};Pet dana\n".encode(encoding)
    assert [each.text for each in golden_csv.imported(table, collection=manuals)] == [question]


def test_every_mistake_is_named_with_its_line(acme: Tenant, manuals: Collection, pump: Document) -> None:
    for _twice in range(2):
        DocumentFactory(tenant=acme, collection=manuals, name="twin.txt", folder=f"f{_twice}")
    told = problems(
        manuals,
        "question,document,page,in_documents,passage",
        '"Two',
        'lines?",gone.pdf,,,',
        ",pump.pdf,,,",
        "",
        "Which?,pump.pdf,zero,,",
        "Which one?,twin.txt,,,",
        "Maybe?,,,perhaps,",
        "Absent?,pump.pdf,,no,",
        "Where?,,7,,",
        f"{'x' * 501},,,,",
    )
    assert [each.partition(":")[0] for each in told] == [f"Line {n}" for n in (2, 4, 6, 7, 8, 9, 10, 11)]
    assert "no document “gone.pdf”" in told[0]
    assert "folder/name" in told[3]


def test_a_question_with_an_unquoted_comma_is_not_cut_there(manuals: Collection) -> None:
    told = problems(manuals, "question", "Who pays?", "What, if anything, is due?", '"What, then?",')
    assert [each.partition(":")[0] for each in told] == ["Line 3"]
    assert "more cells than the first line" in told[0]


def test_a_document_in_no_folder_is_told_from_one_of_its_name_in_a_folder(
    acme: Tenant, manuals: Collection, pump: Document
) -> None:
    DocumentFactory(tenant=acme, collection=manuals, name="pump.pdf", folder="old", status="ready")
    (draft,) = imported(manuals, "question,document", f"{WARRANTY},PUMP.pdf")
    assert [source.document for source in draft.sources] == [pump]


def test_many_mistakes_are_counted_instead_of_told(manuals: Collection) -> None:
    told = problems(manuals, "question,document", *(f"{n}?,gone.pdf" for n in range(30)))
    assert (len(told), told[-1]) == (21, "… and 10 more.")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"", "first line has to name the columns"),
        (b"document,page\na,1\n", "first line has to name the columns"),
        (b"question,colour\na?,red\n", "first line has to name the columns"),
        (b"question\n", "no question in this file"),
        (bytes(range(32)) * 40, "binary file"),
        (b"question\n" + b"x" * golden_csv.MAX_BYTES, "too large"),
    ],
)
def test_a_file_that_is_no_such_table_says_so(manuals: Collection, table: bytes, said: str) -> None:
    with pytest.raises(ImportRefused, match=said):
        golden_csv.imported(table, collection=manuals)


def test_nothing_is_half_imported(alice_client: Client, acme: Tenant, manuals: Collection, pump: Document) -> None:
    table = f"question,document\n{WARRANTY},pump.pdf\nWhich?,gone.pdf\n".encode()
    address = reverse("chat:dashboard_golden_import", args=["acme", manuals.pk])
    response = alice_client.post(address, {"file": SimpleUploadedFile("golden.csv", table)})
    assert response.status_code == 400
    assert "Line 3:" in response.text
    assert texts(acme) == []


def test_what_is_there_already_is_replaced(as_alice: Access, acme: Tenant, manuals: Collection, pump: Document) -> None:
    ask_for(as_alice, manuals, WARRANTY)
    drafts = imported(manuals, "question,document", f"{WARRANTY},pump.pdf", f"{ABSENT},")
    assert golden.golden_import(access=as_alice, collection=manuals, drafts=drafts) == (1, 1)
    first, _second = golden.golden_list(tenant=acme, collection_ids=[manuals.pk])
    assert (first.text, first.answerable) == (WARRANTY, True)
    assert [source.document_name for source in first.sources.all()] == ["pump.pdf"]


def test_a_collection_has_room_for_so_many_and_no_more(
    as_alice: Access, manuals: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(golden, "QUESTIONS_MAX", 2)
    drafts = [Draft(text=f"{n}?", answerable=False) for n in range(3)]
    with pytest.raises(QualityRefused, match="can have 2"):
        golden.golden_import(access=as_alice, collection=manuals, drafts=drafts)


def exported(client: Client, collection: Collection) -> list[dict[str, Any]]:
    response = client.get(reverse("chat:dashboard_golden_export", args=["acme", collection.pk]))
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_what_is_exported_can_be_imported(
    alice_client: Client, as_alice: Access, acme: Tenant, manuals: Collection, pump: Document
) -> None:
    other = DocumentFactory(tenant=acme, collection=manuals, name="pump.pdf", folder="old", status="ready")
    ask_for(as_alice, manuals, WARRANTY, other, phrases=["three years", "36 months"])
    ask_for(as_alice, manuals, ABSENT)
    address = reverse("chat:dashboard_golden_export", args=["acme", manuals.pk])
    table = alice_client.get(address).content
    first, second = golden_csv.imported(table, collection=manuals)
    assert (first.text, first.key_phrases) == (WARRANTY, ("three years", "36 months"))
    assert [source.document for source in first.sources] == [other]
    assert (second.text, second.answerable) == (ABSENT, False)


def test_a_phrase_that_is_exported_stays_one(
    alice_client: Client, as_alice: Access, manuals: Collection, pump: Document
) -> None:
    ask_for(as_alice, manuals, WARRANTY, pump, phrases=["grep | sort", "two"])
    table = alice_client.get(reverse("chat:dashboard_golden_export", args=["acme", manuals.pk])).content
    (draft,) = golden_csv.imported(table, collection=manuals)
    assert draft.key_phrases == ("grep sort", "two")


@pytest.mark.parametrize("text", ["=1+1", "+49 30?", "-5 degrees?", "@SUM(A1)", "'quoted'?", "'-ware?", "''=x"])
def test_a_spreadsheet_finds_no_formula_and_we_find_the_question(
    alice_client: Client, as_alice: Access, manuals: Collection, text: str
) -> None:
    ask_for(as_alice, manuals, text)
    (row,) = exported(alice_client, manuals)
    assert not row["question"].startswith(("=", "+", "-", "@"))
    table = alice_client.get(reverse("chat:dashboard_golden_export", args=["acme", manuals.pk])).content
    assert [each.text for each in golden_csv.imported(table, collection=manuals)] == [text]


# --- ratings, and what is taken from them ---


def rate(client: Client, turn: Any, value: str, **fields: str) -> Any:
    return client.post(reverse("chat:turn_rate", args=["acme", turn.pk]), {"value": value, **fields})


def test_a_reader_rates_changes_their_mind_and_takes_it_back(bob_client: Client, as_bob: Access, acme: Tenant) -> None:
    turn = answered(as_bob, WARRANTY)
    response = rate(bob_client, turn, "down", comment="It is  two years.")
    assert response["Location"].endswith(f"#turn-{turn.pk}")
    rating = Rating.objects.for_tenant(acme).get()
    assert (rating.helpful, rating.comment) == (False, "It is two years.")
    rate(bob_client, turn, "up")
    rating.refresh_from_db()
    assert (rating.helpful, rating.comment) == (True, "")
    rate(bob_client, turn, "none")
    assert not Rating.objects.for_tenant(acme).exists()


def test_a_reason_and_a_comment_do_not_undo_each_other(
    bob_client: Client, as_bob: Access, alice_client: Client, acme: Tenant
) -> None:
    turn = answered(as_bob, WARRANTY)
    rate(bob_client, turn, "down", reason="outdated")
    page = LexborHTMLParser(bob_client.get(reverse("chat:conversation", args=["acme", turn.conversation_id])).content)
    (kept,) = page.css(".rating-comment [name=reason]")
    rate(bob_client, turn, "down", reason=str(kept.attributes["value"]), comment="It is three years now.")
    rating = Rating.objects.for_tenant(acme).get()
    assert (rating.reason, rating.comment) == ("outdated", "It is three years now.")
    assert reasons_count(tenant=acme) == [("Out of date", 1)]
    assert "Out of date" in alice_client.get(reverse("chat:dashboard_rated", args=["acme"])).text
    assert rate(bob_client, turn, "down", reason="rude").status_code == 400
    rate(bob_client, turn, "up", reason="wrong")
    rating.refresh_from_db()
    assert (rating.helpful, rating.reason) == (True, "")


def test_the_script_gets_the_thumbs_alone(bob_client: Client, as_bob: Access) -> None:
    turn = answered(as_bob, WARRANTY)
    address = reverse("chat:turn_rate", args=["acme", turn.pk])
    response = bob_client.post(address, {"value": "up"}, headers={"HX-Target": "rating"})
    assert response.text.count("<rz-rating") == 1
    assert 'data-thumb="up" aria-pressed="true"' in response.text
    assert "<html" not in response.text


@pytest.mark.parametrize("status", ["running", "stopped"])
def test_only_a_complete_answer_can_be_rated(bob_client: Client, as_bob: Access, acme: Tenant, status: str) -> None:
    assert rate(bob_client, answered(as_bob, WARRANTY, status=status), "up").status_code == 400
    assert not Rating.objects.for_tenant(acme).exists()


def test_nobody_rates_a_colleagues_answer(alice_client: Client, as_bob: Access, acme: Tenant) -> None:
    assert rate(alice_client, answered(as_bob, WARRANTY), "up").status_code == 404
    assert not Rating.objects.for_tenant(acme).exists()


def test_the_chat_says_before_rating_who_will_see_it(bob_client: Client, as_bob: Access) -> None:
    turn = answered(as_bob, WARRANTY)
    page = bob_client.get(reverse("chat:conversation", args=["acme", turn.conversation_id])).text
    assert "Admins see what you rate" in page


def test_the_dashboard_counts_ratings(alice_client: Client, as_bob: Access, acme: Tenant) -> None:
    for helpful in (True, True, False):
        ratings.rating_set(access=as_bob, turn_id=answered(as_bob, WARRANTY).pk, helpful=helpful)
    context = alice_client.get(reverse("chat:dashboard", args=["acme"])).context
    assert (context["ratings"].helpful, context["ratings"].unhelpful) == (2, 1)


def test_every_rated_answer_can_be_leafed_to(
    alice_client: Client, as_bob: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rating_views, "RATED_SHOWN", 1)
    for question in (WARRANTY, ABSENT):
        ratings.rating_set(access=as_bob, turn_id=answered(as_bob, question).pk, helpful=True)
    address = reverse("chat:dashboard_rated", args=["acme"])
    first, second = (alice_client.get(address, {"page": page}).text for page in (1, 2))
    assert ABSENT in first
    assert "?page=2" in first
    assert WARRANTY in second


def test_a_helpful_answer_becomes_a_golden_question_with_what_it_cites(
    alice_client: Client, as_bob: Access, acme: Tenant, manuals: Collection, pump: Document
) -> None:
    rating = ratings.rating_set(access=as_bob, turn_id=answered(as_bob, WARRANTY, pump).pk, helpful=True)
    assert WARRANTY in alice_client.get(reverse("chat:dashboard_rated", args=["acme"])).text
    response = alice_client.post(reverse("chat:dashboard_rated_take", args=["acme", rating.pk]))
    made = GoldenQuestion.objects.for_tenant(acme).get()
    assert response["Location"] == reverse("chat:dashboard_golden_edit", args=["acme", made.pk])
    (source,) = golden.golden_get(tenant=acme, golden_id=made.pk).sources.all()
    assert (made.collection, made.turn_id) == (manuals, rating.turn_id)
    assert (source.series, source.text) == (pump.series, PUMP)
    assert ratings.taken(tenant=acme, turn_ids=[rating.turn_id]) == {rating.turn_id}


def test_a_right_refusal_becomes_a_question_without_an_answer(
    as_alice: Access, as_bob: Access, manuals: Collection, pump: Document
) -> None:
    turn = answered(as_bob, ABSENT, pump, refused=True)
    rating = ratings.rating_set(access=as_bob, turn_id=turn.pk, helpful=True)
    made = golden.golden_take(access=as_alice, rating=rating)
    assert (made.text, made.answerable) == (ABSENT, False)


def test_an_answer_that_was_no_help_is_not_taken(as_alice: Access, as_bob: Access, pump: Document) -> None:
    rating = ratings.rating_set(access=as_bob, turn_id=answered(as_bob, WARRANTY, pump).pk, helpful=False)
    with pytest.raises(QualityRefused, match="found helpful"):
        golden.golden_take(access=as_alice, rating=rating)


def test_a_rating_of_another_organisation_is_not_there(as_charlie: Access, as_bob: Access, pump: Document) -> None:
    rating = ratings.rating_set(access=as_bob, turn_id=answered(as_bob, WARRANTY, pump).pk, helpful=True)
    with pytest.raises(NotFound):
        ratings.rated_get(tenant=as_charlie.tenant, rating_id=rating.pk)
