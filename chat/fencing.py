"""Text of documents as it goes into a prompt: data, whatever it says of itself.

Each prompt has a mark of its own, which nobody who wrote a document can have known, and only lines with it begin or end
a passage. What would act on a model server is taken apart: role tokens of chat templates, which a tokenizer obeys
wherever they stand, and citations, which a reader would take for the model's. The source that is shown stays as it is.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from chat.citations import GROUP
from chat.domain import Passage

MARK_LETTERS = "bcdfghjklmnpqrstvwxz"
"""No vowels, so that it is never a word."""
MARK_CHARS = 6
PLACE_CHARS = 160
"""Of a document's name, and of a heading."""

NO_FENCE = str.maketrans("<>", "()")

INVISIBLE = re.compile(
    "[\u00ad\u200b\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
"""What no reader sees and a model reads: zero-width characters, overrides of direction, tag characters."""
CONTROL = re.compile(
    r"""
    <(?= [|｜][^<>\n]{1,60}[|｜]>                            # ChatML, Phi, Llama 3, DeepSeek: <|im_start|>, <|system|>
      | /?(?:s|bos|eos|pad|unk|mask|bos_token|eos_token)>    # Llama 2, Mistral, Gemma, Cohere
      | (?:start|end)_of_(?:turn|image)>
      | /?(?:think|tools?|tool_call|tool_response|im_start|im_end|fim_\w+|extra_id_\d+|unused\d+)>
      | </?SYS>>
      | /?(?:passages?|text|context|documents?)\b )          # fences, ours and others'
    | \[(?= /?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|IMG|IMG_BREAK|IMG_END)\] )
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""The first character of what is a token of its own to some model; a space behind it makes text of the rest."""
FENCE = re.compile(rf"</?(?:passage|text)\b[^<>\n]*\b[{MARK_LETTERS}]{{{MARK_CHARS}}}\b[^<>\n]*>[ \t]*\n?")
"""A line around a passage of a prompt, whatever its mark."""
FENCE_CHARS = 400
FENCE_TAGS = ("<passage", "</passage", "<text", "</text")
_SPEAKER = "system|user|human|assistant"
ROLE_LINE = re.compile(
    rf"^([ \t]*(?:#+[ \t]*(?:{_SPEAKER}|instruction|input|response)|{_SPEAKER}))[ \t]*:", re.IGNORECASE | re.MULTILINE
)
"""Alpaca and Vicuna mark roles with words: `### Instruction:`, `USER:`."""


def new_mark(texts: Iterable[str]) -> str:
    """A mark that none of the texts has."""
    texts = list(texts)
    while True:
        mark = "".join(secrets.choice(MARK_LETTERS) for _ in range(MARK_CHARS))
        if not any(mark in text for text in texts):
            return mark


def disarmed(text: str) -> str:
    """The text without what a tokenizer or a chat template would take for a role."""
    return ROLE_LINE.sub(r"\1 –", CONTROL.sub(r"\g<0> ", INVISIBLE.sub("", text)))


def quoted(text: str) -> str:
    """The same, and without what reads like a citation."""
    return GROUP.sub(r"(\1)", disarmed(text))


class FenceFilter:
    """Feed the answer as it streams; get it back without the lines around passages, which a weak model copies."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, delta: str) -> str:
        """Return what can be shown by now: what may become such a line is held back until it has ended."""
        text = FENCE.sub("", self._held + delta)
        opening = text.rfind("<")
        self._held = text[opening:] if opening >= 0 and _may_be_fence(text[opening:]) else ""
        return text.removesuffix(self._held)

    def flush(self) -> str:
        """The rest, once the answer has ended."""
        text, self._held = self._held, ""
        return text


def _may_be_fence(begun: str) -> bool:
    is_one = any(begun.startswith(tag) or tag.startswith(begun) for tag in FENCE_TAGS)
    return is_one and len(begun) <= FENCE_CHARS and ">" not in begun and "\n" not in begun


def fenced(passage: Passage, template: str, mark: str) -> str:
    """A passage in a prompt's template for them."""
    return template.format(number=passage.number, mark=mark, place=place_of(passage), text=quoted(passage.excerpt))


def place_of(passage: Passage) -> str:
    """Name, page and heading, in one line that ends no fence: whoever uploads a file may name it."""
    parts = (passage.document_name, f"page {passage.page}" if passage.page else "", passage.heading)
    return ", ".join(quoted(" ".join(part[:PLACE_CHARS].split())) for part in parts if part).translate(NO_FENCE)
