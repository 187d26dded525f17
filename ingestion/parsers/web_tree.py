"""Questions to a tree of HTML (selectolax nodes): what is hidden, what is the text, which tables hold data."""

from __future__ import annotations

import re
from typing import Any

# fmt: off
DROPPED = frozenset({
    "script", "style", "noscript", "template", "svg", "canvas", "iframe", "object", "embed", "audio", "video", "nav",
    "head", "title", "button", "select", "input", "textarea", "dialog",
})
BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html", "legend", "li", "main",
    "menu", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})
# fmt: on
SPACES = re.compile(r"\s+")
HIDDEN_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
MAX_CELL_CHARACTERS = 1_500
"""A table with a longer cell arranges a page rather than data."""


def children(node: Any) -> list[Any]:
    found, child = [], node.child
    while child is not None:
        found.append(child)
        child = child.next
    return found


def is_hidden(node: Any) -> bool:
    """Whether a reader does not see `node`, or sees a menu or a control rather than content."""
    tag = node.tag
    if tag in DROPPED or tag.startswith(("-", "!")):
        return True
    attributes = node.attributes
    return bool(attributes) and (
        "hidden" in attributes
        or attributes.get("role") == "navigation"
        or HIDDEN_STYLE.search(attributes.get("style") or "") is not None
    )


def visible_text(node: Any) -> str:
    """All the text below `node` as the source has it; blocks are apart by a space, `br` is a line end."""
    pieces: list[str] = []
    stack = list(reversed(children(node)))
    while stack:
        child = stack.pop()
        if child.tag == "-text":
            pieces.append(child.text_content or "")
        elif child.tag == "br":
            pieces.append("\n")
        elif not is_hidden(child):
            if child.tag in BLOCKS:
                pieces.append(" ")
            stack.extend(reversed(children(child)))
    return "".join(pieces)


def data_rows(table: Any) -> list[list[str]]:
    """The cells of a table that holds data; [] for one that only arranges a page."""
    rows: list[list[str]] = []
    stack = list(reversed(children(table)))
    while stack:
        node = stack.pop()
        if node.tag in ("td", "th") and rows:
            if node.css_first("table") is not None:
                return []
            rows[-1].append(visible_text(node))
            if len(rows[-1][-1]) > MAX_CELL_CHARACTERS:
                return []
        elif node.tag == "caption":
            rows.append([visible_text(node)])
        elif node.tag != "-text" and not is_hidden(node):
            if node.tag == "tr":
                rows.append([])
            stack.extend(reversed(children(node)))
    return rows if max(map(len, rows), default=0) > 1 else []


def has_header(table: Any) -> bool:
    """Whether the first row of a table names its columns."""
    if table.css_first("thead") is not None:
        return True
    row = table.css_first("tr")
    cells = [cell.tag for cell in children(row) if cell.tag in ("td", "th")] if row is not None else []
    return len(cells) > 1 and all(cell == "th" for cell in cells)
