"""Looks for compressed streams in a PDF that unpack to far more than any page is."""

from __future__ import annotations

import re
import zlib

from ingestion.errors import DocumentUnreadable
from ingestion.sentences import sentence as _

MIB = 1024 * 1024
MAX_STREAM_BYTES = 64 * MIB
SUSPICIOUS_RATIO = 200
"""Unpacked to packed, in a stream's first `PIECE_BYTES`. Drawing operators reach 20; deflate itself ends at 1,032."""
PIECE_BYTES = 32 * 1024

STREAM = re.compile(rb"(?<!end)stream\r?\n")
DICTIONARY_WINDOW = 300
"""Bytes before a stream in which its dictionary says what it is."""


def refuse_bombs(data: bytes) -> None:
    """Raise `DocumentUnreadable` for a stream that unpacks to more than `MAX_STREAM_BYTES`.

    Pictures are passed over: an empty scan unpacks to as much, and reading text never unpacks it.
    """
    for match in STREAM.finditer(data):
        start = match.end()
        end = data.find(b"endstream", start)
        if end < 0:
            return
        # Deflate cannot make more than this of it.
        if (end - start) * 1_032 < MAX_STREAM_BYTES:
            continue
        dictionary = data[max(0, match.start() - DICTIONARY_WINDOW) : match.start()]
        if b"FlateDecode" in dictionary and b"/Image" not in dictionary and _is_bomb(data, start, end):
            raise DocumentUnreadable(
                _(
                    "A page of this PDF unpacks to more than %(limit)s MiB, which is over the limit. "
                    "Print it to a new PDF and upload that.",
                    limit=MAX_STREAM_BYTES // MIB,
                )
            )


def _is_bomb(data: bytes, start: int, end: int) -> bool:
    inflate, unpacked = zlib.decompressobj(), 0
    try:
        for place in range(start, end, PIECE_BYTES):
            piece = data[place : min(place + PIECE_BYTES, end)]
            unpacked += len(inflate.decompress(piece))
            if unpacked < SUSPICIOUS_RATIO * min(place + PIECE_BYTES - start, end - start):
                return False
            if unpacked > MAX_STREAM_BYTES:
                return True
    except zlib.error:
        pass  # damaged: the PDF library decides what is left of it
    return False
