"""Pages go out compressed. What is downloaded does not: documents are compressed already, or read in ranges."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class PageCompressionMiddleware(GZipMiddleware):
    """Compresses HTML that a browser may keep, and nothing else.

    A page that shows a secret beside what an attacker chose tells the secret by its compressed length (BREACH). Of two
    kinds of secrets, the CSRF token is masked anew in every page; pages that show links or keys are `no-store`, and go
    out as they are.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if not is_page or "no-store" in response.headers.get("Cache-Control", ""):
            return response
        return super().process_response(request, response)  # type: ignore[arg-type]
