"""The page “Reading and search”: who may use it, the languages of text in pictures, and the search model."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from ingestion import embedder_change, parts, selectors, settings_languages, settings_services, tasks
from ingestion.embedding.fakes import HashEmbedder
from ingestion.errors import EmbedderRefused, EmbedderUnavailable, IngestionError
from ingestion.models import Document, EmbedderChange, IngestionSettings
from ingestion.parts import Parts
from ingestion.settings_languages import LOCALES, OcrLanguage
from ingestion.tenant_parts import embedder_name
from tenants.access import Access
from tenants.errors import Forbidden
from tenants.models import AuditEvent, Role, Tenant
from tests.conftest import signed_in
from tests.factories import DocumentFactory, member
from tests.support import require

PAGE = "/t/acme/documents/settings/"
PROFILE = {"HX-Request": "true", "HX-Target": "search-model-profile"}
HTMX = {"HX-Request": "true", "HX-Target": "search-model-progress"}
ADDRESSES = {
    "settings": "get",
    "model_progress": "get",
    "languages_update": "post",
    "model_choose": "post",
    "model_cancel": "post",
}

pytestmark = pytest.mark.django_db
really_installed = settings_languages.installed


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which Tesseract has three languages, whatever this one has."""
    monkeypatch.setattr(settings_languages, "installed", lambda: frozenset({"eng", "deu", "fra"}))


@pytest.fixture
def embedders(
    made_of: Parts, monkeypatch: pytest.MonkeyPatch, no_queue: list[str], settings: Settings
) -> dict[str, HashEmbedder]:
    """The server's own and “large”; a test that takes one out is an operator who does."""
    known = {"": HashEmbedder(64), "large": HashEmbedder(96)}
    options = {"base_url": "https://me:secret@gpu.example:8443/v1", "model": "bge-m3"}
    settings.RAG = {**settings.RAG, "EMBEDDERS": {"large": {"BACKEND": "none", "OPTIONS": options}}}

    def configured(name: str = "") -> Parts:
        if name not in known:
            raise EmbedderRefused("It is no longer set up.")
        return replace(made_of, embedder=known[name], embedder_name=name)

    monkeypatch.setattr(parts, "configured", configured)
    return known


@pytest.fixture
def document(transactional_db: None, acme: Tenant, embedders: dict[str, HashEmbedder]) -> Document:
    return ready(acme)


def ready(tenant: Tenant) -> Document:
    created: Document = DocumentFactory(tenant=tenant)
    tasks.ingest_document(created)
    created.refresh_from_db()
    assert created.status == "ready", created.error_message
    return created


def removed(name: str, embedders: dict[str, HashEmbedder], settings: Settings) -> None:
    del embedders[name]
    kept = {each: options for each, options in settings.RAG["EMBEDDERS"].items() if each != name}
    settings.RAG = {**settings.RAG, "EMBEDDERS": kept}


def address(name: str, slug: str = "acme") -> str:
    return reverse(f"ingestion:{name}", args=[slug])


def choose(client: Client, name: str) -> str:
    """The page that comes of it."""
    return text(client.post(address("model_choose"), {"name": name}, follow=True))


def text(response: Any) -> str:
    """What is written on a page, without its marks."""
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).replace("&#x27;", "'").split())


def page(client: Client) -> str:
    return text(client.get(PAGE))


def change_of(tenant: Tenant) -> EmbedderChange:
    return EmbedderChange.objects.for_tenant(tenant).latest("created_at")


def built(tenant: Tenant) -> EmbedderChange:
    change = change_of(tenant)
    while embedder_change.build(change, seconds=60):
        pass
    change.refresh_from_db()
    return change


# --- who may ---


@pytest.mark.parametrize(("name", "method"), ADDRESSES.items())
def test_it_is_closed_to_members_and_does_not_exist_for_others(
    name: str, method: str, bob_client: Client, charlie_client: Client, embedders: dict[str, HashEmbedder]
) -> None:
    assert getattr(bob_client, method)(address(name)).status_code == 403
    assert getattr(charlie_client, method)(address(name)).status_code == 404
    assert getattr(Client(), method)(address(name)).status_code == 302


def test_an_admin_may(acme: Tenant, embedders: dict[str, HashEmbedder]) -> None:
    erin = signed_in(member(acme, "erin", Role.ADMIN))
    assert "Reading and search" in page(erin)


def test_the_services_ask_for_the_role_themselves(as_bob: Access) -> None:
    with pytest.raises(Forbidden):
        settings_services.ocr_languages_update(access=as_bob, languages=["eng"])
    with pytest.raises(Forbidden):
        settings_services.embedder_choice_cancel(access=as_bob)


def test_the_settings_and_the_documents_lead_there(alice_client: Client, bob_client: Client) -> None:
    for there in ("/t/acme/settings/", "/t/acme/documents/"):
        assert f'href="{PAGE}"' in alice_client.get(there).content.decode()
    assert PAGE not in bob_client.get("/t/acme/documents/").content.decode()


# --- languages of text in pictures ---


def test_the_languages_of_the_machine_and_of_the_organisation_are_shown_by_name(
    alice_client: Client, embedders: dict[str, HashEmbedder]
) -> None:
    html = alice_client.get(PAGE).content.decode()
    boxes = dict(re.findall(r'name="languages" value="(\w+)" (checked)?', html))
    assert boxes == {"eng": "checked", "deu": "checked", "fra": "", "srp": "checked", "srp_latn": "checked"}
    assert "<span>French</span>" in html
    assert "not installed on this server" in html
    assert "<code>tesseract-ocr-srp-latn</code>" in html
    assert "<code>tesseract-ocr-fra</code>" not in html


def test_they_are_saved_with_those_of_before_first_and_written_down(
    as_alice: Access, alice_client: Client, embedders: dict[str, HashEmbedder]
) -> None:
    said = alice_client.post(address("languages_update"), {"languages": ["fra", "deu", "eng"]}, follow=True)
    assert "The languages are saved." in text(said)
    assert selectors.ocr_languages(tenant_id=as_alice.tenant.pk) == ["eng", "deu", "fra"]
    event = AuditEvent.objects.for_tenant(as_alice.tenant).latest("at")
    assert (event.action, event.target) == ("languages of text in pictures changed", "eng, deu, fra")


@pytest.mark.parametrize(
    ("languages", "sentence"),
    [(["eng", "xxx", "zzz"], "cannot recognise text in: xxx, zzz."), ([], "Choose at least one language.")],
)
def test_unknown_languages_and_none_are_refused(
    languages: list[str],
    sentence: str,
    as_alice: Access,
    alice_client: Client,
    embedders: dict[str, HashEmbedder],
) -> None:
    assert sentence in text(alice_client.post(address("languages_update"), {"languages": languages}, follow=True))
    assert not IngestionSettings.objects.for_tenant(as_alice.tenant).exists()


def test_one_that_was_chosen_may_stay_although_it_is_gone_from_the_machine(as_alice: Access) -> None:
    assert settings_services.ocr_languages_update(access=as_alice, languages=["srp"]) == ["srp"]
    with pytest.raises(IngestionError, match="deu_frak"):
        settings_services.ocr_languages_update(access=as_alice, languages=["srp", "deu_frak"])


def test_saving_languages_leaves_the_search_model_alone(as_alice: Access) -> None:
    IngestionSettings.objects.create(tenant=as_alice.tenant, embedder="large")
    settings_services.ocr_languages_update(access=as_alice, languages=["eng"])
    assert embedder_name(as_alice.tenant.pk) == "large"


def test_without_tesseract_the_page_says_what_to_install(
    alice_client: Client, embedders: dict[str, HashEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_languages, "installed", lambda: None)
    shown = page(alice_client)
    assert "only text in Latin letters is recognised" in shown
    assert "tesseract-ocr tesseract-ocr-eng tesseract-ocr-deu tesseract-ocr-srp tesseract-ocr-srp-latn" in shown


def test_the_machine_is_asked_which_languages_it_has() -> None:
    require(shutil.which("tesseract"), "There is no Tesseract; install tesseract-ocr.")
    listed = subprocess.run(["tesseract", "--list-langs"], check=True, capture_output=True, text=True, timeout=20)
    languages = frozenset(each for each in listed.stdout.splitlines()[1:] if "/" not in each) - {"osd", "equ"}
    assert really_installed() == languages


def test_a_machine_without_tesseract_or_with_a_broken_one_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert really_installed() is None
    (tmp_path / "tesseract").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "tesseract").chmod(0o755)
    assert really_installed() is None


def test_every_language_has_a_name_in_the_readers_language() -> None:
    names = [OcrLanguage(code, installed=True, chosen=True).name for code in LOCALES]
    assert not set(names) & set(LOCALES)
    with translation.override("de"):
        assert OcrLanguage("srp", installed=True, chosen=True).name == "Serbisch"
    assert OcrLanguage("grc", installed=True, chosen=True).name == "grc"


# --- the search model ---


def test_the_page_itself_asks_no_embedder(
    alice_client: Client, embedders: dict[str, HashEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_name: str = "") -> Parts:
        raise EmbedderUnavailable("The embedding server does not answer.")

    monkeypatch.setattr(parts, "configured", away)
    shown = page(alice_client)
    assert "This server's own in use" in shown
    assert "large bge-m3 gpu.example:8443" in shown
    assert "secret" not in shown
    assert "does not answer" in text(alice_client.get(PAGE, headers=PROFILE))


def test_the_model_in_use_is_asked_in_a_request_of_its_own_or_without_a_script_by_a_link(
    alice_client: Client, embedders: dict[str, HashEmbedder]
) -> None:
    assert f'href="{PAGE}?profile"' in alice_client.get(PAGE).content.decode()
    for said in (alice_client.get(PAGE, headers=PROFILE), alice_client.get(f"{PAGE}?profile")):
        assert "Numbers in a vector 64 Fingerprint hash-64" in text(said)
        assert "hx-trigger" not in said.content.decode()


def test_without_another_one_the_page_says_how_the_operator_adds_one(
    alice_client: Client, embedders: dict[str, HashEmbedder], settings: Settings
) -> None:
    assert "RAZGOVOR_EMBEDDERS" not in page(alice_client)
    removed("large", embedders, settings)
    assert "RAZGOVOR_EMBEDDERS" in page(alice_client)


def test_it_is_prepared_taken_into_use_and_left_again(acme: Tenant, alice_client: Client, document: Document) -> None:
    shown = choose(alice_client, "large")
    assert "“large” is being prepared 0 of 1 passage embedded" in shown
    assert "Answers go on with the present model" in shown
    progress = alice_client.get(address("model_progress"), headers=HTMX)
    assert "0 of 1 passage embedded" in text(progress)
    assert "HX-Retarget" not in progress
    assert embedder_name(acme.pk) == ""

    built(acme)
    over = alice_client.get(address("model_progress"), headers=HTMX)
    assert (over["HX-Retarget"], over["HX-Reswap"]) == ("#search-model", "outerHTML")
    assert "large in use" in text(over)
    assert 'hx-trigger="every' not in over.content.decode()
    assert "going back to “This server's own” takes only a moment" in text(over)
    assert "Prepare" not in text(over)

    choose(alice_client, "")
    built(acme)
    assert "This server's own in use" in page(alice_client)


def test_after_a_day_the_earlier_one_is_a_choice_like_the_others(
    acme: Tenant, alice_client: Client, document: Document
) -> None:
    choose(alice_client, "large")
    built(acme)
    EmbedderChange.objects.for_tenant(acme).update(switched_at=timezone.now() - timedelta(days=2))
    embedder_change.tidy()

    shown = page(alice_client)
    assert "Prepare This server's own" in shown
    assert "In use since" in shown
    assert "Go back" not in shown


def test_progress_opened_as_a_page_leads_to_the_page(alice_client: Client, embedders: dict[str, HashEmbedder]) -> None:
    assert alice_client.get(address("model_progress"))["Location"] == PAGE


def test_what_went_wrong_is_shown_until_it_works_again(
    acme: Tenant,
    alice_client: Client,
    document: Document,
    embedders: dict[str, HashEmbedder],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choose(alice_client, "large")

    def away(_texts: object) -> Any:
        raise EmbedderUnavailable("The embedding server does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(embedders["large"], "embed_passages", away)
        embedder_change.build(change_of(acme))
    shown = page(alice_client)
    assert "The embedding server does not answer. It is tried again every minute" in shown

    assert embedder_change.build(change_of(acme), seconds=0)
    shown = page(alice_client)
    assert "being prepared" in shown
    assert "does not answer" not in shown


def test_a_change_that_failed_or_was_cancelled_is_told_once_to_each_admin(
    acme: Tenant,
    alice_client: Client,
    document: Document,
    embedders: dict[str, HashEmbedder],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    erin = signed_in(member(acme, "erin", Role.ADMIN))
    choose(alice_client, "large")
    cancelled = "The preparation of “large” was cancelled, so nothing has changed."
    assert cancelled in text(alice_client.post(address("model_cancel"), follow=True))
    assert cancelled not in page(alice_client)
    assert cancelled in page(erin)

    def refuses(_texts: object) -> Any:
        raise EmbedderRefused("The embedding server refuses the key.")

    monkeypatch.setattr(embedders["large"], "embed_passages", refuses)
    choose(alice_client, "large")
    built(acme)
    failed = "“large” could not be prepared, so nothing has changed. The embedding server refuses the key."
    assert failed in page(alice_client)
    assert failed not in page(alice_client)
    assert failed in page(erin)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("", "in use already"), ("unknown", "It is no longer set up."), ("x" * 61, "There is no such search model.")],
)
def test_what_cannot_be_chosen_is_a_sentence_on_the_page(
    name: str, sentence: str, acme: Tenant, alice_client: Client, embedders: dict[str, HashEmbedder]
) -> None:
    assert sentence in choose(alice_client, name)
    assert not EmbedderChange.objects.for_tenant(acme).exists()


def test_cancelling_what_is_over_changes_nothing(acme: Tenant, alice_client: Client, document: Document) -> None:
    choose(alice_client, "large")
    built(acme)
    text(alice_client.post(address("model_cancel"), follow=True))
    assert (change_of(acme).status, embedder_name(acme.pk)) == ("switched", "large")


def test_a_model_that_the_operator_has_removed_can_be_left(
    acme: Tenant, alice_client: Client, document: Document, embedders: dict[str, HashEmbedder], settings: Settings
) -> None:
    choose(alice_client, "large")
    built(acme)
    removed("large", embedders, settings)

    shown = page(alice_client)
    assert "“large” is in use here, but the operator has removed it" in shown
    assert "Answers go on" not in choose(alice_client, "")
    assert built(acme).status == "switched"
    shown = page(alice_client)
    assert "This server's own in use" in shown
    assert "Going back is not possible: the operator has removed “large”." in shown
    assert "Go back" not in shown


def test_the_changes_of_another_organisation_are_not_shown(
    alice_client: Client, charlie_client: Client, document: Document
) -> None:
    choose(alice_client, "large")
    shown = text(charlie_client.get(address("settings", "other")))
    assert "being prepared" not in shown
    charlie_client.post(address("model_cancel", "other"))
    assert "being prepared" in page(alice_client)
