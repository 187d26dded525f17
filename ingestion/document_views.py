"""One document: its text as it was understood, its versions, its history; beside the list or as a page of its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from ingestion import comparing, leaves, portal, selectors, services, versions
from ingestion.errors import IngestionError
from ingestion.models import Document, DocumentEvent
from ingestion.sentences import told
from tenants.access import Access, tenant_view
from tenants.models import Role

PANEL = "drawer-body"
PARTS = ("text", "versions", "history", "details")
EVENTS = 500
CHILDREN = 200
"""As many of those that came in an archive are named; the list itself has them all."""


@require_GET
@tenant_view()
def document(request: HttpRequest, access: Access, document_id: UUID) -> HttpResponse:
    row = selectors.document_get(tenant=access.tenant, document_id=document_id)
    return _shown(request, access, row, request.GET.get("part", ""))


def _shown(request: HttpRequest, access: Access, row: Document, part: str) -> HttpResponse:
    context = _context(access, row, part if part in PARTS else PARTS[0], request.GET.get("page"))
    if portal.asked_for(request, PANEL):
        return portal.fragment(request, "ingestion/_document.html", context)
    return render(request, "ingestion/document.html", context)


def _context(access: Access, row: Document, part: str, page: str | None) -> dict[str, Any]:
    of_series = list(versions.of(row).select_related("uploaded_by"))
    newest = next((each for each in of_series if each.status != Document.Status.SUPERSEDED), None)
    context = {
        "document": row,
        "may_upload": access.may_upload,
        "part": part,
        "versions": of_series,
        "newest": newest,
        "is_old": row.status == Document.Status.SUPERSEDED,
        "list_url": reverse("ingestion:collection", args=[access.tenant.slug, row.collection_id]),
    }
    if part == "text":
        return context | _text(row, page)
    if part == "history":
        events = DocumentEvent.objects.for_tenant(access.tenant).filter(document=row).order_by("-at", "-pk")
        return context | {"events": events[:EVENTS]}
    if part == "details":
        children = selectors.documents_list(tenant=access.tenant).filter(parent=row).order_by("folder", "name")
        return context | {
            "children": children[:CHILDREN],
            "child_count": children.count(),
            "timings": _timings(row),
            "source_is_link": row.source_url.startswith(("http://", "https://")),
        }
    return context


def _timings(row: Document) -> list[tuple[str, int]]:
    """Label of a stage, milliseconds."""
    return [(str(stage.label), row.timings[stage.value]) for stage in Document.Stage if stage.value in row.timings]


def _text(row: Document, page: str | None) -> dict[str, Any]:
    shown = Paginator(leaves.leaves_of(row), 1).get_page(page)
    (leaf,) = shown.object_list or (None,)
    return {"leaf_page": shown, "leaf": leaf, "blocks": leaves.blocks_of(row, leaf) if leaf else []}


@require_GET
@tenant_view()
def compare(request: HttpRequest, access: Access, document_id: UUID, other_id: UUID) -> HttpResponse:
    """Always from the older to the newer version, whichever is named first."""
    one = selectors.document_get(tenant=access.tenant, document_id=document_id)
    other = selectors.document_get(tenant=access.tenant, document_id=other_id)
    older, newer = comparing.in_order(one, other)
    context: dict[str, Any] = {"older": older, "newer": newer, "versions": list(versions.of(newer))}
    try:
        context["comparison"] = comparing.compare(older, newer)
    except IngestionError as error:
        context["problem"] = told(error.message)
    return render(request, "ingestion/compare.html", context)


@require_POST
@tenant_view(Role.MEMBER)
def restore(request: HttpRequest, access: Access, document_id: UUID) -> HttpResponse:
    row = selectors.document_get(tenant=access.tenant, document_id=document_id)
    services.document_restore(access=access, document=row)
    return _changed(request, access, row)


@require_POST
@tenant_view(Role.MEMBER)
def delete_version(request: HttpRequest, access: Access, document_id: UUID) -> HttpResponse:
    row = selectors.document_get(tenant=access.tenant, document_id=document_id)
    services.document_version_delete(access=access, document=row)
    left = versions.of(row).first()
    if left is None:
        return redirect("ingestion:collection", access.tenant.slug, row.collection_id)
    return _changed(request, access, selectors.document_get(tenant=access.tenant, document_id=left.pk))


def _changed(request: HttpRequest, access: Access, row: Document) -> HttpResponse:
    """The versions as they are now."""
    if portal.asked_for(request, PANEL):
        return _shown(request, access, row, "versions")
    address = reverse("ingestion:document", args=[access.tenant.slug, row.pk])
    return redirect(f"{address}?part=versions")
