"""More of what programs may do to one document: from the web, anew, as it was, elsewhere."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from ninja import Form, Router, Status

from ingestion import api_schemas as schemas
from ingestion import api_selectors, comparing, selectors, services, versions
from ingestion.api import REFUSALS, into, to_change
from ingestion.models import Document
from tenants.bearer import ApiRequest
from tenants.models import Role

router = Router(tags=["documents"])


@router.post("/addresses", response={201: schemas.DocumentTaken, REFUSALS | {413, 415}: schemas.ErrorOut})
def address_add(request: ApiRequest, body: schemas.AddressNew) -> Status[Any]:
    """Fetch a page or a file from a web address, if the operator allows that. The same address again becomes its next
    version, where it has changed. May take half a minute."""
    access = request.auth
    access.require(Role.MEMBER)
    return Status(
        201, services.document_add_address(access=access, collection=into(access, body.collection), url=body.url)
    )


@router.post("/documents/{uuid:document_id}/reread", response={200: schemas.DocumentOut, REFUSALS: schemas.ErrorOut})
def document_reread(request: ApiRequest, document_id: UUID) -> Document:
    """Read it from the beginning; one that is being read, or waits, is left as it is."""
    document = to_change(request.auth, document_id)
    services.document_reread(access=request.auth, document=document)
    return document


@router.post("/documents/{uuid:document_id}/restore", response={200: schemas.DocumentOut, REFUSALS: schemas.ErrorOut})
def document_restore(request: ApiRequest, document_id: UUID) -> Document:
    """Make an older version the newest; any other document is left as it is."""
    document = to_change(request.auth, document_id)
    services.document_restore(access=request.auth, document=document)
    return document


@router.post("/documents/{uuid:document_id}/move", response={200: schemas.DocumentOut, REFUSALS: schemas.ErrorOut})
def document_move(
    request: ApiRequest,
    document_id: UUID,
    collection: Annotated[str, Form(description="Its id or its name; without it, the oldest one.")] = "",
) -> Document:
    """Put it, with its versions, into another collection."""
    document = to_change(request.auth, document_id)
    services.document_move(access=request.auth, document=document, collection=into(request.auth, collection))
    return selectors.document_get(tenant=request.auth.tenant, document_id=document_id)


@router.get(
    "/documents/{uuid:document_id}/versions",
    response={200: schemas.Page[schemas.DocumentOut], REFUSALS: schemas.ErrorOut},
)
def document_versions(request: ApiRequest, document_id: UUID, page: schemas.Wanted) -> dict[str, Any]:
    """All of them, this one among them, the newest first."""
    document = selectors.document_get(tenant=request.auth.tenant, document_id=document_id)
    return schemas.page_of(versions.of(document).select_related("collection"), page)


@router.get(
    "/documents/{uuid:document_id}/compare/{uuid:other_id}",
    response={200: schemas.ComparisonOut, REFUSALS: schemas.ErrorOut},
)
def document_compare(request: ApiRequest, document_id: UUID, other_id: UUID) -> dict[str, Any]:
    """What has changed between two versions of a document, from the older to the newer one, line by line."""
    tenant = request.auth.tenant
    one, other = (selectors.document_get(tenant=tenant, document_id=each) for each in (document_id, other_id))
    older, newer = comparing.in_order(one, other)
    found = comparing.compare(older, newer)
    counts = {"added": found.added, "removed": found.removed, "more": found.more}
    return {"older": older, "newer": newer, "lines": found.rows, **counts}


@router.delete("/documents/{uuid:document_id}/version", response={204: None, REFUSALS | {409}: schemas.ErrorOut})
def document_version_delete(request: ApiRequest, document_id: UUID) -> Status[None]:
    """Delete this version alone. It has to be an older one."""
    services.document_version_delete(access=request.auth, document=to_change(request.auth, document_id))
    return Status(204, None)


@router.get(
    "/documents/{uuid:document_id}/events",
    response={200: schemas.Page[schemas.EventOut], REFUSALS: schemas.ErrorOut},
)
def document_events(request: ApiRequest, document_id: UUID, page: schemas.Wanted) -> dict[str, Any]:
    """What has happened to it, in order."""
    document = selectors.document_get(tenant=request.auth.tenant, document_id=document_id)
    return schemas.page_of(api_selectors.events_of(tenant=request.auth.tenant, document_id=document.pk), page)
