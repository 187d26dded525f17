from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.storage import default_storage

from ingestion import services
from ingestion.errors import IngestionError, UploadRefused
from ingestion.intake import Uploaded
from ingestion.models import Collection, Document
from tenants.access import Access
from tenants.errors import Forbidden
from tenants.models import AuditEvent, Role, Tenant
from tests.factories import CollectionFactory, DocumentFactory

TEXT = "The warranty lasts two years."
INGEST, PURGE = "ingestion.tasks.ingest_next", "ingestion.tasks.purge_document"


def upload(access: Access, text: str = TEXT, name: str = "guide.txt", **kwargs: Any) -> Uploaded:
    kwargs.setdefault("collection", services.collection_default(access=access))
    return services.document_upload(access=access, file=io.BytesIO(text.encode()), name=name, **kwargs)


def test_an_upload_is_a_waiting_row_and_a_task(
    as_alice: Access, no_queue: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        document = upload(as_alice).document

    assert (document.status, document.name, document.size) == ("queued", "guide.txt", len(TEXT))
    with document.file.open("rb") as file:
        assert file.read() == TEXT.encode()
    assert no_queue == [INGEST]


def test_two_first_uploads_at_the_same_moment_go_into_one_collection(
    as_alice: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = services.collection_create

    def beaten(**kwargs: Any) -> Collection:
        create(**kwargs)
        return create(**kwargs)

    monkeypatch.setattr(services, "collection_create", beaten)

    assert services.collection_default(access=as_alice).name == services.DEFAULT_COLLECTION


def test_the_same_file_twice_gives_the_same_row(as_alice: Access, no_queue: list[str]) -> None:
    first = upload(as_alice)
    again = upload(as_alice, name="another name.txt")

    assert again.document == first.document
    assert (first.duplicate, again.duplicate) == (False, True)


def test_the_same_file_in_another_collection_or_tenant_is_another_row(
    as_alice: Access, as_charlie: Access, no_queue: list[str]
) -> None:
    one = upload(as_alice)
    elsewhere = upload(as_alice, collection=CollectionFactory(tenant=as_alice.tenant))
    theirs = upload(as_charlie)

    assert len({one.document.pk, elsewhere.document.pk, theirs.document.pk}) == 3
    assert not theirs.duplicate


def test_a_failed_file_that_comes_again_is_tried_again(
    as_alice: Access, no_queue: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    document = upload(as_alice).document
    Document.objects.for_tenant(as_alice.tenant).filter(pk=document.pk).update(status="failed")

    with django_capture_on_commit_callbacks(execute=True):
        again = upload(as_alice)

    assert again.document.pk == document.pk
    assert again.document.status == "queued"
    assert no_queue == [INGEST]


def test_a_file_that_is_refused_leaves_nothing_behind(as_alice: Access) -> None:
    with pytest.raises(UploadRefused):
        upload(as_alice, text="")

    assert not Document.objects.for_tenant(as_alice.tenant).exists()
    assert not default_storage.exists(str(as_alice.tenant.pk))


def test_a_tenant_cannot_keep_more_than_its_share(as_alice: Access, settings: Any, no_queue: list[str]) -> None:
    settings.TENANT_MAX_BYTES = len(TEXT) + 5
    upload(as_alice)

    with pytest.raises(UploadRefused, match="Delete documents"):
        upload(as_alice, text="Another text that is too much.")


def test_a_persons_file_name_never_becomes_a_path(as_alice: Access, no_queue: list[str]) -> None:
    document = upload(as_alice, name="../../etc/passwd.txt").document

    assert document.file.name == f"{as_alice.tenant.pk}/{document.pk}.txt"
    assert "/" not in document.name


def test_readers_may_not_upload(as_alice: Access, acme: Tenant) -> None:
    reader = Access(tenant=acme, role=Role.READER, user=as_alice.user)

    with pytest.raises(Forbidden, match="Member"):
        upload(reader, collection=CollectionFactory(tenant=acme))


def test_a_waiting_document_is_cancelled_at_once(as_alice: Access) -> None:
    document = DocumentFactory(tenant=as_alice.tenant, status="queued")
    services.document_cancel(access=as_alice, document=document)

    assert document.status == "cancelled"


def test_a_running_document_is_asked_to_stop(as_alice: Access) -> None:
    document = DocumentFactory(tenant=as_alice.tenant, status="running")
    services.document_cancel(access=as_alice, document=document)

    assert (document.status, document.cancel_requested) == ("running", True)


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_retry_starts_at_the_stage_that_it_had_come_to(as_alice: Access, status: str, no_queue: list[str]) -> None:
    document = DocumentFactory(tenant=as_alice.tenant, status=status, stage="embedding", error_message="x", attempts=3)
    services.document_retry(access=as_alice, document=document)

    assert (document.status, document.stage, document.error_message, document.attempts) == (
        "queued",
        "embedding",
        "",
        0,
    )


def test_a_ready_document_is_not_retried(as_alice: Access, no_queue: list[str]) -> None:
    document = DocumentFactory(tenant=as_alice.tenant, status="ready")
    services.document_retry(access=as_alice, document=document)
    document.refresh_from_db()

    assert document.status == "ready"


def test_a_deleted_document_is_gone_at_once_and_may_come_again(
    as_alice: Access, no_queue: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    first = upload(as_alice).document
    with django_capture_on_commit_callbacks(execute=True):
        services.document_delete(access=as_alice, document=first)
    again = upload(as_alice)

    assert no_queue == [PURGE]
    assert again.document.pk != first.pk
    assert not again.duplicate


def test_deeds_are_in_the_audit_log(as_alice: Access, no_queue: list[str]) -> None:
    document = upload(as_alice).document
    services.document_delete(access=as_alice, document=document)

    actions = set(AuditEvent.objects.for_tenant(as_alice.tenant).values_list("action", "actor_name"))
    assert {("document uploaded", "alice@example.org"), ("document deleted", "alice@example.org")} <= actions


def test_two_collections_cannot_have_one_name(as_alice: Access) -> None:
    services.collection_create(access=as_alice, name="Contracts")

    with pytest.raises(IngestionError, match="already"):
        services.collection_create(access=as_alice, name="  Contracts ")
    assert Collection.objects.for_tenant(as_alice.tenant).count() == 1
