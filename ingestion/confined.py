"""The jobs that run confined (see `ingestion.confinement`): reading a file and splitting its text.

Each takes a request and sends messages, both of them JSON. This module is imported before the processes are forked, and
with it what every job needs.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import orjson

from ingestion.addresses.readable import PAGES, readable
from ingestion.domain import Attachment, Chunk, ParsedDocument, Section
from ingestion.errors import DocumentUnreadable
from ingestion.parsers import media_types, ocr, parser_for
from ingestion.parts import chunker
from ingestion.sentences import packed
from ingestion.sentences import sentence as _

REPORT_S = 0.1
BATCH_CHARACTERS = 500_000
"""Of text in one message."""

media_types()  # imports the parsers, once for all the processes that are forked from the one that has them


def parse(request: Mapping[str, Any], send: Any) -> None:
    """File -> {"sections": [[text, page, heading], …]} as often as needed, then {"title", "page_count",
    "attachments": [[name, folder, file name in `directory`, why there is none], …], "left_out": [[name, message], …]}.

    Sentences are packed (`ingestion.sentences`).

    `request`: path, media_type, name, languages (of text in pictures), source_url of what comes from the web, and the
    directory for attachments.
    """
    tempfile.tempdir = str(temporary := Path(request["directory"]) / "temporary")  # goes, even if we are killed
    temporary.mkdir()
    ocr.LANGUAGES.set(tuple(request["languages"]))
    reported_at = 0.0

    def report(done: int, total: int) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= REPORT_S:
            reported_at = time.monotonic()
            send({"progress": [done, total]})

    with Path(request["path"]).open("rb") as original:
        file = _readable(original, request)
        parsed = parser_for(request["media_type"]).parse(file, filename=request["name"], report=report)
        for batch in batches(parsed.sections):
            send({"sections": [[section.text, section.page, section.heading] for section in batch]})
        attachments = list(_unpacked(parsed.attachments, Path(request["directory"])))
    left_out = [[packed(each.name), packed(each.message)] for each in parsed.left_out]
    send({"title": parsed.title, "page_count": parsed.page_count, "attachments": attachments, "left_out": left_out})


def split(request: Mapping[str, Any], send: Any) -> None:
    """{"chunks": [[id, ordinal, text, start, end, page, heading, last page], …]} as often as needed.

    `request`: document_id, the path of a file that has a section on each line, as `parse` sends it, and max_characters
    of a chunk where they are not to be as many as usual.
    """
    with Path(request["path"]).open("rb") as file:
        sections = tuple(section_of(orjson.loads(line)) for line in file)
    chunks = chunker(request.get("max_characters")).split(UUID(request["document_id"]), ParsedDocument(sections))
    for batch in batches(chunks):
        send({"chunks": [_fields(chunk) for chunk in batch]})


def _readable(file: BinaryIO, request: Mapping[str, Any]) -> BinaryIO:
    """Of a page from the web what there is to read, anything else as it is."""
    if not request["source_url"] or request["media_type"] not in PAGES:
        return file
    return io.BytesIO(readable(file.read(), url=request["source_url"]))


def section_of(fields: list[Any]) -> Section:
    text, page, heading = fields
    return Section(text, page, tuple(heading))


def chunk_of(fields: list[Any]) -> Chunk:
    chunk_id, ordinal, text, start, end, page, heading, last_page = fields
    return Chunk(UUID(chunk_id), ordinal, text, start, end, page, tuple(heading), last_page)


def _fields(chunk: Chunk) -> list[Any]:
    return [chunk.id, chunk.ordinal, chunk.text, chunk.start, chunk.end, chunk.page, chunk.heading, chunk.last_page]


def batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    """In order, each with about as many characters of text."""
    batch: list[Any] = []
    characters = 0
    for item in items:
        batch.append(item)
        characters += len(item.text)
        if characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _unpacked(attachments: Iterable[Attachment], directory: Path) -> Iterator[tuple[str, str, str, Any]]:
    """Name, folder, the name of the file in `directory`, and the sentence that says why it could not be unpacked.
    Files lie there under names of our own: theirs never become paths."""
    for number, attachment in enumerate(attachments):
        key, problem = f"{number:06}", ""
        try:
            with attachment.open() as source, (directory / key).open("wb") as target:
                shutil.copyfileobj(source, target)
        except DocumentUnreadable as error:
            problem = error.message
        except (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, EOFError, OSError):
            problem = _("It is damaged and could not be unpacked.")
        yield attachment.name, attachment.folder, key, packed(problem)
