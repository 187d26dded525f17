"""What a file from the web is called, and of which type it is."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import PurePosixPath
from urllib.parse import unquote

import httpx

from ingestion.parsers import media_types
from ingestion.uploads import clean_name

# What servers send for a file that they know nothing about.
VAGUE = frozenset(
    {
        "",
        "text/plain",
        "application/octet-stream",
        "binary/octet-stream",
        "application/download",
        "application/force-download",
        "application/x-download",
    }
)
OTHER_NAMES = {"application/x-pdf": "application/pdf", "text/rtf": "application/rtf", "text/xml": "application/xml"}
MAX_DISPOSITION = 1_000
"""Characters of a header from which a name is read; the longest names that file systems take need less."""


def media_type_of(content_type: str, *, raw_name: str) -> str:
    """Return the media type that can be read and fits the header, or "". What the header leaves open, the extension
    of the name says."""
    declared = content_type.partition(";")[0].strip().lower()
    declared = OTHER_NAMES.get(declared, declared)
    if declared in VAGUE:
        extension = PurePosixPath(raw_name).suffix.lower()
        declared = next((known for known, extensions in media_types().items() if extension in extensions), declared)
    elif declared not in media_types() and declared.endswith("+xml"):
        declared = "application/xml"
    return declared if declared in media_types() else ""


def raw_name(address: httpx.URL, *, disposition: str) -> str:
    """Return the name that the header `Content-Disposition` gives, else the last part of the path, else the host."""
    parts = [part for part in address.path.split("/") if part]
    return _filename(disposition) or (unquote(parts[-1]) if parts else "") or address.raw_host.decode("ascii")


def file_name(raw_name: str, *, media_type: str) -> str:
    """Return a clean name whose extension is one of `media_type`'s."""
    name = clean_name(raw_name)
    extensions = media_types()[media_type]
    return name if PurePosixPath(name).suffix.lower() in extensions else clean_name(name + extensions[0])


def _filename(disposition: str) -> str:
    if not disposition or len(disposition) > MAX_DISPOSITION or not disposition.isprintable():
        return ""
    header = EmailMessage()
    header["Content-Disposition"] = disposition
    return (header.get_filename() or "").strip()
