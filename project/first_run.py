"""What a new server begins with: somebody to sign in as, and documents to ask about, which are the product's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from ingestion import services as ingestion
from tenants.access import Access
from tenants.models import Role, User
from tenants.services import tenant_create

EMAIL = "demo@razgovor.local"
SLUG, NAME = "demo", "Demo"
COLLECTION = "Razgovor"
DOCUMENTATION = ("*.md", "docs/**/*.md")


@dataclass(frozen=True, slots=True)
class FirstRun:
    email: str
    created: bool


def first_run(*, password: str) -> FirstRun:
    """Make the operator, who owns the tenant `demo`, and queue its documents, unless there are people here already.

    All of it or nothing, so that a start that was interrupted begins again; what was deleted later stays deleted.
    """
    operator = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if operator or not password:
        return FirstRun(email=operator.email if operator else "", created=False)
    with transaction.atomic():
        operator = User.objects.create_superuser(EMAIL, password, first_name=NAME)
        tenant = tenant_create(slug=SLUG, name=NAME, owner=operator)
        documents_add(Access(tenant=tenant, role=Role.OWNER, user=operator))
    return FirstRun(email=operator.email, created=True)


def documents_add(access: Access) -> int:
    """Upload the documentation to a collection of its own; return how many files that were."""
    collection = ingestion.collection_create(access=access, name=COLLECTION)
    files = documentation(settings.BASE_DIR)
    for path in files:
        name = path.relative_to(settings.BASE_DIR).as_posix().replace("/", " - ")
        with path.open("rb") as file:
            ingestion.document_upload(access=access, collection=collection, file=file, name=name)
    return len(files)


def documentation(root: Path) -> list[Path]:
    """Return the product's documentation; empty files would only be refused."""
    return sorted(path for pattern in DOCUMENTATION for path in root.glob(pattern) if path.stat().st_size)
