"""What every template knows. The import map is why JavaScript modules are imported by one name, whatever the static
manifest calls their file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static


@lru_cache(maxsize=1)
def _modules() -> tuple[str, ...]:
    root = Path(settings.BASE_DIR) / "static" / "js"
    return tuple(sorted(path.relative_to(root).as_posix() for path in root.rglob("*.js")))


def imports(_request: HttpRequest) -> dict[str, Any]:
    """`import "razgovor/chat/socket.js"` works in every module through the map in `base.html`."""
    return {"import_map": lambda: {"imports": {f"razgovor/{name}": static(f"js/{name}") for name in _modules()}}}


def speech(_request: HttpRequest) -> dict[str, Any]:
    return {"speech_input": settings.SPEECH_INPUT}
