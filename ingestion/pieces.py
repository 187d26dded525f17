"""The bytes of an upload that comes in pieces, on this machine's disk: `<var>/uploads/<tenant>/<upload>`.

Not in the file store, because a store such as S3 cannot append to a file. Web processes on several machines need this
directory to be the same one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

from django.conf import settings
from django.http import UnreadablePostError
from django.utils.translation import gettext as _

from ingestion.errors import IngestionError
from tenants.errors import NotFound

PIECE_BYTES = 256 * 1024


class UploadBusy(IngestionError):
    """Two requests for one upload at once: the second one asks again."""

    code = "upload.busy"
    retryable = True


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def root() -> Path:
    return Path(settings.VAR) / "uploads"


def path_of(*, tenant_id: UUID, upload_id: UUID) -> Path:
    """Made of ids alone: nothing that a person has written becomes a path."""
    return root() / str(tenant_id) / str(upload_id)


def remove_tenant(tenant_id: UUID) -> None:
    """Remove what has arrived of every upload of a tenant's."""
    shutil.rmtree(root() / str(tenant_id), ignore_errors=True)


def create(path: Path) -> None:
    """Make an empty file that only this user can read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)


@contextmanager
def held(path: Path) -> Iterator[BinaryIO]:
    """Yield the file, which no other process writes meanwhile. Raise `UploadBusy` when one does, and `NotFound` when
    the file is not there. A process that dies lets go by that."""
    try:
        file = path.open("r+b")
    except FileNotFoundError:
        raise NotFound(_("This upload is no longer known here. Start it again.")) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadBusy(_("This upload is being written to by another request. It goes on in a moment.")) from None
        yield file


def left_alone(before: datetime) -> Iterator[Path]:
    """Every file that was last written to before then."""
    for path in root().glob("*/*"):
        with suppress(FileNotFoundError):  # its upload came to its end this moment
            if path.stat().st_mtime <= before.timestamp():
                yield path


def append(file: BinaryIO, stream: Stream, *, start: int, limit: int) -> int:
    """Write what `stream` has to `file` from the byte `start` on, at most `limit` bytes, and return how many came.

    They are on the disk then. When the connection breaks, what has arrived counts. What stands in the file beyond
    `start` came from a request that died before it was counted, and goes.
    """
    file.truncate(start)
    file.seek(start)
    arrived = 0
    with suppress(UnreadablePostError):
        while arrived < limit and (piece := stream.read(min(PIECE_BYTES, limit - arrived))):
            file.write(piece)
            arrived += len(piece)
    file.flush()
    os.fsync(file.fileno())
    return arrived
