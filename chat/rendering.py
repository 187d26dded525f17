"""Markdown to HTML: the one renderer and the one sanitiser for pages, the socket and everything else that shows an
answer.

Answers are made of other people's text, so that no raw HTML, no image and no link is rendered from them; the only
links are citations, and those are ours. What a check has found is put into the finished HTML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import nh3
from django.utils.html import escape
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from chat.check_words import reason
from chat.citations import CITATION
from chat.domain import Finding
from chat.marking import Mark, mark, nth_of, text_of

TAGS = {"p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span", "div"}
TAGS |= {"h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {
    "a": {"class", "href", "data-cite"},
    "code": {"class"},
    "span": {"class"},
    "div": {"class"},
    "ol": {"start"},
    "th": {"class"},
    "td": {"class"},
}


HIGHLIGHTED_CHARS = 5_000
"""Of a block of code. The time of many lexers grows by the square of what is repeated."""
HIGHLIGHTED = frozenset(
    """
    bash batch c clojure cmake cpp csharp css dart delphi diff docker elixir erlang fortran go graphql groovy haskell
    html http ini java javascript json julia kotlin lua markdown matlab nginx objective-c ocaml perl php powershell
    prolog pycon python ruby rust sass scala scss splus sql swift tcl tex toml typescript vb.net vim xml yaml zig
    """.split()  # noqa: SIM905 - a literal of sixty strings is a page long
)
"""Languages by the first name of their lexer: those that people write, and whose lexer stands repetition. Of others, a
line of 4,000 letters took four seconds, in which the process does nothing else."""
PLAIN_BEGINNING = re.compile(r"[^\W\d_]|\d+(?![\d.)])|\[\d{1,3}\]")
PLAIN = re.compile(r"[^\x00-\x1f\x7f-\xa0\ud800-\udfff\\`*_~\[\]<>&|]*")
"""What a paragraph may hold to be plain; no line break either."""


@dataclass(frozen=True, slots=True)
class CitationLinks:
    """Where citation `n` leads: `base` with `n` and `end` behind it. Other numbers stay text."""

    base: str
    numbers: frozenset[int]
    end: str = "/"


def render(text: str, links: CitationLinks) -> str:
    """Markdown -> safe HTML with linked citations."""
    return _render_plain(text, links) if _is_plain(text) else _render_markdown(text, links)


def _is_plain(text: str) -> bool:
    """Whether the text is one paragraph without a character that Markdown or HTML might take for its own.

    Most of what a model writes is. A paragraph is rendered again for each piece that it grows by, so that parsing it
    was a third of what streaming an answer cost.
    """
    return PLAIN_BEGINNING.match(text) is not None and PLAIN.fullmatch(CITATION.sub("", text.rstrip(" \n"))) is not None


def _render_plain(text: str, links: CitationLinks) -> str:
    def linked(match: re.Match[str]) -> str:
        return _citation(match[1], links) if int(match[1]) in links.numbers else match[0]

    return f"<p>{CITATION.sub(linked, text.rstrip())}</p>\n"


def _render_markdown(text: str, links: CitationLinks) -> str:
    html: str = _markdown().render(text, {"links": links})

    def only_sources(tag: str, name: str, value: str) -> str | None:
        """No link is made of Markdown at all; were one made some day, it would lead to a source or nowhere."""
        return value if (tag, name) != ("a", "href") or value.startswith(links.base) else None

    return nh3.clean(
        html,
        tags=TAGS,
        attributes=_attributes(),
        attribute_filter=only_sources,
        link_rel=None,
        url_schemes={"http", "https"},
    )


def render_answer(answer: str, draft: str, links: CitationLinks, findings: Sequence[Finding] = ()) -> str:
    """A whole answer as it is stored, with the model's own draft below it where there is one, and with the sentences
    marked that a check has found to be unsupported."""
    faults = [finding for finding in findings if finding.is_fault]
    html = _marked(render(answer, links), answer, [fault for fault in faults if not fault.draft])
    return html + (render_draft(draft, links, [fault for fault in faults if fault.draft]) if draft.strip() else "")


def render_draft(draft: str, links: CitationLinks, faults: Sequence[Finding] = (), *, label: bool = True) -> str:
    """`label` says above it what it is; further blocks of a streaming draft go without."""
    text = escape(_("Draft in the model's own words. It is a small model: trust the quotes above."))
    head = f'<p class="draft-label">{text}</p>' if label else ""
    return f'<div class="draft">{head}{_marked(render(draft, links), draft, faults)}</div>'


def _marked(html: str, markdown: str, faults: Sequence[Finding]) -> str:
    return mark(html, [_mark(markdown, fault) for fault in faults]) if faults else html


def _mark(markdown: str, fault: Finding) -> Mark:
    """The reason is part of the text for whoever has it read aloud, and shown to others who point at the mark or
    come to it with the keyboard."""
    written = markdown[fault.start : fault.end]
    shown = text_of(render(written, CitationLinks("", frozenset())))
    why = f'<span class="unsupported-why"><b>{escape(_("Not supported:"))}</b> {escape(reason(fault))}</span>'
    return Mark(
        text=shown,
        nth=nth_of(written, markdown, fault.start),
        begin='<mark class="unsupported" tabindex="0">',
        end=f"{why}</mark>",
        begin_part='<mark class="unsupported">',
        end_part="</mark>",
    )


def _attributes() -> dict[str, set[str]]:
    return {tag: set(names) for tag, names in ATTRIBUTES.items()}


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "highlight": _highlight})
    markdown.enable(["table", "strikethrough"])
    markdown.disable(["link", "image", "autolink", "html_inline", "html_block", "reference"])
    markdown.inline.ruler.before("link", "citation", _citation_rule)
    markdown.add_render_rule("citation", _citation_html)
    return markdown


def _citation_rule(state: StateInline, silent: bool) -> bool:
    match = CITATION.match(state.src, state.pos)
    links: CitationLinks = state.env["links"]
    if match is None or int(match[1]) not in links.numbers:
        return False
    if not silent:
        state.push("citation", "", 0).content = match[1]
    state.pos = match.end()
    return True


def _citation_html(_renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, env: Any) -> str:
    return _citation(tokens[index].content, env["links"])


def _citation(number: str, links: CitationLinks) -> str:
    return f'<a class="cite" href="{escape(links.base)}{number}{links.end}" data-cite="{number}">{number}</a>'


def _highlight(code: str, language: str, _attrs: str) -> str:
    if len(code) > HIGHLIGHTED_CHARS:
        return ""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, _formatter())) if lexer.aliases[0] in HIGHLIGHTED else ""


@lru_cache(maxsize=1)
def _formatter() -> Any:
    return HtmlFormatter(nowrap=True)


class BlockSplitter:
    """Cuts streaming Markdown into blocks at blank lines outside code fences, so that only the block that still grows
    has to be rendered and sent again."""

    def __init__(self) -> None:
        self.index = 0
        self._block = ""

    def feed(self, delta: str) -> list[tuple[int, str]]:
        """Return `(block index, text to add to it)`, in order."""
        pieces: list[tuple[int, str]] = []
        for line in delta.splitlines(keepends=True):
            if self._block.endswith("\n") and not line.strip("\n") and self._block.strip() and not self._in_fence():
                pieces.append((self.index, line))
                self.index += 1
                self._block = ""
                continue
            pieces.append((self.index, line))
            self._block += line
        return _merge(pieces)

    def begin_new(self) -> None:
        """What comes next belongs to another block, whatever the text says."""
        self.index += 1
        self._block = ""

    def _in_fence(self) -> bool:
        return sum(line.lstrip().startswith(("```", "~~~")) for line in self._block.splitlines()) % 2 == 1


def _merge(pieces: list[tuple[int, str]]) -> list[tuple[int, str]]:
    merged: list[tuple[int, str]] = []
    for index, text in pieces:
        if merged and merged[-1][0] == index:
            merged[-1] = (index, merged[-1][1] + text)
        else:
            merged.append((index, text))
    return merged
