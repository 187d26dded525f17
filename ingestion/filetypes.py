"""What a file is by its first bytes, and what content a media type stands for.

"Content" here is a media type, `TEXT` for anything that reads as text (which text format it is, only its name tells),
or "" for bytes that nothing recognises.
"""

from __future__ import annotations

import re
import zipfile
from typing import BinaryIO

from ingestion.archives import OLE_SIGNATURE
from ingestion.parsers.textdecode import is_text
from ingestion.sentences import sentence as _

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

# The stream that makes a file of the old container format what it is. "Book" is Excel 95's.
OLE_STREAMS = {
    "WordDocument": "application/msword",
    "Workbook": "application/vnd.ms-excel",
    "Book": "application/vnd.ms-excel",
    "PowerPoint Document": "application/vnd.ms-powerpoint",
    "__properties_version1.0": "application/vnd.ms-outlook",
}
PICTURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"), "image/tiff"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"BM....\0\0\0\0", re.DOTALL), "image/bmp"),
)
"""Before text is looked for: a white picture has the zero bytes of UTF-16."""
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
    "application/msword": _("a Word file of before 2007"),
    "application/vnd.ms-excel": _("an Excel file of before 2007"),
    "application/vnd.ms-powerpoint": _("a PowerPoint file of before 2007"),
    "application/vnd.ms-outlook": _("an Outlook message"),
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
    """Return the content that begins with `head`; archives of every kind are `ZIP`, old Office files `OLE`."""
    if head.startswith(ZIP_SIGNATURES):
        return ZIP
    if head.startswith(OLE_SIGNATURE):
        return OLE
    if head.startswith(b"{\\rtf"):
        return RTF
    if picture := next((kind for beginning, kind in PICTURES if beginning.match(head)), ""):
        return picture
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


def sniff_ole(file: BinaryIO) -> str:
    """Return the content of a file in the old container format, `OLE` when it is encrypted, damaged or another one."""
    import olefile  # type: ignore[import-untyped]

    file.seek(0)
    try:
        with olefile.OleFileIO(file) as ole:
            names = {name for (name,) in (path for path in ole.listdir() if len(path) == 1)}
    except Exception:  # noqa: BLE001 - over a damaged file the library raises anything
        return OLE
    finally:
        file.seek(0)
    return next((kind for stream, kind in OLE_STREAMS.items() if stream in names), OLE)


def expected_content(media_type: str) -> str:
    """Return the content that a file of `media_type` must have."""
    if media_type == "text/rtf":
        return RTF
    if media_type.startswith("text/") or media_type in TEXTUAL_TYPES or media_type.endswith(TEXTUAL_SUFFIXES):
        return TEXT
    return media_type


def describe(content: str) -> str:
    """Return `content` in words that fit behind "is"."""
    if known := DESCRIPTIONS.get(content):
        return known
    return _("a file of type %(type)s", type=content)


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
