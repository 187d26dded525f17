"""Collects static files, when they have changed since they were last collected."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import CommandError
from whitenoise.storage import MissingFileError

STAMP = ".collected"


def collect() -> bool:
    """Fill STATIC_ROOT and return True, or return False when it is filled with these very files already.

    Naming and compressing every file takes seconds, which the second start need not spend.
    """
    stamp = Path(settings.STATIC_ROOT) / STAMP
    wanted = _fingerprint()
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return False
    try:
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    except MissingFileError as error:
        raise CommandError(f"A static file refers to one that is not there. {error}") from error
    stamp.write_text(wanted, encoding="ascii")
    return True


def _fingerprint() -> str:
    """Return a hash of the name, size and time of every file, and of how they are stored."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            about = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{about.st_size}\0{about.st_mtime_ns}\n".encode())
    return digest.hexdigest()
