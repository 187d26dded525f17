"""Questions to a tree of docutils: the text of a block, the rows of a table, what a directive says."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ingestion.parsers.cleaning import one_line
from ingestion.parsers.tables import row_line

SKIPPED = frozenset({"comment", "decoration", "index", "meta", "pending", "raw", "substitution_definition", "target"})
ADMONITIONS = frozenset({"attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning"})
TERMS = frozenset({"term", "title", "subtitle", "field_name", "option_group", "attribution", "caption", "rubric"})
WORDS = TERMS | {"paragraph", "line", "image"}

ROMAN = {"m": 1000, "cm": 900, "d": 500, "cd": 400, "c": 100, "xc": 90, "l": 50, "xl": 40, "x": 10}
ROMAN |= {"ix": 9, "v": 5, "iv": 4, "i": 1}

ROLE = re.compile(r":[\w:+.-]{1,60}:`~?!?(?P<text>[^`<]*[^`<\s])(?:\s*<[^`>]*>)?`")
DIRECTIVE = re.compile(r"\A\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?(?P<name>[\w:+.-]+)[ \t]*::[ \t]*(?P<argument>[^\n]*)")
OPTION = re.compile(r":[\w -]+:(?:\s|$)")

CODE = frozenset(
    {"code", "code-block", "sourcecode", "parsed-literal", "prompt", "testcode", "testsetup", "doctest", "math"}
)
MARKS = frozenset({"versionadded", "versionchanged", "deprecated", "versionremoved"})
NO_WORDS = frozenset(
    {
        "toctree", "index", "highlight", "currentmodule", "py:currentmodule", "module", "py:module", "default-domain",
        "sectionauthor", "codeauthor", "moduleauthor", "literalinclude", "autosummary", "automodule", "autoclass",
        "autofunction", "tabularcolumns", "default-role", "raw", "include", "image", "graphviz", "plot", "contents",
        "bibliography", "role", "highlightlang", "unicode", "replace", "date", "class", "rst-class", "cssclass",
    }
)  # fmt: skip
"""Directives without a sentence for a reader: file names, settings, and what is not allowed to be read."""
NO_ARGUMENT = frozenset({"only", "ifconfig", "tab-set", "grid", "highlight", "container"}) | CODE


@dataclass(frozen=True, slots=True)
class Directive:
    argument: str
    """In words; "" when it only tells a program something."""
    body: str
    """Without its options and its indentation."""
    is_code: bool


def directive_of(source: str) -> Directive | None:
    """Return what the source of a directive says, or None for a source that is none."""
    match = DIRECTIVE.match(source)
    if match is None:
        return None
    name = match["name"].lower()
    if name in NO_WORDS:
        return Directive("", "", is_code=False)
    lines = textwrap.dedent(source[match.end() :]).strip("\n").split("\n")
    while lines and OPTION.match(lines[0]):
        lines.pop(0)
    argument = "" if name in NO_ARGUMENT else match["argument"].strip()
    if name in MARKS:
        argument = f"{name}: {argument}"
    return Directive(argument, "\n".join(lines).strip("\n"), is_code=name in CODE)


def words(node: Any) -> str:
    """The text of a line of inline markup: roles that docutils does not know by their words, no messages."""
    if node.tagname == "#text":
        return str(node.astext())
    if node.tagname == "problematic":
        return ROLE.sub(lambda match: match["text"], node.astext())
    if node.tagname == "image":
        return str(node.get("alt", ""))
    if node.tagname in ("system_message", "raw", "target") and not _has_words(node):
        return ""
    if node.tagname in ("footnote_reference", "citation_reference"):
        return f"[{node.astext()}]"
    return "".join(map(words, node.children))


def _has_words(node: Any) -> bool:
    """A target inside a sentence is the words that others point to."""
    return node.tagname == "target" and bool(node.children)


def text_of(node: Any) -> str:
    """The text of a block and of those in it, one below the other."""
    tag = node.tagname
    if tag in SKIPPED or "contents" in node.get("classes", ()):
        return ""
    if tag in WORDS:
        return words(node)
    if tag in ADMONITIONS:
        return f"{tag.capitalize()}: {_inner(node)}"
    return KINDS.get(tag, _inner)(node)


def _verbatim(node: Any) -> str:
    return str(node.astext())


def _table(node: Any) -> str:
    rows, _ = table_rows(node)
    return "\n".join(filter(None, (caption(node), *map(row_line, rows))))


def _quoted(message: Any) -> str:
    """Inside a list or a note, a directive that docutils does not know stays as it is written."""
    sources = [quoted.astext() for quoted in _of(message, "literal_block")]
    directives = [(directive_of(source), source) for source in sources]
    return "\n".join(f"{found.argument}\n{found.body}".strip("\n") if found else source for found, source in directives)


def _inner(node: Any, *, apart: str = "\n") -> str:
    return apart.join(filter(None, map(text_of, node.children)))


def _quote(node: Any) -> str:
    return textwrap.indent(_inner(node, apart="\n\n"), "  ")


def _list(node: Any) -> str:
    return "\n".join(_marked(mark, _inner(item)) for mark, item in zip(_marks(node), node.children, strict=False))


def _marked(mark: str, text: str) -> str:
    """Lines after the first are below the text, not below the mark."""
    return mark + textwrap.indent(text, " " * len(mark)).lstrip()


def _marks(node: Any) -> Iterator[str]:
    kind, start = node.get("enumtype", ""), int(node.get("start", 1))
    for number in range(start, start + len(node.children)):
        mark = _numeral(kind, number) if kind else ""
        yield f"{node.get('prefix', '')}{mark}{node.get('suffix', '.')} " if mark else "- "


def _numeral(kind: str, number: int) -> str:
    if kind.endswith("alpha") and number <= 26:
        letter = chr(ord("a") + number - 1)
        return letter if kind == "loweralpha" else letter.upper()
    if kind.endswith("roman"):
        numeral = _roman(number)
        return numeral if kind == "lowerroman" else numeral.upper()
    return str(number)


def _roman(number: int) -> str:
    numeral = ""
    for sign, value in ROMAN.items():
        numeral += sign * (number // value)
        number %= value
    return numeral


def _definition(item: Any) -> str:
    term = ", ".join(words(child) for child in item.children if child.tagname in ("term", "classifier"))
    return "\n".join([term, *(textwrap.indent(_inner(child), "  ") for child in _of(item, "definition"))])


def _field(field: Any) -> str:
    name, body = field.children
    return f"{words(name)}: {_inner(body)}".rstrip()


def _option(item: Any) -> str:
    group, description = item.children
    return _marked(f"{', '.join(option.astext() for option in group.children)}  ", _inner(description))


def _note(node: Any) -> str:
    label = next((words(child) for child in _of(node, "label")), "")
    text = "\n".join(filter(None, (text_of(child) for child in node.children if child.tagname != "label")))
    return f"[{label}] {text}" if label else text


def _of(node: Any, *tags: str) -> list[Any]:
    return [child for child in node.children if child.tagname in tags]


KINDS: Mapping[str, Callable[[Any], str]] = {
    "bullet_list": _list,
    "enumerated_list": _list,
    "block_quote": _quote,
    "definition_list_item": _definition,
    "field": _field,
    "option_list_item": _option,
    "footnote": _note,
    "citation": _note,
    "table": _table,
    "literal_block": _verbatim,
    "doctest_block": _verbatim,
    "math_block": _verbatim,
    "system_message": _quoted,
}


def caption(table: Any) -> str:
    return "\n".join(words(title) for title in _of(table, "title"))


def table_rows(table: Any) -> tuple[list[list[str]], bool]:
    """The cells of a table, and whether its first row names the columns. A cell over several rows is in the first."""
    rows: list[list[str]] = []
    has_header = False
    for part in (part for group in _of(table, "tgroup") for part in _of(group, "thead", "tbody")):
        has_header = has_header or part.tagname == "thead"
        below: dict[int, int] = {}
        rows.extend(_cells(row, below) for row in _of(part, "row"))
    return rows, has_header


def _cells(row: Any, below: dict[int, int]) -> list[str]:
    """`below` says for each column how many of the next rows are taken by a cell that began further up."""
    cells: list[str] = []
    entries = iter(_of(row, "entry"))
    while True:
        if below.get(len(cells), 0):
            below[len(cells)] -= 1
            cells.append("")
            continue
        entry = next(entries, None)
        if entry is None:
            return cells
        text, width = one_line(_inner(entry)), 1 + int(entry.get("morecols", 0))
        for number in range(width):
            below[len(cells)] = int(entry.get("morerows", 0))
            cells.append(text if number == 0 else "")
