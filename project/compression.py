"""Pages go out compressed. What is downloaded does not: documents are compressed already, or read in ranges."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class PageCompressionMiddleware(GZipMiddleware):
    """Compresses HTML and nothing else.

    A page that shows a secret beside what an attacker chose tells the secret by its compressed length (BREACH). The one
    secret of ours, the CSRF token, is masked anew in every page, and Django adds up to 100 random bytes to the length.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)  # type: ignore[arg-type]
