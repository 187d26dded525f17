"""What a browser may say. Version 1."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from project.frames import Frame

QUESTION_MAX_CHARS = 8_000
MOST_DOCUMENTS = 20
"""That a question can be searched in by name."""
MOST_IMAGES = 6
"""Of one question: enough for the frames of a short video. A tenant's context may have room for fewer."""

Question = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=QUESTION_MAX_CHARS),
    BeforeValidator(lambda text: text.replace("\0", "") if isinstance(text, str) else text),
]
"""Without NUL, which PostgreSQL does not take."""


class Compared(Frame):
    """Another model that answers the same question, in a turn of its own."""

    turn_id: UUID
    provider_id: UUID


class Ask(Frame):
    """A new question. The client makes `turn_id`, so that sending it twice asks once."""

    type: Literal["ask"]
    turn_id: UUID
    text: Question
    conversation_id: UUID | None = None
    collection_ids: tuple[UUID, ...] | None = None
    document_ids: tuple[UUID, ...] | None = Field(default=None, max_length=MOST_DOCUMENTS)
    """Search only these collections, and these documents beside them; with neither it is whatever the tenant's
    settings say."""
    parent_id: UUID | Literal["end"] | None = "end"
    """The turn of the conversation that it follows; None for a first question, beside any others; "end" is whatever the
    shown branch ends with."""
    provider_id: UUID | None = None
    """The only model that may answer; None is whatever the tenant's settings say."""
    image_ids: tuple[UUID, ...] = Field(default=(), max_length=MOST_IMAGES)
    """Of pictures that were uploaded before, in the order in which they are meant."""
    compare: tuple[Compared, ...] = Field(default=(), max_length=2)
    """One or two more models that answer beside the one of `provider_id`: all of them are asked, or none."""
    blind: bool = False
    """Which model wrote what of a comparison is not to be shown before it is judged."""

    @model_validator(mode="after")
    def _compared_with_one(self) -> Self:
        if self.compare and self.provider_id is None:
            raise ValueError("what is compared needs a provider_id of its own")
        return self


class Stop(Frame):
    type: Literal["stop"]
    turn_id: UUID


class Retry(Frame):
    """Ask a finished turn's question again, as a new turn beside it."""

    type: Literal["retry"]
    turn_id: UUID
    retry_of: UUID
    text: Question | None = None
    """The question in other words; None is as it was asked."""
    provider_id: UUID | None = None
    """As in `Ask`."""


class Continue(Frame):
    """Go on with an answer that was cut or stopped. The new turn stands beside it, and has the whole answer."""

    type: Literal["continue"]
    turn_id: UUID
    continue_of: UUID


class Resume(Frame):
    """Follow a turn from after the last `seq` that the client has; 0 is from its beginning."""

    type: Literal["resume"]
    turn_id: UUID
    after: int = Field(ge=0)


Command = Annotated[Ask | Stop | Retry | Continue | Resume, Field(discriminator="type")]

decode: TypeAdapter[Ask | Stop | Retry | Continue | Resume] = TypeAdapter(Command)


class _Meant(Frame, extra="ignore"):
    turn_id: UUID


def turn_meant(text: str) -> UUID | None:
    """The turn of what `decode` refuses, where it names one: its question can then be given back."""
    try:
        return _Meant.model_validate_json(text).turn_id
    except ValidationError:
        return None
