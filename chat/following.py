"""From the turn log to the socket: entries of plain text become frames of HTML, one frame an entry, in order.

A fresh page load and a replay of the log show the same thing, because both render the same text with `chat.rendering`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils import translation

from chat.check_words import summary
from chat.domain import Checked
from chat.excerpts import excerpt
from chat.images.selectors import image_url
from chat.models import Turn
from chat.ports import LogEntry, TurnLog
from chat.protocol.events import (
    AnswerBlock,
    AnswerChecked,
    AnswerCitation,
    ContextFrame,
    ExcerptPart,
    PictureFrame,
    SourceFrame,
    TurnAccepted,
    TurnCompleted,
    TurnFailed,
    TurnFrame,
    TurnSources,
    TurnStage,
    TurnStopped,
    UsageFrame,
)
from chat.refusal import language_of
from chat.rendering import CitationLinks, render, render_answer, render_draft
from chat.selectors import citation_links


async def follow(log: TurnLog, turn: Turn, slug: str, *, after: int) -> AsyncIterator[TurnFrame]:
    """Yield the turn's frames with `seq > after` until its end. Raise `LogGone` when they can no longer be had."""
    assembler = Assembler(turn, slug)
    async for entry in log.read(turn.pk, after=0):  # from the beginning: later blocks need the earlier text
        wanted = entry.seq > after
        frame = assembler.take(entry, render_it=wanted)
        if wanted and frame is not None:
            yield frame


@dataclass(slots=True)
class Assembler:
    """Follows one turn's entries and knows its text so far."""

    turn: Turn
    slug: str
    links: CitationLinks = field(init=False)
    blocks: dict[int, str] = field(default_factory=dict)
    drafts: set[int] = field(default_factory=set)
    checked: Checked | None = None

    def __post_init__(self) -> None:
        self.links = citation_links(self.slug, self.turn.pk, frozenset())

    @property
    def answer(self) -> str:
        return "".join(text for index, text in self.blocks.items() if index not in self.drafts)

    @property
    def draft(self) -> str:
        return "".join(text for index, text in self.blocks.items() if index in self.drafts)

    def take(self, entry: LogEntry, *, render_it: bool) -> TurnFrame | None:
        """Note the entry, and return its frame where one is wanted."""
        data = entry.data
        if data["type"] == "turn.sources":
            numbers = frozenset(source["number"] for source in data["sources"])
            self.links = citation_links(self.slug, self.turn.pk, numbers)
        elif data["type"] == "answer.delta":
            self.blocks[data["block"]] = self.blocks.get(data["block"], "") + data["text"]
            if data["draft"]:
                self.drafts.add(data["block"])
        elif data["type"] == "answer.checked":
            self.checked = Checked.of(data)
        return self._frame(entry.seq, data) if render_it else None

    def _frame(self, seq: int, data: dict[str, Any]) -> TurnFrame:  # noqa: PLR0911 - one for each type
        turn_id = self.turn.pk
        match data["type"]:
            case "turn.accepted":
                return self._accepted(seq, data)
            case "turn.stage":
                return TurnStage(turn_id=turn_id, seq=seq, stage=data["stage"])
            case "turn.sources":
                return self._sources(seq, data)
            case "answer.delta":
                return AnswerBlock(turn_id=turn_id, seq=seq, index=data["block"], html=self._block(data["block"]))
            case "answer.citation":
                return AnswerCitation(turn_id=turn_id, seq=seq, number=data["number"])
            case "answer.checked":
                return self._checked(seq)
            case "turn.completed":
                return TurnCompleted(
                    turn_id=turn_id,
                    seq=seq,
                    html=self.html,
                    usage=UsageFrame(**data["usage"]),
                    elapsed_ms=data["elapsed_ms"],
                    model=data["model"],
                    refused=data["refused"],
                    notice=data["notice"],
                    can_go_on=data.get("can_go_on", False),
                    from_pictures=data.get("from_pictures", False),
                    first_word_ms=data.get("first_word_ms"),
                    context=ContextFrame(**context) if (context := data.get("context")) else None,
                    language=language_of(self.turn.question),
                )
            case "turn.stopped":
                return TurnStopped(
                    turn_id=turn_id,
                    seq=seq,
                    html=self.html,
                    elapsed_ms=data["elapsed_ms"],
                    can_go_on=data.get("can_go_on", False),
                )
            case "turn.failed":
                return TurnFailed(
                    turn_id=turn_id,
                    seq=seq,
                    html=self.html,
                    code=data["code"],
                    message=translation.gettext(data["message"]),  # `turns.INTERRUPTED` is in English until here
                    retryable=data["retryable"],
                    can_go_on=data.get("can_go_on", False),
                )
            case unknown:
                raise ValueError(f"the turn log holds an entry of an unknown type, {unknown}")

    @property
    def html(self) -> str:
        return render_answer(self.answer, self.draft, self.links, self.checked.findings if self.checked else ())

    def _block(self, index: int) -> str:
        text = self.blocks[index]
        if index not in self.drafts:
            return render(text, self.links)
        first = index == min(self.drafts)
        return render_draft(text, self.links, label=first)

    def _checked(self, seq: int) -> AnswerChecked:
        return AnswerChecked(
            turn_id=self.turn.pk,
            seq=seq,
            html=self.html,
            summary=summary(self.checked),
            sentences=self.checked.sentences if self.checked else 0,
            unsupported=self.checked.faults if self.checked else 0,
        )

    def _accepted(self, seq: int, data: dict[str, Any]) -> TurnAccepted:
        conversation = self.turn.conversation
        return TurnAccepted(
            turn_id=self.turn.pk,
            seq=seq,
            conversation_id=conversation.pk,
            conversation_title=conversation.title,
            conversation_url=reverse("chat:conversation", args=[self.slug, conversation.pk]),
            question=self.turn.question,
            pictures=tuple(
                PictureFrame(
                    url=image_url(self.slug, each["id"]), name=each["name"], width=each["width"], height=each["height"]
                )
                for each in data.get("pictures", ())
            ),
        )

    def _sources(self, seq: int, data: dict[str, Any]) -> TurnSources:
        return TurnSources(
            turn_id=self.turn.pk,
            seq=seq,
            omitted=data["omitted"],
            shortened=data.get("shortened", 0),
            sources=tuple(
                SourceFrame(
                    number=source["number"],
                    document=source["document"],
                    document_id=source.get("document_id", ""),
                    page=source["page"],
                    last_page=source.get("last_page"),
                    heading=source["heading"],
                    excerpt=tuple(
                        ExcerptPart(text=text, is_deciding=is_deciding)
                        for text, is_deciding in excerpt(source["text"], source.get("deciding", ()))
                    ),
                    url=f"{self.links.base}{source['number']}/",
                )
                for source in data["sources"]
            ),
        )
