"""The document portal: what the list shows, what is done to many at once, one document, and two versions of it."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from ingestion import bulk, comparing, history, leaves, parsers
from ingestion.errors import IngestionError
from ingestion.listing import KINDS, Listing
from ingestion.models import Chunk, Collection, Document, DocumentEvent, DocumentSection
from ingestion.parts import Parts
from ingestion.templatetags.portal import time_left
from tenants.access import Access
from tenants.models import Role, Tenant
from tests.conftest import signed_in
from tests.factories import CollectionFactory, DocumentFactory, member

LISTING = {"HX-Request": "true", "HX-Target": "listing"}
DRAWER = {"HX-Request": "true", "HX-Target": "drawer-body"}


@pytest.fixture
def shelf(acme: Tenant) -> Collection:
    return CollectionFactory(tenant=acme, name="Rules")


def document(shelf: Collection, name: str, **fields: Any) -> Document:
    created: Document = DocumentFactory(tenant=shelf.tenant, collection=shelf, name=name, **fields)
    return created


def with_text(document: Document, *sections: str, pages: bool = True) -> Document:
    """Sections, each on a page of its own, and each a passage."""
    start = 0
    for ordinal, text in enumerate(sections):
        page = ordinal + 1 if pages else None
        DocumentSection.objects.create(
            tenant=document.tenant, document=document, ordinal=ordinal, text=text, start=start, page=page
        )
        Chunk.objects.create(
            id=uuid4(),
            tenant=document.tenant,
            document=document,
            ordinal=ordinal,
            text=text,
            start=start,
            end=start + len(text),
            page=page,
        )
        start += len(text) + 2
    return document


def versions_of(shelf: Collection, *texts: str) -> list[Document]:
    """Oldest first; the last is the one that is searched."""
    series = uuid4()
    made = []
    for number, text in enumerate(texts, start=1):
        is_newest = number == len(texts)
        status = "ready" if is_newest else "superseded"
        made.append(
            with_text(
                document(shelf, "rules.md", series=series, version=number, status=status, searchable=is_newest),
                *text.split("\n\n"),
                pages=False,
            )
        )
    return made


def names(client: Client, query: str = "", **headers: str) -> list[str]:
    page = client.get(f"{reverse('ingestion:documents', args=['acme'])}{query}", headers=headers)
    assert page.status_code == 200
    return re.findall(r'class="document-name"[^>]*><bdi>([^<]*)</bdi>', page.text)


def url(name: str, *ids: Any) -> str:
    return reverse(f"ingestion:{name}", args=["acme", *ids])


# --- the list ----------------------------------------------------------------------------------------------------


def test_words_are_looked_for_in_name_folder_and_title(shelf: Collection, alice_client: Client) -> None:
    document(shelf, "a.txt", folder="Contracts/2024")
    document(shelf, "contract-b.txt")
    document(shelf, "c.txt", title="The contract with Delta")
    document(shelf, "d.txt")

    assert sorted(names(alice_client, "?q=contract")) == ["a.txt", "c.txt", "contract-b.txt"]
    assert names(alice_client, "?q=contract+2024") == ["a.txt"]


def test_capitals_make_no_difference_in_cyrillic_either(shelf: Collection, alice_client: Client) -> None:
    document(shelf, "ПРАВИЛНИК.pdf")
    assert names(alice_client, "?q=правилник") == ["ПРАВИЛНИК.pdf"]


def test_signs_of_patterns_stand_for_themselves(shelf: Collection, alice_client: Client) -> None:
    document(shelf, "100%.txt")
    document(shelf, "other.txt")

    assert names(alice_client, "?q=%25") == ["100%.txt"]
    assert names(alice_client, "?q=.*") == []
    assert names(alice_client, "?q=(") == []


def test_several_statuses_and_kinds_can_be_chosen(shelf: Collection, alice_client: Client) -> None:
    document(shelf, "failed.pdf", status="failed", media_type="application/pdf")
    document(shelf, "ready.pdf", status="ready", media_type="application/pdf")
    document(shelf, "waiting.csv", status="queued", media_type="text/csv")

    assert sorted(names(alice_client, "?status=failed&status=queued")) == ["failed.pdf", "waiting.csv"]
    assert sorted(names(alice_client, "?kind=pdf")) == ["failed.pdf", "ready.pdf"]
    assert names(alice_client, "?kind=pdf&status=ready") == ["ready.pdf"]
    assert len(names(alice_client, "?kind=nonsense&status=superseded&sort=password")) == 3


def test_every_format_that_can_be_read_is_of_one_kind() -> None:
    families = [media_type for _label, media_types in KINDS.values() for media_type in media_types]
    assert len(families) == len(set(families))
    assert set(parsers.media_types()) <= set(families)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["Alpha.txt", "beta.txt", "gamma.txt"]),
        ("-name", ["gamma.txt", "beta.txt", "Alpha.txt"]),
        ("size", ["beta.txt", "gamma.txt", "Alpha.txt"]),
        ("-size", ["Alpha.txt", "gamma.txt", "beta.txt"]),
        ("-date", ["gamma.txt", "Alpha.txt", "beta.txt"]),
        ("date", ["beta.txt", "Alpha.txt", "gamma.txt"]),
        ("status", ["gamma.txt", "beta.txt", "Alpha.txt"]),
    ],
)
def test_the_list_is_sorted_by_a_column(
    sort: str, expected: list[str], shelf: Collection, alice_client: Client
) -> None:
    document(shelf, "beta.txt", size=1, status="failed")
    document(shelf, "Alpha.txt", size=30, status="ready")
    document(shelf, "gamma.txt", size=20, status="running")

    assert names(alice_client, f"?sort={sort}") == expected


def test_a_columns_head_says_how_it_is_sorted_and_leads_to_the_other_way(
    shelf: Collection, alice_client: Client
) -> None:
    document(shelf, "a.txt")
    page = alice_client.get(url("documents"), {"sort": "name", "q": "a"}).text

    assert re.search(r'aria-sort="ascending"><a class="sort" id="sort-name" href="[^"]*\?q=a&amp;sort=-name"', page)
    assert re.search(r'aria-sort="none"><a class="sort" id="sort-date"', page)


def test_filter_and_order_survive_the_pages(
    shelf: Collection, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.portal.PAGE_SIZE", 2)
    for number in range(5):
        document(shelf, f"rule-{number}.txt", status="ready")
    document(shelf, "other.txt", status="ready")

    assert names(alice_client, "?q=rule&sort=name&page=2") == ["rule-2.txt", "rule-3.txt"]
    page = alice_client.get(url("documents"), {"q": "rule", "sort": "name", "page": "2"}).text
    assert f'href="{url("documents")}?q=rule&amp;sort=name&amp;page=3"' in page
    assert f'href="{url("documents")}?q=rule&amp;sort=name"' in page


def test_the_script_gets_the_list_alone_and_the_address_that_says_the_same(
    shelf: Collection, alice_client: Client
) -> None:
    document(shelf, "a.txt")
    answer = alice_client.get(url("documents"), {"q": " a ", "kind": "", "sort": "-date"}, headers=LISTING)

    assert "<html" not in answer.text
    assert answer["HX-Push-Url"] == f"{url('documents')}?q=a"
    assert "HX-Target" in answer["Vary"]
    assert answer["Cache-Control"] == "no-store"


def test_no_match_says_so_and_leads_back(shelf: Collection, alice_client: Client) -> None:
    document(shelf, "a.txt")
    page = alice_client.get(url("collection", shelf.pk), {"q": "zzz"}).text
    assert "No document matches" in page
    assert f'<a href="{url("collection", shelf.pk)}">Show all</a>' in page


def test_a_row_shows_folder_version_and_the_archive_that_it_came_in(shelf: Collection, alice_client: Client) -> None:
    archive = document(shelf, "bundle.zip", media_type="application/zip")
    document(shelf, "inner.txt", parent=archive, folder="bundle/letters", version=3)
    page = alice_client.get(url("documents"), {"q": "inner"}).text

    assert "bundle/letters" in page
    assert ">v3<" in page
    assert "in bundle.zip" in page


def test_a_row_says_how_long_its_stage_will_take(shelf: Collection, alice_client: Client) -> None:
    document(shelf, "a.txt", status="running", stage="embedding", done=640, total=2100, seconds_left=115)
    page = alice_client.get(url("documents")).text

    assert re.search(r'Embedding</span>.*value="640".*value="2100".*about 2 min left', page, re.DOTALL)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (5, "less than a minute left"),
        (60, "about 1 min left"),
        (61, "about 2 min left"),
        (3600, "about 1 h left"),
        (7000, "about 2 h left"),
    ],
)
def test_the_time_that_is_left_is_rounded_up(seconds: int | None, said: str) -> None:
    assert time_left(seconds) == said


def test_what_an_archive_left_out_is_named_with_the_reason(shelf: Collection, alice_client: Client) -> None:
    document(shelf, "bundle.zip", status="ready", left_out=[{"name": "<x>.exe", "message": "It is a program."}])
    page = alice_client.get(url("documents")).text

    assert "Left out: 1" in page
    assert "&lt;x&gt;.exe" in page
    assert "It is a program." in page


def test_the_tally_counts_while_anything_is_busy(shelf: Collection, alice_client: Client) -> None:
    for status in ("ready", "ready", "running", "queued", "queued", "failed"):
        document(shelf, f"{uuid4()}.txt", status=status)
    page = alice_client.get(url("collection_tally", shelf.pk)).text

    words = re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", page)).strip()
    assert words == "2 of 6 ready 1 being read 2 waiting 1 failed"
    assert 'value="2" max="6"' in page


def test_the_tally_of_a_quiet_collection_is_a_number_only(shelf: Collection, alice_client: Client) -> None:
    document(shelf, "a.txt", status="ready")
    page = alice_client.get(url("tally")).text
    assert "1 document" in page
    assert "data-idle" in page


def test_a_reader_gets_no_checkbox_and_no_action(shelf: Collection, acme: Tenant) -> None:
    document(shelf, "a.txt", status="failed")
    page = signed_in(member(acme, "rita", Role.READER)).get(url("documents")).text

    assert 'class="document-name"' in page
    assert 'name="ids"' not in page
    assert 'id="bulk"' not in page
    assert "/retry/" not in page


# --- many at once ------------------------------------------------------------------------------------------------


def post(client: Client, data: dict[str, Any], **headers: str) -> Any:
    return client.post(url("bulk"), data, headers=headers)


def statuses(tenant: Tenant) -> dict[str, str]:
    return dict(Document.objects.for_tenant(tenant).values_list("name", "status"))


def said(response: Any) -> str:
    page = response.client.get(response["Location"]) if response.status_code == 302 else response
    return re.sub(r"\s+", " ", page.text)


def test_the_chosen_documents_are_tried_again(
    shelf: Collection, acme: Tenant, alice_client: Client, no_queue: list[str]
) -> None:
    rows = [document(shelf, name, status=status) for name, status in (("a", "failed"), ("b", "ready"), ("c", "failed"))]
    response = post(alice_client, {"action": "retry", "ids": [rows[0].pk, rows[1].pk], "collection": shelf.pk})

    assert response["Location"] == url("collection", shelf.pk)
    assert statuses(acme) == {"a": "queued", "b": "ready", "c": "failed"}
    assert "1 tried again, 1 left as it was: Only what has failed or was cancelled can be tried again." in said(
        response
    )


def test_everything_that_the_filter_shows_is_read_again(
    shelf: Collection, acme: Tenant, alice_client: Client, no_queue: list[str]
) -> None:
    for name in ("rule-1", "rule-2", "other"):
        document(shelf, name, status="ready")
    document(CollectionFactory(tenant=acme), "rule-elsewhere", status="ready")
    response = post(alice_client, {"action": "reread", "everything": "on", "q": "rule", "collection": shelf.pk})

    assert response["Location"] == f"{url('collection', shelf.pk)}?q=rule"
    assert statuses(acme) == {"rule-1": "queued", "rule-2": "queued", "other": "ready", "rule-elsewhere": "ready"}


def test_one_that_cannot_be_moved_does_not_hold_up_the_others(
    shelf: Collection, acme: Tenant, alice_client: Client, made_of: Parts
) -> None:
    target = CollectionFactory(tenant=acme, name="Archive")
    document(target, "same.txt", content=b"same", status="ready")
    rows = [
        document(shelf, "same too.txt", content=b"same", status="ready"),
        document(shelf, "free.txt", status="ready"),
        document(shelf, "busy.txt", status="running"),
    ]
    response = post(alice_client, {"action": "move", "target": target.pk, "ids": [row.pk for row in rows]})

    moved = Document.objects.for_tenant(acme).filter(collection=target).values_list("name", flat=True)
    assert sorted(moved) == ["free.txt", "same.txt"]
    text = said(response)
    assert "1 moved" in text
    assert "1 left as it was: “Archive” has a document with the content of “same too.txt” already." in text
    assert "1 left as it was: “busy.txt” is being read. Move it when that is done." in text


def test_without_a_script_a_page_asks_before_documents_are_deleted(
    shelf: Collection, acme: Tenant, alice_client: Client, no_queue: list[str]
) -> None:
    rows = [document(shelf, name, status="ready") for name in ("a", "b", "c")]
    chosen = {"action": "delete", "ids": [row.pk for row in rows[:2]], "collection": shelf.pk}
    question = post(alice_client, chosen)

    assert "Delete 2 documents?" in question.text
    assert set(statuses(acme).values()) == {"ready"}
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', question.text)
    answered: dict[str, list[str]] = {}
    for name, value in hidden:
        answered.setdefault(name, []).append(value)
    answered.pop("csrfmiddlewaretoken", None)
    post(alice_client, answered)
    assert statuses(acme) == {"a": "deleting", "b": "deleting", "c": "ready"}


def test_the_script_has_asked_already_and_gets_the_list_and_what_was_done(
    shelf: Collection, acme: Tenant, alice_client: Client, no_queue: list[str]
) -> None:
    rows = [document(shelf, name, status="ready") for name in ("a", "b")]
    answer = post(alice_client, {"action": "delete", "ids": [rows[0].pk]}, **LISTING)

    assert statuses(acme) == {"a": "deleting", "b": "ready"}
    assert "<html" not in answer.text
    assert "1 deleted." in answer.text
    assert 'hx-swap-oob="beforeend"' in answer.text
    assert f"doc-{rows[0].pk}" not in answer.text
    assert "1 deleted." not in alice_client.get(url("documents")).text


def test_what_waits_is_cancelled_and_what_came_in_a_deleted_archive_counts_as_deleted(
    shelf: Collection, acme: Tenant, as_alice: Access, no_queue: list[str]
) -> None:
    archive = document(shelf, "bundle.zip", status="ready")
    document(shelf, "inner.txt", status="queued", parent=archive)
    everything = Document.objects.for_tenant(acme)

    cancelled = bulk.run(access=as_alice, action="cancel", documents=everything)
    assert (cancelled.done, cancelled.refused.total()) == (1, 1)
    deleted = bulk.run(access=as_alice, action="delete", documents=everything)
    assert str(deleted) == "2 deleted."
    assert set(statuses(acme).values()) == {"deleting"}


def test_what_is_too_much_for_one_request_is_left_for_another(
    shelf: Collection, as_alice: Access, acme: Tenant, no_queue: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    for number in range(3):
        document(shelf, f"{number}", status="failed")
    everything = Document.objects.for_tenant(acme)

    assert str(bulk.run(access=as_alice, action="retry", documents=everything)).startswith(
        "2 tried again, 1 left for another time"
    )
    assert bulk.run(access=as_alice, action="retry", documents=everything).done == 1


def test_foreign_ids_are_like_ids_that_nothing_has(
    shelf: Collection, acme: Tenant, charlie_client: Client, alice_client: Client
) -> None:
    theirs = document(shelf, "secret.txt", status="ready")
    address = reverse("ingestion:bulk", args=["other"])
    answers = [
        charlie_client.post(address, {"action": "delete", "ids": [pk], "confirmed": "on"}, follow=True)
        for pk in (theirs.pk, uuid4(), "no id at all")
    ]

    assert len({re.sub(r'nonce="[^"]*"|value="[^"]{64}"|X-CSRFToken[^}]*', "", each.text) for each in answers}) == 1
    assert "No document was chosen" in answers[0].text
    assert statuses(acme) == {"secret.txt": "ready"}


def test_documents_are_not_moved_to_a_foreign_collection(
    shelf: Collection, charlie_client: Client, other_org: Tenant
) -> None:
    own = DocumentFactory(tenant=other_org, status="ready")
    address = reverse("ingestion:bulk", args=["other"])
    answer = charlie_client.post(address, {"action": "move", "target": shelf.pk, "ids": [own.pk]})

    assert answer.status_code == 404
    own.refresh_from_db()
    assert own.collection_id != shelf.pk


def test_a_reader_does_nothing_to_many(shelf: Collection, acme: Tenant) -> None:
    row = document(shelf, "a", status="failed")
    client = signed_in(member(acme, "rita", Role.READER))
    assert post(client, {"action": "retry", "ids": [row.pk]}).status_code == 403
    assert statuses(acme) == {"a": "failed"}


def test_an_action_that_there_is_not_is_refused(shelf: Collection, alice_client: Client) -> None:
    answer = post(alice_client, {"action": "explode", "ids": [document(shelf, "a").pk]})
    assert answer.status_code == 400
    assert "Choose what is to be done" in answer.text


# --- one document ------------------------------------------------------------------------------------------------


def test_a_document_has_a_page_and_a_panel(shelf: Collection, alice_client: Client) -> None:
    row = with_text(document(shelf, "guide.txt", status="ready"), "First page.", "Second page.")
    page = alice_client.get(url("document", row.pk)).text
    panel = alice_client.get(url("document", row.pk), headers=DRAWER).text

    assert "<html" in page
    assert "<html" not in panel
    for text in (page, panel):
        assert "First page." in text
        assert "Page 2" in text
        assert text.count('class="passage-number"') == 2


def test_a_passage_over_two_sections_has_one_number(shelf: Collection, acme: Tenant) -> None:
    row = with_text(document(shelf, "guide.txt"), "One.", "Two.")
    Chunk.objects.for_tenant(acme).delete()
    Chunk.objects.create(id=uuid4(), tenant=acme, document=row, ordinal=4, text="One.\n\nTw", start=0, end=8)
    (leaf,) = leaves.leaves_of(row)
    first, second = leaves.blocks_of(row, leaf)

    assert [(span.text, span.passage, span.begins) for span in first.spans] == [("One.", 5, True)]
    assert [(span.text, span.passage, span.begins) for span in second.spans] == [
        ("Tw", 5, False),
        ("o.", None, False),
    ]


def test_a_long_document_is_leafed_through(shelf: Collection, alice_client: Client) -> None:
    row = with_text(document(shelf, "book.txt", page_count=45), *(f"This is page {n}." for n in range(1, 46)))
    assert [(leaf.first_page, leaf.last_page) for leaf in leaves.leaves_of(row)] == [(1, 20), (21, 40), (41, 45)]
    middle = alice_client.get(url("document", row.pk), {"page": 2}).text

    assert "This is page 21." in middle
    assert "This is page 40." in middle
    assert "This is page 20." not in middle
    assert "This is page 41." not in middle
    assert "Pages 21–40 of 45" in middle


@pytest.mark.parametrize("lengths", [(95_000,), (10, 95_000, 10), (30_000, 30_000, 100), (40_000,), (40_001, 5)])
def test_the_leaves_together_are_the_text(lengths: tuple[int, ...], shelf: Collection) -> None:
    texts = [
        f"{chr(0x430 + place)}{place}" * (length // 2) + "." * (length % 2) for place, length in enumerate(lengths)
    ]
    row = with_text(document(shelf, "long.txt"), *texts, pages=False)
    found = leaves.leaves_of(row)
    shown = ["".join(span.text for block in leaves.blocks_of(row, leaf) for span in block.spans) for leaf in found]

    assert "".join(shown) == "".join(texts)
    assert max(map(len, shown)) <= leaves.CHARACTERS + 10


def test_a_document_that_nobody_has_read_says_so(shelf: Collection, alice_client: Client) -> None:
    page = alice_client.get(url("document", document(shelf, "new.txt", status="queued").pk)).text
    assert "Nothing of it has been read yet." in page


def test_text_from_a_document_is_text(shelf: Collection, alice_client: Client) -> None:
    row = with_text(document(shelf, "x.html", status="ready"), "<script>alert(1)</script>")
    page = alice_client.get(url("document", row.pk)).text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_versions_are_listed_newest_first(shelf: Collection, alice_client: Client) -> None:
    first, second, third = versions_of(shelf, "one", "two", "three")
    page = alice_client.get(url("document", third.pk), {"part": "versions"}).text

    assert re.findall(r">Version (\d)</a>", page) == ["3", "2", "1"]
    assert url("compare", first.pk, third.pk) in page
    assert url("restore", second.pk) in page
    assert url("restore", third.pk) not in page
    assert url("delete_version", third.pk) not in page


def test_an_older_version_says_that_there_is_a_newer_one(shelf: Collection, alice_client: Client) -> None:
    old, new = versions_of(shelf, "one", "two")
    page = alice_client.get(url("document", old.pk)).text

    assert "There is a newer version, number 2" in page
    assert url("document", new.pk) in page


def test_a_version_is_restored_and_deleted(
    shelf: Collection, acme: Tenant, alice_client: Client, no_queue: list[str]
) -> None:
    first, second, third = versions_of(shelf, "one", "two", "three")
    answer = alice_client.post(url("restore", first.pk))
    assert answer["Location"] == f"{url('document', first.pk)}?part=versions"
    panel = alice_client.post(url("delete_version", second.pk), headers=DRAWER)

    assert re.findall(r">Version (\d)</a>", panel.text) == ["4", "3"]
    stored = Document.objects.for_tenant(acme).values_list("pk", "version", "status")
    assert {pk: (version, status) for pk, version, status in stored} == {
        first.pk: (4, "queued"),
        second.pk: (2, "deleting"),
        third.pk: (3, "ready"),
    }


def test_the_version_in_use_is_not_deleted_by_itself(shelf: Collection, alice_client: Client) -> None:
    _old, new = versions_of(shelf, "one", "two")
    answer = alice_client.post(url("delete_version", new.pk))
    new.refresh_from_db()

    assert answer.status_code == 400
    assert new.status == "ready"


def test_the_history_tells_who_did_what(shelf: Collection, alice_client: Client, as_alice: Access) -> None:
    row = document(shelf, "a.txt", status="failed")
    history.record(row, DocumentEvent.Kind.FAILED, detail="The file is damaged.")
    history.record(row, DocumentEvent.Kind.RETRIED, access=as_alice)
    page = alice_client.get(url("document", row.pk), {"part": "history"}).text

    assert page.index("Tried again by hand") < page.index("The file is damaged.")
    assert "alice@example.org" in page


def test_the_details_name_where_it_came_from_and_what_came_in_it(shelf: Collection, alice_client: Client) -> None:
    archive = document(shelf, "bundle.zip", source_url="https://example.org/bundle.zip", timings={"reading": 1500})
    inner = document(shelf, "inner.txt", parent=archive)
    outer = alice_client.get(url("document", archive.pk), {"part": "details"}).text

    assert archive.sha256 in outer
    assert 'href="https://example.org/bundle.zip"' in outer
    assert "1 file came in it" in outer
    assert url("document", inner.pk) in outer
    assert 'value="1500"' in outer
    assert url("document", archive.pk) in alice_client.get(url("document", inner.pk), {"part": "details"}).text


def test_an_address_that_a_browser_would_run_is_no_link(shelf: Collection, alice_client: Client) -> None:
    row = document(shelf, "a.txt", source_url="javascript:alert(1)")
    assert 'href="javascript' not in alice_client.get(url("document", row.pk), {"part": "details"}).text


@pytest.mark.parametrize("part", ["text", "versions", "history", "details"])
def test_a_foreign_document_is_like_one_that_is_not_there(part: str, shelf: Collection, charlie_client: Client) -> None:
    theirs = with_text(document(shelf, "secret.txt", status="ready"), "secret words")
    answers = [
        charlie_client.get(reverse("ingestion:document", args=["other", pk]), {"part": part})
        for pk in (theirs.pk, uuid4())
    ]
    assert [each.status_code for each in answers] == [404, 404]
    assert "secret" not in answers[0].text


# --- two versions ------------------------------------------------------------------------------------------------

OLD = "\n".join(["Title", *(f"Line {n}." for n in range(1, 20)), "Leave is twenty days.", "The end.", "Gone."])
NEW = "\n".join(["Title", *(f"Line {n}." for n in range(1, 20)), "Leave is twenty two days.", "The end."])


def test_a_comparison_shows_what_was_taken_away_and_what_was_added(shelf: Collection) -> None:
    old, new = versions_of(shelf, OLD, NEW)
    compared = comparing.compare(old, new)

    rows = [(row.kind, "".join(part.text for part in row.parts) or row.count) for row in compared.rows]
    assert rows == [
        ("gap", 18),
        ("same", "Line 18."),
        ("same", "Line 19."),
        ("removed", "Leave is twenty days."),
        ("added", "Leave is twenty two days."),
        ("same", "The end."),
        ("removed", "Gone."),
    ]
    assert (compared.added, compared.removed, compared.more) == (1, 2, 0)
    assert [part.text for part in compared.rows[4].parts if part.changed] == ["two "]


def test_the_page_goes_from_the_older_to_the_newer_whichever_is_named_first(
    shelf: Collection, alice_client: Client
) -> None:
    old, new = versions_of(shelf, OLD, NEW)
    pages = [alice_client.get(url("compare", *pair)).text for pair in ((old.pk, new.pk), (new.pk, old.pk))]

    for page in pages:
        assert page.index(">Version 1</a>") < page.index(">Version 2</a>")
        assert "<ins>Leave is twenty <strong>two </strong>days.</ins>" in page
        assert "<del>Gone.</del>" in page
        assert "… 18 unchanged lines" in page
        assert "1 line added" in page


def test_a_long_text_with_changes_everywhere_is_compared_in_no_time(shelf: Collection) -> None:
    lines = [f"Line {n} of a text with some more words in it." for n in range(20_000)]
    changed = [f"{line} Changed." if n % 10 == 0 else line for n, line in enumerate(lines)]
    old, new = versions_of(shelf, "\n".join(lines), "\n".join(changed))
    began = time.perf_counter()
    compared = comparing.compare(old, new)

    assert (compared.added, compared.removed) == (2_000, 2_000)
    assert time.perf_counter() - began < 5


@given(st.lists(st.sampled_from("abcdefgh"), max_size=30), st.lists(st.sampled_from("abcdefgh"), max_size=30))
def test_the_runs_of_a_comparison_are_both_texts(old: list[str], new: list[str]) -> None:
    runs = comparing._runs(old, new)

    assert [line for run in runs for line in run.old] == old
    assert [line for run in runs for line in run.new] == new
    assert all(run.old == run.new for run in runs if run.is_same)
    assert all(one.is_same != next_one.is_same for one, next_one in pairwise(runs))


def test_two_versions_of_one_text_say_so(shelf: Collection, alice_client: Client) -> None:
    old, new = versions_of(shelf, "the same", "the same")
    assert "The text is the same in both." in alice_client.get(url("compare", old.pk, new.pk)).text


def test_texts_that_are_too_long_are_not_compared(
    shelf: Collection, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = versions_of(shelf, OLD, NEW)
    monkeypatch.setattr(comparing, "MAX_LINES", 10)
    page = alice_client.get(url("compare", old.pk, new.pk))
    assert page.status_code == 200
    assert "too long to be compared here" in page.text


def test_texts_of_the_same_line_over_and_over_are_not_compared(
    shelf: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = versions_of(shelf, "\n".join(["same", "a"] * 50), "\n".join(["same", "b"] * 50))
    comparing.compare(old, new)
    monkeypatch.setattr(comparing, "MAX_PAIRS", 2_000)
    with pytest.raises(IngestionError, match="too long"):
        comparing.compare(old, new)


def test_a_page_shows_as_many_changes_as_a_browser_bears(
    shelf: Collection, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "MAX_ROWS", 4)
    old, new = versions_of(shelf, "\n".join("abcdef"), "\n".join("uvwxyz"))
    page = alice_client.get(url("compare", old.pk, new.pk)).text
    assert "8 more changed lines are not shown." in page
    assert "6 lines added" in page


def test_only_versions_of_each_other_are_compared(shelf: Collection, alice_client: Client) -> None:
    assert alice_client.get(url("compare", document(shelf, "a").pk, document(shelf, "b").pk)).status_code == 404


def test_another_tenants_version_is_not_compared_with(
    shelf: Collection, other_org: Tenant, alice_client: Client
) -> None:
    own = document(shelf, "a.txt")
    foreign = DocumentFactory(tenant=other_org, series=own.series, version=2)
    assert alice_client.get(url("compare", own.pk, foreign.pk)).status_code == 404


# --- folders -----------------------------------------------------------------------------------------------------


def test_a_file_of_a_folder_keeps_its_place(acme: Tenant, alice_client: Client, no_queue: list[str]) -> None:
    data = {"folder": "Contracts/../2024/.", "file": SimpleUploadedFile("a.txt", b"Some words of a contract.")}
    answer = alice_client.post(url("upload"), data, headers={"Accept": "application/json"})

    assert answer.status_code == 201
    assert Document.objects.for_tenant(acme).get().folder == "Contracts/2024"
    assert "Contracts/2024" in answer.json()["documents"][0]["html"]


def test_an_empty_listing_says_nothing_in_its_address() -> None:
    assert Listing().query() == ""
    assert Listing(text="a b", statuses=("failed", "ready"), sort="name").query(page=3) == (
        "?q=a+b&status=failed&status=ready&sort=name&page=3"
    )
