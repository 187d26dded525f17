"""What people wrote onto a PDF page: comments, and values of form fields. pdfium's page text holds neither."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ingestion.parsers.cleaning import one_line

MAX_NOTES = 2_000
"""Annotations looked at on one page; links are annotations as well."""


def page_notes(page: Any) -> list[str]:
    """Return "Comment: ..." for each comment and "Name of the field: value" for each filled text or choice field."""
    from pypdfium2 import raw

    notes = []
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), MAX_NOTES)):
        with _annotation(raw, page, index) as annotation:
            if annotation and (note := _note(raw, annotation)):
                notes.append(note)
    return notes


@contextmanager
def _annotation(raw: Any, page: Any, index: int) -> Iterator[Any]:
    annotation = raw.FPDFPage_GetAnnot(page, index)
    try:
        yield annotation
    finally:
        if annotation:
            raw.FPDFPage_CloseAnnot(annotation)


def _note(raw: Any, annotation: Any) -> str:
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    if kind == raw.FPDF_ANNOT_WIDGET:
        value = _string(raw, annotation, "V")
        name = _string(raw, annotation, "TU") or _string(raw, annotation, "T")
        return f"{name}: {value}" if value and _string(raw, annotation, "FT") != "Btn" else ""
    if kind in (raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP):
        return ""
    contents = _string(raw, annotation, "Contents")
    return f"Comment: {contents}" if contents else ""


def _string(raw: Any, annotation: Any, key: str) -> str:
    """pdfium says first how many bytes of UTF-16 it wants, then fills them."""
    name = key.encode("ascii")
    size = raw.FPDFAnnot_GetStringValue(annotation, name, None, 0)
    if size <= 2:  # the closing zero alone
        return ""
    buffer = ctypes.create_string_buffer(size)
    raw.FPDFAnnot_GetStringValue(annotation, name, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return one_line(buffer.raw[: size - 2].decode("utf-16-le", errors="replace"))
