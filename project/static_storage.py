"""How static files are stored where `DEBUG` is off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage, MissingFileError

SHEET = "css/app.css"
IMPORT = re.compile(r'@import url\("(?P<name>[^"]+)"\) layer\((?P<layer>[\w-]+)\);')


class BundlingStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Compressed, under names that change with the content, and with one style sheet in place of all that it imports:
    nothing is painted before the last of them is there, and on a slow line each costs a way there and back."""

    def post_process(self, paths: dict[str, tuple[Any, str]], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        if SHEET in paths and not dry_run:
            Path(self.path(SHEET)).write_text(_bundled(paths), encoding="utf-8")
            paths = {**paths, SHEET: (self, SHEET)}
        yield from super().post_process(paths, dry_run=dry_run, **options)


def _bundled(paths: dict[str, tuple[Any, str]]) -> str:
    """The sheet with its imports written out, each in its layer. Raise `MissingFileError` for one that is not there."""

    def written_out(rule: re.Match[str]) -> str:
        name = str(PurePosixPath(SHEET).parent / rule["name"])
        return f"@layer {rule['layer']} {{\n{_text(paths, name)}}}\n"

    return IMPORT.sub(written_out, _text(paths, SHEET))


def _text(paths: dict[str, tuple[Any, str]], name: str) -> str:
    if name not in paths:
        raise MissingFileError(f"{SHEET} imports {name}.")
    storage, path = paths[name]
    with storage.open(path) as file:
        return str(file.read().decode())
