"""Why a document could not be read: written in English by a worker, told in the language of whoever reads it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client
from django.utils import translation

from ingestion import history, sentences
from ingestion.errors import DocumentUnreadable
from ingestion.lease import claim
from ingestion.models import Collection, Document, DocumentEvent
from ingestion.parsers import guards
from ingestion.parsers.left_out import pages_left_out
from ingestion.parsers.sections import NO_TEXT
from ingestion.pipeline import _kept
from ingestion.sentences import both, made_of, packed, sentence, told, unpacked
from ingestion.tasks import POISON, _fail
from tenants.access import Access
from tests.factories import DocumentFactory

TOO_LONG = sentence(
    "This document has %(count)s %(noun)s; at most %(limit)s can be read. Split it and upload the parts.",
    count=6_000,
    noun=sentence("slides"),
    limit=5_000,
)


def in_language(code: str, message: str, parts: dict[str, Any] | None = None) -> str:
    with translation.override(code):
        return str(told(message, parts))


def test_a_sentence_is_english_and_knows_what_it_was_made_of() -> None:
    assert TOO_LONG == ("This document has 6,000 slides; at most 5,000 can be read. Split it and upload the parts.")
    kept = orjson.loads(orjson.dumps(made_of(TOO_LONG)))
    assert in_language("de", str(TOO_LONG), kept) == (
        "Dieses Dokument ist zu lang (Folien: 6.000); höchstens 5.000 können gelesen werden. "
        "Teilen Sie es und laden Sie die Teile hoch."
    )
    assert in_language("sr", str(TOO_LONG), kept).startswith("Документ је предугачак (слајдови: 6.000)")
    assert in_language("en", str(TOO_LONG), kept) == TOO_LONG


def test_a_sentence_without_parameters_is_its_own_template() -> None:
    assert made_of(NO_TEXT) == {}
    assert in_language("de", str(NO_TEXT)).startswith("In diesem Dokument ist kein Text.")


def test_what_is_in_no_catalog_is_told_as_it_is() -> None:
    assert in_language("de", "Something of an older release, 100 % %(odd)s.") == (
        "Something of an older release, 100 % %(odd)s."
    )
    assert in_language("de", "") == ""


def test_names_are_kept_as_they_are() -> None:
    named = sentence("“%(name)s” is empty. Upload a file with content.", name="%(name)s <b>.pdf")
    assert in_language("de", named) == "„%(name)s <b>.pdf“ ist leer. Laden Sie eine Datei mit Inhalt hoch."


def test_two_sentences_are_told_one_after_the_other() -> None:
    whole = unpacked(orjson.loads(orjson.dumps(packed(both(NO_TEXT, TOO_LONG)))))
    assert whole == f"{NO_TEXT} {TOO_LONG}"
    assert in_language("sr", whole) == f"{in_language('sr', NO_TEXT)} {in_language('sr', TOO_LONG)}"


def test_numbers_of_lines_have_no_separators() -> None:
    assert in_language("de", sentence("Line %(line)d", line=12_345)).endswith("12345")


@pytest.mark.parametrize(
    "message",
    [
        7,
        {"template": "x"},
        {"template": 3, "params": {}},
        {"template": "x", "params": []},
        {"template": "%(a)s", "params": {"a": [1]}},
        {"template": "%(a)s" * 1000, "params": {"a": "x" * 1000}},
    ],
)
def test_what_a_reader_says_that_is_no_sentence_is_not_taken(message: object) -> None:
    with pytest.raises(ValueError, match="no sentence"):
        unpacked(message)


def test_sentences_in_sentences_have_an_end() -> None:
    message: dict[str, Any] = {"template": "x", "params": {}}
    for _level in range(sentences.MAX_DEPTH):
        message = {"template": "%(a)s", "params": {"a": message}}
    with pytest.raises(ValueError, match="no sentence"):
        unpacked(message)


def test_widths_are_not_obeyed() -> None:
    assert unpacked({"template": "%(a)999999999s", "params": {"a": "x"}}) == "%(a)999999999s"


@pytest.fixture
def failed(collection: Collection) -> Document:
    document = DocumentFactory(tenant=collection.tenant, collection=collection, status="queued", attempts=0)
    return Document.objects.for_tenant(collection.tenant_id).get(pk=document.pk)


@pytest.fixture
def collection(acme) -> Collection:
    return Collection.objects.create(tenant=acme, name="Papers")


def fail(document: Document, message: str) -> None:
    lease = claim(document)
    assert lease is not None
    with lease:
        _fail(lease.document, lease, DocumentUnreadable(message))
    document.refresh_from_db()


def page(client: Client, language: str, path: str) -> str:
    response = client.get(path, headers={"accept-language": language})
    assert response.status_code == 200
    return response.text


@pytest.mark.django_db(transaction=True)
def test_a_failure_is_told_in_the_readers_language(failed: Document, alice_client: Client) -> None:
    fail(failed, TOO_LONG)
    assert failed.error_message == TOO_LONG
    listed, opened = "/t/acme/documents/", f"/t/acme/documents/{failed.pk}/"
    for path in (listed, opened, f"{opened}?part=history"):
        assert "zu lang (Folien: 6.000)" in page(alice_client, "de", path)
        assert "(слајдови: 6.000)" in page(alice_client, "sr", path)
        assert "has 6,000 slides" in page(alice_client, "en", path)


@pytest.mark.django_db(transaction=True)
def test_a_failure_without_parameters_is_told_in_the_readers_language(failed: Document, alice_client: Client) -> None:
    fail(failed, POISON)
    assert (failed.error_message, failed.error_made_of) == (POISON, {})
    assert "hat den Hintergrundprozess dreimal beendet" in page(alice_client, "de", "/t/acme/documents/")
    assert "је три пута прекинуло позадински процес" in page(alice_client, "sr", "/t/acme/documents/")


@pytest.mark.django_db(transaction=True)
def test_what_was_stored_before_is_shown_as_it_is(failed: Document, alice_client: Client) -> None:
    Document.objects.for_tenant(failed.tenant_id).update(
        status="failed", error_message="This had 7 pages.", left_out=[{"name": "a.exe", "message": "It had 3 parts."}]
    )
    shown = page(alice_client, "de", "/t/acme/documents/")
    assert "This had 7 pages." in shown
    assert "It had 3 parts." in shown


@pytest.mark.django_db(transaction=True)
def test_what_was_left_out_is_told_in_the_readers_language(failed: Document, alice_client: Client) -> None:
    entries = [_kept(each) for each in pages_left_out({2: TOO_LONG, 3: TOO_LONG, 5: NO_TEXT})]
    assert [(each["name"], each["message"]) for each in entries] == [("Pages 2–3", TOO_LONG), ("Page 5", NO_TEXT)]
    Document.objects.for_tenant(failed.tenant_id).update(
        status="ready", left_out=[*entries, {"name": "Documents", "message": "x"}]
    )
    shown = page(alice_client, "de", "/t/acme/documents/")
    assert "<bdi>Seiten 2–3</bdi>" in shown
    assert "(Folien: 6.000)" in shown
    assert "In diesem Dokument ist kein Text." in shown
    assert "<bdi>Documents</bdi>" in shown, "a file's name is nobody's to translate"


@pytest.mark.django_db
def test_the_name_of_a_collection_is_not_translated(failed: Document, as_alice: Access) -> None:
    history.record(failed, history.Kind.MOVED, access=as_alice, detail="Documents")
    history.record(failed, history.Kind.STARTED, detail="Reading")
    moved, started = DocumentEvent.objects.for_tenant(failed.tenant_id).order_by("pk")
    with translation.override("de"):
        assert moved.detail_told == "Documents"
        assert started.detail_told != "Reading"


@pytest.mark.parametrize("raised", [ValueError("bug"), RecursionError()])
def test_a_kind_of_file_is_translated_within_its_sentence(raised: Exception) -> None:
    with pytest.raises(DocumentUnreadable) as caught, guards.reading(sentence("Word file")):
        raise raised
    assert str(caught.value).startswith("This Word file is ")
    assert in_language("de", caught.value.message).startswith("Diese Datei (Word-Datei) ist ")
