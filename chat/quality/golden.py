"""Golden questions: writing them, taking them from rated answers, and reading them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from chat.models import Source
from chat.quality.errors import QualityRefused
from chat.quality.models import ANSWER_CHARS, QUESTION_CHARS, GoldenQuestion, GoldenSource, Rating
from ingestion.models import Collection, Document
from tenants import audit
from tenants.access import Access
from tenants.errors import NotFound
from tenants.models import Role, Tenant

QUESTIONS_MAX = 2_000
"""Of one collection: a night's run on a small machine."""
SOURCES_MAX = 20
PHRASES_MAX = 20


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """Where an answer stands, before it is written down. `document` has been found in the collection."""

    document: Document
    page: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A golden question before it is written down."""

    text: str
    answerable: bool = True
    expected_answer: str = ""
    key_phrases: tuple[str, ...] = ()
    sources: tuple[SourceDraft, ...] = ()


def golden_counts(*, tenant: Tenant) -> dict[UUID, tuple[int, int]]:
    """Collection -> how many golden questions it has, and how many of them have no answer in the documents."""
    rows = GoldenQuestion.objects.for_tenant(tenant).order_by().values("collection")
    counted = rows.annotate(all=Count("pk"), absent=Count("pk", filter=Q(answerable=False)))
    return {row["collection"]: (row["all"], row["absent"]) for row in counted}


def golden_list(*, tenant: Tenant, collection_ids: Sequence[UUID]) -> QuerySet[GoldenQuestion]:
    """In the order in which they are asked, with their sources."""
    rows = GoldenQuestion.objects.for_tenant(tenant).filter(collection__in=collection_ids)
    return rows.order_by("collection__name", "created_at", "pk").prefetch_related(_sources(tenant))


def _sources(tenant: Tenant) -> Prefetch[str]:
    return Prefetch("sources", queryset=GoldenSource.objects.for_tenant(tenant))


def golden_get(*, tenant: Tenant, golden_id: UUID) -> GoldenQuestion:
    rows = GoldenQuestion.objects.for_tenant(tenant).filter(pk=golden_id).select_related("collection")
    golden = rows.prefetch_related(_sources(tenant)).first()
    if golden is None:
        raise NotFound(_("There is no such golden question. It may have been deleted."))
    return golden


def golden_create(
    *, access: Access, collection: Collection, draft: Draft, turn_id: UUID | None = None
) -> GoldenQuestion:
    """Raise `QualityRefused` where it is there already. `turn_id` is the rated answer that it comes from."""
    access.require(Role.ADMIN)
    _room_for(1, access, collection)
    try:
        with transaction.atomic():
            golden = _write(GoldenQuestion(tenant=access.tenant, turn_id=turn_id), collection, draft)
            audit.record(access, gettext_noop("golden question added"), golden.text)
    except IntegrityError:
        raise QualityRefused(_("This question is there already. Edit it instead.")) from None
    return golden


@transaction.atomic
def golden_import(*, access: Access, collection: Collection, drafts: Sequence[Draft]) -> tuple[int, int]:
    """All of them or none; those that are there already are replaced. Return how many were added, and replaced."""
    access.require(Role.ADMIN)
    there = {each.text: each for each in golden_list(tenant=access.tenant, collection_ids=[collection.pk])}
    replaced = [there[draft.text] for draft in drafts if draft.text in there]
    added = len(drafts) - len(replaced)
    _room_for(added, access, collection)
    GoldenSource.objects.for_tenant(access.tenant).filter(question__in=replaced).delete()
    for draft in drafts:
        _write(there.get(draft.text) or GoldenQuestion(tenant=access.tenant), collection, draft)
    audit.record(
        access, gettext_noop("golden questions imported"), collection.name, added=added, replaced=len(replaced)
    )
    return added, len(replaced)


def _room_for(added: int, access: Access, collection: Collection) -> None:
    there = GoldenQuestion.objects.for_tenant(access.tenant).filter(collection=collection).count()
    if there + added > QUESTIONS_MAX:
        raise QualityRefused(
            _("A collection can have %(most)d golden questions. Delete some first.") % {"most": QUESTIONS_MAX}
        )


def golden_update(*, access: Access, golden: GoldenQuestion, draft: Draft) -> None:
    access.require(Role.ADMIN)
    try:
        with transaction.atomic():
            GoldenSource.objects.for_tenant(access.tenant).filter(question=golden).delete()
            _write(golden, golden.collection, draft)
            audit.record(access, gettext_noop("golden question changed"), golden.text)
    except IntegrityError:
        raise QualityRefused(_("This question is there already. Edit it instead.")) from None


@transaction.atomic
def golden_delete(*, access: Access, golden: GoldenQuestion) -> None:
    access.require(Role.ADMIN)
    golden.delete()
    audit.record(access, gettext_noop("golden question deleted"), golden.text)


def golden_take(*, access: Access, rating: Rating) -> GoldenQuestion:
    """Make a rated answer's question a golden one: with the passages that a helpful answer has cited, or, where it was
    right to refuse, as one that is not in the documents. The collection is the one that most of them are in."""
    access.require(Role.ADMIN)
    turn = rating.turn
    if not rating.helpful:
        raise QualityRefused(_("Only answers that were found helpful can be taken over. Type this question instead."))
    cited = _cited(access, turn.pk)
    if not cited and not turn.refused:
        raise QualityRefused(
            _("The documents that this answer cites are gone, so that nothing is known to be expected.")
        )
    collection = _collection_of(access, cited)
    text = " ".join(turn.question.split())
    if len(text) > QUESTION_CHARS:
        raise QualityRefused(_("This question is too long for a golden one. Type a shorter one instead."))
    draft = Draft(
        text=text,
        answerable=not turn.refused,
        sources=() if turn.refused else tuple(cited[:SOURCES_MAX]),
    )
    return golden_create(access=access, collection=collection, draft=draft, turn_id=turn.pk)


def _cited(access: Access, turn_id: UUID) -> list[SourceDraft]:
    rows = Source.objects.for_tenant(access.tenant).filter(turn=turn_id).exclude(document=None)
    rows = rows.select_related("document__collection")
    chosen = [row for row in rows if row.cited] or list(rows)
    return [SourceDraft(row.document, row.page, row.text[:ANSWER_CHARS]) for row in chosen if row.document]


def _collection_of(access: Access, cited: Sequence[SourceDraft]) -> Collection:
    counted = Counter(each.document.collection for each in cited)
    if counted:
        return counted.most_common(1)[0][0]
    collection = Collection.objects.for_tenant(access.tenant).filter(searched=True).first()
    if collection is None:
        raise QualityRefused(_("There is no collection that is searched. Make one first."))
    return collection


def _write(golden: GoldenQuestion, collection: Collection, draft: Draft) -> GoldenQuestion:
    golden.collection = collection
    golden.text = draft.text
    golden.answerable = draft.answerable
    golden.expected_answer = draft.expected_answer if draft.answerable else ""
    golden.key_phrases = list(draft.key_phrases) if draft.answerable else []
    golden.save()
    GoldenSource.objects.bulk_create(
        GoldenSource(
            tenant_id=golden.tenant_id,
            question=golden,
            series=each.document.series,
            document_name=place_of(each.document),
            page=each.page,
            text=each.text,
        )
        for each in (draft.sources if draft.answerable else ())
    )
    return golden


def place_of(document: Document) -> str:
    """Its name with its folder before it, by which it can be told from others of its name."""
    return f"{document.folder}/{document.name}" if document.folder else document.name
