"""JSON, and files with one JSON value a line: each value on a line behind its path, a record below its own heading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import clean, one_line
from ingestion.parsers.guards import check_characters, reading
from ingestion.parsers.json_values import Json, check_values, load, too_deep
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.textdecode import decode
from ingestion.ports import Report
from ingestion.sentences import sentence as _

KIND = _("JSON file")
MAX_DEPTH = 100
"""Values inside each other."""
MAX_KEY_CHARACTERS = 500
"""A path is repeated on every line below it, so that no name in it may be a text of its own."""
MAX_LIST_CHARACTERS = 300
"""A list of short values is written on one line up to this length, and else one value a line."""
REPORT_EVERY = 1_000
"""Records between two calls of `report`."""


class JsonParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "application/json": (".json",),
        "application/x-ndjson": (".jsonl", ".ndjson"),
    }

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        text = decode(file.read()).replace("\x00", "").lstrip("\ufeff")
        writer = SectionWriter()
        if text.strip():
            check_values(text, kind=KIND)
            with reading(KIND):
                value = list(_values_of_lines(text, report)) if _is_lines(text, filename) else load(text, kind=KIND)
                _write(writer, value, report)
        return writer.finish(title=PurePath(filename).stem)


def _is_lines(text: str, filename: str) -> bool:
    """By the name, or because the first line is a whole record: many programs call such a file .json."""
    if PurePath(filename).suffix.lower() in (".jsonl", ".ndjson"):
        return True
    first, _, rest = text.lstrip().partition("\n")
    if not rest.strip() or not first.startswith(("{", "[")):
        return False
    try:
        load(first, kind=KIND)
    except DocumentUnreadable:
        return False
    return True


def _values_of_lines(text: str, report: Report) -> Iterator[Json]:
    lines = text.split("\n")  # not splitlines(): a string may hold any other line end
    for number, line in enumerate(lines):
        if number % REPORT_EVERY == 0:
            report(number, 2 * len(lines))
        if line.strip():
            yield load(line, kind=KIND, lines_before=number)


def _write(writer: SectionWriter, value: Json, report: Report) -> None:
    records = list(_records(value))
    characters = 0
    above: tuple[str, ...] = ()
    for number, (heading, record) in enumerate(records):
        if number % REPORT_EVERY == 0:
            report(len(records) + number, 2 * len(records))
        lines = []
        for line in _lines(record):
            characters += len(line)
            check_characters(characters)
            lines.append(line)
        if lines:
            for level, title in enumerate(heading, start=1):
                if heading[:level] != above[:level]:
                    writer.heading(level, title)
            above = heading
            writer.add("\n".join(lines))
    report(2 * len(records), 2 * len(records))


def _records(value: Json) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Heading and content of each. What belongs to no record comes first: below a record's heading it would be taken
    for a part of that record."""
    if isinstance(value, dict):
        yield (), {name: item for name, item in value.items() if not _is_nested(item)}
        for name, item in value.items():
            if isinstance(item, dict):
                yield (name,), item
            elif isinstance(item, list) and _is_nested(item):
                yield from (((name, f"{_key(name)}[{place}]"), record) for place, record in enumerate(item))
    elif isinstance(value, list) and _is_nested(value):
        yield from (((f"[{place}]",), record) for place, record in enumerate(value))
    else:
        yield (), value


def _is_nested(value: Json) -> bool:
    """Whether `value` is more than a value or a list of values."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict | list) for item in value))


def _lines(record: Json) -> Iterator[str]:
    """With a stack of its own in place of recursion, because files nest as deep as their makers like."""
    stack: list[tuple[str, int, Json]] = [("", 0, record)]
    while stack:
        path, depth, value = stack.pop()
        if depth > MAX_DEPTH:
            raise DocumentUnreadable(too_deep(KIND))
        if isinstance(value, dict):
            stack.extend((_path(path, name), depth + 1, item) for name, item in reversed(value.items()))
        elif isinstance(value, list) and _is_nested(value):
            last = len(value) - 1
            stack.extend((f"{path}[{last - place}]", depth + 1, item) for place, item in enumerate(reversed(value)))
        elif isinstance(value, list):
            yield from _list(path, [text for text in map(_text, value) if text])
        elif text := _text(value):
            yield _line(path, text)


def _path(path: str, name: str) -> str:
    return f"{path}.{_key(name)}" if path else _key(name)


def _key(name: str) -> str:
    return one_line(name)[:MAX_KEY_CHARACTERS]


def _list(path: str, texts: list[str]) -> Iterator[str]:
    joined = ", ".join(texts)
    if path and len(joined) <= MAX_LIST_CHARACTERS and "\n" not in joined:
        yield from [_line(path, joined)] if joined else []
    else:
        yield from (_line(path, text) for text in texts)


def _line(path: str, text: str) -> str:
    """A text of several lines begins below its path."""
    return f"{path}:{chr(10) if chr(10) in text else ' '}{text}" if path else text


def _text(value: Json) -> str:
    """Nothing for null, as for an empty text: it says that there is no value."""
    if isinstance(value, bool):
        return str(value).lower()
    return clean(value) if isinstance(value, str) else ""
