"""The document portal: the list, uploads, and what is done to one document from its row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from ingestion import portal, selectors, services
from ingestion.errors import UploadRefused
from ingestion.forms import CollectionForm, CollectionSettingsForm, UploadForm
from ingestion.intake import Uploaded
from ingestion.models import Collection, Document
from ingestion.portal import row_html
from project.errors import AppError
from tenants.access import Access, tenant_view
from tenants.models import Role

__all__ = ["row_html"]


@require_GET
@tenant_view()
def documents(request: HttpRequest, access: Access, collection_id: UUID | None = None) -> HttpResponse:
    collection = selectors.collection_chosen(tenant=access.tenant, collection_id=collection_id)
    if not portal.asked_for(request, "listing"):
        return render(request, "ingestion/documents.html", portal.page_context(access, collection, request.GET))
    context = portal.listing_context(access, collection, request.GET)
    response = portal.fragment(request, "ingestion/_listing.html", context)
    response["HX-Push-Url"] = context["list_url"] + context["listing"].query(page=context["page"].number)
    return response


@require_GET
@tenant_view()
def tally(request: HttpRequest, access: Access, collection_id: UUID | None = None) -> HttpResponse:
    """How many documents stand how, for a page that is open already."""
    collection = selectors.collection_chosen(tenant=access.tenant, collection_id=collection_id)
    context = portal.tally_context(access, collection)
    return portal.fragment(request, "ingestion/_tally.html", context)


@require_POST
@tenant_view(Role.MEMBER)
def upload(request: HttpRequest, access: Access) -> HttpResponse:
    """Take one file or many. Programs (and the page's own script) get JSON, a plain form gets the portal back."""
    form = UploadForm(request.POST)
    if not form.is_valid():
        raise UploadRefused(_("There is no such collection."), code="upload.invalid")
    chosen = selectors.collection_chosen(tenant=access.tenant, collection_id=form.cleaned_data["collection"])
    collection = chosen or services.collection_default(access=access)
    files = request.FILES.getlist("file")
    if not files:
        raise UploadRefused(_("No file came with this upload. Choose one and try again."), code="upload.empty")

    def take(file: Any) -> Uploaded:
        folder = form.cleaned_data["folder"]
        return services.document_upload(
            access=access, collection=collection, file=file, name=file.name or "", folder=folder
        )

    if request.accepts("text/html"):
        return _upload_form(request, access, collection, files, take)
    return _upload_json(request, access, files, take)


Take = Callable[[Any], Uploaded]


def _upload_json(request: HttpRequest, access: Access, files: list[Any], take: Take) -> HttpResponse:
    """One entry for every file that was taken, one for every file that was not."""
    rows, errors = [], []
    for file in files:
        try:
            taken = take(file)
        except AppError as error:
            errors.append({"name": file.name, "code": error.code, "message": error.message})
            if len(files) == 1:
                raise
            continue
        html = row_html(access, taken.document, request)
        rows.append({"id": str(taken.document.pk), "duplicate": taken.duplicate, "html": html})
    return JsonResponse({"documents": rows, "errors": errors}, status=201 if rows else 400)


def _upload_form(
    request: HttpRequest, access: Access, collection: Collection, files: list[Any], take: Take
) -> HttpResponse:
    """Without a script one refused file must not hide what became of the others."""
    for file in files:
        try:
            take(file)
        except AppError as error:
            messages.error(request, f"{file.name}: {error.message}")
    return redirect("ingestion:collection", access.tenant.slug, collection.pk)


def _acted(request: HttpRequest, access: Access, document: Document) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(row_html(access, document, request))
    return redirect("ingestion:collection", access.tenant.slug, document.collection_id)


@require_POST
@tenant_view(Role.MEMBER)
def retry(request: HttpRequest, access: Access, document_id: UUID) -> HttpResponse:
    document = selectors.document_get(tenant=access.tenant, document_id=document_id)
    services.document_retry(access=access, document=document)
    return _acted(request, access, document)


@require_POST
@tenant_view(Role.MEMBER)
def reread(request: HttpRequest, access: Access, document_id: UUID) -> HttpResponse:
    document = selectors.document_get(tenant=access.tenant, document_id=document_id)
    services.document_reread(access=access, document=document)
    return _acted(request, access, document)


@require_POST
@tenant_view(Role.MEMBER)
def cancel(request: HttpRequest, access: Access, document_id: UUID) -> HttpResponse:
    document = selectors.document_get(tenant=access.tenant, document_id=document_id)
    services.document_cancel(access=access, document=document)
    return _acted(request, access, document)


@require_POST
@tenant_view(Role.MEMBER)
def delete(request: HttpRequest, access: Access, document_id: UUID) -> HttpResponse:
    document = selectors.document_get(tenant=access.tenant, document_id=document_id)
    services.document_delete(access=access, document=document)
    if request.headers.get("HX-Request"):
        return HttpResponse("")
    return redirect("ingestion:collection", access.tenant.slug, document.collection_id)


@require_GET
@tenant_view()
def download(_request: HttpRequest, access: Access, document_id: UUID) -> FileResponse:
    """The original, always as an attachment: a browser must never open an upload as a page of this site."""
    document = selectors.document_get(tenant=access.tenant, document_id=document_id)
    response = FileResponse(
        document.file.open("rb"), as_attachment=True, filename=document.name, content_type="application/octet-stream"
    )
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@require_POST
@tenant_view(Role.MEMBER)
def collection_create(request: HttpRequest, access: Access) -> HttpResponse:
    form = CollectionForm(request.POST)
    name = form.cleaned_data["name"] if form.is_valid() else ""
    collection = services.collection_create(access=access, name=name)
    return redirect("ingestion:collection", access.tenant.slug, collection.pk)


@require_POST
@tenant_view(Role.ADMIN)
def collection_update(request: HttpRequest, access: Access, collection_id: UUID) -> HttpResponse:
    collection = selectors.collection_get(tenant=access.tenant, collection_id=collection_id)
    form = CollectionSettingsForm(request.POST)
    form.is_valid()
    services.collection_update(access=access, collection=collection, searched=form.cleaned_data["searched"])
    return redirect("ingestion:collection", access.tenant.slug, collection.pk)
