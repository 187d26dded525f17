"""The cited page: of a PDF the page itself as an image with the passage marked, of anything else the text around it."""

from __future__ import annotations

import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat import page_marks
from chat.models import Source
from chat.selectors import changed_since
from chat.source_text import blocks
from chat.windows import turn_url
from ingestion import confinement
from ingestion.confinement import Limits
from ingestion.connections import let_go
from ingestion.domain import SECTION_SEPARATOR
from ingestion.models import Document
from ingestion.parsers.delimited import DelimitedParser, sniff_delimiter
from ingestion.selectors import sections_of
from ingestion.storage import local_copy
from tenants.access import Access
from tenants.errors import NotFound

LIMITS = Limits(memory_bytes=1024 * 1024 * 1024, cpu_seconds=20, silent_seconds=30.0)
AT_ONCE = 2
"""Pages that each web process has rendered. More would take memory, and none would be there sooner."""

_gate = threading.BoundedSemaphore(AT_ONCE)

CONTEXT_CHARS = 3_000
"""Of text before and after the passage."""


def view_of(access: Access, source: Source, *, page: int | None) -> dict[str, Any]:
    """The template's context. `page` is another page of the same PDF to look at."""
    document = source.document
    available = document is not None and document.status != Document.Status.DELETING
    base = reverse("chat:source", args=[access.tenant.slug, source.turn_id, source.number])
    context: dict[str, Any] = {
        "blocks": blocks("", source.text, source.deciding, ""),
        "document_available": available,
        "kind": "text",
        "back_url": turn_url(access.tenant.slug, source.turn),
        "document_changed": False,
        "page_count": document.page_count if document else None,
        "shown_page": page or source.page,
        "changed": changed_since(access=access, sources=[source]).get(document.pk) if document else None,
    }
    if not available or document is None:
        return context
    context["download_url"] = reverse("ingestion:download", args=[access.tenant.slug, document.pk])
    if document.media_type == "application/pdf" and source.page:
        passage_page = _page_of_quote(access, source)
        context |= {"passage_page": passage_page, "shown_page": page or passage_page}
        return context | _page_links(base, page or passage_page, document.page_count or 1)
    return context | _text_around(access, source, document.media_type)


def _page_of_quote(access: Access, source: Source) -> int:
    """The page to open: where the first sentence stands that the answer quotes. A passage may begin pages before."""
    at = page_marks.quoted(source.text, source.turn.answer)
    if at is not None:
        before = sections_of(tenant=access.tenant, document_id=source.document_id)  # type: ignore[arg-type]  # available
        section = before.filter(start__lte=source.start + at, page__isnull=False).order_by("start").last()
        if section is not None and section.page:
            return section.page
    return source.page or 1


def _page_links(base: str, page: int, page_count: int) -> dict[str, Any]:
    return {
        "kind": "image",
        "image_url": f"{base}image/?page={page}",
        "previous_page_url": f"{base}?page={page - 1}" if page > 1 else "",
        "next_page_url": f"{base}?page={page + 1}" if page < page_count else "",
    }


def _text_around(access: Access, source: Source, media_type: str) -> dict[str, Any]:
    """The text on both sides of the passage. Where the document no longer reads as it was cited, only the citation."""
    sections = sections_of(tenant=access.tenant, document_id=source.document_id)  # type: ignore[arg-type]  # available
    text = SECTION_SEPARATOR.join(sections.values_list("text", flat=True))
    if text[source.start : source.end] != source.text:
        return {"document_changed": True}
    before = text[max(0, source.start - CONTEXT_CHARS) : source.start]
    after = text[source.end : source.end + CONTEXT_CHARS]
    delimiter = sniff_delimiter(text) if media_type in DelimitedParser.media_types else ""
    return {"blocks": blocks(before, source.text, source.deciding, after, delimiter=delimiter)}


def page_image(source: Source, *, page: int | None) -> bytes:
    """The page as PNG, the passage marked where it is on that page. Raise `NotFound` where there is no such page, and
    `DocumentUnreadable` where the file cannot be rendered."""
    document = source.document
    number = page or source.page
    if document is None or document.media_type != "application/pdf" or not number:
        raise NotFound(_("There is no image of this page."))
    with local_copy(document.file, check=lambda: None) as path, TemporaryDirectory() as directory:
        target = Path(directory, "page.png")
        request = {
            "path": str(path),
            "target": str(target),
            "page": number,
            "text": source.text,
            "deciding": source.deciding,
        }
        let_go()  # waiting for others' pages and rendering take up to seconds
        with _gate:
            (made,) = confinement.run("chat.page_render.render", request, check=lambda: None, limits=LIMITS)
        if number > made["page_count"]:
            raise NotFound(
                ngettext(
                    "This document has %(count)d page only.",
                    "This document has %(count)d pages only.",
                    made["page_count"],
                )
                % {"count": made["page_count"]}
            )
        return target.read_bytes()
