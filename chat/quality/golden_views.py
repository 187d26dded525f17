"""The golden questions of each collection: typed, imported, exported. Admins only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import BaseFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chat.quality import golden, golden_csv
from chat.quality.errors import ImportRefused
from chat.quality.forms import (
    GoldenForm,
    ImportForm,
    SourceForm,
    draft_of,
    golden_initial,
    source_forms,
)
from ingestion.models import Collection
from ingestion.selectors import collection_get, collections_list
from project.errors import AppError
from tenants.access import Access, tenant_view
from tenants.models import Role


@require_safe
@tenant_view(Role.ADMIN)
def collections(request: HttpRequest, access: Access) -> HttpResponse:
    """Which collections have golden questions; where there is but one collection, its own page."""
    counts = golden.golden_counts(tenant=access.tenant)
    rows = [(each, *counts.get(each.pk, (0, 0))) for each in collections_list(tenant=access.tenant)]
    if len(rows) == 1:
        return redirect("chat:dashboard_golden_questions", access.tenant.slug, rows[0][0].pk)
    return render(request, "chat/quality/collections.html", {"rows": rows, "part": "golden"})


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_view(Role.ADMIN)
def questions(request: HttpRequest, access: Access, collection_id: UUID) -> HttpResponse:
    """The questions of a collection; a POST adds one."""
    collection = collection_get(tenant=access.tenant, collection_id=collection_id)
    if request.method != "POST":
        return _page(request, access, collection)
    form, sources = GoldenForm(request.POST), source_forms(collection, data=request.POST)
    if form.is_valid() and sources.is_valid():
        try:
            golden.golden_create(access=access, collection=collection, draft=draft_of(form, sources))
        except AppError as error:
            form.add_error("text", error.message)
        else:
            messages.success(request, _("The question is added."))
            return redirect("chat:dashboard_golden_questions", access.tenant.slug, collection.pk)
    return _page(request, access, collection, form=form, sources=sources, status=400)


def _page(
    request: HttpRequest,
    access: Access,
    collection: Collection,
    *,
    form: GoldenForm | None = None,
    sources: BaseFormSet[SourceForm] | None = None,
    refused: ImportRefused | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "part": "golden",
        "collection": collection,
        "others": collections_list(tenant=access.tenant).exclude(pk=collection.pk),
        "questions": golden.golden_list(tenant=access.tenant, collection_ids=[collection.pk]),
        "form": form or GoldenForm(),
        "sources": sources or source_forms(collection),
        "import_form": ImportForm(),
        "refused": refused,
        "columns": golden_csv.COLUMNS,
    }
    return render(request, "chat/quality/questions.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_view(Role.ADMIN)
def edit(request: HttpRequest, access: Access, golden_id: UUID) -> HttpResponse:
    found = golden.golden_get(tenant=access.tenant, golden_id=golden_id)
    posted = request.POST if request.method == "POST" else None
    form = GoldenForm(posted, initial=golden_initial(found))
    sources = source_forms(found.collection, data=posted, of=found)
    if posted is not None and form.is_valid() and sources.is_valid():
        try:
            golden.golden_update(access=access, golden=found, draft=draft_of(form, sources))
        except AppError as error:
            form.add_error("text", error.message)
        else:
            messages.success(request, _("The question is saved."))
            return redirect("chat:dashboard_golden_questions", access.tenant.slug, found.collection_id)
    context = {"part": "golden", "golden": found, "collection": found.collection, "form": form, "sources": sources}
    return render(request, "chat/quality/golden.html", context, status=400 if posted is not None else 200)


@require_POST
@tenant_view(Role.ADMIN)
def delete(request: HttpRequest, access: Access, golden_id: UUID) -> HttpResponse:
    found = golden.golden_get(tenant=access.tenant, golden_id=golden_id)
    golden.golden_delete(access=access, golden=found)
    messages.success(request, _("The question is deleted. Runs that have asked it keep what they measured."))
    return redirect("chat:dashboard_golden_questions", access.tenant.slug, found.collection_id)


@require_POST
@tenant_view(Role.ADMIN)
def import_csv(request: HttpRequest, access: Access, collection_id: UUID) -> HttpResponse:
    collection = collection_get(tenant=access.tenant, collection_id=collection_id)
    form = ImportForm(request.POST, request.FILES)
    try:
        if not form.is_valid():
            raise ImportRefused(_("Choose a file that is not empty."))
        drafts = golden_csv.imported(form.cleaned_data["file"].read(golden_csv.MAX_BYTES + 1), collection=collection)
        added, replaced = golden.golden_import(access=access, collection=collection, drafts=drafts)
    except ImportRefused as error:
        return _page(request, access, collection, refused=error, status=400)
    except AppError as error:
        return _page(request, access, collection, refused=ImportRefused(error.message), status=400)
    said = ngettext("%(count)d question added", "%(count)d questions added", added) % {"count": added}
    if replaced:
        more = ngettext("%(count)d replaced", "%(count)d replaced", replaced) % {"count": replaced}
        said = f"{said}, {more}"
    messages.success(request, f"{said}.")
    return redirect("chat:dashboard_golden_questions", access.tenant.slug, collection.pk)


@require_safe
@tenant_view(Role.ADMIN)
def export_csv(_request: HttpRequest, access: Access, collection_id: UUID) -> HttpResponse:
    collection = collection_get(tenant=access.tenant, collection_id=collection_id)
    text = golden_csv.exported(golden.golden_list(tenant=access.tenant, collection_ids=[collection.pk]))
    response = HttpResponse(f"\ufeff{text}", content_type="text/csv; charset=utf-8")  # the mark is for spreadsheets
    response["Content-Disposition"] = 'attachment; filename="golden-questions.csv"'
    return response
