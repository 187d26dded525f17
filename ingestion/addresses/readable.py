"""The text that a page from the web is about, without what is around it: menus, notices, links to other pages.

It reads a stranger's bytes with libxml2, so it is for a process that may die. It asks nobody for anything.
"""

from __future__ import annotations

import html
import io
import re
from typing import Any, BinaryIO

import httpx

from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.guards import reading
from ingestion.parsers.web import decode_declared, decode_page
from ingestion.sentences import sentence as _

LEAST_KEPT = 0.7
"""Of the page's own words. trafilatura is made for articles: of a manual it may drop the definition lists, and whatever
section is called "menus". Less than this is taken for such a loss, since what is not read is never found."""
OWN_WORDS = (
    "//body//text()[not(ancestor::a or ancestor::nav or ancestor::header or ancestor::footer or ancestor::aside"
    " or ancestor::script or ancestor::style or ancestor::noscript or ancestor::template or ancestor::form)]"
)
CHARSET = re.compile(rb"([a-z0-9_:.-]{1,40})", re.IGNORECASE)
HTML = "text/html"
PAGES = frozenset({HTML, "application/xhtml+xml"})


def readable(page: bytes, *, url: str) -> bytes:
    """Return HTML in UTF-8 with headings, lists, tables and a title, that of its host where the page has none. The page
    as it is comes back where no text is found, or one that leaves too much out."""
    try:
        with reading(_("HTML page")):
            text = decode_page(page)
            title, body = _extract(text)
    except DocumentUnreadable:  # the parser for uploads may still make something of it, or say what is wrong
        return page
    if not body:
        # The mark at its beginning goes before an encoding that the page declares, which is not this one any more.
        return text.encode("utf-8-sig", "replace")
    title = title or httpx.URL(url).host
    head = f'<!doctype html><meta charset="utf-8"><title>{html.escape(title)}</title>'
    return f"{head}\n{body}".encode("utf-8", "replace")


def in_utf8(page: BinaryIO, charset: str) -> BinaryIO:
    """Return the page in UTF-8 with its mark, so that what the server has said of its encoding is kept with it."""
    declared = CHARSET.fullmatch(charset.encode("ascii", "ignore"))
    return io.BytesIO(decode_declared(page.read(), declared).encode("utf-8-sig", "replace")) if declared else page


def _extract(text: str) -> tuple[str, str]:
    """The title, and the readable part as HTML; each may be ""."""
    import trafilatura

    tree = trafilatura.load_html(text)
    if tree is None:
        return "", ""
    title = one_line(tree.findtext("head/title") or "")
    body = trafilatura.extract(
        tree,
        output_format="html",
        favor_recall=True,  # a menu too many is only noise, a paragraph too few is an answer that is not found
        include_tables=True,
        include_comments=False,
    )
    if not body or _own_words(trafilatura.load_html(body)) < LEAST_KEPT * _own_words(tree):
        return title, ""
    return title, body


def _own_words(tree: Any) -> int:
    """How many characters of text are not a link's, and not in what a page says is around it."""
    return 0 if tree is None else sum(len("".join(text.split())) for text in tree.xpath(OWN_WORDS))
