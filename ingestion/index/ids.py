"""Ids as indexes store them, in text."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

KNOWN = 16_384
"""Every search names some hundreds of chunks and their documents, mostly those that the last ones have named."""


@lru_cache(maxsize=KNOWN)
def uuid_of(text: str) -> UUID:
    return UUID(text)
