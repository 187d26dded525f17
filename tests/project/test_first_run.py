"""What a new server begins with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.core.management.base import CommandError

from ingestion import services as ingestion
from ingestion.errors import UploadRefused
from ingestion.models import Document
from project import first_run as module
from project import static_files
from project.first_run import EMAIL, FirstRun, first_run
from project.management.commands.prepare import migrations_wait
from tenants.access import access_for
from tenants.models import Role, Tenant, User
from tests.factories import UserFactory

PASSWORD = "correct horse battery staple"


@pytest.fixture
def documentation(tmp_path: Path, settings: LazySettings) -> Path:
    """A product whose documentation is two pages, one of them empty."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("# Razgovor\n\nAsk your own documents.\n")
    (tmp_path / "docs" / "operating.md").write_text("# Operating\n\nBack up the database.\n")
    (tmp_path / "docs" / "later.md").touch()
    settings.BASE_DIR = tmp_path
    return tmp_path


@pytest.mark.django_db
def test_it_makes_somebody_to_sign_in_as_who_owns_a_tenant(documentation: Path) -> None:
    assert first_run(password=PASSWORD) == FirstRun(email=EMAIL, created=True)
    user = User.objects.get()
    assert authenticate(username=EMAIL, email=EMAIL, password=PASSWORD) == user
    assert user.is_superuser
    assert access_for(user, "demo").role == Role.OWNER


@pytest.mark.django_db
def test_it_queues_the_products_own_documentation(documentation: Path) -> None:
    first_run(password=PASSWORD)
    documents = Document.all_tenants.all()
    assert {document.name for document in documents} == {"README.md", "docs - operating.md"}
    assert {document.status for document in documents} == {Document.Status.QUEUED}


def test_the_documentation_is_there_to_ask_about(settings: LazySettings) -> None:
    assert [path for path in module.documentation(settings.BASE_DIR) if path.name == "README.md"]


@pytest.mark.django_db
def test_doing_it_twice_changes_nothing_and_what_was_deleted_stays_deleted(documentation: Path) -> None:
    first_run(password=PASSWORD)
    Document.all_tenants.all().delete()
    assert first_run(password="another one") == FirstRun(email=EMAIL, created=False)
    assert (User.objects.count(), Tenant.objects.count(), Document.all_tenants.count()) == (1, 1, 0)
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.django_db
def test_it_leaves_a_server_alone_that_has_an_operator() -> None:
    UserFactory(email="root@example.org", is_superuser=True)
    assert first_run(password=PASSWORD) == FirstRun(email="root@example.org", created=False)
    assert not Tenant.objects.exists()


@pytest.mark.django_db
def test_it_makes_no_account_without_a_password() -> None:
    assert first_run(password="") == FirstRun(email="", created=False)
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_first_run_that_fails_in_the_middle_leaves_nothing_so_that_the_next_begins_again(
    documentation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_kwargs: Any) -> None:
        raise UploadRefused("The disk is full.")

    monkeypatch.setattr(ingestion, "document_upload", refuse)
    with pytest.raises(UploadRefused):
        first_run(password=PASSWORD)
    assert not User.objects.exists()
    assert not Tenant.objects.exists()


@pytest.mark.django_db
def test_the_command_ends_with_a_line_for_programs(
    documentation: Path, settings: LazySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.ADMIN_PASSWORD = PASSWORD
    call_command("prepare", no_static=True)
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"email": EMAIL, "created": True}


@pytest.mark.django_db
def test_the_command_fails_with_one_sentence(settings: LazySettings) -> None:
    settings.LLM = "chatgpt"
    with pytest.raises(CommandError, match=r"^RAZGOVOR_LLM is “chatgpt”\. Use .*$"):
        call_command("prepare", no_static=True)


@pytest.mark.django_db
def test_no_migration_waits_once_all_are_applied() -> None:
    assert not migrations_wait()


class TestStaticFiles:
    @pytest.fixture(autouse=True)
    def _one_source(self, tmp_path: Path, settings: LazySettings) -> None:
        self.source, self.target = tmp_path / "static", tmp_path / "collected"
        self.source.mkdir()
        (self.source / "page.css").write_text("body { color: black }")
        settings.STATICFILES_DIRS, settings.STATIC_ROOT = [self.source], self.target
        settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
        settings.STORAGES = {
            **settings.STORAGES,
            "staticfiles": {"BACKEND": "project.static_storage.BundlingStorage"},
        }

    def test_they_are_collected_once(self) -> None:
        assert static_files.collect() is True
        assert (self.target / "staticfiles.json").exists()
        assert static_files.collect() is False

    def test_they_are_collected_again_when_one_has_changed(self) -> None:
        static_files.collect()
        (self.source / "page.css").write_text("body { color: white; margin: 0 }")
        assert static_files.collect() is True
        assert "white" in (self.target / "page.css").read_text()

    def test_a_file_that_names_one_that_is_not_there_is_told_in_a_sentence(self) -> None:
        (self.source / "page.css").write_text("body { background: url(nowhere.png) }")
        with pytest.raises(CommandError, match="A static file refers to one that is not there"):
            static_files.collect()

    def test_the_style_sheet_holds_what_it_imports(self) -> None:
        (self.source / "css").mkdir()
        (self.source / "css" / "button.css").write_text(".button { color: red }\n" * 100)
        sheet = self.source / "css" / "app.css"
        sheet.write_text('@layer base, components;\n@import url("button.css") layer(components);\n')
        static_files.collect()
        (hashed,) = (self.target / "css").glob("app.*.css")
        assert "@import" not in hashed.read_text()
        assert "@layer components {\n.button { color: red }\n" in hashed.read_text()
        assert hashed.with_name(f"{hashed.name}.gz").exists()
        named = hashed.name
        (self.source / "css" / "button.css").write_text(".button { color: blue }\n")
        static_files.collect()
        (again,) = (self.target / "css").glob("app.*.css")
        assert again.name != named
        sheet.write_text('@import url("nowhere.css") layer(components);\n')
        with pytest.raises(CommandError, match=r"css/app\.css imports css/nowhere\.css"):
            static_files.collect()
