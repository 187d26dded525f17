"""Bytes of XML to a tree: no entities, no external anything, and no more elements or depth than there is room for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.entities import name2codepoint
from typing import Any

from ingestion.errors import DocumentUnreadable
from ingestion.parsers.guards import reading
from ingestion.parsers.web import decode_declared
from ingestion.sentences import sentence as _

KIND = _("XML file")
DECLARED = re.compile(rb"""\A\s{0,99}<\?xml[^>]{0,200}?\sencoding\s{0,9}=\s{0,9}["']([A-Za-z0-9_:.-]{1,40})["']""")
DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]*\?>")
MAX_DEPTH = 200
"""Elements inside each other; prose is walked by recursion, which has to fit into Python's limit of 1,000 calls."""
MAX_ELEMENTS = 2_000_000
"""Each takes memory, however short it is written."""


def xml_root(data: bytes) -> Any:
    """Return the root element. Names of characters that only a DTD would explain (`&nbsp;`) are those of HTML, which
    took them from the same ISO lists; the DTD itself is never looked for."""
    from xml.etree.ElementTree import TreeBuilder

    from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]

    class Limited(TreeBuilder):
        depth = elements = 0

        def start(self, tag: Any, attrs: Any, /) -> Any:
            self.depth += 1
            self.elements += 1
            _check(self.depth, self.elements)
            return super().start(tag, attrs)

        def end(self, tag: Any, /) -> Any:
            self.depth -= 1
            return super().end(tag)

    text = DECLARATION.sub("", decode_declared(data, DECLARED.search(data))).strip()
    with reading(KIND):
        parser = DefusedXMLParser(target=Limited(), forbid_dtd=False, forbid_entities=True, forbid_external=True)
        parser.entity.update(_characters())
        try:
            parser.feed(text)
            return parser.close()
        except DefusedXmlException as error:
            raise DocumentUnreadable(
                _(
                    "This XML file declares entities or refers to other files, which is not read because "
                    "attacks do so. Save it without its document type and upload the new copy."
                )
            ) from error


def local(element: Any) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _check(depth: int, elements: int) -> None:
    if depth > MAX_DEPTH:
        raise DocumentUnreadable(
            _(
                "This XML file nests more than %(limit)s elements in each other. "
                "Export it in a flatter form and upload that.",
                limit=MAX_DEPTH,
            )
        )
    if elements > MAX_ELEMENTS:
        raise DocumentUnreadable(
            _("This XML file has more than %(limit)s elements. Split it and upload the parts.", limit=MAX_ELEMENTS)
        )


def _characters() -> Mapping[str, str]:
    return {name: chr(number) for name, number in name2codepoint.items()}
