"""A conversation from a file that was exported here or on another server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import BinaryIO
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import ValidationError

from chat.comparisons.models import Comparison
from chat.conversations.portable import ANSWER_CHARS, MAX_BYTES, PortableConversation, PortableSource, PortableTurn
from chat.conversations.searching import folded_text
from chat.errors import ConversationUnreadable
from chat.models import Conversation, Source, Turn
from ingestion.intake import check_quota
from tenants import limits
from tenants.access import Access

IMPORTS_PER_MINUTE = 20


def conversation_import(*, access: Access, file: BinaryIO) -> Conversation:
    """A new conversation of this person's. Its sources are frozen text: they belong to no document, not even to one
    of the same name. Raise `ConversationUnreadable` with a sentence that says what is wrong, and `UploadRefused` where
    the tenant has no room for the file."""
    limits.spend(
        "imports",
        access.user.pk if access.user else 0,
        per_minute=IMPORTS_PER_MINUTE,
        message=_("You have imported very many conversations in the last minute. Wait a little and go on."),
    )
    content = file.read(MAX_BYTES + 1)
    read_in = read(content)
    check_quota(access, len(content))
    return _write(access, read_in, size=len(content))


def read(content: bytes) -> PortableConversation:
    if len(content) > MAX_BYTES:
        raise ConversationUnreadable(
            _("The file is larger than %(size)s MB. No exported conversation is.") % {"size": MAX_BYTES // 1024 // 1024}
        )
    try:
        return PortableConversation.model_validate_json(content.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as error:
        raise ConversationUnreadable(_what_is_wrong(error)) from error


def _what_is_wrong(error: ValidationError) -> str:
    """The first fault, with its place. What a fault says is English, like the names in the file."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return _("The file is not JSON. Choose one that “Export as JSON” has made.")
    if first["type"] == "too_long" and first["loc"][-1] in {"answer", "draft"}:
        return _("An answer in the file is longer than %(count)d characters, which is the most that is taken.") % {
            "count": ANSWER_CHARS
        }
    place = ".".join(str(part) for part in first["loc"]) or "."
    return _("The file is no exported conversation. At “%(place)s”: %(fault)s.") % {
        "place": place[:80],
        "fault": first["msg"][:200].rstrip("."),
    }


@transaction.atomic
def _write(access: Access, read_in: PortableConversation, *, size: int) -> Conversation:
    now = timezone.now()
    conversation = Conversation.objects.create(
        tenant=access.tenant,
        user=access.user,
        title=" ".join(read_in.title.split()),
        imported_at=now,
        imported_bytes=size,
    )
    turns = [_turn(access, conversation, each) for each in read_in.turns]
    for turn, parent in zip(turns, read_in.parents, strict=True):
        turn.parent = None if parent is None else turns[parent]
    Turn.objects.bulk_create(turns)
    _write_comparisons(access, conversation, turns, read_in)
    if read_in.shown is not None:
        conversation.head = turns[read_in.shown]
        conversation.save(update_fields=["head"])
    _write_times(access, turns, read_in, now)
    Source.objects.bulk_create(
        _source(access, turn, source)
        for turn, each in zip(turns, read_in.turns, strict=True)
        for source in each.sources
    )
    return conversation


def _turn(access: Access, conversation: Conversation, read_in: PortableTurn) -> Turn:
    return Turn(
        id=uuid4(),
        tenant=access.tenant,
        conversation=conversation,
        status=read_in.status,
        question=read_in.question,
        answer=read_in.answer,
        draft=read_in.draft,
        folded=folded_text(read_in.question, read_in.answer, read_in.draft),
        refused=read_in.refused,
        imported=True,
        model=read_in.model,
    )


def _write_times(access: Access, turns: list[Turn], read_in: PortableConversation, now: datetime) -> None:
    """A row takes the moment of its writing for its own, so that theirs are written afterwards: those of the file, in
    its order, and none of the future."""
    earliest = datetime.min.replace(tzinfo=now.tzinfo)
    for turn, each in zip(turns, read_in.turns, strict=True):
        asked = max(min(each.asked_at, now), earliest)
        turn.created_at = turn.heartbeat_at = turn.finished_at = asked
        earliest = asked + timedelta(microseconds=1)
    Turn.objects.for_tenant(access.tenant).bulk_update(turns, ["created_at", "heartbeat_at", "finished_at"])


def _write_comparisons(
    access: Access, conversation: Conversation, turns: Sequence[Turn], read_in: PortableConversation
) -> None:
    made: dict[int, Comparison] = {}
    for turn, each in zip(turns, read_in.turns, strict=True):
        if each.comparison is None:
            continue
        if each.comparison not in made:
            made[each.comparison] = Comparison.objects.create(tenant=access.tenant, conversation=conversation)
        turn.comparison = comparison = made[each.comparison]
        if each.verdict:
            comparison.verdict = each.verdict
            comparison.best = turn if each.verdict == "better" else None
            comparison.save(update_fields=["verdict", "best"])
    Turn.objects.for_tenant(access.tenant).bulk_update(turns, ["comparison"])


def _source(access: Access, turn: Turn, read_in: PortableSource) -> Source:
    return Source(
        tenant=access.tenant,
        turn=turn,
        number=read_in.number,
        chunk_id=uuid4(),
        document_name=read_in.document,
        text=read_in.text,
        start=0,
        end=len(read_in.text),
        page=read_in.page,
        last_page=read_in.last_page,
        heading=read_in.heading,
        cited=read_in.cited,
    )
