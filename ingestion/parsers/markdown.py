"""Markdown: the source as it is written, with its marks for links and emphasis reduced to the words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.parsers.cleaning import clean, one_line
from ingestion.parsers.guards import reading
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.tables import row_groups
from ingestion.parsers.textdecode import decode
from ingestion.parsers.web import html_text
from ingestion.ports import Report
from ingestion.sentences import sentence as _

if TYPE_CHECKING:
    from markdown_it.token import Token

FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(?P<body>.*?)\n\1[ \t]*(?:\n|\Z)", re.DOTALL)
FRONT_MATTER_TITLE = re.compile(r"""^title\s*[:=]\s*["']?(?P<title>[^\n]*?)["']?\s*$""", re.MULTILINE)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
MAX_NESTING = 20


class MarkdownParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"text/markdown": (".md", ".markdown")}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        report(0, 1)
        title, text = _without_front_matter(clean(decode(file.read())))
        writer = SectionWriter()
        with reading(_("Markdown file")):
            from markdown_it import MarkdownIt

            markdown = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])
            # Links of every kind are links, so that their addresses go; nothing here is ever followed or rendered.
            markdown.validateLink = lambda url: True  # type: ignore[method-assign]
            _write(writer, markdown.parse(text), text.split("\n"))
        report(1, 1)
        sections = writer.sections()
        first_heading = next((section.heading[0] for section in sections if section.heading), "")
        return writer.finish(title=title or first_heading or PurePath(filename).stem)


def _without_front_matter(text: str) -> tuple[str, str]:
    """Return the title that the front matter gives, if any, and the text after it."""
    match = FRONT_MATTER.match(text)
    if match is None:
        return "", text
    title = FRONT_MATTER_TITLE.search(match["body"])
    return (one_line(title["title"]) if title else "", text[match.end() :])


def _write(writer: SectionWriter, tokens: Sequence[Token], lines: Sequence[str]) -> None:
    """One block of text for each block of the source; containers such as lists are one block with all they hold."""
    place = 0
    while place < len(tokens):
        token = tokens[place]
        end = _closing(tokens, place)
        if token.type == "heading_open":
            writer.heading(int(token.tag[1:]), plain(tokens[place + 1]))
        elif token.type == "html_block":
            writer.add(html_text(COMMENT.sub("", token.content)))
        elif token.type == "table_open" and token.map:
            header, rule, *rows = _source(tokens[place:end], lines, *token.map).split("\n")
            writer.add_all(row_groups(rows, header=f"{header}\n{rule}"))
        elif token.type != "hr" and token.map:
            writer.add(_source(tokens[place:end], lines, *token.map))
        place = end


def _closing(tokens: Sequence[Token], place: int) -> int:
    """The place behind the token that closes the one at `place`."""
    if tokens[place].nesting != 1:
        return place + 1
    level = tokens[place].level
    place += 1
    while tokens[place].level != level or tokens[place].nesting != -1:
        place += 1
    return place + 1


def _source(tokens: Sequence[Token], lines: Sequence[str], first: int, last: int) -> str:
    """Lines `first` to `last` of the source, inline markup in them replaced by its words.

    What stands before a line's text (list marks, quotation marks, table bars) stays, because it is found by searching
    for the text within its line.
    """
    result = list(lines[first:last])
    reached: dict[int, int] = {}
    for token in tokens:
        if token.type == "html_block" and token.map:
            begin, end = (number - first for number in token.map)
            result[begin:end] = [html_text(COMMENT.sub("", token.content)), *[""] * (end - begin - 1)]
        if token.type != "inline" or not token.map:
            continue
        written, words = token.content.split("\n"), plain(token).split("\n")
        if len(written) != len(words):
            words = [" ".join(words), *[""] * (len(written) - 1)]
        for number, (source, replacement) in enumerate(zip(written, words, strict=True), start=token.map[0] - first):
            if number >= len(result):
                break
            at = result[number].find(source, reached.get(number, 0))
            if at >= 0 and source:
                result[number] = result[number][:at] + replacement + result[number][at + len(source) :]
                reached[number] = at + len(replacement)
    return "\n".join(result)


def plain(inline: Token) -> str:
    """The words of an inline token: links and images by their text, code in its backticks, no HTML."""
    words: list[str] = []
    for token in inline.children or ():
        if token.type == "text":
            words.append(token.content)
        elif token.type == "code_inline":
            words.append(f"{token.markup}{token.content}{token.markup}")
        elif token.type in ("softbreak", "hardbreak"):
            words.append("\n")
        elif token.type == "image":
            words.append(plain(token))
    return "".join(words)
