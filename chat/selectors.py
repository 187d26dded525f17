"""Reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.urls import reverse
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from chat.branches import Beside, tree_of
from chat.check_words import summary
from chat.composing.scopes import Target, targets_by_turn
from chat.domain import Checked, ContextUse, Exchange, Usage
from chat.excerpts import Part, excerpt
from chat.gaps.selectors import Sent, sent_by_turn
from chat.images.selectors import ImageView, image_bytes, images_by_turn
from chat.models import Conversation, Source, Turn
from chat.quality.models import Rating
from chat.refusal import language_of
from chat.rendering import CitationLinks, render_answer
from ingestion.models import Document
from tenants.access import Access
from tenants.errors import NotFound
from tenants.models import Tenant

if TYPE_CHECKING:
    from chat.comparisons.showing import ComparisonView

HISTORY_TURNS = 8
"""At most. The oldest go"""
HISTORY_STEP = 4
"""at a time, not one with each question: what a model server has in its cache is the beginning of a prompt."""


def conversations_list(*, access: Access) -> QuerySet[Conversation]:
    """This person's own, archived ones included. What was deleted is in none of these reads."""
    return Conversation.objects.for_tenant(access.tenant).filter(user=access.user, deleted_at=None)


def conversation_get(*, access: Access, conversation_id: UUID, lock: bool = False) -> Conversation:
    """`lock` it for whoever changes what it shows, until the transaction's end."""
    conversations = conversations_list(access=access)
    found = conversations.select_for_update() if lock else conversations
    conversation = found.filter(pk=conversation_id).first()
    if conversation is None:
        raise NotFound(_("There is no such conversation. It may have been deleted."))
    return conversation


def attached_bytes(tenant: Tenant) -> int:
    """What the tenant has brought into the chat beside its documents: pictures and imported conversations."""
    imported = Conversation.objects.for_tenant(tenant).aggregate(total=Sum("imported_bytes"))["total"] or 0
    return imported + image_bytes(tenant=tenant)


def turns_of(*, access: Access) -> QuerySet[Turn]:
    """Everything that this person has asked in this organisation."""
    return Turn.objects.for_tenant(access.tenant).filter(conversation__user=access.user, conversation__deleted_at=None)


def turn_get(*, access: Access, turn_id: UUID) -> Turn:
    turn = turns_of(access=access).select_related("conversation").filter(pk=turn_id).first()
    if turn is None:
        raise NotFound(_("There is no such answer. It may have been deleted."))
    return turn


def source_get(*, access: Access, turn_id: UUID, number: int) -> Source:
    source = (
        Source.objects.for_tenant(access.tenant)
        .filter(turn_id=turn_id, turn__in=turns_of(access=access), number=number)
        .select_related("document", "turn")
        .first()
    )
    if source is None:
        raise NotFound(_("There is no such source. Its conversation may have been deleted."))
    return source


def history_before(turn: Turn) -> tuple[tuple[Exchange, ...], int]:
    """The latest answered exchanges of the turn's branch before it, oldest first, and how many there have been."""
    turns = Turn.objects.for_tenant(turn.tenant_id).filter(conversation_id=turn.conversation_id)
    answered = set(
        turns.filter(status=Turn.Status.COMPLETED)
        .exclude(question=turn.question)  # asked once more, it is no follow-up to itself
        .values_list("pk", flat=True)
    )
    before = [pk for pk in tree_of(turn.conversation).path_to(turn.parent_id) if pk in answered]
    latest = turns.only("question", "answer", "image_count").in_bulk(before[history_start(len(before)) :])
    exchanges = (latest[pk] for pk in before if pk in latest)
    return tuple(Exchange(each.question, each.answer, each.image_count) for each in exchanges), len(before)


def history_start(exchanges: int) -> int:
    """How many of a conversation's exchanges are too old to matter."""
    return max(0, -((HISTORY_TURNS - exchanges) // HISTORY_STEP)) * HISTORY_STEP


def citation_links(slug: str, turn_id: UUID, numbers: frozenset[int]) -> CitationLinks:
    return CitationLinks(base=f"{reverse('chat:turn', args=[slug, turn_id])}sources/", numbers=numbers)


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """A cited document has been replaced: by which version, of when, and where that is and what differs in it."""

    version: int
    at: datetime
    newest_url: str
    compare_url: str


def changed_since(*, access: Access, sources: Sequence[Source]) -> dict[UUID, ChangedSince]:
    """By the id of the document that was cited, for those of which answers use a newer version now. One query, and
    none where nothing was replaced. The sources have their documents with them."""
    cited = [source.document for source in sources if source.document]
    replaced = {each.pk: each for each in cited if each.status == Document.Status.SUPERSEDED}
    if not replaced:
        return {}
    of_series = Document.objects.for_tenant(access.tenant).filter(
        series__in={each.series for each in replaced.values()}, status=Document.Status.READY
    )
    newest = {each.series: each for each in of_series.order_by("version")}
    return {
        pk: _changed(access.tenant.slug, each, newest[each.series])
        for pk, each in replaced.items()
        if each.series in newest
    }


def _changed(slug: str, cited: Document, newest: Document) -> ChangedSince:
    return ChangedSince(
        version=newest.version,
        at=newest.created_at,
        newest_url=reverse("ingestion:document", args=[slug, newest.pk]),
        compare_url=reverse("ingestion:compare", args=[slug, cited.pk, newest.pk]),
    )


@dataclass(frozen=True, slots=True)
class SourceView:
    number: int
    document: str
    page: int | None
    last_page: int | None
    heading: str
    excerpt: tuple[Part, ...]
    url: str
    cited: bool
    document_id: UUID | None = None
    """None where the document has been deleted."""
    changed: ChangedSince | None = None
    follows: bool = False
    """Whether it stands below a passage of the same document, whose name is not said again."""


def by_document(sources: Iterable[SourceView]) -> list[SourceView]:
    """Passages of one document together, where the first of them stood."""
    groups: defaultdict[UUID | str, list[SourceView]] = defaultdict(list)
    for source in sources:
        groups[source.document_id or source.document].append(source)
    return [replace(source, follows=at > 0) for group in groups.values() for at, source in enumerate(group)]


@dataclass(frozen=True, slots=True)
class TurnView:
    """A turn as a page shows it."""

    id: UUID
    question: str
    language: str
    """Of the question, and so of the answer."""
    status: str
    answer_html: SafeString
    sources: tuple[SourceView, ...]
    omitted: int
    """Passages that were found and left out."""
    shortened: int
    """Sources of which only the best sentences were used."""
    refused: bool
    check_summary: str
    notice: str
    can_go_on: bool
    error: dict[str, Any] | None
    model: str
    prompt_tokens: int | None
    completion_tokens: int | None
    elapsed_ms: int | None
    first_word_ms: int | None
    context: ContextUse | None
    is_running: bool
    rating: Rating | None
    """What this reader thought of it."""
    scope: tuple[Target, ...] = ()
    """What its reader has chosen to search in."""
    pictures: tuple[ImageView, ...] = ()
    """That came with the question."""
    imported: bool = False
    """It came with a file."""
    from_pictures: bool = False
    """The answer is about them, and no passage bears it out."""
    sent: Sent | None = None
    """What has become of the question where it was sent to the owner."""
    beside: Beside | None = None
    """The turns that stand at its place."""
    comparison: ComparisonView | None = None
    """All that was compared, where it was compared with others."""

    @property
    def found(self) -> int:
        return len(self.sources) + self.omitted

    @property
    def sources_in_view(self) -> list[SourceView]:
        """All of them while nobody knows what will be cited, then those that are."""
        return by_document(each for each in self.sources if self.is_running or self._is_used(each))

    @property
    def sources_folded(self) -> list[SourceView]:
        return by_document(each for each in self.sources if not self.is_running and not self._is_used(each))

    def _is_used(self, source: SourceView) -> bool:
        return source.cited and not self.refused


def turn_views(
    *, access: Access, turns: Sequence[Turn], beside: Mapping[UUID, Beside] = MappingProxyType({})
) -> list[TurnView]:
    """The same few queries for any number of turns. `beside` are the branches at each."""
    by_turn: defaultdict[UUID, list[Source]] = defaultdict(list)
    sources = list(
        Source.objects.for_tenant(access.tenant).filter(turn__in=[turn.pk for turn in turns]).select_related("document")
    )
    for source in sources:
        by_turn[source.turn_id].append(source)
    changed = changed_since(access=access, sources=sources)
    rated = Rating.objects.for_tenant(access.tenant).filter(user=access.user, turn__in=[turn.pk for turn in turns])
    ratings = {rating.turn_id: rating for rating in rated}
    sent = sent_by_turn(access=access, turns=turns)
    scopes = targets_by_turn(access=access, turns=turns)
    pictures = images_by_turn(access=access, turn_ids=[turn.pk for turn in turns if turn.image_count])
    slug = access.tenant.slug
    views = (_turn_view(slug, turn, by_turn[turn.pk], changed, ratings.get(turn.pk)) for turn in turns)
    return [
        replace(
            view,
            pictures=pictures.get(view.id, ()),
            scope=scopes[view.id],
            sent=sent.get(view.id),
            beside=beside.get(view.id),
        )
        for view in views
    ]


def is_from_pictures(turn: Turn, sources: Sequence[Source]) -> bool:
    """As `Answered.from_pictures` says it while the answer is made."""
    is_answer = turn.status == Turn.Status.COMPLETED and not turn.refused
    return bool(turn.image_count) and is_answer and not any(source.cited for source in sources)


def _turn_view(
    slug: str,
    turn: Turn,
    sources: Sequence[Source],
    changed: Mapping[UUID, ChangedSince],
    rating: Rating | None,
) -> TurnView:
    links = citation_links(slug, turn.pk, frozenset(source.number for source in sources))
    checked = Checked.of(turn.checked)
    html = render_answer(turn.answer, turn.draft, links, checked.findings if checked else ())
    failed = turn.status in {Turn.Status.FAILED, Turn.Status.INTERRUPTED}
    return TurnView(
        id=turn.pk,
        question=turn.question,
        language=language_of(turn.question),
        status=turn.status,
        answer_html=mark_safe(html),  # noqa: S308 - the one sanitiser's
        sources=tuple(
            SourceView(
                number=source.number,
                document=source.document_name,
                page=source.page,
                last_page=source.last_page,
                heading=source.heading,
                excerpt=tuple(excerpt(source.text, source.deciding)),
                url=f"{links.base}{source.number}/",
                cited=source.cited,
                document_id=source.document_id,
                changed=changed.get(source.document_id) if source.document_id else None,
            )
            for source in sources
        ),
        omitted=len(turn.trace.get("cut", ())),
        shortened=sum(bool(each.get("shortened")) for each in turn.trace.get("candidates", ())),
        refused=turn.refused,
        check_summary=summary(checked),
        notice=turn.notice,
        can_go_on=turn.can_go_on,
        error={
            "code": turn.error_code,
            "message": translation.gettext(turn.error_message),  # `turns.INTERRUPTED` is in English until here
            "retryable": turn.error_retryable,
        }
        if failed
        else None,
        model=turn.model,
        prompt_tokens=turn.prompt_tokens,
        completion_tokens=turn.completion_tokens,
        elapsed_ms=turn.elapsed_ms,
        first_word_ms=turn.first_word_ms,
        context=ContextUse.of(turn.trace, Usage(turn.prompt_tokens, turn.completion_tokens)),
        is_running=turn.is_running,
        rating=rating,
        imported=turn.imported,
        from_pictures=is_from_pictures(turn, sources),
    )
