"""JSON as Python values, for every format that is written in it."""

from __future__ import annotations

import json

from ingestion.errors import DocumentUnreadable
from ingestion.sentences import sentence as _

Json = str | bool | None | list["Json"] | dict[str, "Json"]
"""Numbers are text, as they are written: 1.10 stays 1.10, and no number is too large."""

MAX_VALUES = 2_000_000
"""Each of them takes memory, however short it is written."""


def load(text: str, *, kind: str, lines_before: int = 0) -> Json:
    """Return what `text` says; `kind` is for example "JSON file", `lines_before` are those of the file above `text`.

    A name that an object has twice has all its values, as a list: the standard allows it, and dropping one would lose
    text.
    """
    check_values(text, kind=kind)
    try:
        value: Json = json.loads(
            text.lstrip("\ufeff"), parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise DocumentUnreadable(
            _(
                "This %(kind)s is damaged: line %(line)d is no JSON from character %(character)d on. "
                "Correct it or export it again, and upload the new copy.",
                kind=kind,
                line=error.lineno + lines_before,
                character=error.colno,
            )
        ) from error
    except RecursionError as error:
        raise DocumentUnreadable(too_deep(kind)) from error
    return value


def check_values(text: str, *, kind: str) -> None:
    """Before anything is made of them; commas inside of strings count as well, which are never so many."""
    if sum(map(text.count, ",[{")) > MAX_VALUES:
        raise DocumentUnreadable(
            _(
                "This %(kind)s has more than %(limit)s values. Split it and upload the parts.",
                kind=kind,
                limit=MAX_VALUES,
            )
        )


def too_deep(kind: str) -> str:
    return _("This %(kind)s is nested too deeply to be read. Export it in a flatter form and upload that.", kind=kind)


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    several: dict[str, list[Json]] = {}
    for name, item in pairs:
        several.setdefault(name, []).append(item)
    return {name: items[0] if len(items) == 1 else items for name, items in several.items()}
