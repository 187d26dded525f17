"""Archives and messages: each file in them becomes a document of its own."""

from __future__ import annotations

import io
import stat
import zipfile
from email.message import EmailMessage
from typing import Any

import pytest

from ingestion import attachments, services, tasks
from ingestion.errors import UploadRefused
from ingestion.models import Collection, Document
from ingestion.parts import Parts
from tenants.access import Access

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shelf(as_alice: Access, no_queue: list[str], made_of: Parts) -> Collection:
    return services.collection_create(access=as_alice, name="Post")


def zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def upload(access: Access, shelf: Collection, content: bytes, name: str) -> Document:
    return services.document_upload(access=access, collection=shelf, file=io.BytesIO(content), name=name).document


def read_all(access: Access) -> None:
    while Document.objects.for_tenant(access.tenant).filter(status="queued").exists():
        tasks.ingest_next()


def rows(access: Access) -> dict[str, Document]:
    return {
        f"{each.folder}/{each.name}" if each.folder else each.name: each
        for each in Document.objects.for_tenant(access.tenant)
    }


def test_each_file_of_an_archive_becomes_a_document_in_its_folder(as_alice: Access, shelf: Collection) -> None:
    content = zipped({"a.txt": b"Alpha text.", "deep/er/b.md": b"# Beta\n\nText.", "empty/": b""})
    archive = upload(as_alice, shelf, content, "papers.zip")
    read_all(as_alice)

    documents = rows(as_alice)
    assert set(documents) == {"papers.zip", "papers.zip/a.txt", "papers.zip/deep/er/b.md"}
    assert {each.status for each in documents.values()} == {"ready"}
    assert [each.chunk_count for each in documents.values() if each.pk == archive.pk] == [0]
    inside = documents["papers.zip/a.txt"]
    assert (inside.parent, inside.uploaded_by, inside.collection) == (archive, as_alice.user, shelf)


def test_what_cannot_become_a_document_is_named_with_its_reason_and_the_rest_is_taken(
    as_alice: Access, shelf: Collection
) -> None:
    refused = {"tool.exe": b"MZ\x90\x00", "nil.txt": b""}
    content = zipped({"good.txt": b"Good text.", "__MACOSX/._good.txt": b"x"} | refused)
    upload(as_alice, shelf, content, "mixed.zip")
    read_all(as_alice)

    archive = rows(as_alice)["mixed.zip"]
    assert archive.status == "ready"
    reasons = {each["name"]: each["message"] for each in archive.left_out}
    assert set(reasons) == {"tool.exe", "nil.txt"}
    assert ".exe, which cannot be read" in reasons["tool.exe"]
    assert "is empty" in reasons["nil.txt"]
    assert set(rows(as_alice)) == {"mixed.zip", "mixed.zip/good.txt"}


def test_a_damaged_entry_does_not_spoil_the_others(as_alice: Access, shelf: Collection) -> None:
    content = bytearray(zipped({"a.txt": b"Alpha text. " * 50, "b.txt": b"Beta text."}))
    content[40] ^= 0xFF  # in the packed data of the first
    upload(as_alice, shelf, bytes(content), "damaged.zip")
    read_all(as_alice)

    assert [each["name"] for each in rows(as_alice)["damaged.zip"].left_out] == ["a.txt"]
    assert rows(as_alice)["damaged.zip/b.txt"].status == "ready"


def test_links_in_an_archive_are_not_followed(as_alice: Access, shelf: Collection) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("passwords.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a.txt", "Alpha text.")
    upload(as_alice, shelf, buffer.getvalue(), "links.zip")
    read_all(as_alice)

    assert set(rows(as_alice)) == {"links.zip", "links.zip/a.txt"}


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/cron.d/x", "..\\outside.txt", "C:\\x.txt", "a/../../x.txt"])
def test_an_archive_that_would_write_elsewhere_is_refused(as_alice: Access, shelf: Collection, name: str) -> None:
    with pytest.raises(UploadRefused, match="outside its folder"):
        upload(as_alice, shelf, zipped({"a.txt": b"Alpha.", name: b"x"}), "slip.zip")


def test_archives_in_archives_are_opened_to_a_small_depth(as_alice: Access, shelf: Collection) -> None:
    content = zipped({"text.txt": b"At the bottom."})
    for level in range(5):
        content = zipped({f"{level}.zip": content, f"{level}.txt": b"Text of level %d." % level})
    upload(as_alice, shelf, content, "nested.zip")
    read_all(as_alice)

    documents = Document.objects.for_tenant(as_alice.tenant)
    assert sorted(documents.filter(name__endswith=".txt").values_list("name", flat=True)) == ["2.txt", "3.txt", "4.txt"]
    deepest = documents.exclude(left_out=[]).get()
    assert "3 levels" in deepest.left_out[0]["message"]


def test_no_more_files_are_taken_than_the_limit(
    as_alice: Access, shelf: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MAX_ATTACHMENTS", 2)
    upload(as_alice, shelf, zipped({f"{n}.txt": b"Text %d." % n for n in range(5)}), "many.zip")
    read_all(as_alice)

    assert len(rows(as_alice)) == 3
    assert "3 more" in rows(as_alice)["many.zip"].left_out[-1]["message"]


def test_no_more_documents_come_out_of_one_upload_than_the_limit(
    as_alice: Access, shelf: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MAX_FAMILY", 7)
    inner = {f"{n}.zip": zipped({f"{n}-{m}.txt": b"Text %d of %d." % (m, n) for m in range(4)}) for n in range(3)}
    upload(as_alice, shelf, zipped(inner), "multiplying.zip")
    read_all(as_alice)

    documents = rows(as_alice)
    assert len(documents) == 1 + 7
    told = [each["message"] for document in documents.values() for each in document.left_out]
    assert len(told) == 1 or len(told) == 2
    assert all("7 with those inside them" in each for each in told)


def test_the_attachments_of_a_message_become_documents(as_alice: Access, shelf: Collection) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Offer", "ann@example.org", "ben@example.org"
    message.set_content("The offer is attached.")
    message.add_attachment(b"The price is 12 crowns.", maintype="text", subtype="plain", filename="offer.txt")
    message.add_attachment(b"\x00\x01", maintype="application", subtype="octet-stream", filename="logo.bin")
    upload(as_alice, shelf, message.as_bytes(), "offer.eml")
    read_all(as_alice)

    documents = rows(as_alice)
    assert set(documents) == {"offer.eml", "offer.eml/offer.txt"}
    assert {each.status for each in documents.values()} == {"ready"}
    assert [each["name"] for each in documents["offer.eml"].left_out] == ["logo.bin"]


def test_reading_an_archive_again_makes_nothing_twice(as_alice: Access, shelf: Collection) -> None:
    archive = upload(as_alice, shelf, zipped({"a.txt": b"Alpha text.", "b.txt": b"Beta text."}), "papers.zip")
    read_all(as_alice)
    before = {each.pk for each in rows(as_alice).values()}
    archive.refresh_from_db()
    services.document_reread(access=as_alice, document=archive)
    read_all(as_alice)

    assert {each.pk for each in rows(as_alice).values()} == before


def test_a_changed_archive_makes_new_versions_of_what_has_changed(as_alice: Access, shelf: Collection) -> None:
    upload(as_alice, shelf, zipped({"a.txt": b"Alpha text.", "b.txt": b"Beta text."}), "papers.zip")
    read_all(as_alice)
    upload(as_alice, shelf, zipped({"a.txt": b"Alpha text.", "b.txt": b"Better text."}), "papers.zip")
    read_all(as_alice)

    states = Document.objects.for_tenant(as_alice.tenant).values_list("name", "version", "status")
    assert set(states) == {
        ("papers.zip", 1, "superseded"),
        ("papers.zip", 2, "ready"),
        ("a.txt", 1, "ready"),
        ("b.txt", 1, "superseded"),
        ("b.txt", 2, "ready"),
    }


def test_deleting_an_archive_deletes_what_came_in_it(as_alice: Access, shelf: Collection) -> None:
    archive = upload(as_alice, shelf, zipped({"a.txt": b"Alpha text.", "in.zip": zipped({"b.txt": b"Beta."})}), "x.zip")
    read_all(as_alice)
    other = upload(as_alice, shelf, b"Other text.", "other.txt")
    archive.refresh_from_db()
    services.document_delete(access=as_alice, document=archive)

    left = Document.objects.for_tenant(as_alice.tenant).exclude(status="deleting")
    assert list(left) == [other]


def test_the_bytes_of_what_is_unpacked_count(as_alice: Access, shelf: Collection, settings: Any) -> None:
    content = zipped({"a.txt": b"Alpha text. " * 1_000})
    settings.TENANT_MAX_BYTES = len(content) + 5_000
    upload(as_alice, shelf, content, "big.zip")
    read_all(as_alice)

    assert "has used" in rows(as_alice)["big.zip"].left_out[0]["message"]
