"""What a link shows: the form in which conversations are exported, with the marks of the page, and nothing that the
answers do not rest on.

A citation leads to its passage on the same page. No address of a document is in it, and none can be made of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from chat.check_words import summary
from chat.conversations.exporting import Exchange, portable
from chat.domain import Checked
from chat.excerpts import Part, parts
from chat.models import Conversation, Turn
from chat.rendering import CitationLinks, render_answer

Snapshot = dict[str, Any]


def taken(conversation: Conversation, made_of: Sequence[Exchange]) -> Snapshot:
    """As JSON. Passages that were found and are not cited stay behind."""
    shown = [replace(each, sources=[] if each.turn.refused else _cited(each)) for each in made_of]
    frozen = portable(conversation, shown).model_dump(mode="json")
    for turn, exchange in zip(frozen["turns"], shown, strict=True):
        turn["checked"] = exchange.turn.checked
        turn["imported"] = exchange.turn.imported
        for kept, source in zip(turn["sources"], exchange.sources, strict=True):
            kept["deciding"] = source.deciding
    return frozen


def _cited(exchange: Exchange) -> list[Any]:
    return [source for source in exchange.sources if source.cited]


@dataclass(frozen=True, slots=True)
class SharedSource:
    anchor: str
    number: int
    document: str
    page: int | None
    last_page: int | None
    heading: str
    passage: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class SharedTurn:
    number: int
    """Of those on the page, from 1."""
    question: str
    asked_at: datetime
    answer_html: SafeString
    status_label: str
    refused: bool
    imported: bool
    check_summary: str
    sources: tuple[SharedSource, ...]


def answers(snapshot: Snapshot) -> list[str]:
    """Each turn's as HTML, in the reader's language: what takes time of a page, and is the same until it ends."""
    return [_answer(number, turn) for number, turn in enumerate(snapshot["turns"], 1)]


def _answer(number: int, turn: Mapping[str, Any]) -> str:
    checked = Checked.of(turn["checked"])
    numbers = frozenset(source["number"] for source in turn["sources"])
    links = CitationLinks(f"#{_anchors(number)}", numbers, end="")
    return render_answer(turn["answer"], turn["draft"], links, checked.findings if checked else ())


def _anchors(number: int) -> str:
    return f"source-{number}-"


def shown(snapshot: Snapshot, html: Sequence[str]) -> list[SharedTurn]:
    """For the page, in its reader's language, with its `answers`."""
    turns = zip(snapshot["turns"], html, strict=True)
    return [_turn(number, turn, answer) for number, (turn, answer) in enumerate(turns, 1)]


def _turn(number: int, turn: Mapping[str, Any], html: str) -> SharedTurn:
    return SharedTurn(
        number=number,
        question=turn["question"],
        asked_at=datetime.fromisoformat(turn["asked_at"]),
        answer_html=mark_safe(html),  # noqa: S308 - the one sanitiser's
        status_label=str(Turn.Status(turn["status"]).label),
        refused=turn["refused"],
        imported=turn.get("imported", False),
        check_summary=summary(Checked.of(turn["checked"])),
        sources=tuple(_source(_anchors(number), source) for source in turn["sources"]),
    )


def _source(anchors: str, source: Mapping[str, Any]) -> SharedSource:
    return SharedSource(
        anchor=f"{anchors}{source['number']}",
        number=source["number"],
        document=source["document"],
        page=source["page"],
        last_page=source["last_page"],
        heading=source["heading"],
        passage=tuple(part for part in parts(source["text"], source["deciding"]) if part.text),
    )
