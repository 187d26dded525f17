"""The base of everything that crosses the socket."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frame(BaseModel):
    """One JSON object on the wire. Subclasses set `type` to a `Literal`, which is what unions discriminate by."""

    model_config = ConfigDict(frozen=True, extra="forbid")
