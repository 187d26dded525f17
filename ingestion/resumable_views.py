"""Uploads in pieces, by the tus protocol, version 1.0.0: core, creation (also with the first bytes), expiration and
termination. https://tus.io/protocols/resumable-upload

Under ASGI, Django takes a request's whole body into a temporary file before it calls a view, and calls none when the
connection breaks meanwhile: what counts then is whole requests. So the page sends pieces of a few seconds each, and a
broken connection costs the one under way. The views read the body as a stream, never `request.body`, which is held in
memory and limited.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _

from ingestion import pieces, resumable, selectors
from ingestion.errors import UploadRefused
from ingestion.forms import UploadForm
from ingestion.models import Collection, PendingUpload
from ingestion.portal import row_html
from project.errors import AppError
from project.middleware import error_response
from tenants.access import Access, tenant_view
from tenants.models import Role

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,termination"
BYTES_TYPE = "application/offset+octet-stream"
MAX_METADATA_CHARACTERS = 4_000
STATUS = {
    "upload.version": 412,
    "upload.content_type": 415,
    resumable.OffsetConflict.code: 409,
    resumable.TooMuch.code: 413,
    pieces.UploadBusy.code: 423,
}
"""Of the protocol; any other error has the status that it has everywhere."""

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Access, P], HttpResponse]


def methods(*allowed: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Let these methods through. A program that can only POST may name another one in a header, as the protocol has
    it; nothing but a POST may, because it is the POST that was checked for forgery."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == "POST":
                request.method = request.headers.get("X-HTTP-Method-Override", "POST").upper()
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            return view(request, *args, **kwargs)

        return checked

    return decorate


def speaks_tus(view: View[P]) -> View[P]:
    """Every answer says the version, those that refuse among them."""

    @wraps(view)
    def answered(request: HttpRequest, access: Access, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            response = view(request, access, *args, **kwargs)
        except AppError as error:
            response = error_response(request, error)
            response.status_code = STATUS.get(error.code, response.status_code)
        response.headers["Tus-Resumable"] = response.headers["Tus-Version"] = VERSION
        response.headers["Cache-Control"] = "no-store"
        return response

    return answered


@methods("OPTIONS", "POST")
@tenant_view(Role.MEMBER)
@speaks_tus
def uploads(request: HttpRequest, access: Access) -> HttpResponse:
    """Begin an upload, or say what is understood here."""
    if request.method == "OPTIONS":
        return HttpResponse(
            status=204,
            headers={"Tus-Extension": EXTENSIONS, "Tus-Max-Size": str(settings.UPLOAD_MAX_BYTES)},
        )
    _require_version(request)
    metadata = request.headers.get("Upload-Metadata", "")
    told = _metadata(metadata)
    begun = resumable.upload_start(
        access=access,
        collection=_collection(access, told.get("collection", "")),
        name=told.get("filename", ""),
        folder=told.get("folder", ""),
        length=_number(request, "Upload-Length"),
        metadata=metadata,
    )
    continued = resumable.Continued(begun)
    if request.content_type == BYTES_TYPE:
        continued = resumable.upload_continue(access=access, upload_id=begun.pk, offset=0, stream=request)
    response = _answer(request, access, continued, whole=201, part=201)
    response.headers["Location"] = reverse("ingestion:pending_upload", args=[access.tenant.slug, begun.pk])
    return response


@methods("HEAD", "PATCH", "DELETE")
@tenant_view(Role.MEMBER)
@speaks_tus
def upload(request: HttpRequest, access: Access, upload_id: UUID) -> HttpResponse:
    pending = resumable.upload_get(access=access, upload_id=upload_id)
    _require_version(request)
    if request.method == "HEAD":
        told = {"Upload-Metadata": pending.metadata} if pending.metadata else {}
        return HttpResponse(headers={**_headers(pending), "Upload-Length": str(pending.length), **told})
    if request.method == "DELETE":
        resumable.upload_end(access=access, upload_id=upload_id)
        return HttpResponse(status=204)
    if request.content_type != BYTES_TYPE:
        raise UploadRefused(
            _("A piece of a file comes as %(type)s.") % {"type": BYTES_TYPE}, code="upload.content_type"
        )
    offset = _number(request, "Upload-Offset")
    continued = resumable.upload_continue(access=access, upload_id=upload_id, offset=offset, stream=request)
    return _answer(request, access, continued, whole=200, part=204)


def _answer(
    request: HttpRequest, access: Access, continued: resumable.Continued, *, whole: int, part: int
) -> HttpResponse:
    """With the last byte, what an upload in one piece is answered with."""
    if (uploaded := continued.uploaded) is None:
        return HttpResponse(status=part, headers=_headers(continued.upload))
    row = {
        "id": str(uploaded.document.pk),
        "duplicate": uploaded.duplicate,
        "html": row_html(access, uploaded.document, request),
    }
    return JsonResponse({"documents": [row], "errors": []}, status=whole, headers=_headers(continued.upload))


def _headers(upload: PendingUpload) -> dict[str, str]:
    return {
        "Upload-Offset": str(upload.offset),
        "Upload-Expires": http_date(resumable.expires_at(upload).timestamp()),
    }


def _require_version(request: HttpRequest) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise UploadRefused(
            _("Uploads in pieces are understood here by version %(version)s of the tus protocol. Reload the page.")
            % {"version": VERSION},
            code="upload.version",
        )


def _number(request: HttpRequest, header: str) -> int:
    value = request.headers.get(header, "")
    if not (value.isascii() and value.isdecimal() and len(value) <= 18):  # what a column can hold
        raise UploadRefused(_("The header %(header)s has to be a number.") % {"header": header}, code="upload.invalid")
    return int(value)


def _metadata(header: str) -> dict[str, str]:
    """`"filename YS50eHQ=,folder"` -> `{"filename": "a.txt", "folder": ""}`."""
    try:
        if len(header) > MAX_METADATA_CHARACTERS:
            raise ValueError
        pairs = (pair.strip().partition(" ") for pair in header.split(",") if pair.strip())
        return {key: base64.b64decode(value, validate=True).decode() for key, _space, value in pairs}
    except (ValueError, binascii.Error):
        raise UploadRefused(_("The header Upload-Metadata cannot be read."), code="upload.invalid") from None


def _collection(access: Access, chosen: str) -> Collection | None:
    form = UploadForm({"collection": chosen})
    if not form.is_valid():
        raise UploadRefused(_("There is no such collection."), code="upload.invalid")
    return selectors.collection_chosen(tenant=access.tenant, collection_id=form.cleaned_data["collection"])
