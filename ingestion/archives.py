"""Looks at zip files, which modern office formats are, before anything unpacks them."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import PureWindowsPath
from typing import BinaryIO

from ingestion.errors import DocumentUnreadable
from ingestion.sentences import both
from ingestion.sentences import sentence as _

MIB = 1024 * 1024
MAX_ENTRIES = 10_000
MAX_TOTAL_BYTES = 512 * MIB
MAX_XML_BYTES = 64 * MIB
"""One XML part. It becomes about eight times as much memory, and the 900 pages of a real handbook take 6 MiB."""
MAX_RATIO = 100
"""Unpacked to packed. Real spreadsheets reach 30; a bomb has 1,000."""
RATIO_MATTERS_FROM = 10 * MIB
DOCTYPE_WINDOW = 64 * 1024
DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))

ENCRYPTED_ENTRY = 0x1
"""The bit among an entry's flags."""
OLE_SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


def check_zip(file: BinaryIO) -> None:
    """Raise `DocumentUnreadable` for a broken archive or one that unpacks to too much; only its directory is read.

    The sizes in the directory can be trusted this far: `zipfile` never unpacks more of an entry than it says there.
    """
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise DocumentUnreadable(
            _(
                "This file is damaged: it breaks off or its parts cannot be found. "
                "Save it again and upload the new copy."
            )
        ) from error
    finally:
        file.seek(0)
    if outside := next((entry.filename for entry in entries if leads_outside(entry.filename)), None):
        raise DocumentUnreadable(
            _(
                "This file has a part named “%(name)s”, which would be unpacked outside its folder. That is an attack.",
                name=outside,
            )
        )
    total = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    largest_xml = max((entry.file_size for entry in entries if _is_xml(entry.filename)), default=0)
    for too_much, problem in (
        (len(entries) > MAX_ENTRIES, _("This file has more than %(limit)s parts.", limit=MAX_ENTRIES)),
        (
            total > MAX_TOTAL_BYTES,
            _("This file unpacks to more than %(limit)s.", limit=f"{MAX_TOTAL_BYTES // MIB} MiB"),
        ),
        (largest_xml > MAX_XML_BYTES, _part_of_more_than(MAX_XML_BYTES)),
        (
            total > RATIO_MATTERS_FROM and total > MAX_RATIO * packed,
            _("This file unpacks to more than %(limit)s times its size.", limit=MAX_RATIO),
        ),
    ):
        if too_much:
            raise DocumentUnreadable(both(problem, _("Split it and upload the parts.")))


def _part_of_more_than(max_bytes: int) -> str:
    return _("This file has a part of more than %(limit)s.", limit=f"{max_bytes // MIB} MiB")


def leads_outside(name: str) -> bool:
    """Whether an entry of this name would be written outside the folder that an archive is unpacked into."""
    path = name.replace("\\", "/")
    return path.startswith("/") or ".." in path.split("/") or PureWindowsPath(name).drive != ""


def read_part(archive: zipfile.ZipFile, name: str, *, max_bytes: int = MAX_XML_BYTES) -> bytes:
    """Return a part of an archive that passed `check_zip`, which knows XML by its name only, hence the limit here.

    Raise `KeyError` when there is no such part.
    """
    entry = archive.getinfo(name)
    if entry.flag_bits & ENCRYPTED_ENTRY:
        raise DocumentUnreadable(_("This file is protected by a password. Remove the password and upload it again."))
    if entry.file_size > max_bytes:
        raise DocumentUnreadable(both(_part_of_more_than(max_bytes), _("Split it and upload the parts.")))
    with archive.open(entry) as part:
        return part.read()


def check_office(file: BinaryIO) -> None:
    """Raise `DocumentUnreadable` unless `file` is an Office Open XML package that is safe to open.

    The standard forbids document type declarations in a package, and entity bombs need one.
    """
    file.seek(0)
    if file.read(len(OLE_SIGNATURE)) == OLE_SIGNATURE:
        raise DocumentUnreadable(describe_ole(file))
    check_zip(file)
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in filter(lambda entry: _is_xml(entry.filename), archive.infolist()):
                with archive.open(entry) as part:
                    beginning = part.read(DOCTYPE_WINDOW)
                if any(doctype in beginning for doctype in DOCTYPES):
                    raise DocumentUnreadable(
                        _(
                            "This file declares XML entities, which Office files never do and attacks need. "
                            "Open it in an office program, save it again and upload the new copy."
                        )
                    )
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, zlib.error) as error:
        raise DocumentUnreadable(
            _("This file is damaged: a part of it cannot be unpacked. Save it again and upload the new copy.")
        ) from error
    finally:
        file.seek(0)


def describe_ole(file: BinaryIO) -> str:
    """Say what a file in the old container format is: an encrypted new one, or a document of before 2007."""
    file.seek(0)
    tail, encrypted = b"", False
    while not encrypted and (piece := file.read(MIB)):
        encrypted = ENCRYPTED_PACKAGE in tail + piece
        tail = piece[-len(ENCRYPTED_PACKAGE) :]
    file.seek(0)
    if encrypted:
        return _("This file is protected by a password. Remove the password and upload it again.")
    return _("This file is in the Office format of before 2007. Save it as .docx, .xlsx or .pptx and upload that.")


def _is_xml(name: str) -> bool:
    return name.lower().endswith((".xml", ".rels"))
