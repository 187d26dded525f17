"""What a question is searched in where its reader has chosen that: collections, and documents beside them.

The choice is kept with the turn as ids. A document stands for its series: whichever version is in use when the question
is answered is the one that is searched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from chat.errors import QuestionRefused
from ingestion.listing import LONGEST_TEXT, Listing
from ingestion.models import Collection, Document
from ingestion.selectors import documents_list
from tenants.access import Access

if TYPE_CHECKING:
    from chat.models import Turn

MOST_FOUND = 8
"""Lines of the list below the question."""
MOST_COLLECTIONS_FOUND = 3
"""Of them, where documents fit as well."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that can be searched in. `place` says where it lies, and `name` is empty where it is gone."""

    kind: Literal["collection", "document"]
    id: str
    name: str
    place: str = ""


def targets_found(*, access: Access, text: str) -> list[Target]:
    """What has all the words of `text` in its name, among what answers are looked for in and is ready: collections
    where there is more than one, and the newest documents."""
    listing = Listing(text=" ".join(text.replace("\0", " ").split())[:LONGEST_TEXT])
    several = Collection.objects.for_tenant(access.tenant).count() > 1
    collections = _named(access, listing) if several else []
    documents = listing.apply(documents_list(tenant=access.tenant)).filter(
        status=Document.Status.READY, collection__searched=True
    )
    found = [
        Target("document", str(each.pk), each.name, each.collection.name if several else each.folder)
        for each in documents[:MOST_FOUND]
    ]
    room = max(MOST_COLLECTIONS_FOUND, MOST_FOUND - len(found))
    return [*collections[:room], *found][:MOST_FOUND]


def _named(access: Access, listing: Listing) -> list[Target]:
    words = listing.text.casefold().split()
    rows = Collection.objects.for_tenant(access.tenant).filter(searched=True).values_list("pk", "name")
    return [Target("collection", str(pk), name) for pk, name in rows if all(word in name.casefold() for word in words)]


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody has chosen, as ids. None is no choice; an empty list is a choice, of nothing."""

    collection_ids: list[UUID] | None = None
    document_ids: list[UUID] | None = None


def chosen(*, access: Access, collection_ids: Iterable[UUID] | None, document_ids: Iterable[UUID] | None) -> Choice:
    """Raise `QuestionRefused` where one of the ids is not this organisation's, or gone."""
    wanted = Choice(_distinct(collection_ids), _distinct(document_ids))
    if still_there(access=access, choice=wanted) != wanted:
        raise QuestionRefused(
            _("Something that you want to search in is not here any more. Take it out of the question and ask again.")
        )
    return wanted


def chosen_again(*, access: Access, turn: Turn) -> Choice:
    """What is left of a turn's choice. Raise `QuestionRefused` where nothing is, because it is not asked of everything
    instead."""
    before = Choice(_uuids(turn.collection_ids), _uuids(turn.document_ids))
    left = still_there(access=access, choice=before)
    if before != left and not (left.collection_ids or left.document_ids):
        raise QuestionRefused(_("What this question was searched in has been deleted. Ask it anew."))
    return left


def still_there(*, access: Access, choice: Choice) -> Choice:
    collections = Collection.objects.for_tenant(access.tenant)
    documents = Document.objects.for_tenant(access.tenant).exclude(status=Document.Status.DELETING)
    return Choice(_of_these(collections, choice.collection_ids), _of_these(documents, choice.document_ids))


def _of_these(rows: QuerySet[Any], ids: list[UUID] | None) -> list[UUID] | None:
    if not ids:
        return ids
    there = set(rows.filter(pk__in=ids).values_list("pk", flat=True))
    return [each for each in ids if each in there]


def _distinct(ids: Iterable[UUID] | None) -> list[UUID] | None:
    return None if ids is None else list(dict.fromkeys(ids))


def _uuids(ids: list[str] | None) -> list[UUID] | None:
    return None if ids is None else [UUID(each) for each in ids]


def targets_by_turn(*, access: Access, turns: Sequence[Turn]) -> dict[UUID, tuple[Target, ...]]:
    """What each turn was asked of, by its id. Two queries at most, and none where nothing was chosen."""
    documents_there = Document.objects.for_tenant(access.tenant).exclude(status=Document.Status.DELETING)
    collections = _names(Collection.objects.for_tenant(access.tenant), [turn.collection_ids for turn in turns])
    documents = _names(documents_there, [turn.document_ids for turn in turns])
    return {
        turn.pk: (
            *(Target("collection", each, collections.get(each, "")) for each in turn.collection_ids or ()),
            *(Target("document", each, documents.get(each, "")) for each in turn.document_ids or ()),
        )
        for turn in turns
    }


def _names(rows: QuerySet[Any], ids: Iterable[list[str] | None]) -> dict[str, str]:
    wanted = {each for some in ids for each in some or ()}
    return {str(pk): name for pk, name in rows.filter(pk__in=wanted).values_list("pk", "name")} if wanted else {}
