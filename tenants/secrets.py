"""Secrets at rest: Fernet (AES-128-CBC with HMAC) under keys derived from the server's secret key.

Rotating: set a new RAZGOVOR_SECRET_KEY and put the old one into RAZGOVOR_OLD_SECRET_KEYS; old values stay readable and
are written back under the new key when next saved.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

from tenants.errors import TenancyError


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    def derive(key: str) -> Fernet:
        kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"razgovor secrets at rest")
        return Fernet(base64.urlsafe_b64encode(kdf.derive(key.encode())))

    return MultiFernet([derive(key) for key in keys])


def _current() -> MultiFernet:
    return _fernet((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def encrypt(value: str) -> str:
    return _current().encrypt(value.encode()).decode() if value else ""


def decrypt(value: str) -> str:
    try:
        return _current().decrypt(value.encode()).decode() if value else ""
    except InvalidToken:
        raise TenancyError(
            "A stored key cannot be decrypted, because the server's secret key has changed. Enter the key again.",
            code="secret.unreadable",
        ) from None


class EncryptedField(models.TextField):  # type: ignore[type-arg]
    """Text that is encrypted in the database and stays encrypted in Python; `decrypt` is called where it is used."""

    description = "An encrypted secret"

    def get_prep_value(self, value: Any) -> Any:
        return value.token if isinstance(value, Secret) else encrypt(value or "")

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> Secret:
        return Secret(value or "")

    def to_python(self, value: Any) -> Any:
        return value


class Secret(str):
    """An encrypted value read from the database. Printing it shows nothing; `reveal()` gives the text."""

    __slots__ = ("token",)
    token: str

    def __new__(cls, token: str) -> Secret:
        secret = super().__new__(cls, "••••••••" if token else "")
        secret.token = token
        return secret

    def reveal(self) -> str:
        return decrypt(self.token)
