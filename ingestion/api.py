"""Collections and documents for programs, below `/api/v1/`."""

from __future__ import annotations

from typing import Annotated, Any, BinaryIO, cast
from uuid import UUID

from django.http import FileResponse
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, Status, UploadedFile

from ingestion import api_schemas as schemas
from ingestion import api_selectors, selectors, services
from ingestion.api_selectors import Sort
from ingestion.errors import UploadRefused
from ingestion.models import Collection, Document
from project.errors import AppError
from tenants.access import Access
from tenants.bearer import ApiRequest
from tenants.models import Role

WAIT_MOST_S = 30
"""Shorter than what proxies wait for an answer (60 s, most of them)."""

REFUSALS = frozenset({400, 401, 403, 404, 422, 429, 500})
"""What every operation may answer in place of its result."""

router = Router(tags=["documents"])


@router.get(
    "/collections",
    response={200: schemas.Page[schemas.CollectionOut], REFUSALS: schemas.ErrorOut},
    tags=["collections"],
)
def collections_list(request: ApiRequest, page: schemas.Wanted) -> dict[str, Any]:
    return schemas.page_of(api_selectors.collections_by_name(tenant=request.auth.tenant), page)


@router.post(
    "/collections", response={201: schemas.CollectionOut, REFUSALS | {409}: schemas.ErrorOut}, tags=["collections"]
)
def collection_create(request: ApiRequest, body: schemas.CollectionNew) -> Status[Collection]:
    """The name must be new in the organisation."""
    return Status(201, services.collection_create(access=request.auth, name=body.name))


@router.get("/documents", response={200: schemas.Page[schemas.DocumentOut], REFUSALS: schemas.ErrorOut})
def documents_list(
    request: ApiRequest,
    page: schemas.Wanted,
    *,
    collection: Annotated[UUID | None, Query()] = None,
    status: Annotated[Document.Status | None, Query()] = None,
    name: Annotated[str, Query(description="A part of the name, in whichever case.")] = "",
    sort: Annotated[Sort, Query(description="A minus turns the order round.")] = "-created_at",
) -> dict[str, Any]:
    tenant = request.auth.tenant
    found = api_selectors.documents_found(
        tenant=tenant,
        collection=selectors.collection_chosen(tenant=tenant, collection_id=collection),
        status=status,
        name_contains=name,
        sort=sort,
    )
    return schemas.page_of(found, page)


@router.post("/documents", response={201: schemas.UploadOut, REFUSALS | {413, 415}: schemas.ErrorOut})
def documents_upload(
    request: ApiRequest,
    file: Annotated[list[UploadedFile], File(description="One file, or the field again for each file.")],
    collection: Annotated[str, Form(description="Its id or its name; without it, the oldest one.")] = "",
    folder: Annotated[
        str, Form(description="Where it lies among the others. One of the same name here is replaced.")
    ] = "",
) -> Status[dict[str, Any]]:
    """Take one file or many. Where some are refused and others taken, `errors` says which and why; where none is taken,
    the answer is the error. A file that is in the collection already is not stored again."""
    access = request.auth
    access.require(Role.MEMBER)
    return Status(201, _taken(access, into(access, collection), folder, file))


def into(access: Access, id_or_name: str) -> Collection:
    """The collection that a program has named, else the one that uploads go to."""
    if id_or_name:
        return api_selectors.collection_named(tenant=access.tenant, id_or_name=id_or_name)
    return services.collection_default(access=access)


def _taken(access: Access, collection: Collection, folder: str, files: list[UploadedFile]) -> dict[str, Any]:
    taken: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for file in files:
        try:
            content = cast("BinaryIO", file)  # in memory or on the disk, as Django has it
            uploaded = services.document_upload(
                access=access, collection=collection, file=content, name=file.name or "", folder=folder
            )
        except AppError as error:
            if len(files) == 1:
                raise
            errors.append(
                {"name": file.name, "code": error.code, "message": error.message, "retryable": error.retryable}
            )
        else:
            taken.append({"document": uploaded.document, "duplicate": uploaded.duplicate})
    if not taken:
        raise UploadRefused(" ".join([_("None of the files was taken."), *(error["message"] for error in errors)]))
    return {"documents": taken, "errors": errors}


@router.get("/documents/{uuid:document_id}", response={200: schemas.DocumentOut, REFUSALS: schemas.ErrorOut})
def document_get(
    request: ApiRequest,
    document_id: UUID,
    wait: Annotated[
        float, Query(ge=0, le=WAIT_MOST_S, description="Seconds to wait for it to be neither waiting nor being read.")
    ] = 0,
) -> Document:
    return api_selectors.document_settled(tenant=request.auth.tenant, document_id=document_id, wait_s=wait)


@router.delete("/documents/{uuid:document_id}", response={204: None, REFUSALS: schemas.ErrorOut})
def document_delete(request: ApiRequest, document_id: UUID) -> Status[None]:
    """Gone for every reader at once, with all its versions; what is left of it is cleared away soon after."""
    services.document_delete(access=request.auth, document=to_change(request.auth, document_id))
    return Status(204, None)


@router.post("/documents/{uuid:document_id}/retry", response={200: schemas.DocumentOut, REFUSALS: schemas.ErrorOut})
def document_retry(request: ApiRequest, document_id: UUID) -> Document:
    """Read a failed or cancelled document again; any other is left as it is."""
    document = to_change(request.auth, document_id)
    services.document_retry(access=request.auth, document=document)
    return document


@router.post("/documents/{uuid:document_id}/cancel", response={200: schemas.DocumentOut, REFUSALS: schemas.ErrorOut})
def document_cancel(request: ApiRequest, document_id: UUID) -> Document:
    """A waiting document is cancelled at once, one that is being read at its next step."""
    document = to_change(request.auth, document_id)
    services.document_cancel(access=request.auth, document=document)
    return document


def to_change(access: Access, document_id: UUID) -> Document:
    """Whether a key may change anything is said before whether there is such a document."""
    access.require(Role.MEMBER)
    return selectors.document_get(tenant=access.tenant, document_id=document_id)


@router.get(
    "/documents/{uuid:document_id}/file",
    response={REFUSALS: schemas.ErrorOut},
    openapi_extra={
        "responses": {
            200: {
                "description": "The original, byte for byte.",
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
def document_file(request: ApiRequest, document_id: UUID) -> FileResponse:
    document = selectors.document_get(tenant=request.auth.tenant, document_id=document_id)
    return FileResponse(
        document.file.open("rb"), as_attachment=True, filename=document.name, content_type="application/octet-stream"
    )


@router.get(
    "/documents/{uuid:document_id}/sections",
    response={200: schemas.Page[schemas.SectionOut], REFUSALS: schemas.ErrorOut},
)
def document_sections(request: ApiRequest, document_id: UUID, page: schemas.Wanted) -> dict[str, Any]:
    """The text as it was understood, in the order of the document. Empty until it has been read."""
    document = selectors.document_get(tenant=request.auth.tenant, document_id=document_id)
    return schemas.page_of(selectors.sections_of(tenant=request.auth.tenant, document_id=document.pk), page)


@router.get(
    "/documents/{uuid:document_id}/passages",
    response={200: schemas.Page[schemas.PassageOut], REFUSALS: schemas.ErrorOut},
)
def document_passages(request: ApiRequest, document_id: UUID, page: schemas.Wanted) -> dict[str, Any]:
    """The passages that are searched, in the order of the document. Empty until it has been split."""
    document = selectors.document_get(tenant=request.auth.tenant, document_id=document_id)
    return schemas.page_of(selectors.chunks_of(tenant=request.auth.tenant, document_id=document.pk), page)
