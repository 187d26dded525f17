"""What the portal's pages are made of."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from ingestion import parsers, selectors
from ingestion.listing import Listing, Tally, choices
from ingestion.models import Collection, Document
from tenants.access import Access
from tenants.storage import bytes_used

PAGE_SIZE = 100


def asked_for(request: HttpRequest, part: str) -> bool:
    """Whether the page's script wants only what it puts into the element of this id."""
    return request.headers.get("HX-Target") == part


def fragment(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A part of a page. It has the page's own address, so that the browser must not take one for the other."""
    response = render(request, template, context)
    response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def list_address(access: Access, collection: Collection | None) -> str:
    slug = access.tenant.slug
    return (
        reverse("ingestion:collection", args=[slug, collection.pk])
        if collection
        else reverse("ingestion:documents", args=[slug])
    )


def page_context(access: Access, collection: Collection | None, said: QueryDict) -> dict[str, Any]:
    """Everything that the whole page shows."""
    slug = access.tenant.slug
    return {
        **listing_context(access, collection, said),
        "filters": dict(choices()),
        "upload_url": reverse("ingestion:upload", args=[slug]),
        "max_bytes": settings.UPLOAD_MAX_BYTES,
        "accepted": ",".join(sorted({ext for exts in parsers.media_types().values() for ext in exts})),
        "addresses_allowed": settings.WEB_ADDRESSES != ["off"],
        "socket_url": f"/ws/t/{slug}/",
        "bytes_used": bytes_used(access.tenant),
        "bytes_limit": settings.TENANT_MAX_BYTES,
    }


def listing_context(access: Access, collection: Collection | None, said: QueryDict) -> dict[str, Any]:
    """What stands below the filter: the tally, the table and its pages."""
    listing = Listing.of(said)
    documents = selectors.documents_list(tenant=access.tenant, collection=collection)
    page = Paginator(listing.apply(documents), PAGE_SIZE).get_page(said.get("page"))
    address = list_address(access, collection)
    return {
        "access": access,
        "tenant": access.tenant,
        "collection": collection,
        "collections": _collections(access, collection),
        "may_upload": access.may_upload,
        "listing": listing,
        "columns": listing.columns(),
        "documents": page.object_list,
        "page": page,
        "list_url": address,
        "previous_url": address + listing.query(page=page.number - 1) if page.has_previous() else "",
        "next_url": address + listing.query(page=page.number + 1) if page.has_next() else "",
        **tally_context(access, collection),
    }


def tally_context(access: Access, collection: Collection | None) -> dict[str, Any]:
    slug = access.tenant.slug
    address = (
        reverse("ingestion:collection_tally", args=[slug, collection.pk])
        if collection
        else reverse("ingestion:tally", args=[slug])
    )
    documents = selectors.documents_list(tenant=access.tenant, collection=collection)
    return {"tally": Tally.of(documents), "tally_url": address}


def _collections(access: Access, collection: Collection | None) -> list[dict[str, Any]]:
    return [
        {
            "id": row.pk,
            "name": row.name,
            "document_count": row.document_count,  # type: ignore[attr-defined]  # annotated
            "searched": row.searched,
            "url": list_address(access, row),
            "is_current": collection is not None and row.pk == collection.pk,
        }
        for row in selectors.collections_list(tenant=access.tenant)
    ]


def row_html(access: Access, document: Document, request: HttpRequest | None = None) -> str:
    """A document's row as `access` may see it."""
    context = {"document": document, "access": access, "tenant": access.tenant, "may_upload": access.may_upload}
    return render_to_string("ingestion/_document_row.html", context, request)
