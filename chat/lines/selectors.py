"""Reads: the lines that hold, what they would do, and which of them are out of date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, QuerySet, Sum

from chat.lines.models import RelevanceLine
from chat.lines.threshold import Shares, shares
from chat.relevance import RELEVANT
from ingestion.models import Collection, Document
from tenants.models import Tenant

NOTICEABLE = 0.2
"""A collection that has grown or shrunk by more than this share of its passages is fitted again."""

TELLING = 10
"""Own questions of which a share says something."""

Status = Document.Status


def lines_of(*, tenant_id: UUID) -> Mapping[UUID | None, float]:
    """Collection -> its line, for those that have one for the embedder that they are searched with."""
    rows = _current(tenant_id).values_list("collection_id", "chosen", "fitted")
    found = {collection: fitted if chosen is None else chosen for collection, chosen, fitted in rows}
    return {collection: line for collection, line in found.items() if line is not None}


def _current(tenant_id: UUID) -> QuerySet[RelevanceLine]:
    return RelevanceLine.objects.for_tenant(tenant_id).filter(fingerprint=F("collection__embedder_fingerprint"))


@dataclass(frozen=True, slots=True)
class CollectionLine:
    """A collection as the settings show it."""

    collection: Collection
    line: float
    fitted: float | None = None
    chosen: float | None = None
    fitted_at: datetime | None = None
    own: int = 0
    off_topic: int = 0
    """How many questions of each kind were asked for it."""
    now: Shares | None = None
    """What the line does to them."""
    general: Shares | None = None
    """What the general line would do."""

    @property
    def is_searched(self) -> bool:
        """Whether something was read, and with it an embedder found that a line holds for."""
        return bool(self.collection.embedder_fingerprint)

    @property
    def is_telling(self) -> bool:
        """Whether shares of its questions are worth showing."""
        return self.own >= TELLING


def collection_lines(*, tenant: Tenant) -> list[CollectionLine]:
    lines = {row.collection_id: row for row in _current(tenant.pk)}
    return [_collection_line(each, lines.get(each.pk)) for each in Collection.objects.for_tenant(tenant)]


def _collection_line(collection: Collection, row: RelevanceLine | None) -> CollectionLine:
    if row is None:
        return CollectionLine(collection, RELEVANT)
    line = next(each for each in (row.chosen, row.fitted, RELEVANT) if each is not None)
    own, off_topic = row.own_scores, row.off_topic_scores
    known = bool(own and off_topic)
    return CollectionLine(
        collection=collection,
        line=line,
        fitted=row.fitted,
        chosen=row.chosen,
        fitted_at=row.fitted_at,
        own=len(own),
        off_topic=len(off_topic),
        now=shares(line, own, off_topic) if known else None,
        general=shares(RELEVANT, own, off_topic) if known else None,
    )


def out_of_date() -> Iterator[Collection]:
    """Every tenant's collections that have changed noticeably since they were fitted, or whose embedder has; those
    that something is being read into come later, when it is done."""
    ready = Document.all_tenants.filter(status=Status.READY, chunk_count__gt=0)
    passages = dict(ready.order_by().values_list("collection").annotate(total=Sum("chunk_count")))
    busy = Document.all_tenants.filter(status__in=[Status.QUEUED, Status.RUNNING]).values("collection")
    settled = Collection.all_tenants.exclude(embedder_fingerprint="").exclude(pk__in=busy)
    fitted = {
        (line.collection_id, line.fingerprint): line.passages
        for line in RelevanceLine.all_tenants.exclude(fitted=None).only("collection_id", "fingerprint", "passages")
    }
    for collection in settled.filter(pk__in=passages):
        known = fitted.get((collection.pk, collection.embedder_fingerprint))
        if known is None or abs(passages[collection.pk] - known) > NOTICEABLE * known:
            yield collection
