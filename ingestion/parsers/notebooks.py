"""Jupyter notebooks: the cells in their order, the text that code printed below it; no pictures, no HTML."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import clean, one_line
from ingestion.parsers.json_values import Json, load
from ingestion.parsers.markdown import MarkdownParser
from ingestion.parsers.sections import NO_TEXT
from ingestion.parsers.textdecode import decode
from ingestion.ports import Report
from ingestion.sentences import sentence as _

KIND = _("Jupyter notebook")
NOT_A_NOTEBOOK = _("This is not a Jupyter notebook: it has no cells. Save it again in Jupyter and upload the new copy.")

TERMINAL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
"""Colours and cursor movements."""
OVERWRITTEN = re.compile(r"^[^\n]*\r(?=[^\r\n])", re.MULTILINE)
"""The earlier states of a line that is written again and again, as progress bars are."""
OBJECT = re.compile(r"\A<[^<>\n]{1,200}>\Z")
"""What Python says of a figure that is shown as a picture: that it is one."""
FENCE = re.compile(r"^ {0,3}(?P<mark>`{3,}|~{3,})(?P<info>[^\n]*)$", re.MULTILINE)
BACKTICKS = re.compile("`+")
LEVELS = ("1", "2", "3", "4", "5", "6")
MAX_OUTPUT_CHARACTERS = 20_000
"""Of one output; what is longer is a log, whose beginning tells what it is about."""


class NotebookParser:
    """Writes the notebook as Markdown, code in fences, and leaves the rest to who reads Markdown."""

    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"application/x-ipynb+json": (".ipynb",)}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        text = decode(file.read())
        if not text.strip("\ufeff\x00 \t\r\n"):
            raise DocumentUnreadable(NO_TEXT)
        notebook = load(text, kind=KIND)
        language = _language(notebook)
        parts = [clean(part) for cell in _cells(notebook) for part in _parts(cell, language)]
        # A rule of its own in front, so that a first cell that begins with one is not taken for front matter.
        source = "\n\n".join(["***", *filter(None, parts)])
        title = _title(notebook) or PurePath(filename).stem
        parsed = MarkdownParser().parse(io.BytesIO(source.encode(errors="replace")), filename=filename, report=report)
        if not _title(notebook):
            return parsed
        return ParsedDocument(parsed.sections, title=title)


def _cells(notebook: Json) -> list[dict[str, Json]]:
    """Until version 4 of the format, of 2014, cells were on worksheets."""
    found: list[Json] = []
    if isinstance(notebook, dict):
        sheets = notebook.get("worksheets")
        holders = [notebook, *(sheets if isinstance(sheets, list) else [])]
        found = [holder["cells"] for holder in holders if isinstance(holder, dict) and "cells" in holder]
    if not found or not all(isinstance(cells, list) for cells in found):
        raise DocumentUnreadable(NOT_A_NOTEBOOK)
    return [cell for cells in found if isinstance(cells, list) for cell in cells if isinstance(cell, dict)]


def _parts(cell: dict[str, Json], language: str) -> Iterator[str]:
    """A cell in Markdown; whatever one leaves open is closed, so that it does not swallow the next one."""
    kind, source = cell.get("cell_type"), _joined(cell.get("source"))
    if kind == "markdown":
        yield _closed(source)
    elif kind == "heading":
        level = str(cell.get("level"))
        yield f"{'#' * (int(level) if level in LEVELS else 1)} {one_line(source)}"
    elif kind == "code":
        yield _fenced(source or _joined(cell.get("input")), language)
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            if isinstance(output, dict):
                yield _output(output)
    else:
        yield _fenced(source, "")


def _output(output: dict[str, Json]) -> str:
    data = output.get("data")
    shown = data if isinstance(data, dict) else output
    if output.get("output_type") in ("error", "pyerr"):
        text = f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}"
    elif output.get("output_type") == "stream":
        text = _joined(output.get("text"))
    elif "text/markdown" in shown:
        return _closed(_joined(shown["text/markdown"]))
    else:
        text = _joined(shown.get("text/plain") or output.get("text"))
        text = "" if OBJECT.match(text) else text
    text = OVERWRITTEN.sub("", TERMINAL.sub("", text))
    return _fenced(text[:MAX_OUTPUT_CHARACTERS], "output")


def _joined(source: Json) -> str:
    """Text is in the file as a string or as a list of its lines."""
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _fenced(text: str, info: str) -> str:
    if not text.strip():
        return ""
    longest = max(map(len, BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{info}\n{text.strip(chr(10))}\n{fence}"


def _closed(source: str) -> str:
    if source.rfind("<!--") > source.rfind("-->"):
        source += " -->"
    open_mark = ""
    for fence in FENCE.finditer(source):
        if not open_mark:
            open_mark = fence["mark"]
        elif fence["mark"].startswith(open_mark) and not fence["info"].strip():
            open_mark = ""
    return f"{source}\n{open_mark}" if open_mark else source


def _language(notebook: Json) -> str:
    """The word behind the fence."""
    metadata = _metadata(notebook)
    for name in ("language_info", "kernelspec"):
        about = metadata.get(name)
        if isinstance(about, dict):
            language = about.get("name" if name == "language_info" else "language")
            if isinstance(language, str) and re.fullmatch(r"[\w+#.-]{1,30}", language):
                return language
    return ""


def _title(notebook: Json) -> str:
    title = _metadata(notebook).get("title")
    return one_line(title)[:200] if isinstance(title, str) else ""


def _metadata(notebook: Json) -> dict[str, Json]:
    metadata = notebook.get("metadata") if isinstance(notebook, dict) else None
    return metadata if isinstance(metadata, dict) else {}
