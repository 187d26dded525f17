"""Writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import selectors
from chat.branches import Parent, tree_of
from chat.composing import scopes
from chat.conversations.searching import folded_text
from chat.domain import Checked, Passage, Trace, Usage
from chat.errors import TurnConflict
from chat.images.selectors import images_of
from chat.images.services import images_attach, images_copied
from chat.images.sight import require_eyes
from chat.models import Conversation, Source, Turn
from chat.naming import title_of
from chat.prompts import ANSWER
from chat.settings_services import provider_get
from ingestion.models import Document
from tenants import limits
from tenants.access import Access
from tenants.errors import NotFound


def turn_start(*, access: Access, turn_id: UUID, image_ids: Sequence[UUID] = (), **question: Any) -> tuple[Turn, bool]:
    """Return the turn and whether it is new: the same `turn_id` asked twice gives the same turn. The `question` is what
    `turn_create` takes."""
    if existing := _asked_before(access, turn_id):
        return existing, False
    turns_admit(access=access, pictures=len(image_ids))
    return turn_create(access=access, turn_id=turn_id, image_ids=image_ids, **question), True


def _asked_before(access: Access, turn_id: UUID) -> Turn | None:
    return selectors.turns_of(access=access).select_related("conversation").filter(pk=turn_id).first()


def turns_admit(*, access: Access, pictures: int, turns: int = 1) -> None:
    """Count that a question is asked so many times. Raise `LimitReached` where that is too often, and `ImageRefused`
    where so many pictures cannot be looked at. To be called before a transaction, since a model server may be asked,
    and before anything is copied."""
    for _turn in range(turns):
        limits.spend(
            "questions",
            access.user.pk if access.user else 0,
            per_minute=settings.QUESTIONS_PER_MINUTE,
            message=_("You have asked very many questions in the last minute. Wait a little and ask again."),
        )
    if pictures:
        require_eyes(access.tenant, pictures)


def turn_create(
    *,
    access: Access,
    turn_id: UUID,
    text: str,
    conversation_id: UUID | None = None,
    collection_ids: Sequence[UUID] | None = None,
    document_ids: Sequence[UUID] | None = None,
    parent: Parent = "end",
    provider_id: UUID | None = None,
    continues: Turn | None = None,
    image_ids: Sequence[UUID] = (),
) -> Turn:
    """The turn of a question that was admitted. Its branch is the one that its conversation shows from now on.
    `provider_id` is of the only model that may answer, and the answer begins with that of the turn that it `continues`.
    The images are this person's own, and no turn's yet."""
    choice = scopes.chosen(access=access, collection_ids=collection_ids, document_ids=document_ids)
    provider = None if provider_id is None else provider_get(tenant=access.tenant, provider_id=provider_id)
    try:
        with transaction.atomic():
            conversation = _conversation(access, conversation_id, text)
            turn = Turn.objects.create(
                id=turn_id,
                tenant=access.tenant,
                conversation=conversation,
                parent_id=_followed(conversation, parent),
                question=text,
                collection_ids=_as_json(choice.collection_ids),
                document_ids=_as_json(choice.document_ids),
                chosen_provider=provider,
                continues=continues,
                image_count=len(image_ids),
                folded=folded_text(text),
            )
            images_attach(turn=turn, user=access.user, image_ids=image_ids)
            conversation.head = turn
            conversation.save(update_fields=["updated_at", "archived_at", "head"])
    except IntegrityError as error:
        raise TurnConflict(_("This question's id is taken. Reload the page and ask again.")) from error
    return turn


def _as_json(ids: Sequence[UUID] | None) -> list[str] | None:
    return None if ids is None else [str(each) for each in ids]


def _conversation(access: Access, conversation_id: UUID | None, text: str) -> Conversation:
    if conversation_id is None:
        return Conversation.objects.create(tenant=access.tenant, user=access.user, title=title_of(text))
    conversation = selectors.conversation_get(access=access, conversation_id=conversation_id, lock=True)
    conversation.updated_at = timezone.now()
    conversation.archived_at = None  # whoever goes on with it wants it back in the list
    return conversation


def _followed(conversation: Conversation, parent: Parent) -> UUID | None:
    """What a new question follows. Raise `NotFound` where it would follow a turn of another conversation."""
    if parent is None:
        return None
    tree = tree_of(conversation)
    if parent == "end":
        return next(reversed(tree.path_through(conversation.head_id)), None)
    if parent not in tree:
        raise NotFound(_("What this question follows is not in this conversation. Reload the page and ask again."))
    return parent


def turn_retry(
    *, access: Access, turn_id: UUID, retry_of: UUID, text: str | None = None, provider_id: UUID | None = None
) -> tuple[Turn, bool]:
    """Ask a finished turn's question again, in other words where there is a `text`, and in what is left of what it was
    searched in. The new turn stands beside it."""
    old = selectors.turn_get(access=access, turn_id=retry_of)
    if old.is_running:
        raise TurnConflict(_("This question is still being answered. Stop it first."))
    return _beside(access, turn_id, old, text=text or old.question, provider_id=provider_id)


def turn_continue(*, access: Access, turn_id: UUID, continue_of: UUID) -> tuple[Turn, bool]:
    """Go on with an answer that ends too early. The new turn stands beside it, and will have the whole of it."""
    old = selectors.turn_get(access=access, turn_id=continue_of)
    if not old.can_go_on:
        raise TurnConflict(_("There is nothing to go on with in this answer. Ask again instead."))
    return _beside(access, turn_id, old, text=old.question, provider_id=old.chosen_provider_id, continues=old)


def _beside(
    access: Access, turn_id: UUID, old: Turn, *, text: str, provider_id: UUID | None, continues: Turn | None = None
) -> tuple[Turn, bool]:
    if existing := _asked_before(access, turn_id):
        return existing, False
    choice = scopes.chosen_again(access=access, turn=old)
    pictures = list(images_of(access=access).filter(turn=old).values_list("pk", flat=True))
    turns_admit(access=access, pictures=len(pictures))
    with images_copied(access=access, image_ids=pictures) as copies:
        turn = turn_create(
            access=access,
            turn_id=turn_id,
            text=text,
            conversation_id=old.conversation_id,
            collection_ids=choice.collection_ids,
            document_ids=choice.document_ids,
            parent=old.parent_id,
            provider_id=provider_id,
            continues=continues,
            image_ids=copies,
        )
    return turn, True


@transaction.atomic
def branch_show(*, access: Access, turn_id: UUID) -> Turn:
    """From now on the turn's conversation shows the branch that the turn stands in."""
    turn = selectors.turn_get(access=access, turn_id=turn_id)
    conversation = selectors.conversation_get(access=access, conversation_id=turn.conversation_id, lock=True)
    conversation.head = turn
    conversation.save(update_fields=["head"])
    return turn


@dataclass(slots=True)
class Outcome:
    """How a turn has ended. Filled in while the answer is made, written once."""

    status: Turn.Status = Turn.Status.FAILED
    answer: str = ""
    draft: str = ""
    refused: bool = False
    notice: str = ""
    error_code: str = ""
    error_message: str = ""
    error_retryable: bool = False
    provider: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    first_word_ms: int | None = None
    elapsed_ms: int = 0
    passages: tuple[Passage, ...] = ()
    sources_written: bool = False
    """Whether the passages are in the database already."""
    cited: list[int] = field(default_factory=list)
    is_whole: bool = False
    """Whether the answer came to its end."""
    cut: bool = False
    """Whether that is so because it may be no longer."""
    from_pictures: bool = False
    """Whether it is about pictures, and cites no passage."""
    checked: Checked | None = None
    trace: Trace = field(default_factory=Trace)

    @property
    def can_go_on(self) -> bool:
        """Quotes have an end; what a model writes may have been cut short."""
        is_written = bool(self.answer.strip()) and self.trace.prompt_version.startswith(f"{ANSWER}.")
        return is_written and not self.refused and (self.cut or not self.is_whole)


@transaction.atomic
def turn_finish(*, turn: Turn, outcome: Outcome) -> bool:
    """Write the outcome; False when the turn had ended already, and nothing was changed."""
    ended = (
        Turn.objects.for_tenant(turn.tenant_id)
        .filter(pk=turn.pk, status=Turn.Status.RUNNING)
        .update(
            status=outcome.status,
            answer=outcome.answer,
            draft=outcome.draft,
            folded=folded_text(turn.question, outcome.answer, outcome.draft),
            refused=outcome.refused,
            checked=asdict(outcome.checked) if outcome.checked else None,
            notice=outcome.notice[:300],
            can_go_on=outcome.can_go_on,
            error_code=outcome.error_code,
            error_message=outcome.error_message,
            error_retryable=outcome.error_retryable,
            provider=outcome.provider[:60],
            model=outcome.model,
            search_query=outcome.trace.query if outcome.trace.query != turn.question else "",
            prompt_tokens=outcome.usage.prompt_tokens,
            completion_tokens=outcome.usage.completion_tokens,
            first_word_ms=outcome.first_word_ms,
            elapsed_ms=outcome.elapsed_ms,
            trace={each.name: getattr(outcome.trace, each.name) for each in fields(outcome.trace)},
            finished_at=timezone.now(),
        )
    )
    if ended:
        if not outcome.sources_written:
            sources_write(turn=turn, passages=outcome.passages)
        Source.objects.for_tenant(turn.tenant_id).filter(turn=turn, number__in=outcome.cited).update(cited=True)
    return bool(ended)


def sources_write(*, turn: Turn, passages: Sequence[Passage]) -> None:
    """Keep what is about to be shown as sources, so that their links work while the answer is still coming."""
    there = Document.objects.for_tenant(turn.tenant_id).filter(pk__in=[each.document_id for each in passages])
    ids = set(there.values_list("pk", flat=True))  # one may have been deleted a moment ago
    Source.objects.bulk_create((_source_row(turn, passage, ids) for passage in passages), ignore_conflicts=True)


def _source_row(turn: Turn, passage: Passage, document_ids: set[UUID]) -> Source:
    return Source(
        tenant_id=turn.tenant_id,
        turn=turn,
        number=passage.number,
        document_id=passage.document_id if passage.document_id in document_ids else None,
        chunk_id=passage.chunk_id,
        document_name=passage.document_name,
        text=passage.text,
        start=passage.start,
        end=passage.end,
        page=passage.page,
        last_page=passage.last_page,
        heading=passage.heading,
        deciding=passage.deciding,
        dense=passage.dense,
        lexical=passage.lexical,
        fused=passage.fused,
    )


def turns_beat(*, turn_ids: Sequence[UUID]) -> None:
    """Say that this process is still answering these; the reaper leaves them alone."""
    Turn.all_tenants.filter(pk__in=turn_ids, status=Turn.Status.RUNNING).update(heartbeat_at=timezone.now())
