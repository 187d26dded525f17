"""The REST API: every address, as a program with a key sees it."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from ingestion import api_selectors, services, tasks
from ingestion.models import Chunk, Collection, Document, DocumentSection
from ingestion.parts import Parts
from ingestion.sentences import made_of, sentence
from tenants import bearer
from tenants.access import Access
from tenants.api_key_services import api_key_revoke
from tenants.models import ApiKey, AuditEvent, Role
from tests.api import V1, program, with_token
from tests.contracts.http import ContractServer, Reply, Request
from tests.factories import CollectionFactory, DocumentFactory

TEXT = b"The warranty lasts two years."


@pytest.fixture
def client(as_alice: Access) -> Client:
    """A program with the role that most have."""
    return program(as_alice)


@pytest.fixture
def reader(as_alice: Access) -> Client:
    return program(as_alice, Role.READER)


def file(content: bytes = TEXT, name: str = "guide.txt") -> io.BytesIO:
    opened = io.BytesIO(content)
    opened.name = name
    return opened


def error_of(response: Any) -> dict[str, Any]:
    """The error, whose shape is the same everywhere."""
    body = response.json()
    assert response["Content-Type"].startswith("application/json")
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "retryable"}
    assert body["error"]["message"]
    return {"status": response.status_code, "code": body["error"]["code"], "message": body["error"]["message"]}


def refused(response: Any) -> tuple[int, str]:
    error = error_of(response)
    return error["status"], error["code"]


# --- keys --------------------------------------------------------------------------------------------------------


def test_without_a_key_nothing_opens(acme: Any) -> None:
    response = Client().get(f"{V1}/documents")
    assert refused(response) == (401, "key.missing")
    assert response["WWW-Authenticate"] == "Bearer"


def test_being_signed_in_does_not_open_the_api(alice_client: Client) -> None:
    """Else any page that Alice visits could post in her name."""
    assert refused(alice_client.get(f"{V1}/documents")) == (401, "key.missing")


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer rzg_00000000_" + "0" * 64, "Token abc"])
def test_a_wrong_header_opens_nothing(acme: Any, header: str) -> None:
    assert Client(headers={"authorization": header}).get(f"{V1}/documents").status_code == 401


def test_revoked_and_expired_keys_are_told_the_same(as_alice: Access) -> None:
    expired = program(as_alice, expires_at=timezone.now() - timedelta(seconds=1))
    revoked = program(as_alice)
    api_key_revoke(access=as_alice, key=ApiKey.objects.for_tenant(as_alice.tenant).get(expires_at=None))
    unknown = with_token("rzg_00000000_" + "0" * 64)
    answers = [error_of(caller.get(f"{V1}/documents")) for caller in (expired, revoked, unknown)]
    assert answers[0]["status"] == 401
    assert answers[0] == answers[1] == answers[2]


def test_a_key_that_asks_too_often_waits_and_another_one_does_not(
    as_alice: Access, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bearer, "REQUESTS_PER_MINUTE", 2)
    assert [client.get(f"{V1}/collections").status_code for _ in range(2)] == [200, 200]
    response = client.get(f"{V1}/collections")
    assert refused(response) == (429, "limit.reached")
    assert response.json()["error"]["retryable"] is True
    assert response["Retry-After"] == "60"
    assert program(as_alice).get(f"{V1}/collections").status_code == 200


# --- collections -------------------------------------------------------------------------------------------------


def test_collections_are_made_and_listed(client: Client, as_alice: Access) -> None:
    made = client.post(f"{V1}/collections", {"name": "  Manuals "}, content_type="application/json")
    assert (made.status_code, made.json()["name"], made.json()["documents"]) == (201, "Manuals", 0)
    shelf = Collection.objects.for_tenant(as_alice.tenant).get()
    DocumentFactory.create_batch(2, tenant=as_alice.tenant, collection=shelf)
    listed = client.get(f"{V1}/collections").json()
    assert [(row["id"], row["documents"]) for row in listed["items"]] == [(made.json()["id"], 2)]
    assert (listed["total"], listed["page"], listed["pages"]) == (1, 1, 1)


def test_a_collection_that_is_there_is_not_made_again(client: Client, as_alice: Access) -> None:
    CollectionFactory(tenant=as_alice.tenant, name="Manuals")
    response = client.post(f"{V1}/collections", {"name": "Manuals"}, content_type="application/json")
    assert refused(response) == (409, "collection.exists")


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"name": " "}, (400, "collection.invalid")),
        ({}, (422, "request.invalid")),
        ({"name": "a", "color": "red"}, (422, "request.invalid")),
    ],
)
def test_a_collection_that_cannot_be_made_is_explained(
    client: Client, body: dict[str, str], answer: tuple[int, str]
) -> None:
    assert refused(client.post(f"{V1}/collections", body, content_type="application/json")) == answer


def test_a_body_that_is_no_json_is_explained(client: Client) -> None:
    response = client.post(f"{V1}/collections", "{", content_type="application/json")
    assert refused(response) == (400, "request.unreadable")


# --- upload ------------------------------------------------------------------------------------------------------


def test_a_file_is_taken_and_queued(
    client: Client, as_alice: Access, no_queue: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(f"{V1}/documents", {"file": file()})
    assert response.status_code == 201
    [taken] = response.json()["documents"]
    assert taken["duplicate"] is False
    about = {key: taken["document"][key] for key in ("name", "size", "status", "stage", "error", "media_type")}
    assert about == {
        "name": "guide.txt",
        "size": len(TEXT),
        "status": "queued",
        "stage": "reading",
        "error": None,
        "media_type": "text/plain",
    }
    assert [name.startswith("ingestion.tasks.ingest_") for name in no_queue] == [True]
    [event] = AuditEvent.objects.for_tenant(as_alice.tenant).filter(action="document uploaded")
    assert event.actor_name.startswith("API key a member (rzg_")


def test_the_same_file_again_is_the_same_document(client: Client, no_queue: list[str]) -> None:
    first, again = (client.post(f"{V1}/documents", {"file": file()}).json()["documents"][0] for _ in range(2))
    assert again["duplicate"] is True
    assert again["document"]["id"] == first["document"]["id"]


def test_of_many_files_each_has_its_own_result(client: Client, no_queue: list[str]) -> None:
    files = [file(), file(b"", "empty.txt"), file(b"Another text.", "other.txt")]
    body = client.post(f"{V1}/documents", {"file": files}).json()
    assert [taken["document"]["name"] for taken in body["documents"]] == ["guide.txt", "other.txt"]
    [error] = body["errors"]
    assert (error["name"], error["code"], error["retryable"]) == ("empty.txt", "upload.empty", False)


def test_where_no_file_is_taken_the_answer_says_why(client: Client) -> None:
    response = client.post(f"{V1}/documents", {"file": [file(b"", "one.txt"), file(b"", "two.txt")]})
    assert refused(response) == (400, "upload.refused")
    assert "one.txt" in error_of(response)["message"]
    assert "two.txt" in error_of(response)["message"]


@pytest.mark.parametrize(
    ("content", "name", "answer"),
    [
        (b"", "empty.txt", (400, "upload.empty")),
        (b"\x7fELF\x02\x01\x01", "program.exe", (415, "upload.type")),
        (b"0123456789!", "large.txt", (413, "upload.too_large")),
    ],
)
def test_a_refused_file_is_explained(
    client: Client, settings: Any, content: bytes, name: str, answer: tuple[int, str]
) -> None:
    settings.UPLOAD_MAX_BYTES = 10
    assert refused(client.post(f"{V1}/documents", {"file": file(content, name)})) == answer


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_file_goes_to_the_collection_that_is_named(
    client: Client, as_alice: Access, no_queue: list[str], by: str
) -> None:
    CollectionFactory(tenant=as_alice.tenant, name="First")
    manuals = CollectionFactory(tenant=as_alice.tenant, name="Manuals")
    named = str(manuals.pk) if by == "id" else "Manuals"
    body = client.post(f"{V1}/documents", {"file": file(), "collection": named}).json()
    assert body["documents"][0]["document"]["collection"] == {"id": str(manuals.pk), "name": "Manuals"}


def test_a_collection_of_others_is_like_one_that_is_not_there(client: Client, as_charlie: Access) -> None:
    theirs = CollectionFactory(tenant=as_charlie.tenant, name="Theirs")
    answers = [
        error_of(client.post(f"{V1}/documents", {"file": file(), "collection": named}))
        for named in (str(theirs.pk), theirs.name, str(uuid4()), "no such name")
    ]
    answers += [error_of(client.get(f"{V1}/documents?collection={named}")) for named in (theirs.pk, uuid4())]
    assert {(answer["status"], answer["code"], answer["message"]) for answer in answers} == {
        (404, "tenancy.not_found", "There is no such collection.")
    }
    assert not Document.all_tenants.exists()


def test_an_upload_without_a_file_is_explained(client: Client) -> None:
    assert refused(client.post(f"{V1}/documents", {"collection": ""})) == (422, "request.invalid")


def test_more_files_than_the_server_takes_at_once_are_explained(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 1
    response = client.post(f"{V1}/documents", {"file": [file(), file(b"b", "b.txt")]})
    assert refused(response) == (400, "upload.too_many")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/documents"),
        ("post", "/collections"),
        ("delete", "/documents/{id}"),
        ("post", "/documents/{id}/retry"),
        ("post", "/documents/{id}/cancel"),
    ],
)
def test_a_reader_changes_nothing(reader: Client, as_alice: Access, method: str, path: str) -> None:
    document = DocumentFactory(tenant=as_alice.tenant)
    data: dict[str, Any] = {"file": file()} if path == "/documents" else {}
    if path == "/collections":
        response = reader.post(V1 + path, {"name": "a"}, content_type="application/json")
    else:
        response = getattr(reader, method)(V1 + path.format(id=document.pk), data)
    assert refused(response) == (403, "tenancy.forbidden")
    document.refresh_from_db()
    assert document.status == "queued"
    assert Document.all_tenants.count() == Collection.all_tenants.count() == 1


# --- lists -------------------------------------------------------------------------------------------------------


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [item["name"] for item in response.json()["items"]]


def test_the_list_is_filtered_and_sorted(client: Client, as_alice: Access, as_charlie: Access) -> None:
    shelf = CollectionFactory(tenant=as_alice.tenant)
    DocumentFactory(tenant=as_alice.tenant, name="Banana.txt", content=b"1", status="ready")
    DocumentFactory(tenant=as_alice.tenant, name="apple.txt", content=b"333", collection=shelf)
    DocumentFactory(tenant=as_alice.tenant, name="cherry.txt", content=b"22")
    DocumentFactory(tenant=as_alice.tenant, name="going.txt", content=b"4", status="deleting")
    DocumentFactory(tenant=as_charlie.tenant, name="theirs.txt")

    def listed(query: str) -> list[str]:
        return names(client.get(f"{V1}/documents?{query}"))

    assert listed("") == ["cherry.txt", "apple.txt", "Banana.txt"]
    assert listed("sort=size") == ["Banana.txt", "cherry.txt", "apple.txt"]
    assert listed("sort=-size") == ["apple.txt", "cherry.txt", "Banana.txt"]
    assert listed("status=ready") == ["Banana.txt"]
    assert listed(f"collection={shelf.pk}") == ["apple.txt"]
    assert listed("name=BANANA") == ["Banana.txt"]
    assert listed("name=100%25") == []


@pytest.mark.parametrize("query", ["status=lost", "sort=secret", "page=0", "limit=0", "limit=201", "collection=x"])
def test_a_question_that_makes_no_sense_is_explained(client: Client, query: str) -> None:
    error = error_of(client.get(f"{V1}/documents?{query}"))
    assert (error["status"], error["code"]) == (422, "request.invalid")
    assert error["message"].startswith(query.partition("=")[0])


def test_pages_hold_every_document_once(client: Client, as_alice: Access) -> None:
    DocumentFactory.create_batch(5, tenant=as_alice.tenant, name="same.txt")
    pages = [client.get(f"{V1}/documents?sort=name&limit=2&page={page}").json() for page in (1, 2, 3, 4)]
    assert [len(page["items"]) for page in pages] == [2, 2, 1, 0]
    assert {(page["total"], page["pages"]) for page in pages} == {(5, 3)}
    assert len({item["id"] for page in pages for item in page["items"]}) == 5


def test_a_list_takes_the_same_queries_however_long_it_is(
    client: Client, as_alice: Access, django_assert_max_num_queries: Any
) -> None:
    DocumentFactory.create_batch(20, tenant=as_alice.tenant)
    client.get(f"{V1}/documents")  # notes the key's use
    with django_assert_max_num_queries(3):  # the key, the count, the page
        client.get(f"{V1}/documents")


# --- one document ------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_document_from_upload_to_passages(client: Client, made_of: Parts, eager_tasks: None) -> None:
    sent = client.post(f"{V1}/documents", {"file": file(b"# Care\n\nWash it at 40 degrees.", "care.md")})
    document_id = sent.json()["documents"][0]["document"]["id"]
    body = client.get(f"{V1}/documents/{document_id}").json()
    assert (body["status"], body["error"], body["passages"]) == ("ready", None, 1)
    assert body["characters"] > 20
    sections = client.get(f"{V1}/documents/{document_id}/sections").json()
    assert [section["heading"] for section in sections["items"]][-1] == ["Care"]
    assert "Wash it at 40 degrees." in "".join(section["text"] for section in sections["items"])
    [passage] = client.get(f"{V1}/documents/{document_id}/passages").json()["items"]
    assert "Wash it at 40 degrees." in passage["text"]
    assert passage["end"] > passage["start"]


def test_why_a_document_failed_is_told(client: Client, as_alice: Access) -> None:
    message = sentence("This workbook has more than %(limit)s rows. Split it and upload the parts.", limit=7_000)
    page = made_of(sentence("Page %(pages)s", pages="2"))
    document = DocumentFactory(
        tenant=as_alice.tenant,
        status="failed",
        error_code="document.unreadable",
        error_message=str(message),
        error_made_of=made_of(message),
        left_out=[{"name": "Page 2", "message": "x", "made_of": {"name": page}}],
    )
    body = client.get(f"{V1}/documents/{document.pk}", headers={"accept-language": "de"}).json()
    assert body["error"] == {"code": "document.unreadable", "message": message, "retryable": False}
    assert body["left_out"] == [{"name": "Page 2", "message": "x"}]


def test_the_original_comes_back_as_it_was(reader: Client, as_alice: Access) -> None:
    document = DocumentFactory(tenant=as_alice.tenant, name="vodič.html", content=b"<script>alert(1)</script>")
    response = reader.get(f"{V1}/documents/{document.pk}/file")
    assert response.getvalue() == b"<script>alert(1)</script>"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment;")


def test_sections_and_passages_come_in_pages(reader: Client, as_alice: Access) -> None:
    document = DocumentFactory(tenant=as_alice.tenant, status="ready")
    for number in range(3):
        about = {"tenant": as_alice.tenant, "document": document, "ordinal": number, "text": f"Text {number}"}
        DocumentSection.objects.create(**about, start=number * 10, page=number + 1, heading=["A", "B"])
        Chunk.objects.create(**about, id=uuid4(), start=number * 10, end=number * 10 + 6, page=number + 1)
    section = reader.get(f"{V1}/documents/{document.pk}/sections?limit=1&page=3").json()
    assert section["items"] == [{"ordinal": 2, "page": 3, "heading": ["A", "B"], "start": 20, "text": "Text 2"}]
    assert (section["total"], section["pages"]) == (3, 3)
    passages = reader.get(f"{V1}/documents/{document.pk}/passages?limit=2").json()
    assert [passage["text"] for passage in passages["items"]] == ["Text 0", "Text 1"]


def test_a_failed_document_is_tried_again(
    client: Client, as_alice: Access, no_queue: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    document = DocumentFactory(tenant=as_alice.tenant, status="failed", error_code="x", error_message="y")
    with django_capture_on_commit_callbacks(execute=True):
        body = client.post(f"{V1}/documents/{document.pk}/retry").json()
    assert (body["status"], body["error"]) == ("queued", None)
    assert [name.startswith("ingestion.tasks.ingest_") for name in no_queue] == [True]


def test_a_waiting_document_is_cancelled(client: Client, as_alice: Access) -> None:
    document = DocumentFactory(tenant=as_alice.tenant)
    assert client.post(f"{V1}/documents/{document.pk}/cancel").json()["status"] == "cancelled"


def test_a_deleted_document_is_gone_at_once(client: Client, as_alice: Access, no_queue: list[str]) -> None:
    document = DocumentFactory(tenant=as_alice.tenant)
    response = client.delete(f"{V1}/documents/{document.pk}")
    assert (response.status_code, response.content) == (204, b"")
    assert refused(client.get(f"{V1}/documents/{document.pk}")) == (404, "tenancy.not_found")
    assert refused(client.delete(f"{V1}/documents/{document.pk}")) == (404, "tenancy.not_found")


# --- waiting -----------------------------------------------------------------------------------------------------


def test_whoever_waits_is_told_as_soon_as_it_is_ready(
    client: Client, as_alice: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = DocumentFactory(tenant=as_alice.tenant, status="running")
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            Document.objects.for_tenant(as_alice.tenant).update(status="ready")

    monkeypatch.setattr(api_selectors, "sleep", sleep)
    assert client.get(f"{V1}/documents/{document.pk}?wait=30").json()["status"] == "ready"
    assert len(slept) == 3


def test_waiting_ends_when_its_time_is_up(client: Client, as_alice: Access) -> None:
    document = DocumentFactory(tenant=as_alice.tenant, status="running")
    assert client.get(f"{V1}/documents/{document.pk}?wait=0.05").json()["status"] == "running"


def test_nobody_waits_for_what_is_settled(client: Client, as_alice: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    document = DocumentFactory(tenant=as_alice.tenant, status="failed")
    monkeypatch.setattr(api_selectors, "sleep", lambda _seconds: pytest.fail("it slept"))
    assert client.get(f"{V1}/documents/{document.pk}?wait=30").json()["status"] == "failed"


def test_a_document_that_is_deleted_meanwhile_is_not_there(
    client: Client, as_alice: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = DocumentFactory(tenant=as_alice.tenant, status="running")

    def sleep(_seconds: float) -> None:
        Document.objects.for_tenant(as_alice.tenant).update(status="deleting")

    monkeypatch.setattr(api_selectors, "sleep", sleep)
    assert client.get(f"{V1}/documents/{document.pk}?wait=30").status_code == 404


@pytest.mark.parametrize("wait", ["31", "-1", "long", "nan"])
def test_nobody_waits_longer_than_a_proxy_does(client: Client, as_alice: Access, wait: str) -> None:
    document = DocumentFactory(tenant=as_alice.tenant)
    assert refused(client.get(f"{V1}/documents/{document.pk}?wait={wait}")) == (422, "request.invalid")


# --- refusals ----------------------------------------------------------------------------------------------------


def test_a_document_of_others_is_like_one_that_is_not_there(client: Client, as_charlie: Access) -> None:
    theirs = DocumentFactory(tenant=as_charlie.tenant)
    answers = [error_of(client.get(f"{V1}/documents/{document_id}")) for document_id in (theirs.pk, uuid4())]
    assert answers[0] == answers[1]
    assert answers[0]["status"] == 404


def test_a_bug_is_answered_in_json_with_the_id_of_its_trace(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("a secret of the server")

    monkeypatch.setattr(api_selectors, "documents_found", broken)
    client.raise_request_exception = False
    response = client.get(f"{V1}/documents", headers={"accept": "text/html"})
    assert refused(response) == (500, "server.error")
    assert response["X-Request-ID"] in error_of(response)["message"]
    assert "a secret of the server" not in response.text
    assert "a secret of the server" in caplog.text


def test_a_quota_that_is_used_up_is_explained(client: Client, settings: Any, no_queue: list[str]) -> None:
    settings.TENANT_MAX_BYTES = 5
    assert refused(client.post(f"{V1}/documents", {"file": file()})) == (400, "upload.quota")
    assert not Document.all_tenants.exists()


def test_a_large_file_comes_through_the_disk(
    client: Client, no_queue: list[str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is larger than Django keeps in memory reaches the service as a file on the disk."""
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    seen: list[str] = []
    upload = services.document_upload

    def watched(**kwargs: Any) -> Any:
        seen.append(kwargs["file"].temporary_file_path())
        return upload(**kwargs)

    monkeypatch.setattr(services, "document_upload", watched)
    body = client.post(f"{V1}/documents", {"file": file(b"A sentence. " * 1000)}).json()
    assert body["documents"][0]["document"]["size"] == 12_000
    assert len(seen) == 1


# --- versions, folders and addresses -----------------------------------------------------------------------------


def uploaded(client: Client, content: bytes, **fields: str) -> dict[str, Any]:
    answer = client.post(f"{V1}/documents", {"file": file(content), **fields})
    document: dict[str, Any] = answer.json()["documents"][0]["document"]
    return document


def settle_all() -> None:
    while Document.all_tenants.filter(status="queued").exists():
        tasks.ingest_next()


@pytest.mark.django_db(transaction=True)
def test_versions_can_be_listed_restored_and_read_again(client: Client, made_of: Parts, no_queue: list[str]) -> None:
    first = uploaded(client, b"The fee is ten.")
    settle_all()
    second = uploaded(client, b"The fee is twenty.")
    settle_all()
    versions = client.get(f"{V1}/documents/{second['id']}/versions").json()["items"]
    assert [(each["id"], each["version"], each["status"]) for each in versions] == [
        (second["id"], 2, "ready"),
        (first["id"], 1, "superseded"),
    ]

    assert client.post(f"{V1}/documents/{first['id']}/restore").json()["version"] == 3
    settle_all()
    assert client.get(f"{V1}/documents/{first['id']}").json()["searchable"] is True
    assert client.post(f"{V1}/documents/{first['id']}/reread").json()["stage"] == "reading"
    settle_all()

    events = client.get(f"{V1}/documents/{first['id']}/events").json()["items"]
    kinds = [each["kind"] for each in events]
    assert [kind for kind in kinds if kind != "started"] == [
        "uploaded",
        "ready",
        "superseded",
        "restored",
        "ready",
        "reread",
        "ready",
    ]
    assert events[0]["actor_name"].startswith("API key")


@pytest.mark.django_db(transaction=True)
def test_versions_can_be_compared_and_the_older_one_deleted_alone(
    client: Client, made_of: Parts, no_queue: list[str], as_charlie: Access
) -> None:
    first = uploaded(client, b"The fee is ten.\n\nIt is due in May.")
    settle_all()
    second = uploaded(client, b"The fee is twenty.\n\nIt is due in May.")
    settle_all()

    comparison = client.get(f"{V1}/documents/{second['id']}/compare/{first['id']}").json()
    assert (comparison["older"]["id"], comparison["newer"]["id"]) == (first["id"], second["id"])
    assert [(line["kind"], line["text"]) for line in comparison["lines"]] == [
        ("removed", "The fee is ten."),
        ("added", "The fee is twenty."),
        ("same", "It is due in May."),
    ]
    stranger = DocumentFactory(tenant=as_charlie.tenant)
    assert refused(client.get(f"{V1}/documents/{second['id']}/compare/{stranger.pk}"))[0] == 404

    assert refused(client.delete(f"{V1}/documents/{second['id']}/version")) == (409, "version.current")
    assert client.delete(f"{V1}/documents/{first['id']}/version").status_code == 204
    assert [each["id"] for each in client.get(f"{V1}/documents/{second['id']}/versions").json()["items"]] == [
        second["id"]
    ]


def test_files_of_one_name_in_two_folders_are_two_documents(client: Client, no_queue: list[str]) -> None:
    one, other = (uploaded(client, content, folder=folder) for content, folder in ((b"One.", "a"), (b"Two.", "b/c")))
    assert [(each["folder"], each["version"]) for each in (one, other)] == [("a", 1), ("b/c", 1)]


def test_a_document_is_moved_unless_it_is_being_read(client: Client, as_alice: Access, made_of: Parts) -> None:
    document = DocumentFactory(tenant=as_alice.tenant, status="ready")
    attic = CollectionFactory(tenant=as_alice.tenant, name="Attic")
    moved = client.post(f"{V1}/documents/{document.pk}/move", {"collection": "Attic"}).json()
    assert moved["collection"] == {"id": str(attic.pk), "name": "Attic"}

    Document.objects.for_tenant(as_alice.tenant).update(status="running")
    answer = client.post(f"{V1}/documents/{document.pk}/move", {"collection": str(document.collection_id)})
    assert refused(answer) == (409, "document.busy")


@pytest.mark.django_db(transaction=True)
def test_a_page_from_the_web_becomes_a_document_and_its_next_version(
    client: Client, made_of: Parts, no_queue: list[str], settings: Any
) -> None:
    pages = iter([b"Bees live in hives.", b"Bees live in hollow trees."])

    class Site(ContractServer):
        async def handle(self, _request: Request, reply: Reply) -> None:
            body = b"<title>Bees</title><nav>Menu</nav><article><p>" + next(pages) + b"</p></article>"
            reply.send(200, body, {"Content-Type": "text/html"})

    with Site() as site:
        url = f"http://127.0.0.1:{site.port}/bees"
        assert refused(client.post(f"{V1}/addresses", {"url": url}, content_type="application/json"))[0] == 400
        settings.WEB_ADDRESSES = [f"127.0.0.1:{site.port}"]
        taken = [client.post(f"{V1}/addresses", {"url": url}, content_type="application/json").json() for _ in range(2)]
    settle_all()

    first, second = (each["document"] for each in taken)
    assert (first["source_url"], first["version"], second["version"]) == (url, 1, 2)
    document = client.get(f"{V1}/documents/{second['id']}").json()
    assert (document["status"], document["title"]) == ("ready", "Bees")
    sections = client.get(f"{V1}/documents/{second['id']}/sections").json()["items"]
    assert "hollow trees" in sections[0]["text"]
