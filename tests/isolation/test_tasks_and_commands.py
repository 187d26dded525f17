"""Tasks and commands with another tenant's ids."""

from __future__ import annotations

import inspect
import json
from io import StringIO
from typing import Any

import pytest
from celery import current_app
from django.core.management import CommandError, call_command

from chat.tasks import reap_turns
from ingestion import tasks
from ingestion.models import Document
from ingestion.parts import Parts
from ingestion.resumable_tasks import reap_uploads
from tenants.models import Tenant, User
from tests.isolation.acme_rows import SECRET, AcmeRows, acme_rows

TENDING_EVERYBODY = {
    "ingestion.tasks.ingest_next",
    "ingestion.tasks.reap_documents",
    "ingestion.tasks.tidy_embedders",
    "ingestion.resumable_tasks.reap_uploads",
    "chat.tasks.reap_turns",
    "chat.tasks.purge_conversations",
    "chat.tasks.purge_shares",
    "chat.tasks.reap_images",
    "chat.quality.tasks.tidy_runs",
    "chat.tasks.fit_changed_collections",
}
"""Take no ids: they look after every tenant's rows, each within its own tenant."""
OUR_TASKS = sorted(name for name in current_app.tasks if name.partition(".")[0] in {"tenants", "ingestion", "chat"})


@pytest.fixture
def rows(acme: Tenant, alice: User) -> AcmeRows:
    return acme_rows(acme, alice)


def test_the_tasks_are_known() -> None:
    assert {reap_turns.name, reap_uploads.name} <= set(OUR_TASKS)


@pytest.mark.parametrize("name", OUR_TASKS)
def test_a_task_does_nothing_with_another_tenants_ids(name: str, rows: AcmeRows, other_org: Tenant) -> None:
    task = current_app.tasks[name]
    signature = inspect.signature(task.run).parameters.values()
    parameters = [each.name for each in signature if each.default is each.empty]
    if name in TENDING_EVERYBODY:
        assert parameters == []
        return
    assert parameters[0] == "tenant_id"
    known: dict[str, Any] = {key: str(value) for key, value in rows.ids().items()}
    Document.objects.for_tenant(rows.document.tenant).filter(pk=rows.document.pk).update(status="queued")

    task.run(str(other_org.pk), *(known[parameter] for parameter in parameters[1:]))

    rows.document.refresh_from_db()
    assert rows.document.status == "queued"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "arguments",
    [
        ("search", SECRET),
        ("index_check",),
        ("ask", SECRET),
    ],
    ids=lambda arguments: str(arguments[0]),
)
def test_a_command_for_one_tenant_shows_nothing_of_another(
    arguments: tuple[str, ...], rows: AcmeRows, other_org: Tenant, made_of: Parts
) -> None:
    Document.objects.for_tenant(rows.document.tenant).update(status="queued")
    rows.document.refresh_from_db()
    tasks.ingest_document(rows.document)
    out = StringIO()
    call_command(*arguments, tenant="other", json=True, stdout=out)

    body = json.loads(out.getvalue())
    body.pop("question", None)
    body.pop("query", None)
    assert SECRET not in json.dumps(body)


def test_a_command_for_a_tenant_that_is_not_there_says_so(db: None) -> None:
    with pytest.raises(CommandError, match="There is no tenant"):
        call_command("index_check", tenant="nobody")
