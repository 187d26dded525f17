"""A dotted path and its options become one object for the life of the process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from django.utils.module_loading import import_string

_lock = threading.Lock()
_cache: dict[tuple[str, str], Any] = {}


def backend(path: str, options: Mapping[str, Any] | None = None) -> Any:
    """Return the object that `path(**options)` makes; the same path and options give the same object."""
    options = dict(options or {})
    key = (path, repr(sorted(options.items())))
    with _lock:
        if key not in _cache:
            _cache[key] = import_string(path)(**options)
        return _cache[key]


def reset() -> None:
    """Forget every object, so that the next call builds it anew, and close those that can be closed. For tests that
    change settings."""
    with _lock:
        forgotten = list(_cache.values())
        _cache.clear()
    for each in forgotten:
        if close := getattr(each, "close", None):
            close()
