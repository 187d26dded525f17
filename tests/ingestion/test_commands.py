"""The command line: uploading, looking and changing, as a script does it."""

from __future__ import annotations

import json
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ingestion import tasks
from ingestion.models import Document
from ingestion.parts import Parts
from tenants.models import Tenant
from tests.factories import CollectionFactory, DocumentFactory

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str, **options: Any) -> dict[str, Any]:
    out = StringIO()
    with suppress(SystemExit):  # the exit code says whether anything was refused, and so does the answer
        call_command(*arguments, tenant="acme", json=True, stdout=out, **options)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def read_all() -> None:
    while Document.all_tenants.filter(status="queued").exists():
        tasks.ingest_next()


def test_a_folder_is_uploaded_with_the_folders_in_it(
    acme: Tenant, made_of: Parts, no_queue: list[str], tmp_path: Path
) -> None:
    papers = tmp_path / "papers"
    (papers / "deep" / "er").mkdir(parents=True)
    (papers / "a.txt").write_text("Alpha text.", encoding="utf-8")
    (papers / "deep" / "er" / "b.txt").write_text("Beta text.", encoding="utf-8")
    (papers / ".hidden").write_text("no", encoding="utf-8")

    rows = run("ingest", str(papers), str(tmp_path / "papers" / "a.txt"))["documents"]

    assert [(row["status"], row["duplicate"]) for row in rows] == [
        ("queued", False),
        ("queued", False),
        ("queued", True),
    ]
    assert set(Document.objects.for_tenant(acme).values_list("folder", "name")) == {
        ("papers", "a.txt"),
        ("papers/deep/er", "b.txt"),
    }


def test_an_address_that_the_operator_does_not_allow_is_refused_with_a_sentence(acme: Tenant) -> None:
    (row,) = run("ingest", "https://example.org/page")["documents"]
    assert (row["status"], bool(row["error"])) == ("refused", True)


def test_documents_are_listed_with_their_versions_and_text(
    acme: Tenant, made_of: Parts, no_queue: list[str], tmp_path: Path
) -> None:
    for text in ("The fee is ten.", "The fee is twenty."):
        (tmp_path / "fees.txt").write_text(text, encoding="utf-8")
        run("ingest", str(tmp_path / "fees.txt"))
        read_all()

    (row,) = run("documents", "list")["documents"]
    assert (row["name"], row["version"], row["status"]) == ("fees.txt", 2, "ready")
    versions = run("documents", "versions", row["id"])["documents"]
    assert [each["version"] for each in versions] == [2, 1]
    (text,) = run("documents", "text", row["id"])["documents"]
    assert text["text"] == "The fee is twenty."

    (changed,) = run("documents", "compare", versions[1]["id"], versions[0]["id"])["documents"]
    assert changed["text"] == "- The fee is ten.\n+ The fee is twenty."
    (told,) = run("documents", "history", versions[1]["id"])["documents"]
    assert [line.split()[2] for line in told["text"].splitlines()] == ["uploaded", "started", "ready", "superseded"]
    with pytest.raises(CommandError, match="two versions"):
        call_command("documents", "compare", row["id"], tenant="acme")

    run("documents", "restore", versions[1]["id"])
    read_all()
    (row,) = run("documents", "list")["documents"]
    assert (row["id"], row["version"]) == (versions[1]["id"], 3)

    (gone,) = run("documents", "delete-version", versions[0]["id"])["documents"]
    assert gone["status"] == "deleting"
    assert [each["id"] for each in run("documents", "versions", row["id"])["documents"]] == [row["id"]]


def test_all_that_have_failed_are_retried_at_once(acme: Tenant, no_queue: list[str]) -> None:
    DocumentFactory.create_batch(3, tenant=acme, status="failed", error_code="x", error_message="It failed.")
    kept = DocumentFactory(tenant=acme, status="cancelled")

    rows = run("documents", "retry", status="failed")["documents"]

    assert [row["status"] for row in rows] == ["queued"] * 3
    kept.refresh_from_db()
    assert kept.status == "cancelled"


def test_nothing_is_changed_where_nothing_was_said_of_which(acme: Tenant) -> None:
    DocumentFactory(tenant=acme, status="ready")
    with pytest.raises(CommandError, match="Say which"):
        call_command("documents", "delete", tenant="acme")


def test_what_cannot_be_moved_says_why_and_the_rest_is_moved(acme: Tenant, made_of: Parts) -> None:
    attic = CollectionFactory(tenant=acme, name="Attic")
    busy, idle = DocumentFactory(tenant=acme, status="running"), DocumentFactory(tenant=acme, status="ready")

    rows = run("documents", "move", str(busy.pk), str(idle.pk), collection="Attic")["documents"]

    assert "being read" in rows[0]["error"]
    idle.refresh_from_db()
    assert idle.collection == attic


def test_another_organisations_document_is_not_there(acme: Tenant, other_org: Tenant) -> None:
    document = DocumentFactory(tenant=other_org, status="ready")
    assert "error" in run("documents", "delete", str(document.pk))
    document.refresh_from_db()
    assert document.status == "ready"
