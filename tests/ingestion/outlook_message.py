"""Makes Outlook messages: properties as [MS-OXMSG] has them, in a compound file as [MS-CFB] has it."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

SECTOR, MINI_SECTOR, MINI_CUTOFF = 512, 64, 4096
FREE, END, FAT_SECTOR, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
FOLDER, STREAM, ROOT = 1, 2, 5

Tree = Mapping[str, "bytes | Tree"]
Properties = Mapping[int, object]


@dataclass(frozen=True)
class Entry:
    """Of the directory; `right` and `child` are places in it."""

    name: str
    kind: int
    content: bytes = b""
    right: int = NONE
    child: int = NONE


class Latin(bytes):
    """Text in an 8-bit encoding."""


class Moment(int):
    """A time as Windows counts it, in tenths of microseconds since 1601."""


UNICODE, OBJECT = 0x001F, 0x000D
KINDS = {Latin: 0x001E, bytes: 0x0102, bool: 0x000B, Moment: 0x0040, int: 0x0003}


def message(properties: Properties, *parts: Tree, header: int = 32) -> Tree:
    """The folder of a message; `parts` are what `recipient` and `attachment` give."""
    folders: dict[str, bytes | Tree] = {}
    counts = {"recip": 0, "attach": 0}
    for part in parts:
        ((kind, content),) = part.items()
        folders[f"__{kind}_version1.0_#{counts[kind]:08X}"] = content
        counts[kind] += 1
    return {**_properties(properties, header), **folders}


def recipient(properties: Properties) -> Tree:
    return {"recip": _properties(properties, 8)}


def attachment(properties: Properties) -> Tree:
    return {"attach": _properties(properties, 8)}


def _properties(properties: Properties, header: int) -> Tree:
    fixed, streams = [bytes(header)], {}
    for number, value in properties.items():
        kind, content = _encoded(value)
        if isinstance(content, int):
            fixed.append(struct.pack("<HHIq", kind, number, 6, content))
            continue
        size = len(content) if isinstance(content, bytes) else NONE
        fixed.append(struct.pack("<HHIIi", kind, number, 6, size, 0))
        streams[f"__substg1.0_{number:04X}{kind:04X}"] = content
    return {"__properties_version1.0": b"".join(fixed), **streams}


def _encoded(value: object) -> tuple[int, bytes | int | Tree]:
    if isinstance(value, str):
        return UNICODE, value.encode("utf-16-le")
    for kind, code in KINDS.items():
        if isinstance(value, kind):
            return code, cast("bytes | int", value)
    return OBJECT, cast("Tree", value)


def compound_file(tree: Tree) -> BinaryIO:
    """The file system `tree`, folders being mappings, as a compound file of version 3."""
    entries = _entries(tree)
    mini, mini_fat = bytearray(), list[int]()
    sectors, fat = bytearray(), list[int]()
    starts = {}
    for place, entry in enumerate(entries):
        if 0 < len(entry.content) < MINI_CUTOFF:
            starts[place] = _append(mini, mini_fat, entry.content, MINI_SECTOR)
        elif entry.content:
            starts[place] = _append(sectors, fat, entry.content, SECTOR)
    root = _append(sectors, fat, bytes(mini), SECTOR) if mini else END
    directory = _entry(entries[0], root, len(mini)) + b"".join(
        _entry(entry, starts.get(place, END if entry.kind == STREAM else 0), len(entry.content))
        for place, entry in enumerate(entries[1:], start=1)
    )
    directory_start = _append(sectors, fat, _padded(directory, SECTOR), SECTOR)
    mini_fat += [FREE] * (-len(mini_fat) % (SECTOR // 4))
    mini_fat_start = _append(sectors, fat, _numbers(mini_fat), SECTOR) if mini_fat else END
    count = -(-len(fat) // (SECTOR // 4 - 1))
    places = [*range(len(fat), len(fat) + count), *[FREE] * (109 - count)]
    fat += [FAT_SECTOR] * count
    fat += [FREE] * (-len(fat) % (SECTOR // 4))
    header = struct.pack(
        "<8s16x5H6x9I",
        bytes.fromhex("d0cf11e0a1b11ae1"),
        *(0x3E, 3, 0xFFFE, 9, 6, 0, count, directory_start, 0, MINI_CUTOFF),
        *(mini_fat_start, len(mini_fat) * 4 // SECTOR, END, 0),
    )
    return io.BytesIO(header + _numbers(places) + bytes(sectors) + _numbers(fat))


def _entries(tree: Tree) -> list[Entry]:
    """A folder's children are a chain of brothers, in the order that compound files have."""
    entries = [Entry("Root Entry", ROOT)]

    def add(folder: int, children: Tree) -> None:
        names = sorted(children, key=lambda name: (len(name), name.upper()))
        places = range(len(entries), len(entries) + len(names))
        if names:
            entries[folder] = replace(entries[folder], child=places[0])
        for name, right in zip(names, [*places[1:], NONE], strict=False):
            content = children[name]
            data = content if isinstance(content, bytes) else b""
            entries.append(Entry(name, STREAM if isinstance(content, bytes) else FOLDER, data, right))
        for name, place in zip(names, places, strict=True):
            content = children[name]
            if not isinstance(content, bytes):
                add(place, content)

    add(0, tree)
    return entries


def _entry(entry: Entry, start: int, size: int) -> bytes:
    name = entry.name.encode("utf-16-le")
    brothers = (NONE, entry.right, entry.child)
    return struct.pack("<64sHBB3I16xI16xIQ", name, len(name) + 2, entry.kind, 1, *brothers, 0, start, size)


def _append(space: bytearray, table: list[int], content: bytes, size: int) -> int:
    """Put `content` behind what is there and chain its sectors; return its first one."""
    start = len(table)
    count = -(-len(content) // size)
    table += [*range(start + 1, start + count), END]
    space += _padded(content, size)
    return start


def _numbers(values: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def _padded(content: bytes, size: int) -> bytes:
    return content + bytes(-len(content) % size)
