"""One thing done to many documents, each through its own service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ingestion import services
from ingestion.models import Collection, Document
from ingestion.selectors import documents_list
from ingestion.sentences import told
from project.errors import AppError
from tenants.access import Access

AT_ONCE = 500
"""Of one request, which somebody waits for: deleting 1,000, the slowest of all, took 16 seconds on two cores."""

Status = Document.Status


@dataclass(frozen=True, slots=True)
class Action:
    """`fits` are the statuses that it can be done to; `unfit` says why not to others; `said(count)` what was done."""

    do: Callable[..., None]
    fits: frozenset[Status]
    unfit: str | Promise
    said: Callable[[int], str]


ENDED = frozenset({Status.FAILED, Status.CANCELLED})
ANY = frozenset({Status.QUEUED, Status.RUNNING, Status.READY}) | ENDED
ACTIONS: Mapping[str, Action] = {
    "retry": Action(
        services.document_retry,
        ENDED,
        gettext_lazy("Only what has failed or was cancelled can be tried again."),
        lambda count: ngettext("%(count)d tried again", "%(count)d tried again", count),
    ),
    "reread": Action(
        services.document_reread,
        ENDED | {Status.READY},
        gettext_lazy("What waits or is being read already cannot be read again."),
        lambda count: ngettext("%(count)d read again", "%(count)d read again", count),
    ),
    "move": Action(
        services.document_move, ANY, "", lambda count: ngettext("%(count)d moved", "%(count)d moved", count)
    ),
    "cancel": Action(
        services.document_cancel,
        frozenset({Status.QUEUED, Status.RUNNING}),
        gettext_lazy("Only what waits or is being read can be cancelled."),
        lambda count: ngettext("%(count)d cancelled", "%(count)d cancelled", count),
    ),
    "delete": Action(
        services.document_delete, ANY, "", lambda count: ngettext("%(count)d deleted", "%(count)d deleted", count)
    ),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`refused` counts the documents for each reason; `left` is how many would have been too many at once."""

    action: str
    done: int
    refused: Counter[str]
    left: int = 0

    def __str__(self) -> str:
        """ "12 moved, 1 left as it was: <sentence>" """
        parts = [ACTIONS[self.action].said(self.done) % {"count": self.done}]
        for why, count in self.refused.most_common():
            parts.append(
                ngettext("%(count)d left as it was: %(why)s", "%(count)d left as they were: %(why)s", count)
                % _named(count, why)
            )
        if self.left:
            parts.append(
                ngettext("%(count)d left for another time", "%(count)d left for another time", self.left)
                % {"count": self.left}
            )
        said = ", ".join(parts)
        return said if said.endswith(".") else f"{said}."


def _named(count: int, why: str) -> dict[str, Any]:
    return {"count": count, "why": why}


def run(*, access: Access, action: str, documents: QuerySet[Document], target: Collection | None = None) -> Outcome:
    """Do it to those of `documents`, the caller's own, that it fits. `target` is where they are moved to."""
    chosen = ACTIONS[action]
    fitting = documents.filter(status__in=chosen.fits)
    if target is not None:
        fitting = fitting.exclude(collection=target)
    ids = list(fitting.values_list("pk", flat=True))
    refused: Counter[str] = Counter()
    if unfit := documents.count() - len(ids):
        refused[str(chosen.unfit) or _("They are there already.")] = unfit
    more = {"collection": target} if target is not None else {}
    done = 0
    for document_id in ids[:AT_ONCE]:
        if (why := _one(access, chosen, document_id, more)) is None:
            done += 1
        else:
            refused[why] += 1
    return Outcome(action, done, refused, max(0, len(ids) - AT_ONCE))


def _one(access: Access, action: Action, document_id: UUID, more: dict[str, Any]) -> str | None:
    """Return why it was not done. The row is read only now: it may have gone with the archive that it came in."""
    document = documents_list(tenant=access.tenant).filter(pk=document_id).first()
    if document is None:
        return None
    try:
        action.do(access=access, document=document, **more)
    except AppError as error:
        return told(error.message)
    return None
