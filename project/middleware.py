"""What every HTTP request passes through: an id for the log, and errors turned into sentences."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from ingestion.sentences import told
from project.errors import AppError
from project.logs import request_id


class RequestIdMiddleware(MiddlewareMixin):
    """Gives each request an id that is logged with every line and sent back as `X-Request-ID`."""

    def process_request(self, _request: HttpRequest) -> None:
        request_id.set(secrets.token_hex(8))

    def process_response(self, _request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers["X-Request-ID"] = request_id.get()
        return response


class PermissionsPolicyMiddleware(MiddlewareMixin):
    """Says which devices a page may use, and the frames in it: none but what the operator has switched on."""

    def process_response(self, _request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers["Permissions-Policy"] = settings.PERMISSIONS_POLICY
        return response


STATUS = {"tenancy.not_found": 404, "tenancy.forbidden": 403, "limit.reached": 429}
PAGES = {403: "403.html", 404: "404.html"}
"""The same as where Django itself refuses; what else goes wrong is shown by `error.html`."""


class AppErrorMiddleware(MiddlewareMixin):
    """Shows an `AppError` as what the caller can read: JSON for programs, a message for htmx, a page for people."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return error_response(request, exception) if isinstance(exception, AppError) else None


def error_response(request: HttpRequest, error: AppError) -> HttpResponse:
    status = STATUS.get(error.code, 400)
    message = str(told(error.message))
    body = {"code": error.code, "message": message, "retryable": error.retryable}
    if request.accepts("text/html"):
        page = PAGES.get(status, "error.html")
        template = "components/error_message.html" if getattr(request, "htmx", False) else page
        return render(request, template, {"error": body, "exception": message}, status=status)
    return JsonResponse({"error": body}, status=status)
