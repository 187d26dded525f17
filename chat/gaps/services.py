"""Writes: a reader asks, an admin answers, points to the answer, or puts the question aside."""

from __future__ import annotations

import io
import re
from hashlib import sha256
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from chat import selectors, tasks
from chat.errors import GapClosed, TurnConflict
from chat.gaps import grouping
from chat.gaps.models import GapRequest, KnowledgeGap
from chat.models import Source, Turn
from chat.quality.models import Rating
from ingestion import services as ingestion
from ingestion.models import Collection, Document
from tenants import audit
from tenants.access import Access
from tenants.models import Role

ANSWERS_FOLDER = "answers"
"""Of the collection: where documents lie that were written here."""
NAME_CHARS = 80
DIGITS = 8
ENDS = " ?.!…؟"
"""What a question may end with, which tells it from no other."""
NOTE_CHARS = 1_000

Status = KnowledgeGap.Status


def may_be_sent(turn: Turn, *, access: Access) -> bool:
    """Whether this answer left something open that an owner could know: it is a refusal, or no help to its reader."""
    rated_down = Rating.objects.for_tenant(access.tenant).filter(turn=turn, user=access.user, helpful=False)
    return turn.status == Turn.Status.COMPLETED and (turn.refused or rated_down.exists())


def owner_ask(*, access: Access, turn_id: UUID, note: str = "") -> GapRequest:
    """Send the question of one's own turn to the admins. Sending it twice sends it once."""
    turn = selectors.turn_get(access=access, turn_id=turn_id)
    if sent := _sent(access, turn):
        return sent
    if not may_be_sent(turn, access=access):
        raise TurnConflict(_("Only a question whose answer was refused or rated down can be sent to the owner."))
    try:
        with transaction.atomic():
            request = _request(access, turn, note)
            audit.record(access, gettext_noop("owner asked"), turn.question)
    except IntegrityError:  # pressed twice at the same moment
        if sent := _sent(access, turn):
            return sent
        raise
    return request


def _sent(access: Access, turn: Turn) -> GapRequest | None:
    return GapRequest.objects.for_tenant(access.tenant).filter(turn=turn).select_related("gap").first()


def _request(access: Access, turn: Turn, note: str) -> GapRequest:
    terms = grouping.terms_of(turn.question)
    gap = grouping.of_the_same_words(tenant=access.tenant, terms=terms)
    if gap is None:
        gap = KnowledgeGap.objects.create(tenant=access.tenant, question=turn.question, terms=terms)
        tasks.enqueue_grouping(gap)
    return GapRequest.objects.create(
        tenant=access.tenant,
        gap=gap,
        turn=turn,
        asker=access.user,
        question=turn.question,
        note=" ".join(note.split())[:NOTE_CHARS],
        nearest=_nearest(access, turn),
    )


def _nearest(access: Access, turn: Turn) -> list[dict[str, object]]:
    """Each document once, with the page of its nearest passage."""
    sources = Source.objects.for_tenant(access.tenant).filter(turn=turn).order_by("number")
    found: dict[UUID | None, dict[str, object]] = {}
    for source in sources:
        found.setdefault(
            source.document_id,
            {"document_id": str(source.document_id or ""), "document": source.document_name, "page": source.page},
        )
    return list(found.values())


def gap_answer(*, access: Access, gap: KnowledgeGap, text: str, collection: Collection) -> Document:
    """Write the answer: it becomes a document of the collection, read and searched like any other, so that whoever
    asks next gets it with a citation."""
    access.require(Role.ADMIN)
    with transaction.atomic():
        _close(access, gap, Status.ANSWERED, answer=text, collection=collection)
        uploaded = ingestion.document_upload(
            access=access,
            collection=collection,
            file=io.BytesIO(document_text(gap.question, text).encode()),
            name=document_name(gap.question),
            folder=ANSWERS_FOLDER,
        )
        _update(gap, document=uploaded.document)
        audit.record(access, gettext_noop("knowledge gap answered"), gap.question, document=uploaded.document.name)
    return uploaded.document


@transaction.atomic
def gap_mark_answered(
    *, access: Access, gap: KnowledgeGap, text: str = "", collection: Collection | None = None
) -> None:
    """The answer is there by now, in `collection` or wherever `text` says."""
    access.require(Role.ADMIN)
    _close(access, gap, Status.ANSWERED, answer=text, collection=collection)
    audit.record(access, gettext_noop("knowledge gap marked as answered"), gap.question)


@transaction.atomic
def gap_dismiss(*, access: Access, gap: KnowledgeGap) -> None:
    access.require(Role.ADMIN)
    _close(access, gap, Status.DISMISSED)
    audit.record(access, gettext_noop("knowledge gap dismissed"), gap.question)


@transaction.atomic
def gap_reopen(*, access: Access, gap: KnowledgeGap) -> None:
    """What has become of it so far is forgotten here; a document that was written stays."""
    access.require(Role.ADMIN)
    closed = KnowledgeGap.objects.for_tenant(gap.tenant_id).filter(pk=gap.pk).exclude(status=Status.OPEN)
    if closed.update(status=Status.OPEN, closed_at=None, answered_by=None, answer="", document=None, collection=None):
        audit.record(access, gettext_noop("knowledge gap reopened"), gap.question)


def _close(access: Access, gap: KnowledgeGap, status: KnowledgeGap.Status, **fields: object) -> None:
    """Raise `GapClosed` where another admin was quicker."""
    still_open = KnowledgeGap.objects.for_tenant(gap.tenant_id).filter(pk=gap.pk, status=Status.OPEN)
    if not still_open.update(status=status, closed_at=timezone.now(), answered_by=access.user, **fields):
        raise GapClosed(_("Somebody has dealt with this question already. Reload the page to see how."))


def _update(gap: KnowledgeGap, **fields: object) -> None:
    KnowledgeGap.objects.for_tenant(gap.tenant_id).filter(pk=gap.pk).update(**fields)


def document_text(question: str, answer: str) -> str:
    """Markdown, with the question for a heading: a question's own words are what the next one is found by."""
    return f"# {' '.join(question.split())}\n\n{answer.strip()}\n"


def document_name(question: str) -> str:
    """The same question answered anew is the next version of its document. If the name has not all of it, some digits
    keep it from being that of another question."""
    whole = " ".join(question.split())
    words = " ".join(re.sub(r"[^\w\s-]", " ", whole).split())
    name = get_valid_filename(words[:NAME_CHARS].strip() or "answer")
    if words[:NAME_CHARS] == whole.rstrip(ENDS):
        return f"{name}.md"
    return f"{name}-{sha256(whole.encode()).hexdigest()[:DIGITS]}.md"
