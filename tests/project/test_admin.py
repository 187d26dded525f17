"""The operator's admin: every list opens, nothing is shown that should not be, and the services do the changing."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from chat.comparisons.models import Comparison
from chat.composing.models import SavedPrompt
from chat.folders.models import Folder
from chat.gaps.models import GapRequest, KnowledgeGap
from chat.images.models import QuestionImage
from chat.lines.models import RelevanceLine
from chat.models import AnswerSettings, Conversation, Provider, Source, Turn
from chat.quality.models import GoldenQuestion, GoldenSource, QualityResult, QualityRun, Rating
from chat.sharing.models import Share, SharingRules
from ingestion.domain import IndexEntry
from ingestion.index.lexical import SqlLexicalIndex
from ingestion.index.passage_words import PassageWords
from ingestion.models import (
    Chunk,
    Document,
    DocumentEvent,
    DocumentSection,
    EmbedderChange,
    IngestionSettings,
    PendingUpload,
)
from tenants.models import ApiKey, AuditEvent, Invitation, Membership, Role, Tenant, User
from tests.conftest import signed_in
from tests.factories import DocumentFactory, UserFactory

KEY = "sk-very-secret-0123456789"
OWN_APPS = {"tenants", "ingestion", "chat"}


@pytest.fixture
def operator(db: None) -> Client:
    return signed_in(UserFactory(email="operator@example.org", is_staff=True, is_superuser=True))


@pytest.fixture
def rows(acme: Tenant, alice: User, bob: User) -> None:
    """One row of every model."""
    document = DocumentFactory(tenant=acme)
    DocumentSection.objects.create(tenant=acme, document=document, ordinal=0, text="…", start=0)
    Chunk.objects.create(id=uuid4(), tenant=acme, document=document, ordinal=0, text="…", start=0, end=1)
    DocumentEvent.objects.create(tenant=acme, document=document, kind="uploaded")
    IngestionSettings.objects.create(tenant=acme)
    EmbedderChange.objects.create(tenant=acme, target="large")
    PendingUpload.objects.create(tenant=acme, user=alice, name="a.pdf", length=1)
    words = IndexEntry(uuid4(), document.pk, document.collection_id, text="The warranty lasts two years.")
    SqlLexicalIndex().for_tenant(acme.pk).upsert([words])
    PassageWords.objects.create(
        tenant=acme, fingerprint="test-model", chunk_id=uuid4(), document_id=document.pk, words=b"1"
    )
    RelevanceLine.objects.create(tenant=acme, collection=document.collection, fingerprint="test-model")
    AnswerSettings.objects.create(tenant=acme)
    Provider.objects.create(tenant=acme, kind="openai", model="a", base_url="https://x.example.org", api_key=KEY)
    SavedPrompt.objects.create(tenant=acme, name="letter", text="Write one.")
    conversation = Conversation.objects.create(tenant=acme, user=alice, title="Warranty")
    Folder.objects.create(tenant=acme, user=alice, name="Pumps")
    SharingRules.objects.create(tenant=acme)
    Share.objects.create(
        tenant=acme, user=alice, conversation=conversation, title="Warranty", token=KEY, token_hash="0", snapshot={}
    )
    turn = Turn.objects.create(id=uuid4(), tenant=acme, conversation=conversation, question="How long?")
    Source.objects.create(
        tenant=acme, turn=turn, number=1, chunk_id=uuid4(), document_name="a.pdf", text="…", start=0, end=1
    )
    Comparison.objects.create(tenant=acme, conversation=conversation, verdict="better", best=turn)
    QuestionImage.objects.create(tenant=acme, user=alice, turn=turn, name="a.jpg", width=1, height=1, size=1)
    Rating.objects.create(tenant=acme, turn=turn, user=alice, helpful=True)
    golden = GoldenQuestion.objects.create(tenant=acme, collection=document.collection, text="How long?")
    GoldenSource.objects.create(tenant=acme, question=golden, series=document.series, document_name="a.pdf")
    run = QualityRun.objects.create(tenant=acme, name="Nightly")
    QualityResult.objects.create(tenant=acme, run=run, question=golden, ordinal=1, text="How long?", answerable=True)
    gap = KnowledgeGap.objects.create(tenant=acme, question="How long?")
    GapRequest.objects.create(tenant=acme, gap=gap, turn=turn, asker=alice, question="How long?")
    ApiKey.objects.create(tenant=acme, name="nightly", prefix="0" * 8, key_hash="0" * 64)
    Invitation.objects.create(tenant=acme, email="dora@example.org", token_hash="0" * 64)
    AuditEvent.objects.create(tenant=acme, action="tested")


def page(model: type[Model], name: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def test_every_model_is_registered() -> None:
    own = {model for model in apps.get_models() if model._meta.app_label in OWN_APPS}
    assert own - set(admin.site._registry) == set()


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model._meta.label)
def test_every_list_and_row_opens(model: type[Model], operator: Client, rows: None) -> None:
    listed = operator.get(page(model, "changelist"))
    assert listed.status_code == 200
    assert operator.get(page(model, "changelist"), {"q": "a"}).status_code == 200
    found = getattr(model, "all_tenants", model._default_manager).first()
    if found is not None:
        assert operator.get(page(model, "change", found.pk)).status_code == 200
        for text in (listed.content, operator.get(page(model, "change", found.pk)).content):
            assert KEY not in text.decode()


def test_whatever_a_tenant_owns_is_only_looked_at(operator: Client, rows: None) -> None:
    for model in admin.site._registry:
        if hasattr(model, "all_tenants"):
            assert operator.get(page(model, "add")).status_code == 403
            if model is not Membership:
                assert operator.post(page(model, "change", model.all_tenants.first().pk), {}).status_code == 403


def test_a_members_role_is_changed_by_the_service(operator: Client, acme: Tenant, alice: User, bob: User) -> None:
    row = Membership.objects.for_tenant(acme).get(user=bob)
    assert operator.post(page(Membership, "change", row.pk), {"role": "admin"}).status_code == 302
    row.refresh_from_db()
    assert row.role == Role.ADMIN
    event = AuditEvent.objects.for_tenant(acme).get(action="member changed")
    assert event.actor_name == "operator@example.org"


def test_not_even_the_operator_takes_the_last_owner_away(operator: Client, acme: Tenant, alice: User) -> None:
    row = Membership.objects.for_tenant(acme).get(user=alice)
    changed = operator.post(page(Membership, "change", row.pk), {"role": "reader"})
    deleted = operator.post(page(Membership, "delete", row.pk), {"post": "yes"})
    selected = operator.post(
        page(Membership, "changelist"), {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    )
    for response in (changed, deleted, selected):
        assert response.status_code == 400
        assert "needs an owner" in response.content.decode()
    row.refresh_from_db()
    assert row.role == Role.OWNER


def test_a_document_is_deleted_by_the_service(
    operator: Client, acme: Tenant, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """The row stays until its index entries and its file are gone."""
    document = DocumentFactory(tenant=acme)
    with django_capture_on_commit_callbacks() as callbacks:
        assert operator.post(page(Document, "delete", document.pk), {"post": "yes"}).status_code == 302
    document.refresh_from_db()
    assert document.status == Document.Status.DELETING
    assert callbacks


def test_removing_a_provider_is_audited(operator: Client, acme: Tenant, rows: None) -> None:
    provider = Provider.objects.for_tenant(acme).get()
    operator.post(page(Provider, "delete", provider.pk), {"post": "yes"})
    assert AuditEvent.objects.for_tenant(acme).filter(action="provider removed").exists()


def test_a_row_that_goes_is_audited(operator: Client, acme: Tenant, rows: None) -> None:
    conversation = Conversation.objects.for_tenant(acme).get()
    data = {"action": "delete_selected", "_selected_action": conversation.pk, "post": "yes"}
    assert operator.post(page(Conversation, "changelist"), data).status_code == 302
    assert not Turn.objects.for_tenant(acme).exists()
    event = AuditEvent.objects.for_tenant(acme).get(action="removed by the operator")
    assert (event.target, event.actor_name) == (f"conversation {conversation.pk}", "operator@example.org")


def test_the_operator_makes_an_account(operator: Client) -> None:
    data = {
        "email": "dora@example.org",
        "usable_password": "true",
        "password1": "a quite long sentence",
        "password2": "a quite long sentence",
    }
    assert operator.post(page(User, "add"), data).status_code == 302
    assert User.objects.get(email="dora@example.org").check_password("a quite long sentence")


def test_an_account_is_switched_off_not_deleted(operator: Client, alice: User) -> None:
    assert operator.post(page(User, "delete", alice.pk), {"post": "yes"}).status_code == 403
    data = {"email": alice.email, "first_name": "Alice"}
    assert operator.post(page(User, "change", alice.pk), data).status_code == 302
    alice.refresh_from_db()
    assert not alice.is_active


def test_an_organisation_is_renamed_and_keeps_its_address(operator: Client, acme: Tenant) -> None:
    operator.post(page(Tenant, "change", acme.pk), {"name": "Acme Ltd", "slug": "other"})
    acme.refresh_from_db()
    assert (acme.name, acme.slug) == ("Acme Ltd", "acme")
    assert operator.get(page(Tenant, "add")).status_code == 403
    assert operator.post(page(Tenant, "delete", acme.pk), {"post": "yes"}).status_code == 403
