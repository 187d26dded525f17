"""The one socket of a page: questions and their answers, and news of documents.

Handlers decode, authorise, make one service call and return; whatever takes longer is a task. A handler that waits
would keep the socket from hearing `stop`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from importlib import import_module
from types import SimpleNamespace
from typing import Any, assert_never
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from pydantic import ValidationError

from chat import selectors, services, titles, turns
from chat.aio import in_thread
from chat.comparisons.services import Asked, comparison_start
from chat.following import follow
from chat.models import Turn
from chat.ports import LogGone
from chat.protocol.commands import Ask, Continue, Resume, Retry, Stop, decode, turn_meant
from chat.protocol.events import ConversationRenamed, ProtocolError, TurnGap
from ingestion.events import DocumentUpdated
from ingestion.progress import group_of
from ingestion.selectors import documents_list
from ingestion.views import row_html
from project.errors import AppError
from project.frames import Frame
from tenants.access import Access, access_for
from tenants.errors import NotFound

logger = logging.getLogger(__name__)

NOT_SIGNED_IN = 4401
NOT_A_MEMBER = 4404
IDLE = 4408
TOO_MANY = 4429
BROKEN = 4500

COMMANDS_IN_WINDOW = 60
WINDOW_S = 10.0
IDLE_S = 12 * 3600.0
"""A page that nobody has touched for half a day gives its socket back; it reconnects when somebody does."""


SessionStore = import_module(settings.SESSION_ENGINE).SessionStore


class TenantConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    async def connect(self) -> None:
        self.slug: str = self.scope["url_route"]["kwargs"]["slug"]
        self.followed: dict[UUID, asyncio.Task[None]] = {}
        self.commands: deque[float] = deque(maxlen=COMMANDS_IN_WINDOW)
        self.idle: asyncio.TimerHandle | None = None
        access, refusal = await self._standing()
        if access is not None:  # before the page is told that the socket is open, and asks what it has missed
            # Channels leaves them when the socket closes.
            self.groups = [group_of(access.tenant.pk), titles.group_of(access.tenant.pk, self.scope["user"].pk)]
            for group in self.groups:
                await self.channel_layer.group_add(group, self.channel_name)
        # Accepted in any case: a close before that reaches a browser as 1006, without the reason.
        await self.accept()
        if access is not None:
            self._touched()
        else:
            await self.close(refusal)

    async def disconnect(self, code: int) -> None:
        if self.idle:
            self.idle.cancel()
        for task in self.followed.values():
            task.cancel()  # only the following ends; the answer goes on

    async def access(self) -> Access | None:
        """Asked on every command and every push: a session or a membership may end while a page is open."""
        access, refusal = await self._standing()
        if access is None:
            await self.close(refusal)
        return access

    async def _standing(self) -> tuple[Access | None, int]:
        """What whoever has opened the socket may do now, or with which code it closes."""
        try:
            access = await in_thread(_access_now, self.scope["session"].session_key, self.slug)
        except NotFound:
            return None, NOT_A_MEMBER
        return access, NOT_SIGNED_IN

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        self._touched()
        if self._too_many():
            await self.close(TOO_MANY)
            return
        try:
            command = decode.validate_json(text_data or b"")
        except ValidationError as error:
            await self.send_frame(_not_understood(error, text_data, _language(self.scope)))
            return
        if (access := await self.access()) is None:
            return
        try:
            with translation.override(_language(self.scope)):  # the tasks that a command starts inherit it
                await self.act(access, command)
        except AppError as error:
            await self.send_frame(ProtocolError(code=error.code, message=error.message, turn_id=command.turn_id))
        except Exception:
            logger.exception("a command failed")
            await self.close(BROKEN)

    async def act(self, access: Access, command: Ask | Stop | Retry | Continue | Resume) -> None:
        match command:
            case Ask():
                for turn, new in await in_thread(_asked, access, command):
                    await self.begin(turn, new=new)
            case Retry():
                turn, new = await in_thread(
                    services.turn_retry,
                    access=access,
                    turn_id=command.turn_id,
                    retry_of=command.retry_of,
                    text=command.text,
                    provider_id=command.provider_id,
                )
                await self.begin(turn, new=new)
            case Continue():
                turn, new = await in_thread(
                    services.turn_continue, access=access, turn_id=command.turn_id, continue_of=command.continue_of
                )
                await self.begin(turn, new=new)
            case Stop():
                turn = await in_thread(selectors.turn_get, access=access, turn_id=command.turn_id)
                await turns.stop(turn.pk)
            case Resume():
                turn = await in_thread(selectors.turn_get, access=access, turn_id=command.turn_id)
                self.watch(turn, after=command.after)
            case _:
                assert_never(command)

    async def begin(self, turn: Turn, *, new: bool) -> None:
        if new:
            await turns.start(turn)
        self.watch(turn, after=0)

    def watch(self, turn: Turn, *, after: int) -> None:
        """Follow a turn in a task of its own; following it again starts over from `after`."""
        if running := self.followed.pop(turn.pk, None):
            running.cancel()
        self.followed[turn.pk] = asyncio.create_task(self._follow(turn, after), name=f"follow-{turn.pk}")

    async def _follow(self, turn: Turn, after: int) -> None:
        try:
            async for frame in follow(turns.turn_log(), turn, self.slug, after=after):
                await self.send_frame(frame)
        except LogGone:
            url = reverse("chat:turn", args=[self.slug, turn.pk])
            await self.send_frame(TurnGap(turn_id=turn.pk, url=url))
        except Exception:
            logger.exception("following turn %s failed", turn.pk)
            await self.close(BROKEN)  # the page reconnects and resumes
        finally:
            if self.followed.get(turn.pk) is asyncio.current_task():
                del self.followed[turn.pk]

    async def document_updated(self, message: dict[str, Any]) -> None:
        """A document of this tenant has changed: show its row as this reader may see it."""
        if (access := await self.access()) is None:
            return
        document_id = UUID(message["document_id"])
        status, html = await in_thread(_row, access, document_id, _language(self.scope))
        await self.send_frame(
            DocumentUpdated(
                document_id=document_id, collection_id=UUID(message["collection_id"]), status=status, html=html
            )
        )

    async def conversation_renamed(self, message: dict[str, Any]) -> None:
        """A conversation of this reader's has got another name."""
        if (access := await self.access()) is None:
            return
        try:
            found = await in_thread(
                selectors.conversation_get, access=access, conversation_id=UUID(message["conversation_id"])
            )
        except NotFound:  # deleted meanwhile
            return
        await self.send_frame(ConversationRenamed(conversation_id=found.pk, title=found.title))

    async def send_frame(self, frame: Frame) -> None:
        await self.send(text_data=frame.model_dump_json())

    def _touched(self) -> None:
        if self.idle:
            self.idle.cancel()
        self.idle = asyncio.get_running_loop().call_later(IDLE_S, lambda: asyncio.ensure_future(self.close(IDLE)))

    def _too_many(self) -> bool:
        now = time.monotonic()
        full = len(self.commands) == COMMANDS_IN_WINDOW and now - self.commands[0] < WINDOW_S
        self.commands.append(now)
        return full


def _not_understood(error: ValidationError, text: str | None, language: str) -> ProtocolError:
    """A sentence for whoever reads it, who can only load the page again; what exactly was wrong is for the log."""
    first = error.errors(include_url=False, include_input=False)[0]
    logger.warning("no command: %s: %s", ".".join(str(part) for part in first["loc"]), first["msg"])
    with translation.override(language):
        message = _("This could not be understood. Reload the page and try again.")
    return ProtocolError(code="command.invalid", message=message, turn_id=turn_meant(text or ""))


def _asked(access: Access, command: Ask) -> list[tuple[Turn, bool]]:
    question: dict[str, Any] = {
        "text": command.text,
        "conversation_id": command.conversation_id,
        "collection_ids": command.collection_ids,
        "document_ids": command.document_ids,
        "parent": command.parent_id,
        "image_ids": command.image_ids,
    }
    if command.compare and command.provider_id:
        others = [Asked(each.turn_id, each.provider_id) for each in command.compare]
        asked = [Asked(command.turn_id, command.provider_id), *others]
        return comparison_start(access=access, asked=asked, blind=command.blind, **question)
    provider_id = command.provider_id
    return [services.turn_start(access=access, turn_id=command.turn_id, provider_id=provider_id, **question)]


def _language(scope: Any) -> str:
    """The language that the page itself was shown in: of the reader's choice, else of the browser."""
    request = HttpRequest()
    request.COOKIES = dict(scope.get("cookies", {}))
    headers = dict(scope.get("headers", []))
    request.META["HTTP_ACCEPT_LANGUAGE"] = headers.get(b"accept-language", b"").decode("latin-1")
    return translation.get_language_from_request(request)


def _row(access: Access, document_id: UUID, language: str) -> tuple[str, str]:
    document = documents_list(tenant=access.tenant).filter(pk=document_id).first()
    if document is None:
        return "deleted", ""
    with translation.override(language):
        return document.status, row_html(access, document)


def _access_now(session_key: str | None, slug: str) -> Access | None:
    """None where the session has ended: by signing out in another tab, or by another password. Raise `NotFound` where
    whoever it belongs to is no member."""
    user = get_user(SimpleNamespace(session=SessionStore(session_key)))  # type: ignore[arg-type]  # all it looks at
    return access_for(user, slug) if user.is_authenticated else None
