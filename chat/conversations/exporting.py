"""A conversation to take along: as JSON, which can be imported again, as Markdown, and as a page to print."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import get_valid_filename
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from chat.branches import shown_branch, tree_of
from chat.comparisons.models import Comparison
from chat.conversations.portable import Over, PortableConversation, PortableSource, PortableTurn, Verdict
from chat.models import Conversation, Source, Turn
from chat.rendering import render_answer
from chat.selectors import citation_links, turns_of
from tenants.access import Access

NAME_CHARS = 60
MARKDOWN_SIGNS = re.compile(r"([\\`*_\[\]<>#|])")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A turn that is over, with its sources in the order of their numbers."""

    turn: Turn
    sources: Sequence[Source]
    slug: str
    """Of the organisation, where citations lead."""

    @property
    def answer_html(self) -> SafeString:
        """Rendered where a page wants it: files have Markdown."""
        links = citation_links(self.slug, self.turn.pk, frozenset(source.number for source in self.sources))
        return mark_safe(render_answer(self.turn.answer, self.turn.draft, links))  # noqa: S308 - the one sanitiser's

    @property
    def citations(self) -> list[tuple[int, str]]:
        """Number, and document with page, of what the answer rests on."""
        cited = (source for source in self.sources if source.cited and not self.turn.refused)
        return [(source.number, cited_as(source)) for source in cited]


def exchanges(*, access: Access, conversation: Conversation, every_branch: bool = False) -> list[Exchange]:
    """Of the branch that is shown, or of all, in the order in which they were asked. Three queries. What is still being
    answered is left out."""
    turns = turns_of(access=access).filter(conversation=conversation).exclude(status=Turn.Status.RUNNING)
    shown = set(shown_branch(conversation))
    newest_last = turns.select_related("comparison").defer("trace", "folded").order_by("created_at", "pk")
    rows = [row for row in newest_last if every_branch or row.pk in shown]
    by_turn: defaultdict[UUID, list[Source]] = defaultdict(list)
    for source in Source.objects.for_tenant(access.tenant).filter(turn__in=[row.pk for row in rows]):
        by_turn[source.turn_id].append(source)
    return [Exchange(row, by_turn[row.pk], access.tenant.slug) for row in rows]


def exchange_of(*, access: Access, turn: Turn) -> Exchange:
    sources = list(Source.objects.for_tenant(access.tenant).filter(turn=turn))
    return Exchange(turn, sources, access.tenant.slug)


def portable(conversation: Conversation, made_of: Sequence[Exchange]) -> PortableConversation:
    """Not validated: what is in the database may be longer than what is taken from a file."""
    places = {each.turn.pk: place for place, each in enumerate(made_of)}
    firsts: dict[int, int] = {}
    for place, each in enumerate(made_of):
        if each.turn.comparison_id:
            firsts.setdefault(each.turn.comparison_id, place)
    tree = tree_of(conversation)
    branch = tree.path_through(conversation.head_id)
    return PortableConversation.model_construct(
        title=conversation.title,
        created_at=conversation.created_at,
        turns=tuple(
            _portable_turn(
                each,
                parent=_last_place(tree.path_to(each.turn.parent_id), places),
                comparison=firsts.get(each.turn.comparison_id or 0),
            )
            for each in made_of
        ),
        shown=_last_place(branch, places),
    )


def _last_place(path: Sequence[UUID], places: Mapping[UUID, int]) -> int | None:
    """Of the last turn of the path that is in the file: one that is still being answered is not."""
    return next((places[turn] for turn in reversed(path) if turn in places), None)


def _portable_turn(exchange: Exchange, *, parent: int | None, comparison: int | None) -> PortableTurn:
    turn = exchange.turn
    return PortableTurn.model_construct(
        question=turn.question,
        answer=turn.answer,
        draft=turn.draft,
        status=cast("Over", turn.status),
        refused=turn.refused,
        model=turn.model,
        asked_at=turn.created_at,
        parent=parent,
        comparison=comparison,
        verdict=_verdict(turn),
        sources=tuple(
            PortableSource.model_construct(
                number=source.number,
                document=source.document_name,
                page=source.page,
                last_page=source.last_page,
                heading=source.heading,
                text=source.text,
                cited=source.cited,
            )
            for source in exchange.sources
        ),
    )


def _verdict(turn: Turn) -> Verdict:
    """That one is better is said of this one."""
    comparison = turn.comparison
    if comparison is None or (comparison.verdict == Comparison.Verdict.BETTER and comparison.best_id != turn.pk):
        return ""
    return cast("Verdict", comparison.verdict)


def as_json(conversation: Conversation, made_of: Sequence[Exchange]) -> str:
    return portable(conversation, made_of).model_dump_json(indent=2)


def as_markdown(conversation: Conversation, made_of: Sequence[Exchange]) -> str:
    """Headings in the reader's language; answers as they are, for they are Markdown."""
    return "\n".join(_markdown(conversation, made_of)).strip() + "\n"


def _markdown(conversation: Conversation, made_of: Sequence[Exchange]) -> Iterator[str]:
    yield f"# {_escaped(conversation.title or _('Conversation'))}"
    for exchange in made_of:
        turn = exchange.turn
        yield f"\n## {_('Question')}\n"
        yield "\n".join(f"> {line}".rstrip() for line in turn.question.splitlines())
        yield f"\n*{date_format(localtime(turn.created_at), 'DATETIME_FORMAT')}*"
        if turn.imported:
            yield f"\n*{_('Imported: this was not answered here.')}*"
        yield f"\n## {_('Answer')}\n"
        yield from _answer(exchange)


def answer_as_markdown(exchange: Exchange) -> str:
    return "\n".join(_answer(exchange)).strip() + "\n"


def _answer(exchange: Exchange) -> Iterator[str]:
    turn = exchange.turn
    yield turn.answer.strip() or f"*{turn.get_status_display()}*"
    if turn.draft.strip():
        label = _("Draft in the model's own words")
        yield f"\n### {label}\n\n{turn.draft.strip()}"
    if exchange.citations:
        yield f"\n### {_('Sources')}\n"
        yield from (f"- [{number}] {_escaped(said)}" for number, said in exchange.citations)


def cited_as(source: Source) -> str:
    """Name of the document and page, as a list of sources says it."""
    if source.page is None:
        return source.document_name
    if source.last_page and source.last_page > source.page:
        pages = f"{source.page}–{source.last_page}"
        return _("%(document)s, pages %(pages)s") % {"document": source.document_name, "pages": pages}
    return _("%(document)s, page %(page)s") % {"document": source.document_name, "page": source.page}


def _escaped(text: str) -> str:
    return MARKDOWN_SIGNS.sub(r"\\\1", text)


def file_name(conversation: Conversation, ending: str) -> str:
    words = re.sub(r"[^\w\s-]", " ", conversation.title).split()
    return f"{get_valid_filename('-'.join(words)[:NAME_CHARS].strip('-') or 'conversation')}.{ending}"
