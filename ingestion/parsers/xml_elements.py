"""XML: prose by its titles and paragraphs (JATS articles, DocBook, TEI), data by its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.sections import NO_TEXT, SectionWriter
from ingestion.parsers.xml_prose import is_prose, prose_title, write_prose
from ingestion.parsers.xml_source import local, xml_root
from ingestion.ports import Report

MAX_HEADINGS_DEEP = 3
"""Elements in each other that are parts of the outline; what is deeper has its path in front."""
NAMES = ("title", "name", "label", "heading", "id", "key")
"""What tells a record from its neighbours, the best first."""


class XmlParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"application/xml": (".xml", ".nxml")}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        data = file.read()
        report(0, 2)
        if not data.strip(b"\x00\xff\xfe\xef\xbb\xbf \t\r\n"):
            raise DocumentUnreadable(NO_TEXT)
        root = xml_root(data)
        report(1, 2)
        writer = SectionWriter()
        title = ""
        if is_prose(root):
            title = prose_title(root)
            write_prose(writer, root)
        else:
            _write_data(writer, root, level=0)
        report(2, 2)
        return writer.finish(title=title or PurePath(filename).stem)


def _write_data(writer: SectionWriter, element: Any, *, level: int) -> None:
    """An element's own values, then the elements in it: a value below the heading of one would be taken for its."""
    inside = [child for child in element if len(child)]
    is_deepest = level >= MAX_HEADINGS_DEEP
    lines = list(_values(element, deep=is_deepest))
    if level:
        writer.heading(level, _heading(element))
    writer.add("\n".join(lines))
    if not is_deepest:
        for child in inside:
            _write_data(writer, child, level=level + 1)


def _values(element: Any, *, deep: bool) -> Iterator[str]:
    """Attributes and elements with text as "name: value"; those inside of others only when `deep`, with their path."""
    stack: list[tuple[str, Any]] = [("", element)]
    while stack:
        path, node = stack.pop()
        text = one_line(node.text or "")
        attributes = [f"{name}: {value}" for name, value in _attributes(node)]
        if node is element:
            yield from attributes
            if not len(node) and text:
                yield f"{local(node)}: {text}"
        elif text or attributes:
            described = " ".join(filter(None, (text, f"({', '.join(attributes)})" if attributes else "")))
            yield f"{path}: {described}"
        stack.extend(
            (f"{path}.{local(child)}" if path else local(child), child)
            for child in reversed(node)
            if deep or not len(child)
        )


def _attributes(element: Any) -> Iterator[tuple[str, str]]:
    """Without those of other namespaces, such as where the schema is."""
    for name, value in element.items():
        if not name.startswith("{") and (text := one_line(value)):
            yield name, text


def _heading(element: Any) -> str:
    """What the element is called, and which one it is."""
    children = {local(child).lower(): one_line(child.text or "") for child in reversed(element) if not len(child)}
    known = children | {name.lower(): value for name, value in _attributes(element)}
    which = next((known[name] for name in NAMES if known.get(name)), "")
    return f"{local(element)}: {which}" if which else local(element)
