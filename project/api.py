"""The REST API: what every app offers to programs, behind one lock, with one shape of error.

Every address needs a key, because the lock hangs on the API and not on its addresses; only the description of the API
itself is open. Programs always get JSON, whatever they say that they accept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.operation import Operation

from ingestion.api import router as documents
from ingestion.api_versions import router as versions
from project.errors import AppError
from project.logs import request_id
from project.middleware import STATUS as STATUS_OF_PAGES
from tenants.bearer import ApiKeyBearer

logger = logging.getLogger(__name__)

STATUS = {
    **STATUS_OF_PAGES,
    "key.refused": 401,
    "collection.exists": 409,
    "document.busy": 409,
    "version.current": 409,
    "document.exists": 409,
    "upload.too_large": 413,
    "upload.type": 415,
}
LIMIT_SECONDS = 60
"""Limits count what was done in the last minute."""


class Api(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The function's name: what a generated client calls its method."""
        return operation.view_func.__name__


api = Api(
    title="Razgovor",
    version="1",
    description="Documents of one organisation: the one that the API key belongs to.",
    urls_namespace="api",
    auth=ApiKeyBearer(),
)
api.add_router("", documents)
api.add_router("", versions)


def answer(status: int, code: str, message: str, *, retryable: bool = False) -> JsonResponse:
    response = JsonResponse({"error": {"code": code, "message": message, "retryable": retryable}}, status=status)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if status == 429:
        response["Retry-After"] = str(LIMIT_SECONDS)
    return response


@api.exception_handler(AppError)
def _app_error(_request: HttpRequest, error: AppError) -> HttpResponse:
    return answer(STATUS.get(error.code, 400), error.code, error.message, retryable=error.retryable)


@api.exception_handler(AuthenticationError)
def _no_key(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return answer(401, "key.missing", _("Send an API key in the header “Authorization: Bearer …”. An admin makes one."))


@api.exception_handler(ValidationError)
def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    """What pydantic found, by field; its sentences are English."""
    found = "; ".join(f"{'.'.join(str(part) for part in each['loc'][1:])}: {each['msg']}" for each in error.errors)
    return answer(422, "request.invalid", found)


@api.exception_handler(HttpError)
@api.exception_handler(SuspiciousOperation)
@api.exception_handler(BadRequest)
def _unreadable(_request: HttpRequest, error: Exception) -> HttpResponse:
    """A body that is refused before anybody has looked at what is in it."""
    if isinstance(error, RequestDataTooBig):
        return answer(413, "request.too_large", _("The fields of this request are too large."))
    if isinstance(error, TooManyFilesSent):
        return answer(400, "upload.too_many", _("These are too many files for one request. Send them in several."))
    return answer(400, "request.unreadable", _("The body of this request cannot be read."))


@api.exception_handler(Exception)
def _bug(request: HttpRequest, error: Exception) -> HttpResponse:
    """The same as Django does, with an answer that a program can read."""
    logger.error("unexpected failure of %s %s", request.method, request.path, exc_info=error)
    got_request_exception.send(sender=None, request=request)
    sentence = _("This is a fault of the server, not yours. Tell whoever runs it this id: %(id)s")
    return answer(500, "server.error", sentence % {"id": request_id.get()}, retryable=True)


@csrf_exempt  # nothing is done here, so a POST may be told as well
def nothing_here(_request: HttpRequest) -> HttpResponse:
    """Every address below `/api/` that is none."""
    return answer(404, "request.unknown", _("There is nothing at this address. /api/v1/docs lists what there is."))


def _in_json(view: Callable[..., Any]) -> Callable[..., Any]:
    """`view` with a refused method as an error like all others, and nothing that a cache may keep."""

    def finished(response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code == 405:
            allowed = response["Allow"]
            response = answer(405, "request.method", _("This address takes: %(methods)s.") % {"methods": allowed})
            response["Allow"] = allowed
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @wraps(view)
    def plain(*args: Any, **kwargs: Any) -> HttpResponseBase:
        return finished(view(*args, **kwargs))

    @wraps(view)
    async def awaited(*args: Any, **kwargs: Any) -> HttpResponseBase:
        return finished(await view(*args, **kwargs))

    return markcoroutinefunction(awaited) if iscoroutinefunction(view) else plain


def _urls() -> tuple[list[Any], str, str]:
    patterns, app_name, namespace = api.urls
    for pattern in patterns:
        assert isinstance(pattern, URLPattern)  # noqa: S101 - ninja makes no other
        pattern.callback = nothing_here if pattern.name == "api-root" else _in_json(pattern.callback)
    return patterns, app_name, namespace


urls = _urls()
