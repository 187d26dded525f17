"""Which documents a list shows, and in which order: what its address says, and nothing that it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ingestion.models import Document

Status = Document.Status

STATUSES = (Status.RUNNING, Status.QUEUED, Status.FAILED, Status.CANCELLED, Status.READY)
"""In the order in which somebody wants to see them who looks after the documents."""

OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
KINDS: Mapping[str, tuple[Promise, tuple[str, ...]]] = {
    "pdf": (_("PDF"), ("application/pdf",)),
    "text": (
        _("Texts"),
        (
            "text/plain",
            "text/markdown",
            "text/x-rst",
            "text/rtf",
            "application/rtf",
            "application/msword",
            f"{OFFICE}wordprocessingml.document",
            f"{OPEN_DOCUMENT}text",
        ),
    ),
    "sheet": (
        _("Tables"),
        (
            "text/csv",
            "text/tab-separated-values",
            "application/vnd.ms-excel",
            f"{OFFICE}spreadsheetml.sheet",
            f"{OPEN_DOCUMENT}spreadsheet",
        ),
    ),
    "slides": (
        _("Presentations"),
        (
            "application/vnd.ms-powerpoint",
            f"{OFFICE}presentationml.presentation",
            f"{OPEN_DOCUMENT}presentation",
        ),
    ),
    "web": (_("Web pages and e-books"), ("text/html", "application/xhtml+xml", "application/epub+zip")),
    "mail": (_("Messages"), ("message/rfc822", "application/vnd.ms-outlook")),
    "picture": (
        _("Pictures"),
        ("image/png", "image/jpeg", "image/tiff", "image/gif", "image/webp", "image/bmp"),
    ),
    "data": (
        _("Data and notebooks"),
        ("application/json", "application/x-ndjson", "application/xml", "application/x-ipynb+json"),
    ),
    "archive": (_("Archives"), ("application/zip",)),
}
"""Families of media types, as a person would ask for them."""

SORTS: Mapping[str, str] = {"name": "name", "status": "status", "size": "-size", "date": "-date"}
"""Column -> what a first click on its head sorts by; a minus is downwards."""
NEWEST_FIRST = "-date"
LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Listing:
    """A filter and an order. Empty `statuses` and `kinds` are all of them."""

    text: str = ""
    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    sort: str = NEWEST_FIRST

    @classmethod
    def of(cls, said: QueryDict) -> Listing:
        """What somebody has typed into an address may be anything: what is unknown is left out."""
        sort = said.get("sort", "")
        return cls(
            text=" ".join(said.get("q", "").split())[:LONGEST_TEXT],
            statuses=tuple(each for each in STATUSES if each in said.getlist("status")),
            kinds=tuple(each for each in KINDS if each in said.getlist("kind")),
            sort=sort if sort.removeprefix("-") in SORTS else NEWEST_FIRST,
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.statuses or self.kinds)

    @property
    def is_plain(self) -> bool:
        """Whether a new document stands first in it."""
        return self == Listing()

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values that say the same, without what goes without saying."""
        sort = [] if self.sort == NEWEST_FIRST else [("sort", self.sort)]
        statuses, kinds = [("status", each) for each in self.statuses], [("kind", each) for each in self.kinds]
        return [*([("q", self.text)] if self.text else []), *statuses, *kinds, *sort]

    def query(self, *, page: int = 1) -> str:
        """The end of an address, with its question mark where there is anything to say."""
        said = urlencode([*self.pairs(), *([("page", page)] if page > 1 else [])])
        return f"?{said}" if said else ""

    def apply(self, documents: QuerySet[Document]) -> QuerySet[Document]:
        """`documents` as the list shows them."""
        return self._chosen(documents).order_by(*self._order(), "-created_at", "pk").select_related("parent")

    def _chosen(self, documents: QuerySet[Document]) -> QuerySet[Document]:
        for word in self.text.split():
            # As a pattern, because SQLite's LIKE takes only English letters for the same in small and in capitals.
            pattern = re.escape(word)
            documents = documents.filter(Q(name__iregex=pattern) | Q(folder__iregex=pattern) | Q(title__iregex=pattern))
        if self.statuses:
            documents = documents.filter(status__in=self.statuses)
        if self.kinds:
            documents = documents.filter(media_type__in=[each for kind in self.kinds for each in KINDS[kind][1]])
        return documents

    def _order(self) -> tuple[Any, ...]:
        column, down = self.sort.removeprefix("-"), self.sort.startswith("-")
        rank = Case(
            *(When(status=status, then=Value(place)) for place, status in enumerate(STATUSES)),
            default=Value(len(STATUSES)),
            output_field=IntegerField(),
        )
        keys: dict[str, tuple[Any, ...]] = {
            "name": (Lower("name"), Lower("folder")),
            "status": (rank,),
            "size": (F("size"),),
        }
        return tuple(key.desc() if down else key.asc() for key in keys.get(column, (F("created_at"),)))

    def columns(self) -> dict[str, dict[str, str]]:
        """For the table's head: how each column is sorted now, and the address that sorts by it."""
        return {name: self._column(name) for name in SORTS}

    def _column(self, name: str) -> dict[str, str]:
        if self.sort.removeprefix("-") != name:
            return {"aria": "none", "query": replace(self, sort=SORTS[name]).query() or "?"}
        down = self.sort.startswith("-")
        other = replace(self, sort=name if down else f"-{name}")
        return {"aria": "descending" if down else "ascending", "query": other.query() or "?"}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many documents stand how."""

    ready: int
    running: int
    queued: int
    failed: int
    cancelled: int

    @classmethod
    def of(cls, documents: QuerySet[Document]) -> Tally:
        counted = dict(documents.order_by().values_list("status").annotate(Count("pk")))
        return cls(**{status.value: counted.get(status.value, 0) for status in STATUSES})

    @property
    def total(self) -> int:
        return self.ready + self.running + self.queued + self.failed + self.cancelled

    @property
    def is_busy(self) -> bool:
        return bool(self.running or self.queued)


def choices() -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """Name of a filter -> its values with their labels."""
    yield "status", [(status.value, status.label) for status in STATUSES]
    yield "kind", [(name, label) for name, (label, _types) in KINDS.items()]
