"""How many answers this process is making, and for how long text gathers because of it.

Ten steps a second read as flowing. What a token costs is paid for each step, not for each token: in a crowd a little
more at a time costs far less than falling behind.
"""

from __future__ import annotations

from uuid import UUID

GATHER_S = 0.1
GATHER_CROWDED_S = 0.3
CROWD = 30
"""Answers above which text gathers for longer, in proportion, up to `GATHER_CROWDED_S`."""

answers: set[UUID] = set()
"""The turns that are being answered here."""


def gather_s() -> float:
    return min(max(GATHER_S, GATHER_S * len(answers) / CROWD), GATHER_CROWDED_S)
