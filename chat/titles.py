"""Better names of conversations. Each goes by the beginning of its first question at once; where the tenant's model is
more than the starter model, it is asked for a better one after the answer has ended, beside everything else.

A name that a person gave is never written over, and whatever fails leaves the name as it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing
from uuid import UUID

from channels.layers import get_channel_layer
from django.db.models import QuerySet

from chat.aio import in_thread
from chat.domain import Exchange
from chat.llm.chain import Delta, FallbackChain
from chat.models import Conversation, Turn
from chat.naming import cleaned, title_of
from chat.prompting import title_messages
from project.errors import AppError

logger = logging.getLogger(__name__)

MAX_TOKENS = 32
TIMEOUT_S = 30.0
TRIES = 3
"""After so many answered questions the first question's beginning stays."""

_making: dict[UUID, asyncio.Task[None]] = {}
"""By conversation."""


def is_wanted(turn: Turn, history: Sequence[Exchange], earlier: int) -> bool:
    """Whether the conversation still goes by its first question, and has not been asked about too often."""
    first = history[0].question if history else turn.question
    return earlier < TRIES and turn.conversation.title == title_of(first)


def begin(turn: Turn, writer: FallbackChain) -> None:
    """Have a title made, and do not wait for it. Of answers that are compared, the first to end has it made."""
    if turn.conversation_id in _making:
        return
    task = asyncio.create_task(_make(turn, writer), name=f"title-{turn.conversation_id}")
    _making[turn.conversation_id] = task
    task.add_done_callback(lambda _done: _forget(turn.conversation_id, task))


def _forget(conversation_id: UUID, task: asyncio.Task[None]) -> None:
    if _making.get(conversation_id) is task:
        del _making[conversation_id]


def make_way(conversation_id: UUID) -> None:
    """Its reader has asked on: the model is needed for the answer. The title is tried again after that."""
    if task := _making.get(conversation_id):
        task.cancel()


async def wait(conversation_id: UUID) -> None:
    """Return when the title that is being made here is there, or is not coming."""
    if task := _making.get(conversation_id):
        await asyncio.gather(task, return_exceptions=True)


async def _make(turn: Turn, writer: FallbackChain) -> None:
    try:
        if not await in_thread(_unnamed(turn).exists):
            return
        async with asyncio.timeout(TIMEOUT_S):
            title = cleaned(await _written(turn.question, writer))
        given = await in_thread(_give, turn, title) if title else False
        if given:
            await _announce(turn)
    except (AppError, TimeoutError) as error:
        logger.info("conversation %s keeps its name: %s", turn.conversation_id, error or "no title in time")
    except Exception:
        logger.exception("conversation %s could not be given a title", turn.conversation_id)


async def _written(question: str, writer: FallbackChain) -> str:
    text = ""
    async with aclosing(writer.stream(title_messages(question))) as items:
        async for item in items:
            text += item.text if isinstance(item, Delta) else ""
    return text


def _unnamed(turn: Turn) -> QuerySet[Conversation]:
    """The turn's conversation, as long as it has the name that it had when the answer began."""
    return Conversation.objects.for_tenant(turn.tenant_id).filter(
        pk=turn.conversation_id, title=turn.conversation.title, deleted_at=None
    )


def _give(turn: Turn, title: str) -> bool:
    return bool(_unnamed(turn).update(title=title))


def group_of(tenant_id: UUID, user_id: int) -> str:
    """Of all open pages of one person in one organisation."""
    return f"person.{tenant_id.hex}.{user_id}"


async def _announce(turn: Turn) -> None:
    """Only the id travels: each page's own process looks the name up, as whoever is looking."""
    if user_id := turn.conversation.user_id:
        message = {"type": "conversation.renamed", "conversation_id": str(turn.conversation_id)}
        await get_channel_layer().group_send(group_of(turn.tenant_id, user_id), message)
