"""Looks at a file before it is taken: its size, its fingerprint, and whether it is what its name says."""

from __future__ import annotations

import hashlib
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from ingestion.archives import check_zip, describe_ole
from ingestion.errors import DocumentUnreadable, UploadRefused
from ingestion.filetypes import HEAD_BYTES, OLE, ZIP, describe, expected_content, sniff, sniff_archive, sniff_ole
from ingestion.parsers import media_types
from ingestion.sentences import spoken as _

PIECE_BYTES = 1024 * 1024
MAX_NAME_CHARACTERS = 255
MAX_EXTENSION_CHARACTERS = 20
MAX_FOLDER_CHARACTERS = 500
UNNAMED = "document"
# Control, format (bidirectional overrides and zero-width ones among them), surrogate, private and unassigned.
INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Inspected:
    sha256: str
    """Hexadecimal, in lower case."""
    size: int
    """In bytes."""
    media_type: str
    """One that `ingestion.parsers` can read."""
    name: str
    """Safe to show and to store; not a path."""


def inspect(file: BinaryIO, *, filename: str, max_bytes: int) -> Inspected:
    """Return what `file` is, or raise `UploadRefused`. The file is at its beginning afterwards."""
    name = clean_name(filename)
    sha256, size = _fingerprint(file, name, max_bytes)
    media_type = _media_type(file, name)
    file.seek(0)
    return Inspected(sha256=sha256, size=size, media_type=media_type, name=name)


def clean_name(name: str) -> str:
    """Return `name` as it may be shown and stored: the last part of its path, in NFC, visible characters only, at most
    255 characters with the extension kept, never empty."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    visible = ("" if unicodedata.category(character) in INVISIBLE_CATEGORIES else character for character in name)
    # A trailing dot or space is lost on Windows, and hides the extension from us.
    name = " ".join("".join(visible).split()).rstrip(". ")
    if len(name) > MAX_NAME_CHARACTERS:
        extension = PurePosixPath(name).suffix[:MAX_EXTENSION_CHARACTERS]
        name = name[: MAX_NAME_CHARACTERS - len(extension)].rstrip(". ") + extension
    return name or UNNAMED


def clean_folder(folder: str) -> str:
    """Return the path of a folder as it may be shown and stored: its parts cleaned like names, at most 500 characters
    of it, "" for none. It never becomes a path on this machine."""
    parts = (part for part in folder.replace("\\", "/").split("/") if part.strip(". "))
    return "/".join(map(clean_name, parts))[:MAX_FOLDER_CHARACTERS].rstrip("/")


def check_size(name: str, size: int, *, max_bytes: int) -> None:
    """Raise `UploadRefused` for a file of no bytes, or of more than `max_bytes`."""
    if size > max_bytes:
        raise UploadRefused(
            _(
                "“%(name)s” is larger than %(limit)s, which is the limit. Split it and upload the parts.",
                name=name,
                limit=_megabytes(max_bytes),
            ),
            code="upload.too_large",
        )
    if size < 1:
        raise UploadRefused(_("“%(name)s” is empty. Upload a file with content.", name=name), code="upload.empty")


def _fingerprint(file: BinaryIO, name: str, max_bytes: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while piece := file.read(PIECE_BYTES):
        size += len(piece)
        if size > max_bytes:
            break
        digest.update(piece)
    check_size(name, size, max_bytes=max_bytes)
    return digest.hexdigest(), size


def _media_type(file: BinaryIO, name: str) -> str:
    """The media type by the name's extension, once the content agrees; by the content when there is no extension."""
    extension = PurePosixPath(name).suffix.lower()
    content = _content(file, name)
    by_extension = {known: media_type for media_type, extensions in media_types().items() for known in extensions}
    media_type = by_extension.get(extension, "") if extension else content
    if media_type not in media_types():
        readable = ", ".join(sorted(by_extension))
        if extension:
            refusal = _(
                "“%(name)s” has the extension %(extension)s, which cannot be read. These can: %(readable)s.",
                name=name,
                extension=extension,
                readable=readable,
            )
        else:
            refusal = _(
                "“%(name)s” is %(content)s, which cannot be read. These can: %(readable)s.",
                name=name,
                content=describe(content),
                readable=readable,
            )
        raise UploadRefused(refusal, code="upload.type")
    if content != expected_content(media_type):
        if content == OLE:
            raise UploadRefused(_named(name, describe_ole(file)), code="upload.type")
        raise UploadRefused(
            _(
                "“%(name)s” is %(content)s, whatever its name says. Upload the original or correct its name.",
                name=name,
                content=describe(content),
            ),
            code="upload.type",
        )
    return media_type


def _content(file: BinaryIO, name: str) -> str:
    file.seek(0)
    content = sniff(file.read(HEAD_BYTES))
    if content == OLE:
        return sniff_ole(file)
    if content != ZIP:
        return content
    try:
        check_zip(file)
        return sniff_archive(file)
    except DocumentUnreadable as error:
        raise UploadRefused(_named(name, error.message), code="upload.archive") from error
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise UploadRefused(
            _("“%(name)s” is damaged: it cannot be unpacked. Save it again and upload the new copy.", name=name),
            code="upload.archive",
        ) from error


def _named(name: str, problem: str) -> str:
    return _("“%(name)s”: %(problem)s", name=name, problem=problem)


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
