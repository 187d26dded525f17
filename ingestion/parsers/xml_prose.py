"""XML that people read: titles make the outline, elements with text are paragraphs, tables keep their header."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingestion.parsers.cleaning import one_line
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.tables import table_blocks
from ingestion.parsers.xml_source import local

TITLES = frozenset({"title", "head", "heading"})
PARAGRAPHS = frozenset({"p", "para", "simpara", "sec"})
CAPTIONED = frozenset({"fig", "figure", "table-wrap", "table", "informaltable", "boxed-text", "supplementary-material"})
ITEMS = frozenset({"list-item", "listitem", "item", "li"})
LINES = frozenset({"ref", "bibl", "biblioentry", "programlisting", "term", "varlistentry"})
VERBATIM = frozenset({"programlisting", "screen", "preformat", "code", "literallayout", "pre"})
SKIPPED = frozenset({"graphic", "inline-graphic", "object-id", "tex-math", "journal-meta", "permissions", "teiheader"})
HEADINGS = {"abstract": "Abstract", "ref-list": "References", "ack": "Acknowledgments"}
"""Parts of an article that often have no title of their own."""


def is_prose(root: Any) -> bool:
    """Whether there are paragraphs, or text between elements."""
    return any(local(element).lower() in PARAGRAPHS or _is_mixed(element) for element in root.iter())


def is_article(root: Any) -> bool:
    """JATS and its ancestors; DocBook calls its root the same, but has neither front nor body."""
    return local(root) == "article" and any(local(child) in ("front", "body") for child in root)


def prose_title(root: Any) -> str:
    """The title of the whole: of the article, or the first there is."""
    wanted = {"article-title"} if is_article(root) else TITLES
    return next((text for node in root.iter() if local(node) in wanted and (text := flat(node))), "")


def write_prose(writer: SectionWriter, root: Any) -> None:
    if not is_article(root):
        _walk(writer, root, level=1)
        return
    front = _first(root, "article-meta")
    if front is not None:
        _write_front(writer, front)
    for child in root:
        if local(child) != "front":
            _walk(writer, child, level=2)


def _write_front(writer: SectionWriter, front: Any) -> None:
    title = _first(front, "article-title")
    writer.heading(1, flat(title) if title is not None else "")
    writer.add(", ".join(_authors(front)))
    for abstract in (node for node in front if local(node) in ("abstract", "trans-abstract")):
        _walk(writer, abstract, level=2)
    keywords = ", ".join(flat(node) for node in front.iter() if local(node) == "kwd")
    writer.add(f"Keywords: {keywords}" if keywords else "")


def _authors(front: Any) -> Iterator[str]:
    for contributor in (node for node in front.iter() if local(node) == "contrib"):
        name = {local(node): flat(node) for node in contributor.iter()}
        full = " ".join(filter(None, (name.get("given-names"), name.get("surname")))) or name.get("collab", "")
        if full:
            yield full


def _walk(writer: SectionWriter, element: Any, *, level: int) -> None:
    """`level` is that of a title inside of `element`. The tree is at most `MAX_DEPTH` deep, hence the recursion."""
    tag = local(element).lower()
    if tag in SKIPPED:
        return
    if tag in CAPTIONED:
        _write_captioned(writer, element)
    elif tag in VERBATIM:
        writer.add("".join(element.itertext()))
    elif tag in LINES or tag in ITEMS:
        writer.add(f"- {flat(element)}" if tag in ITEMS else flat(element), tight=True)
    elif _has_text(element) or not len(element):
        writer.add(flat(element))
    else:
        heading = _title_of(element) or HEADINGS.get(tag, "")
        writer.heading(level, heading)
        for child in element:
            if not (heading and local(child).lower() in TITLES | {"label"}):
                _walk(writer, child, level=level + 1 if heading else level)


def _title_of(element: Any) -> str:
    children = {local(child).lower(): child for child in reversed(element)}
    title = next((flat(children[name]) for name in sorted(TITLES & children.keys())), "")
    label = flat(children["label"]) if title and "label" in children else ""
    return f"{label} {title}".strip()


def _write_captioned(writer: SectionWriter, element: Any) -> None:
    """A figure or a table: its label and what is written about it, then its rows."""
    rows = list(_rows(element))
    tables = {id(node) for node in element.iter() if local(node).lower() in ("thead", "tbody", "tgroup", "tr", "row")}
    writer.add(". ".join(filter(None, _texts_outside(element, tables))))
    has_header = any(local(node).lower() == "thead" for node in element.iter())
    writer.add_all(table_blocks(rows, header=has_header and len(rows) > 1))


def _texts_outside(element: Any, left_out: set[int]) -> Iterator[str]:
    for child in element:
        if id(child) in left_out or local(child).lower() in SKIPPED:
            continue
        if _has_text(child) or not len(child):
            yield flat(child).rstrip(".")
        else:
            yield from _texts_outside(child, left_out)


def _rows(element: Any) -> Iterator[list[str]]:
    """Cells of HTML's kind and of CALS'; the columns that a cell spans beyond its first are empty."""
    for row in element.iter():
        if local(row).lower() not in ("tr", "row"):
            continue
        cells: list[str] = []
        for cell in row:
            span = cell.get("colspan", "1")
            empty = int(span) - 1 if span.isdecimal() and len(span) < 3 else 0
            cells.extend([flat(cell), *[""] * empty])
        yield cells


def flat(element: Any) -> str:
    """All the text in `element` on one line. Names and numbers in each other stand as close as they are written,
    paragraphs apart."""
    pieces: list[str] = []
    _collect(element, pieces)
    return one_line("".join(pieces))


def _collect(element: Any, pieces: list[str]) -> None:
    if local(element).lower() in SKIPPED:
        return
    is_apart = not _has_text(element)
    pieces.append(element.text or "")
    for number, child in enumerate(element):
        pieces.append(" " if number and is_apart else "")
        _collect(child, pieces)
        pieces.append(child.tail or "")


def _has_text(element: Any) -> bool:
    """Whether there is text directly in `element`, beside what its elements hold."""
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _is_mixed(element: Any) -> bool:
    return len(element) > 0 and _has_text(element)


def _first(root: Any, tag: str) -> Any:
    return next((node for node in root.iter() if local(node) == tag), None)
