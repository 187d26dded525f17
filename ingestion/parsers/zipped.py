"""ZIP archives: no text of their own; each file in them becomes a document."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO, ClassVar, cast

from ingestion.archives import ENCRYPTED_ENTRY, check_zip
from ingestion.domain import Attachment, ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.guards import reading
from ingestion.parsers.textdecode import decode
from ingestion.ports import Report
from ingestion.sentences import sentence as _

KIND = _("ZIP archive")
UTF8_NAME = 0x800
"""The bit among an entry's flags which says that its name is UTF-8; without it the standard says code page 437, and
programs write whatever their system used."""
NOT_FOR_PEOPLE = frozenset({"__MACOSX", ".git", ".svn", ".DS_Store", "Thumbs.db", "desktop.ini"})
"""What systems leave in folders."""


class ZipParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"application/zip": (".zip",)}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        check_zip(file)
        with reading(KIND):
            archive = zipfile.ZipFile(file)  # open for as long as the attachments are
            attachments = tuple(_attachment(archive, entry) for entry in archive.infolist() if _is_file(entry))
        if not attachments:
            raise DocumentUnreadable(_("There is no file in this archive."))
        report(len(attachments), len(attachments))
        return ParsedDocument((), title=PurePosixPath(filename).stem, attachments=attachments)


def _is_file(entry: zipfile.ZipInfo) -> bool:
    """Neither a folder nor a link, nor something that no person has put there."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    parts = PurePosixPath(entry.filename).parts
    return not entry.is_dir() and kind in (0, stat.S_IFREG) and not NOT_FOR_PEOPLE.intersection(parts)


def _attachment(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Attachment:
    path = PurePosixPath(_name(entry))
    folder = "" if path.parent == PurePosixPath() else str(path.parent)
    return Attachment(name=path.name, folder=folder, open=partial(_open, archive, entry))


def _name(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & UTF8_NAME or entry.filename.isascii():
        return entry.filename
    return decode(entry.filename.encode("cp437", errors="replace"))


def _open(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> BinaryIO:
    if entry.flag_bits & ENCRYPTED_ENTRY:
        raise DocumentUnreadable(_("It is protected by a password. Unpack it and upload it without one."))
    return cast("BinaryIO", archive.open(entry))
