"""Uploads in pieces: what the tus protocol asks for, and that nothing is lost, doubled or shown to others."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as product_settings
from django.core.files.storage import default_storage
from django.db import connection
from django.http import UnreadablePostError
from django.test import Client
from django.utils import timezone
from django.utils.http import parse_http_date

from ingestion import pieces, resumable
from ingestion.models import Collection, Document, PendingUpload
from project.celery import app
from project.errors import AppError
from tenants.access import Access
from tenants.models import Role, Tenant
from tests.conftest import signed_in
from tests.factories import CollectionFactory, DocumentFactory, member

UPLOADS = "/t/acme/documents/uploads/"
CONTENT = b"The warranty of the Heron kettle lasts two years.\n" * 40
HALF = len(CONTENT) // 2
BYTES = "application/offset+octet-stream"

pytestmark = pytest.mark.usefixtures("no_queue", "uploads_directory")


@pytest.fixture
def uploads_directory(settings: Any, tmp_path: Path) -> Path:
    settings.VAR = tmp_path
    return tmp_path / "uploads"


def tus(client: Client, method: str, address: str, body: bytes = b"", **headers: str) -> Any:
    """`headers` have underscores for hyphens. Without `Tus_Resumable` the version is the right one."""
    told = {"Tus-Resumable": "1.0.0", "Accept": "application/json", "Content-Type": BYTES}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    return client.generic(method, address, body, headers=told)


def metadata(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def start(client: Client, length: int | str = len(CONTENT), name: str = "guide.txt", **values: str) -> Any:
    return tus(
        client,
        "POST",
        UPLOADS,
        Content_Type="text/plain",
        Upload_Length=str(length),
        Upload_Metadata=metadata(filename=name, **values),
    )


def send(client: Client, address: str, body: bytes, offset: int) -> Any:
    return tus(client, "PATCH", address, body, Upload_Offset=str(offset))


@pytest.fixture
def address(alice_client: Client) -> str:
    """An upload of `CONTENT` that Alice has begun."""
    begun: str = start(alice_client)["Location"]
    return begun


def row(address: str) -> PendingUpload:
    return PendingUpload.all_tenants.get(pk=address.rstrip("/").rpartition("/")[2])


def file_of(address: str) -> Path:
    upload = row(address)
    return pieces.path_of(tenant_id=upload.tenant_id, upload_id=upload.pk)


def code_of(response: Any) -> str:
    return str(response.json()["error"]["code"])


def test_the_server_says_what_it_understands(alice_client: Client) -> None:
    response = alice_client.options(UPLOADS)

    assert response.status_code == 204
    assert response["Tus-Version"] == "1.0.0"
    assert response["Tus-Extension"] == "creation,creation-with-upload,expiration,termination"
    assert response["Tus-Max-Size"] == str(product_settings.UPLOAD_MAX_BYTES)


def test_a_file_in_two_pieces_becomes_a_document_with_just_its_bytes(alice_client: Client, acme: Tenant) -> None:
    begun = start(alice_client, folder="manuals/kettles")
    assert (begun.status_code, begun["Upload-Offset"], begun["Tus-Resumable"]) == (201, "0", "1.0.0")
    address = begun["Location"]

    first = send(alice_client, address, CONTENT[:HALF], 0)
    assert (first.status_code, first["Upload-Offset"], first.content) == (204, str(HALF), b"")
    assert not Document.objects.for_tenant(acme).exists()

    last = send(alice_client, address, CONTENT[HALF:], HALF)
    assert (last.status_code, last["Upload-Offset"]) == (200, str(len(CONTENT)))
    [told] = last.json()["documents"]
    document = Document.objects.for_tenant(acme).get()
    assert told["id"] == str(document.pk)
    assert not told["duplicate"]
    assert f'id="doc-{document.pk}"' in told["html"]
    assert (document.name, document.folder, document.status) == ("guide.txt", "manuals/kettles", "queued")
    assert document.uploaded_by is not None
    assert document.uploaded_by.email == "alice@example.org"
    with document.file.open("rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == hashlib.sha256(CONTENT).hexdigest() == document.sha256
    assert not file_of(address).exists()


def test_how_much_is_here_is_told(alice_client: Client, address: str) -> None:
    send(alice_client, address, CONTENT[:10], 0)

    response = tus(alice_client, "HEAD", address)

    assert response.status_code == 200
    assert (response["Upload-Offset"], response["Upload-Length"]) == ("10", str(len(CONTENT)))
    assert response["Upload-Metadata"] == metadata(filename="guide.txt")
    assert response["Cache-Control"] == "no-store"
    left = parse_http_date(response["Upload-Expires"]) - timezone.now().timestamp()
    assert left == pytest.approx(24 * 3600, abs=60)


def test_a_small_file_comes_whole_with_its_beginning(alice_client: Client, acme: Tenant) -> None:
    response = tus(
        alice_client,
        "POST",
        UPLOADS,
        CONTENT,
        Upload_Length=str(len(CONTENT)),
        Upload_Metadata=metadata(filename="guide.txt"),
    )

    assert (response.status_code, response["Upload-Offset"]) == (201, str(len(CONTENT)))
    assert response.json()["documents"][0]["id"] == str(Document.objects.for_tenant(acme).get().pk)


def test_the_document_goes_where_the_person_has_said(alice_client: Client, acme: Tenant) -> None:
    CollectionFactory(tenant=acme, name="First")
    manuals = CollectionFactory(tenant=acme, name="Manuals")
    address = start(alice_client, collection=str(manuals.pk))["Location"]

    send(alice_client, address, CONTENT, 0)

    assert Document.objects.for_tenant(acme).get().collection == manuals


@pytest.mark.parametrize("offset", [0, HALF - 1, HALF + 1, len(CONTENT)])
def test_a_piece_for_another_place_is_refused_and_changes_nothing(
    offset: int, alice_client: Client, address: str
) -> None:
    send(alice_client, address, CONTENT[:HALF], 0)

    response = send(alice_client, address, b"x" * 5, offset)

    assert (response.status_code, code_of(response)) == (409, "upload.offset")
    assert row(address).offset == HALF
    assert file_of(address).read_bytes() == CONTENT[:HALF]


@pytest.mark.parametrize("version", ["", "0.2.2", "2.0.0"])
def test_another_version_of_the_protocol_is_refused(version: str, alice_client: Client, address: str) -> None:
    for response in (
        tus(alice_client, "POST", UPLOADS, Upload_Length="5", Tus_Resumable=version),
        tus(alice_client, "PATCH", address, b"x", Upload_Offset="0", Tus_Resumable=version),
        tus(alice_client, "HEAD", address, Tus_Resumable=version),
        tus(alice_client, "DELETE", address, Tus_Resumable=version),
    ):
        assert (response.status_code, response["Tus-Version"]) == (412, "1.0.0")
    assert row(address).offset == 0
    assert PendingUpload.all_tenants.count() == 1


def test_bytes_come_by_their_own_type(alice_client: Client, address: str) -> None:
    response = tus(alice_client, "PATCH", address, b"x", Upload_Offset="0", Content_Type="text/plain")

    assert response.status_code == 415
    assert row(address).offset == 0


@pytest.mark.parametrize("length", ["", "-1", "1.5", "a", "²", "9" * 19])
def test_a_length_that_is_none_is_refused(length: str, alice_client: Client) -> None:
    response = start(alice_client, length)

    assert (response.status_code, code_of(response)) == (400, "upload.invalid")


@pytest.mark.parametrize("told", ["filename !", "filename Zg", "filename /w==", f"filename {'QUFB' * 1001}"])
def test_metadata_that_cannot_be_read_is_refused(told: str, alice_client: Client) -> None:
    response = tus(alice_client, "POST", UPLOADS, Upload_Length="5", Upload_Metadata=told)

    assert (response.status_code, code_of(response)) == (400, "upload.invalid")


def test_an_empty_file_is_refused_before_it_begins(alice_client: Client) -> None:
    assert code_of(start(alice_client, 0)) == "upload.empty"


def test_a_file_that_is_too_large_is_refused_before_it_begins(
    alice_client: Client, settings: Any, uploads_directory: Path
) -> None:
    settings.UPLOAD_MAX_BYTES = 1_000

    response = start(alice_client, 1_001)

    assert (response.status_code, code_of(response)) == (413, "upload.too_large")
    assert not uploads_directory.exists()
    assert start(alice_client, 1_000).status_code == 201


def test_more_than_was_announced_is_refused_and_does_not_count(alice_client: Client, address: str) -> None:
    send(alice_client, address, CONTENT[:HALF], 0)

    response = send(alice_client, address, CONTENT[HALF:] + b"!", HALF)

    assert response.status_code == 413
    assert row(address).offset == HALF
    assert send(alice_client, address, CONTENT[HALF:], HALF).status_code == 200


def test_what_is_promised_to_others_counts_against_the_organisations_room(
    alice_client: Client, bob_client: Client, settings: Any, acme: Tenant
) -> None:
    DocumentFactory(tenant=acme, content=b"x" * 300)
    settings.TENANT_MAX_BYTES = 1_000

    assert start(bob_client, 400).status_code == 201
    refused = start(alice_client, 301)

    assert (refused.status_code, code_of(refused)) == (400, "upload.quota")
    assert start(alice_client, 300).status_code == 201


def test_what_has_become_a_document_counts_once(alice_client: Client, address: str, settings: Any) -> None:
    send(alice_client, address, CONTENT, 0)
    settings.TENANT_MAX_BYTES = len(CONTENT) + 100

    assert start(alice_client, 100).status_code == 201


def test_a_person_has_so_many_unfinished_uploads_and_no_more(
    alice_client: Client, bob_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumable, "MAX_PENDING", 2)
    address = start(alice_client)["Location"]
    start(alice_client)

    assert (start(alice_client).status_code, start(bob_client).status_code) == (429, 201)
    tus(alice_client, "DELETE", address)
    assert start(alice_client).status_code == 201


def test_an_ended_upload_is_gone_with_its_bytes(alice_client: Client, address: str) -> None:
    send(alice_client, address, CONTENT[:HALF], 0)
    path = file_of(address)

    assert tus(alice_client, "DELETE", address).status_code == 204
    assert not path.exists()
    assert tus(alice_client, "HEAD", address).status_code == 404
    assert send(alice_client, address, CONTENT[HALF:], HALF).status_code == 404


def test_a_client_that_can_only_post_names_the_method_in_a_header(alice_client: Client, address: str) -> None:
    response = tus(alice_client, "POST", address, CONTENT[:HALF], Upload_Offset="0", X_HTTP_Method_Override="PATCH")

    assert response.status_code == 204
    assert row(address).offset == HALF


def test_a_link_cannot_name_another_method(alice_client: Client, address: str) -> None:
    """A GET carries no token against forgery."""
    assert tus(alice_client, "GET", address, X_HTTP_Method_Override="DELETE").status_code == 405
    assert row(address)


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_request_without_the_token_against_forgery_is_refused(method: str, alice: Any, address: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    response = tus(client, method, UPLOADS if method == "POST" else address, b"x", Upload_Offset="0", Upload_Length="1")

    assert response.status_code == 403
    assert row(address).offset == 0


def test_the_token_against_forgery_comes_in_a_header(alice: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    client.get("/t/acme/documents/")
    token = client.cookies["csrftoken"].value

    response = tus(client, "POST", UPLOADS, b"", Upload_Length="5", X_CSRFToken=token, Content_Type="text/plain")

    assert response.status_code == 201


@pytest.mark.parametrize(("method", "headers"), [("HEAD", {}), ("PATCH", {"Upload_Offset": "0"}), ("DELETE", {})])
def test_somebody_elses_upload_is_as_unknown_as_one_that_never_was(
    method: str, headers: dict[str, str], bob_client: Client, charlie_client: Client, address: str
) -> None:
    """Bob is in the same organisation; Charlie owns another one, and tries at both addresses."""
    unknown = tus(bob_client, method, f"{UPLOADS}{uuid4()}/", b"x", **headers)
    theirs = tus(bob_client, method, address, b"x", **headers)

    assert (unknown.status_code, theirs.status_code) == (404, 404)
    assert unknown.content == theirs.content
    for there in (address, address.replace("/t/acme/", "/t/other/")):
        assert tus(charlie_client, method, there, b"x", **headers).status_code == 404
    assert row(address).offset == 0


def test_another_organisations_collection_is_unknown(alice_client: Client, other_org: Tenant) -> None:
    theirs: Collection = CollectionFactory(tenant=other_org)

    assert start(alice_client, collection=str(theirs.pk)).status_code == 404
    assert start(alice_client, collection="none").status_code == 400


def test_a_reader_may_not_begin(acme: Tenant) -> None:
    assert start(signed_in(member(acme, "rita", Role.READER))).status_code == 403


def test_a_refused_file_says_why_and_is_gone(alice_client: Client, acme: Tenant) -> None:
    address = start(alice_client, 4, name="program.exe")["Location"]
    path = file_of(address)

    response = send(alice_client, address, b"MZ\x90\x00", 0)

    assert (response.status_code, code_of(response)) == (400, "upload.type")
    assert response["Tus-Resumable"] == "1.0.0"
    assert not path.exists()
    assert tus(alice_client, "HEAD", address).status_code == 404


def test_an_answer_that_was_lost_can_be_asked_for_again(alice_client: Client, address: str, acme: Tenant) -> None:
    told = send(alice_client, address, CONTENT, 0).json()["documents"][0]

    again = send(alice_client, address, b"", len(CONTENT))

    assert (again.status_code, again.json()["documents"][0]["id"]) == (200, told["id"])
    assert send(alice_client, address, b"x", 0).status_code == 409
    assert Document.objects.for_tenant(acme).count() == 1


def test_a_process_that_dies_before_the_document_is_made_leaves_that_to_the_next_request(
    alice_client: Client, address: str, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_args: object, **_kwargs: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(default_storage, "save", dies)
        with pytest.raises(SystemExit):
            send(alice_client, address, CONTENT, 0)
    assert tus(alice_client, "HEAD", address)["Upload-Offset"] == str(len(CONTENT))

    assert send(alice_client, address, b"", len(CONTENT)).status_code == 200
    assert Document.objects.for_tenant(acme).get().sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_bytes_that_were_written_but_not_counted_are_written_again(
    alice_client: Client, address: str, acme: Tenant
) -> None:
    """As when a process dies between the two."""
    send(alice_client, address, CONTENT[:HALF], 0)
    with file_of(address).open("ab") as file:
        file.write(b"from a process that died" * 100)

    assert tus(alice_client, "HEAD", address)["Upload-Offset"] == str(HALF)
    send(alice_client, address, CONTENT[HALF:-1], HALF)
    send(alice_client, address, CONTENT[-1:], len(CONTENT) - 1)

    assert Document.objects.for_tenant(acme).get().sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_an_upload_whose_file_is_gone_has_to_begin_anew(alice_client: Client, address: str) -> None:
    file_of(address).unlink()

    assert send(alice_client, address, CONTENT, 0).status_code == 404


class Broken:
    """A body of which the connection lets so much through."""

    def __init__(self, body: bytes) -> None:
        self.body = io.BytesIO(body)

    def read(self, size: int, /) -> bytes:
        if piece := self.body.read(size):
            return piece
        raise UnreadablePostError


def test_what_has_arrived_when_the_connection_breaks_is_kept(as_alice: Access) -> None:
    content = CONTENT * 600  # more than is read at once
    cut = len(content) * 2 // 3
    assert cut > 2 * pieces.PIECE_BYTES
    begun = resumable.upload_start(access=as_alice, collection=None, name="guide.txt", length=len(content))

    first = resumable.upload_continue(access=as_alice, upload_id=begun.pk, offset=0, stream=Broken(content[:cut]))
    assert (first.upload.offset, first.uploaded) == (cut, None)
    rest = io.BytesIO(content[cut:])
    last = resumable.upload_continue(access=as_alice, upload_id=begun.pk, offset=cut, stream=rest)

    assert last.uploaded is not None
    assert last.uploaded.document.sha256 == hashlib.sha256(content).hexdigest()


class Watched(io.BytesIO):
    """Notes the most that was asked for at once; -1 is everything."""

    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size > 0
        self.most = max(self.most, size)
        return super().read(size)


def test_a_body_is_read_in_pieces(as_alice: Access) -> None:
    content = b"x" * (4 * pieces.PIECE_BYTES)
    begun = resumable.upload_start(access=as_alice, collection=None, name="guide.txt", length=len(content))
    stream = Watched(content)

    resumable.upload_continue(access=as_alice, upload_id=begun.pk, offset=0, stream=stream)

    assert stream.most == pieces.PIECE_BYTES


def test_a_piece_may_be_larger_than_what_django_holds_in_memory(alice_client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    address = start(alice_client)["Location"]

    assert send(alice_client, address, CONTENT[:HALF], 0).status_code == 204


class Slow:
    """A body that is held back until the test lets it come."""

    def __init__(self, body: bytes) -> None:
        self.body = io.BytesIO(body)
        self.asked, self.may_come = threading.Event(), threading.Event()

    def read(self, size: int, /) -> bytes:
        self.asked.set()
        assert self.may_come.wait(30)
        return self.body.read(size)


@pytest.mark.django_db(transaction=True)
def test_two_requests_for_one_upload_do_not_interleave(as_alice: Access, alice_client: Client) -> None:
    begun = resumable.upload_start(access=as_alice, collection=None, name="guide.txt", length=len(CONTENT))
    address = f"{UPLOADS}{begun.pk}/"
    body = Slow(CONTENT[:HALF])

    def write() -> None:
        resumable.upload_continue(access=as_alice, upload_id=begun.pk, offset=0, stream=body)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert body.asked.wait(30)
    refused = send(alice_client, address, b"?" * HALF, 0)
    body.may_come.set()
    writer.join(30)

    assert (refused.status_code, code_of(refused)) == (423, "upload.busy")
    assert file_of(address).read_bytes() == CONTENT[:HALF]
    assert send(alice_client, address, CONTENT[HALF:], HALF).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_is_cancelled_while_a_piece_comes_stays_cancelled(
    as_alice: Access, alice_client: Client
) -> None:
    begun = resumable.upload_start(access=as_alice, collection=None, name="guide.txt", length=len(CONTENT))
    address = f"{UPLOADS}{begun.pk}/"
    path = file_of(address)

    class Cancelled(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            tus(alice_client, "DELETE", address)
            return super().read(size)

    response = resumable_error(as_alice, begun, Cancelled(CONTENT))

    assert response == "tenancy.not_found"
    assert not path.exists()
    assert not PendingUpload.all_tenants.exists()
    assert not Document.all_tenants.exists()


def resumable_error(access: Access, begun: PendingUpload, stream: io.BytesIO) -> str:
    with pytest.raises(AppError) as raised:
        resumable.upload_continue(access=access, upload_id=begun.pk, offset=0, stream=stream)
    return raised.value.code


def aged(address: str, hours: float) -> Path:
    """Nobody has gone on with this upload for so long. Return its file."""
    upload = row(address)
    before = timezone.now() - timedelta(hours=hours)
    PendingUpload.all_tenants.filter(pk=upload.pk).update(updated_at=before)
    return file_of(address)


@pytest.fixture
def reap() -> Any:
    """What beat sends to the worker, by the name that the schedule has."""
    app.loader.import_default_modules()  # as a worker does when it starts
    task = product_settings.CELERY_BEAT_SCHEDULE["forget uploads that nobody goes on with"]["task"]
    return app.tasks[task].run


def test_what_nobody_goes_on_with_is_given_up_after_a_day(alice_client: Client, reap: Any) -> None:
    old, young = start(alice_client)["Location"], start(alice_client)["Location"]
    old_file, young_file = aged(old, 24.1), aged(young, 23.9)

    assert tus(alice_client, "HEAD", old).status_code == 404  # whether or not the worker was there already
    assert old_file.exists()
    reap()

    assert [each.pk for each in PendingUpload.all_tenants.all()] == [row(young).pk]
    assert (old_file.exists(), young_file.exists()) == (False, True)
    assert send(alice_client, young, CONTENT, 0).status_code == 200


def test_a_piece_is_going_on(alice_client: Client, address: str, reap: Any) -> None:
    aged(address, 23.9)
    send(alice_client, address, CONTENT[:HALF], 0)

    assert timezone.now() - row(address).updated_at < timedelta(minutes=1)


def test_a_file_without_a_row_goes_once_it_is_old(uploads_directory: Path, acme: Tenant, reap: Any) -> None:
    old, young = (pieces.path_of(tenant_id=acme.pk, upload_id=uuid4()) for _ in range(2))
    for path in (old, young):
        pieces.create(path)
    yesterday = timezone.now().timestamp() - 25 * 3600
    os.utime(old, (yesterday, yesterday))

    reap()

    assert (old.exists(), young.exists()) == (False, True)


def test_files_on_their_way_are_for_this_user_alone(address: str) -> None:
    path = file_of(address)

    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
