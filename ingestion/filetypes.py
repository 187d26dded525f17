"""What a file is by its first bytes, and what content a media type stands for.

"Content" here is a media type, `TEXT` for anything that reads as text (which text format it is, only its name tells),
or "" for bytes that nothing recognises.
"""

from __future__ import annotations

import re
import zipfile
from typing import BinaryIO

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ingestion.archives import OLE_SIGNATURE
from ingestion.parsers.textdecode import is_text

HEAD_BYTES = 64 * 1024

TEXT = "text/plain"
PDF = "application/pdf"
RTF = "application/rtf"
OLE = "application/x-ole-storage"
ZIP = "application/zip"

# Some programs write up to 1,024 bytes of their own before the header, and readers accept it.
PDF_HEADER = re.compile(rb"%PDF-\d")
PDF_HEADER_WINDOW = 1_024 + 8
ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")

OLE_TYPES = frozenset(
    {"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint", "application/vnd.ms-outlook"}
)
TEXTUAL_TYPES = frozenset({"application/json", "application/xml", "application/x-ndjson", "message/rfc822"})
TEXTUAL_SUFFIXES = ("+xml", "+json")

OFFICE = "application/vnd.openxmlformats-officedocument."
OFFICE_MAIN_PARTS = {
    OFFICE + "wordprocessingml.document.main+xml": OFFICE + "wordprocessingml.document",
    OFFICE + "presentationml.presentation.main+xml": OFFICE + "presentationml.presentation",
    OFFICE + "spreadsheetml.sheet.main+xml": OFFICE + "spreadsheetml.sheet",
}
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
EPUB = "application/epub+zip"
MACROS = "application/x-office-with-macros"
MAX_MANIFEST_BYTES = 1024 * 1024

DESCRIPTIONS = {
    TEXT: _("plain text"),
    PDF: _("a PDF file"),
    RTF: _("a rich text file"),
    OLE: _("an Office file of before 2007, or one with a password"),
    ZIP: _("a zip archive"),
    MACROS: _("an Office file with macros"),
    OFFICE + "wordprocessingml.document": _("a Word file"),
    OFFICE + "presentationml.presentation": _("a PowerPoint file"),
    OFFICE + "spreadsheetml.sheet": _("an Excel file"),
    OPEN_DOCUMENT + "text": _("an OpenDocument text"),
    OPEN_DOCUMENT + "spreadsheet": _("an OpenDocument spreadsheet"),
    OPEN_DOCUMENT + "presentation": _("an OpenDocument presentation"),
    EPUB: _("an EPUB book"),
    "": _("a binary file of an unknown kind"),
}


def sniff(head: bytes) -> str:
    """Return the content that begins with `head`; archives of every kind are `ZIP`."""
    if head.startswith(ZIP_SIGNATURES):
        return ZIP
    if head.startswith(OLE_SIGNATURE):
        return OLE
    if head.startswith(b"{\\rtf"):
        return RTF
    header = PDF_HEADER.search(head[:PDF_HEADER_WINDOW])
    if header and (header.start() == 0 or b" obj" in head):
        return PDF
    return TEXT if is_text(head) else _by_magic(head)


def sniff_archive(file: BinaryIO) -> str:
    """Return the content of a zip file: the Office or OpenDocument format that it is, `EPUB` or `ZIP`.

    What an archive says of itself counts only where such archives say it: one that claims to be a PDF is an archive.
    """
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        manifest = _entry(archive, "[Content_Types].xml")
        media_type = _entry(archive, "mimetype").decode("ascii", errors="replace").strip()
    if "macroenabled.main+xml" in (declared := manifest.decode("utf-8", errors="replace")).lower():
        return MACROS
    office = next((kind for main, kind in OFFICE_MAIN_PARTS.items() if f'"{main}"' in declared), "")
    says_itself = media_type == EPUB or media_type.startswith(OPEN_DOCUMENT)
    return office or (media_type if says_itself else ZIP)


def expected_content(media_type: str) -> str:
    """Return the content that a file of `media_type` must have."""
    if media_type in OLE_TYPES:
        return OLE
    if media_type == "text/rtf":
        return RTF
    if media_type.startswith("text/") or media_type in TEXTUAL_TYPES or media_type.endswith(TEXTUAL_SUFFIXES):
        return TEXT
    return media_type


def describe(content: str) -> str:
    """Return `content` in words that fit behind "is"."""
    if known := DESCRIPTIONS.get(content):
        return str(known)
    return gettext("a file of type %(type)s") % {"type": content}


def _entry(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as part:
            return part.read(MAX_MANIFEST_BYTES)
    except KeyError:
        return b""


def _by_magic(head: bytes) -> str:
    import puremagic

    try:
        return str(puremagic.from_string(head, mime=True))
    except (puremagic.PureError, ValueError):
        return ""
