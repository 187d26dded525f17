"""The secrets that programs sign in with: `rzg_<prefix>_<secret>`.

The name in front lets scanners of secrets recognise one that was published by mistake. The prefix stands in lists and
in the audit log; the secret has 256 random bits, so a plain hash of the whole is enough to keep.
"""

from __future__ import annotations

import hashlib
import re
import secrets

PREFIX_BYTES = 4
SECRET_BYTES = 32
_TOKEN = re.compile(r"rzg_[0-9a-f]{8}_[0-9a-f]{64}")


def make() -> tuple[str, str]:
    """Return a new prefix and the whole token that begins with it."""
    prefix = secrets.token_hex(PREFIX_BYTES)
    return prefix, f"rzg_{prefix}_{secrets.token_hex(SECRET_BYTES)}"


def is_one(text: str) -> bool:
    """Whether `text` has the shape of a token, which spares the database every other guess."""
    return _TOKEN.fullmatch(text) is not None


def hash_of(token: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()
