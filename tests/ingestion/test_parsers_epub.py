import io

import pytest

from ingestion import archives
from ingestion.errors import DocumentUnreadable, UploadRefused
from ingestion.parsers import epub
from ingestion.uploads import inspect
from tests import data_factory as make
from tests.ingestion.parsing import parse

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
PAGE = '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html><head><title/></head><body>{}</body></html>'.format


def book(chapters, *, items="", order=None, entries=None, title="The Book"):
    """`chapters` is by file name -> what is in the body."""
    listed = "".join(
        f'<item id="{name}" href="text/{name.replace(" ", "%20")}" media-type="application/xhtml+xml"/>'
        for name in chapters
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in (order or chapters))
    package = (
        f'<package xmlns="http://www.idpf.org/2007/opf" {DC}><metadata><dc:title>{title}</dc:title></metadata>'
        f"<manifest>{listed}{items}</manifest><spine>{spine}</spine></package>"
    )
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OPS/book.opf": package,
        **{f"OPS/text/{name}": PAGE(body) for name, body in chapters.items()},
        **(entries or {}),
    }
    return make.archive({name: text.encode() for name, text in parts.items()})


def encryption(algorithm):
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
        f'<enc:EncryptionMethod Algorithm="{algorithm}"/></enc:EncryptedData></encryption>'
    )


def test_the_chapters_come_in_the_order_of_the_spine_with_their_outline():
    chapters = {
        "b.xhtml": "<h2>Two</h2><p>Second.</p>",
        "a b.xhtml": "<h1>Part</h1><h2>One</h2><p>First.</p>",
        "unlisted.xhtml": "<p>In no spine.</p>",
    }
    parsed = parse(book(chapters, order=["a b.xhtml", "b.xhtml", "a b.xhtml", "missing"]), "x.epub")
    assert [section.heading for section in parsed.sections] == [("Part",), ("Part", "One"), ("Part", "Two")]
    assert parsed.text == "Part\n\nOne\n\nFirst.\n\nTwo\n\nSecond."
    assert (parsed.title, parsed.page_count) == ("The Book", None)


def test_a_chapter_without_a_heading_is_called_what_the_contents_call_it():
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Dawn</text></navLabel>'
        '<content src="text/a.xhtml#start"/></navPoint></navMap></ncx>'
    )
    nav = PAGE('<nav><ol><li><a href="text/b.xhtml">Dusk</a></li><li><a href="text/c.xhtml">No</a></li></ol></nav>')
    items = (
        '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    )
    chapters = {"a.xhtml": "<p>Light.</p>", "b.xhtml": "<p>Dark.</p>", "c.xhtml": "<h1>Noon</h1><p>Hot.</p>"}
    parsed = parse(book(chapters, items=items, entries={"OPS/toc.ncx": ncx, "OPS/nav.xhtml": nav}), "x.epub")
    assert [section.heading for section in parsed.sections] == [("Dawn",), ("Dusk",), ("Noon",)]


def test_what_is_closed_at_once_swallows_nothing():
    body = '<script src="x.js"/><p>One.</p><iframe src="http://example.org/"/><p>Two.</p>'
    assert parse(book({"a.xhtml": body}), "x.epub").text == "One.\n\nTwo."


def test_only_parts_of_the_book_are_read():
    items = "".join(
        f'<item id="{number}" href="{href}" media-type="application/xhtml+xml"/>'
        for number, href in enumerate(("http://example.org/a.xhtml", "file:///etc/passwd", "../../../etc/passwd"))
    )
    assert parse(book({"a.xhtml": "<p>Text.</p>"}, items=items, order=["0", "1", "2", "a.xhtml"]), "x.epub").text == (
        "Text."
    )


def test_a_protected_book_says_so():
    entries = {"META-INF/encryption.xml": encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc")}
    with pytest.raises(DocumentUnreadable, match="protected against copying"):
        parse(book({"a.xhtml": "<p>Text.</p>"}, entries=entries), "x.epub")


def test_scrambled_fonts_are_no_protection():
    entries = {"META-INF/encryption.xml": encryption("http://www.idpf.org/2008/embedding")}
    assert parse(book({"a.xhtml": "<p>Text.</p>"}, entries=entries), "x.epub").text == "Text."


def test_a_book_without_text_is_refused():
    with pytest.raises(DocumentUnreadable, match="no text in this book"):
        parse(book({"a.xhtml": '<img src="cover.png" alt=""/>'}), "x.epub")


def test_entities_are_refused():
    entries = {"OPS/book.opf": '<!DOCTYPE a [<!ENTITY b "bbb">]><package>&b;</package>'}
    with pytest.raises(DocumentUnreadable, match="declares XML entities"):
        parse(book({"a.xhtml": "<p>Text.</p>"}, entries=entries), "x.epub")


def test_a_giant_chapter_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(epub, "MAX_CHAPTER_BYTES", archives.MIB)
    with pytest.raises(DocumentUnreadable, match="a part of more than 1 MiB"):
        parse(book({"a.xhtml": "<p>" + "x" * archives.MIB}), "x.epub")


@pytest.mark.parametrize(
    "file",
    [
        lambda: make.archive({"mimetype": b"application/epub+zip"}),
        lambda: make.archive({"META-INF/container.xml": b"<container/>"}),
        lambda: make.archive({"META-INF/container.xml": CONTAINER.encode()}),
        lambda: book({"a.xhtml": "<p>Text.</p>"}, entries={"OPS/book.opf": "<broken"}),
        lambda: io.BytesIO(book({"a.xhtml": "<p>Text.</p>"}).read()[:300]),
        lambda: io.BytesIO(b"no archive"),
    ],
)
def test_a_damaged_book_is_refused(file):
    with pytest.raises(DocumentUnreadable, match="damaged"):
        parse(file(), "x.epub")


def test_it_is_known_by_its_content():
    file = book({"a.xhtml": "<p>Text.</p>"})
    assert inspect(file, filename="a.epub", max_bytes=10_000).media_type == "application/epub+zip"
    assert inspect(file, filename="a", max_bytes=10_000).media_type == "application/epub+zip"
    with pytest.raises(UploadRefused, match="is an EPUB book, whatever its name says"):
        inspect(file, filename="a.docx", max_bytes=10_000)
    with pytest.raises(UploadRefused, match="is a zip archive, whatever its name says"):
        inspect(make.archive({"a.xhtml": b"<p>Text.</p>"}), filename="a.epub", max_bytes=10_000)


def test_an_archive_that_unpacks_to_too_much_is_refused():
    bomb = make.with_entry(book({"a.xhtml": "<p>Text.</p>"}), "OPS/picture.png", bytes(20 * archives.MIB))
    with pytest.raises(UploadRefused, match="more than 100 times its size"):
        inspect(bomb, filename="a.epub", max_bytes=archives.MIB)
    with pytest.raises(DocumentUnreadable, match="more than 100 times its size"):
        parse(bomb, "x.epub")
