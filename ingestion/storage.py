"""Stored files as files on this machine, for those that cannot read from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.db.models.fields.files import FieldFile

from ingestion.errors import IngestionError
from ingestion.sentences import sentence as _

PIECE_BYTES = 1024 * 1024


class FileMissing(IngestionError):
    """The row is there and the file is not: somebody has touched the store, or a backup was incomplete."""

    code = "document.file_missing"


@contextmanager
def local_copy(stored: FieldFile, *, check: Callable[[], None]) -> Iterator[Path]:
    """Yield the path of a stored file: its own where the store is this machine's disk, else that of a copy. `check` is
    called while it is copied, and ends that by raising."""
    try:
        path = Path(stored.path)
    except NotImplementedError:  # how a store says that it has no paths
        with NamedTemporaryFile(suffix=Path(stored.name or "").suffix) as copy, stored.open("rb") as source:
            while piece := source.read(PIECE_BYTES):
                check()
                copy.write(piece)
            copy.flush()
            yield Path(copy.name)
        return
    if not path.is_file():
        raise FileMissing(_("The original of this document is no longer there. Upload it again."))
    yield path
