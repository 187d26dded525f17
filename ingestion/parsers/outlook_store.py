"""Reads an Outlook message (.msg) as what it is: a file system (OLE) with a folder for each recipient and attachment.

A property is a stream whose name ends in its number and its type. Source: [MS-OXMSG] and [MS-OXPROPS]. python-oxmsg
reads whole files into memory, stops at the first text in a code page that it does not know, and not at attached
messages.
"""

from __future__ import annotations

import codecs
import datetime as dt
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO, cast

from ingestion.errors import DocumentUnreadable
from ingestion.parsers.textdecode import decode
from ingestion.sentences import sentence as _

Path = tuple[str, ...]

UNICODE, EIGHT_BIT, BINARY, STORAGE = "001F", "001E", "0102", "000D"
INTEGER, BOOLEAN, TIME = 0x0003, 0x000B, 0x0040
FIXED = struct.Struct("<HHI8s")
"""An entry of the stream of fixed-size properties: type, number, flags, value."""
FIXED_STREAM = "__properties_version1.0"
HEADER_BYTES = {"message": 32, "attached": 24, "part": 8}
"""What stands before the entries: of the message, of a message that is attached to it, of a recipient or attachment."""
EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)
CODE_PAGE, INTERNET_CODE_PAGE = 0x3FFD, 0x3FDE
UTF_8, LATIN_PAGES = 65_001, range(28_591, 28_606)
MAX_SHARED = 2
"""Bytes of all streams to bytes of the file. Each byte belongs to one stream, unless the directory lies."""


@dataclass(frozen=True)
class Store:
    """A folder of the message: itself, a recipient, an attachment, or a message that is attached."""

    ole: Any
    path: Path = ()
    kind: str = "message"
    code_page: int = 0

    def text(self, number: int) -> str:
        """The text of property `number`, "" when there is none."""
        if (data := self._stream(number, UNICODE)) is not None:
            return data.decode("utf-16-le", errors="replace").rstrip("\x00")
        data = self._stream(number, EIGHT_BIT) or b""
        return decoded(data, self.text_code_page).rstrip("\x00")

    def binary(self, number: int) -> bytes:
        return self._stream(number, BINARY) or b""

    def integer(self, number: int) -> int:
        value = self._fixed.get((number, INTEGER))
        return int.from_bytes(value[:4], "little", signed=True) if value else 0

    def is_true(self, number: int) -> bool:
        return self._fixed.get((number, BOOLEAN), b"\0")[0] != 0

    def time(self, number: int) -> dt.datetime | None:
        value = self._fixed.get((number, TIME))
        # In tenths of a microsecond; more than 9999 years are no date.
        ticks = int.from_bytes(value, "little") if value else 0
        try:
            return EPOCH + dt.timedelta(microseconds=ticks // 10) if ticks else None
        except OverflowError:
            return None

    def folders(self, beginning: str) -> Iterator[Store]:
        """The recipients or the attachments."""
        depth = len(self.path)
        entries = (tuple(entry) for entry in self.ole.listdir(streams=False, storages=True))
        inside = {entry[depth] for entry in entries if len(entry) > depth and entry[:depth] == self.path}
        for name in sorted(name for name in inside if name.startswith(beginning)):
            yield Store(self.ole, (*self.path, name), "part", self.text_code_page)

    def message(self, number: int) -> Store | None:
        """The message that is property `number` of an attachment."""
        path = (*self.path, f"__substg1.0_{number:04X}{STORAGE}")
        return Store(self.ole, path, "attached") if self.ole.exists([*path, FIXED_STREAM]) else None

    def opener(self, number: int) -> Callable[[], BinaryIO] | None:
        """A function that opens the bytes of property `number`, which are not read before."""
        path = self._path(number, BINARY)
        return (lambda: cast("BinaryIO", self.ole.openstream(path))) if self.ole.exists(path) else None

    @cached_property
    def text_code_page(self) -> int:
        return self.integer(CODE_PAGE) or self.code_page

    @cached_property
    def _fixed(self) -> Mapping[tuple[int, int], bytes]:
        path = [*self.path, FIXED_STREAM]
        data = self.ole.openstream(path).read()[HEADER_BYTES[self.kind] :] if self.ole.exists(path) else b""
        whole = len(data) - len(data) % FIXED.size
        return {(number, kind): value for kind, number, _, value in FIXED.iter_unpack(data[:whole])}

    def _stream(self, number: int, kind: str) -> bytes | None:
        path = self._path(number, kind)
        return cast("bytes", self.ole.openstream(path).read()) if self.ole.exists(path) else None

    def _path(self, number: int, kind: str) -> list[str]:
        return [*self.path, f"__substg1.0_{number:04X}{kind}"]


def open_store(file: BinaryIO) -> Store:
    """Return the message in `file`, which must stay open. Raise `DocumentUnreadable` when there is none."""
    import olefile  # type: ignore[import-untyped]

    size = file.seek(0, 2)
    file.seek(0)
    ole = olefile.OleFileIO(file)
    if not ole.exists(FIXED_STREAM):
        raise DocumentUnreadable(
            _("This is not an Outlook message. Open it in the program that made it, and save it from there.")
        )
    if sum(entry.size for entry in ole.direntries if entry is not None) > MAX_SHARED * size + 1_024:
        raise ValueError("Its directory promises more than there is.")
    return Store(ole)


def decoded(data: bytes, code_page: int) -> str:
    """Text in a code page of Windows, by its letters where that is not known or not true."""
    name = "utf-8" if code_page == UTF_8 else f"cp{code_page}"
    if code_page in LATIN_PAGES:
        name = f"iso8859-{code_page - LATIN_PAGES.start + 1}"
    try:
        return data.decode(codecs.lookup(name).name) if code_page else decode(data)
    except (LookupError, UnicodeDecodeError):
        return decode(data)
