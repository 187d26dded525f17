"""Pages are sent compressed, and nothing else that the application makes."""

from __future__ import annotations

import gzip

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from project.compression import PageCompressionMiddleware

BODY = b"<p>The warranty lasts two years.</p>" * 50


def answered(content_type: str, **headers: str) -> HttpResponse:
    def page(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(BODY, content_type=content_type, headers=headers)

    request = RequestFactory().get("/", headers={"accept-encoding": "gzip"})
    response = PageCompressionMiddleware(page)(request)
    assert isinstance(response, HttpResponse)
    return response


def test_a_page_is_compressed() -> None:
    response = answered("text/html; charset=utf-8")
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.content) == BODY


def test_its_length_does_not_tell_what_is_in_it() -> None:
    assert len({len(answered("text/html").content) for _time in range(20)}) > 1


@pytest.mark.parametrize("kind", ["text/plain; charset=utf-8", "application/pdf", "application/json", "image/png"])
def test_downloads_and_answers_to_programs_are_not(kind: str) -> None:
    response = answered(kind)
    assert "Content-Encoding" not in response.headers
    assert response.content == BODY


def test_a_page_that_nobody_may_keep_is_not() -> None:
    """It shows links or keys, perhaps beside what somebody else has put into its address."""
    response = answered("text/html", **{"Cache-Control": "max-age=0, no-cache, no-store, private"})
    assert "Content-Encoding" not in response.headers
