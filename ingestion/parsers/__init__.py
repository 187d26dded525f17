"""The registry of parsers. To add a format, add a module here with a class that implements `ingestion.ports.Parser`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType
from typing import cast

from ingestion.errors import DocumentUnreadable
from ingestion.ports import Parser
from ingestion.sentences import sentence as _


def parser_for(media_type: str) -> Parser:
    """Return the parser of `media_type`, parameters such as a charset aside."""
    name = media_type.partition(";")[0].strip().lower()
    try:
        return _registry()[name]
    except KeyError:
        readable = ", ".join(sorted({extension for known in media_types().values() for extension in known}))
        raise DocumentUnreadable(
            _(
                "Files of type %(type)s cannot be read. These can: %(readable)s.",
                type=name or "unknown",
                readable=readable,
            )
        ) from None


@cache
def media_types() -> Mapping[str, tuple[str, ...]]:
    """Every media type that can be read -> the file name extensions it goes by, with their dot, in lower case."""
    return MappingProxyType({name: parser.media_types[name] for name, parser in _registry().items()})


@cache
def _registry() -> Mapping[str, Parser]:
    registry: dict[str, Parser] = {}
    for parser_class in _parser_classes():
        parser = parser_class()
        for media_type in parser.media_types:
            if media_type in registry:
                raise RuntimeError(f"{media_type} has two parsers: {registry[media_type]!r} and {parser!r}.")
            registry[media_type] = parser
    return registry


def _parser_classes() -> Iterator[type[Parser]]:
    """Importing the modules is cheap: each keeps its heavy imports inside `parse`."""
    for info in sorted(iter_modules(__path__), key=lambda info: info.name):
        yield from _parsers_in(import_module(f"{__name__}.{info.name}"))


def _parsers_in(module: ModuleType) -> Iterator[type[Parser]]:
    for _name, member in inspect.getmembers(module, inspect.isclass):
        if member.__module__ == module.__name__ and hasattr(member, "media_types") and hasattr(member, "parse"):
            yield cast("type[Parser]", member)
