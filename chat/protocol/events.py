"""What the server says to a browser. Version 1.

Every event of a turn has `turn_id` and a `seq` that counts from 1 without a gap; exactly one of `turn.completed`,
`turn.stopped` and `turn.failed` comes last. HTML in an event is rendered and sanitised by the server.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from chat.domain import Stage
from project.frames import Frame


class TurnFrame(Frame):
    turn_id: UUID
    seq: int = Field(ge=1)


class PictureFrame(Frame):
    """A picture that came with the question."""

    url: str
    name: str
    width: int
    height: int


class TurnAccepted(TurnFrame):
    type: Literal["turn.accepted"] = "turn.accepted"
    conversation_id: UUID
    conversation_title: str
    conversation_url: str
    question: str
    pictures: tuple[PictureFrame, ...] = ()


class TurnStage(TurnFrame):
    type: Literal["turn.stage"] = "turn.stage"
    stage: Stage


class ExcerptPart(Frame):
    text: str
    is_deciding: bool
    """The question is most likely answered here."""


class SourceFrame(Frame):
    number: int
    document: str
    document_id: str = ""
    """Tells passages of one document from those of another of the same name; empty where that is not known."""
    page: int | None
    last_page: int | None
    heading: str
    excerpt: tuple[ExcerptPart, ...]
    url: str


class TurnSources(TurnFrame):
    type: Literal["turn.sources"] = "turn.sources"
    sources: tuple[SourceFrame, ...]
    omitted: int = 0
    """How many more were found and left out."""
    shortened: int = 0
    """How many of the sources only their best sentences were used of."""


class AnswerBlock(TurnFrame):
    """Block `index` of the answer now reads `html`; an earlier one of the same index is replaced."""

    type: Literal["answer.block"] = "answer.block"
    index: int = Field(ge=0)
    html: str


class AnswerCitation(TurnFrame):
    """The answer has just cited source `number` for the first time."""

    type: Literal["answer.citation"] = "answer.citation"
    number: int


class AnswerChecked(TurnFrame):
    """The answer has been compared with its passages. The whole of it, with what is not supported marked, replaces the
    blocks."""

    type: Literal["answer.checked"] = "answer.checked"
    html: str
    summary: str
    """One line about what was found."""
    sentences: int
    unsupported: int


class UsageFrame(Frame):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class ContextFrame(Frame):
    """How much of the model's context the question has taken with its answer, in tokens, and how many of the `earlier`
    questions of the conversation were sent along."""

    used: int
    size: int
    earlier: int
    remembered: int


class TurnCompleted(TurnFrame):
    """The whole answer as it is stored; it replaces the blocks."""

    type: Literal["turn.completed"] = "turn.completed"
    html: str
    usage: UsageFrame
    elapsed_ms: int
    model: str
    """Which model wrote it; empty when none did."""
    refused: bool = False
    """The documents did not hold an answer."""
    notice: str = ""
    """What the reader should know about how it came about, for example that a fallback provider wrote it."""
    context: ContextFrame | None = None
    can_go_on: bool = False
    """It was cut at its longest length: `continue` writes the rest."""
    language: str = ""
    """Of the question, and so of the answer: a tag such as `en` or `sr-Latn`."""
    from_pictures: bool = False
    """It is about the pictures that came with the question; no passage bears it out."""
    first_word_ms: int | None = None


class TurnStopped(TurnFrame):
    type: Literal["turn.stopped"] = "turn.stopped"
    html: str
    elapsed_ms: int
    can_go_on: bool = False


class TurnFailed(TurnFrame):
    type: Literal["turn.failed"] = "turn.failed"
    html: str
    code: str
    message: str
    retryable: bool
    can_go_on: bool = False


class TurnGap(Frame):
    """The turn can no longer be replayed; the page at `url` has what came of it."""

    type: Literal["turn.gap"] = "turn.gap"
    turn_id: UUID
    url: str


class ConversationRenamed(Frame):
    type: Literal["conversation.renamed"] = "conversation.renamed"
    conversation_id: UUID
    title: str


class ProtocolError(Frame):
    type: Literal["protocol.error"] = "protocol.error"
    code: str
    message: str
    turn_id: UUID | None = None


TurnEvent = Annotated[
    TurnAccepted
    | TurnStage
    | TurnSources
    | AnswerBlock
    | AnswerCitation
    | AnswerChecked
    | TurnCompleted
    | TurnStopped
    | TurnFailed,
    Field(discriminator="type"),
]
