"""What the styles of a Word document mean: which are headings, which are lists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
HEADING_NAME = re.compile(r"heading (\d)$", re.IGNORECASE)
BODY_LEVEL = 9
"""An outline level of 9 means text, 0 to 8 are headings 1 to 9."""
MAX_BASES = 20
"""How many styles a style may be based on, one on the other; a loop in a damaged file ends here."""


@dataclass(frozen=True, slots=True)
class Style:
    level: int = 0
    """1 to 9 for a heading, 0 for anything else."""
    is_list: bool = False
    is_title: bool = False


PLAIN = Style()


@dataclass(frozen=True, slots=True)
class Styles:
    by_id: Mapping[str, Style]

    def of(self, paragraph: Any) -> Style:
        """The style of a `w:p` element, with what the paragraph itself says on top."""
        properties = paragraph.find(W + "pPr")
        if properties is None:
            return PLAIN
        return _overridden(self.by_id.get(_child_value(properties, "pStyle"), PLAIN), properties)


def read_styles(root: Any) -> Styles:
    """Read a `w:styles` element."""
    elements = {value(element, "styleId"): element for element in root.iterfind(W + "style")}
    return Styles({style_id: _style(style_id, elements) for style_id in elements})


def value(element: Any, name: str = "val") -> str:
    return str(element.get(W + name, ""))


def _style(style_id: str, elements: Mapping[str, Any], depth: int = 0) -> Style:
    element = elements.get(style_id)
    if element is None or depth > MAX_BASES:
        return PLAIN
    style = _style(_child_value(element, "basedOn"), elements, depth + 1)
    name = _child_value(element, "name")
    if match := HEADING_NAME.match(name):
        style = replace(style, level=int(match[1]))
    style = replace(style, is_title=name.lower() == "title")
    properties = element.find(W + "pPr")
    return style if properties is None else _overridden(style, properties)


def _overridden(style: Style, properties: Any) -> Style:
    level = _child_value(properties, "outlineLvl")
    if level.isdigit():
        style = replace(style, level=int(level) + 1 if int(level) < BODY_LEVEL else 0)
    numbering = properties.find(W + "numPr")
    if numbering is not None:
        style = replace(style, is_list=_child_value(numbering, "numId") != "0")
    return style


def _child_value(element: Any, tag: str) -> str:
    child = element.find(W + tag)
    return "" if child is None else value(child)
