"""What is said of a document where nobody's language is known, and told where somebody reads it.

A worker and the process that reads a file write English. A `Sentence` is that English, a string like any other, which
knows what it was made of; this is kept beside the text, and whoever shows the text says it in the reader's language.
Django is imported there only: the embedder's client has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

PLACEHOLDER = re.compile(r"%\((\w+)\)([sd])")
MAX_DEPTH = 3

Param = str | int
"""A `Sentence` among them is translated as well, and integers get their separators, unless they stand at a `%(…)d`."""


class Sentence(str):
    """Never filled by `%`: it may come from a reader that a file has taken over, and widths take memory."""

    template: str
    params: Mapping[str, Param]

    def __new__(cls, text: str, template: str = "", params: Mapping[str, Param] | None = None) -> Sentence:
        made = super().__new__(cls, text)
        made.template = template or text
        made.params = params or {}
        return made


def sentence(template: str, /, **params: Param) -> Sentence:
    """In English. Imported as `_`, which marks `template` for translation."""
    return Sentence(_filled(template, params, str, lambda number: f"{number:,}"), template, params)


def both(first: str, second: str) -> Sentence:
    """One after the other."""
    return sentence("%(first)s %(second)s", first=first, second=second)


def spoken(template: str, /, **params: Param) -> Sentence:
    """The same for what is told at once, in the language that is active: in a worker that is English."""
    return told(sentence(template, **params))


def told(message: str, made_of: Mapping[str, Any] | None = None) -> Sentence:
    """`message` in the active language, as it is where it has no translation. `made_of` was kept beside it, which a
    `Sentence` does without."""
    from django.utils import translation

    whole = unpacked(made_of) if made_of else message
    if not isinstance(whole, Sentence):
        whole = Sentence(whole)
    return Sentence(
        _filled(translation.gettext(whole.template), whole.params, told, _number), whole.template, whole.params
    )


def made_of(message: str) -> dict[str, Any]:
    """To be kept as JSON; {} of a sentence without parameters, which is its own template."""
    if not isinstance(message, Sentence) or not message.params:
        return {}
    params = {
        name: (made_of(value) or {"template": value.template, "params": {}}) if isinstance(value, Sentence) else value
        for name, value in message.params.items()
    }
    return {"template": message.template, "params": params}


def packed(message: str) -> str | dict[str, Any]:
    """For a message between processes."""
    return made_of(message) or str(message)


def unpacked(message: Any, *, depth: int = 0) -> str:
    """Raise `ValueError` for what is unlike anything that `packed` has made: filling a sentence must not take more than
    what it is made of."""
    if isinstance(message, str):
        return message
    try:
        template, params = message["template"], message["params"].items()
        names = [name for name, _kind in PLACEHOLDER.findall(template)]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("This is no sentence.") from error
    if depth == MAX_DEPTH or len(names) != len(set(names)):
        raise ValueError("This is no sentence of ours.")
    return sentence(template, **{name: _param(value, depth) for name, value in params})


def _param(value: Any, depth: int) -> Param:
    return value if isinstance(value, str | int) else unpacked(value, depth=depth + 1)


def _filled(
    template: str, params: Mapping[str, Param], words: Callable[[str], str], number: Callable[[int], str]
) -> str:
    def param(found: re.Match[str]) -> str:
        value = params.get(found[1], found[0])
        if isinstance(value, int):
            return str(value) if found[2] == "d" else number(value)
        return words(value) if isinstance(value, Sentence) else value

    return PLACEHOLDER.sub(param, template)


def _number(value: int) -> str:
    from django.utils.formats import number_format

    return number_format(value, force_grouping=True)
