"""What a browser may say. Version 1."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter

from project.frames import Frame

QUESTION_MAX_CHARS = 8_000
MOST_IMAGES = 6
"""Of one question: enough for the frames of a short video. A tenant's context may have room for fewer."""

Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=QUESTION_MAX_CHARS)]


class Ask(Frame):
    """A new question. The client makes `turn_id`, so that sending it twice asks once."""

    type: Literal["ask"]
    turn_id: UUID
    text: Question
    conversation_id: UUID | None = None
    collection_ids: tuple[UUID, ...] | None = None
    """Search only these; None is whatever the tenant's settings say."""
    image_ids: tuple[UUID, ...] = Field(default=(), max_length=MOST_IMAGES)
    """Of pictures that were uploaded before, in the order in which they are meant."""


class Stop(Frame):
    type: Literal["stop"]
    turn_id: UUID


class Retry(Frame):
    """Ask a finished turn's question again, as a new turn."""

    type: Literal["retry"]
    turn_id: UUID
    retry_of: UUID


class Resume(Frame):
    """Follow a turn from after the last `seq` that the client has; 0 is from its beginning."""

    type: Literal["resume"]
    turn_id: UUID
    after: int = Field(ge=0)


Command = Annotated[Ask | Stop | Retry | Resume, Field(discriminator="type")]

decode: TypeAdapter[Ask | Stop | Retry | Resume] = TypeAdapter(Command)
