"""A conversation as a file: what is written when it is exported as JSON, and what is believed of such a file.

Nothing in it leads anywhere. A source is the text that was cited with the name of its document, never an id, so that
a file cannot point into another organisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

MAX_BYTES = 5 * 1024 * 1024
TURNS_MAX = 1_000
SOURCES_MAX = 60
ANSWER_CHARS = 60_000
"""The longest that an organisation can set, 8,192 tokens, is about half of it."""


def _without_nul(text: str) -> str:
    """PostgreSQL keeps no such character."""
    return text.replace("\0", "")


Text = Annotated[str, AfterValidator(_without_nul)]
Over = Literal["completed", "stopped", "failed", "interrupted"]
Verdict = Literal["", "better", "good", "bad"]
Name = Annotated[Text, Field(max_length=255)]


class Portable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PortableSource(Portable):
    number: int = Field(ge=1, le=999)
    document: Name
    page: int | None = Field(default=None, ge=1, le=1_000_000)
    last_page: int | None = Field(default=None, ge=1, le=1_000_000)
    heading: Annotated[Text, Field(max_length=500)] = ""
    text: Annotated[Text, Field(max_length=50_000)]
    cited: bool


class PortableTurn(Portable):
    """One that is over."""

    question: Annotated[Text, Field(min_length=1, max_length=8_000)]
    answer: Annotated[Text, Field(max_length=ANSWER_CHARS)] = ""
    draft: Annotated[Text, Field(max_length=ANSWER_CHARS)] = ""
    status: Over
    refused: bool = False
    model: Annotated[Text, Field(max_length=200)] = ""
    asked_at: AwareDatetime
    parent: int | None = Field(default=None, ge=0)
    """Which of the file's turns it follows, counted from 0; None is none, it is a first question."""
    comparison: int | None = Field(default=None, ge=0)
    """The place of the first of those that were asked together, of several models."""
    verdict: Verdict = ""
    """What came of the comparison: "better" of the one that was, "good" or "bad" of all."""
    sources: tuple[PortableSource, ...] = Field(default=(), max_length=SOURCES_MAX)

    @model_validator(mode="after")
    def _numbers_once(self) -> PortableTurn:
        numbers = [source.number for source in self.sources]
        if len(numbers) != len(set(numbers)):
            raise ValueError("two sources have the same number")
        return self


class PortableConversation(Portable):
    format: Literal["razgovor.conversation"] = "razgovor.conversation"
    version: Literal[1, 2] = 2
    """1 had no branches: each turn follows the one before it."""
    title: Annotated[Text, Field(max_length=120)]
    created_at: AwareDatetime
    turns: tuple[PortableTurn, ...] = Field(min_length=1, max_length=TURNS_MAX)
    shown: int | None = Field(default=None, ge=0)
    """One of the turns of the branch that is shown; None is the one that was asked last."""

    @model_validator(mode="after")
    def _in_order(self) -> PortableConversation:
        if any(parent is not None and parent >= at for at, parent in enumerate(self.parents)):
            raise ValueError("a turn follows one that does not come before it")
        if self.shown is not None and self.shown >= len(self.turns):
            raise ValueError("the turn that is shown is not there")
        places = {(turn.comparison, parent) for turn, parent in zip(self.turns, self.parents, strict=True)}
        compared = [comparison for comparison, _parent in places if comparison is not None]
        if len(compared) != len(set(compared)):
            raise ValueError("turns that are compared do not follow the same one")
        return self

    @property
    def parents(self) -> Sequence[int | None]:
        """For each of the turns, the one that it follows."""
        if self.version == 1:
            return [at - 1 if at else None for at in range(len(self.turns))]
        return [turn.parent for turn in self.turns]
