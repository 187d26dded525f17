"""What `bench.hostile` expects of a hostile file, and whether that is what came of it. Nothing here runs anything."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from bench.documents import normal

SECONDS = 60.0
"""For a file, where its row says nothing else."""
NEIGHBOUR_SECONDS = 10.0
"""For another organisation's small file afterwards."""
MEMORY_MB = 512.0
"""Above what all processes have had before."""

QUOTED = r"\"([^\"]+)\""
WITHIN = re.compile(r"< (\d+) s\b")
CONTAINS = re.compile(rf"contains ({QUOTED}(?: and {QUOTED})*)")
ASKED = re.compile(rf"Q: (?P<question>.+?) -> answer contains {QUOTED}; answer must NOT contain {QUOTED}")
MAY_BE_REFUSED = re.compile(r"or a clear [a-z ]*error")
HIDDEN = re.compile(r"(?:script bodies|hidden text).*not (?:be )?in chunks")
SHOWN = re.compile(r"\bescaped\b|neutralised when shown|\bUI\b")

PASSWORDS = "root:x:"
"""How /etc/passwd begins, which some files ask for."""
TECHNICAL = re.compile(r"Traceback|\bFile \"|\b\w+(?:Error|Exception)\b|, line \d+|0x[0-9a-f]{6}|<class |\bHTTP 5\d\d")
"""What a sentence for a person does not hold."""
ACTIVE_ADDRESS = re.compile(
    r"[\x00-\x20]*(?:javascript|vbscript|data(?!:image/(?:png|gif|jpeg|webp)))\s*:", re.IGNORECASE
)
ADDRESSES = ("href", "src", "action", "formaction", "data", "xlink:href", "poster")


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer has `fact` and not `canary`."""

    question: str
    fact: str
    canary: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the manifest. `upload_as` is the file's name."""

    path: str
    expected: str
    upload_as: str
    seconds: float = SECONDS
    contains: tuple[str, ...] = ()
    asked: Asked | None = None
    may_be_refused: bool = False
    hides: bool = False
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """`refused` is the sentence of an upload that was refused or of a document that has failed. `seconds` is until
    either, or until it was ready; None when it took too long."""

    seconds: float | None
    refused: str = ""
    ready: bool = False
    passages: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    """What the site shows of the document beside its passages: name and title."""
    grew_mb: float = 0.0
    requests: int = 0
    """That were made to the address in the files."""
    neighbour: str = ""
    """Why another organisation's file was not read in time."""


def rule_of(row: Mapping[str, str]) -> Rule:
    text = row["property"]
    asked = ASKED.search(text)
    contains = None if asked else CONTAINS.search(text)
    limits = [float(each) for each in WITHIN.findall(text)]
    return Rule(
        path=row["path"],
        expected=row["expected"],
        upload_as=row["upload_as"],
        seconds=max(limits, default=SECONDS),
        contains=tuple(re.findall(QUOTED, contains[1])) if contains else (),
        asked=Asked(asked["question"], asked[2], asked[3]) if asked else None,
        may_be_refused=row["expected"].startswith("reject") or MAY_BE_REFUSED.search(text) is not None,
        hides=HIDDEN.search(text) is not None,
        shown=SHOWN.search(text) is not None,
    )


def complaints(rule: Rule, outcome: Outcome, *, longest: int, hidden: Sequence[str] = ()) -> list[str]:
    """Why this is not what was expected. `longest` is how many characters a passage may have, `hidden` what must be in
    none."""
    found = []
    if outcome.seconds is None:
        found.append(f"not settled within {rule.seconds:.0f} s")
    elif outcome.seconds > rule.seconds:
        found.append(f"took {outcome.seconds:.0f} s of {rule.seconds:.0f}")
    elif not outcome.ready:
        found += _of_sentence(outcome.refused)
        if not rule.may_be_refused:
            found.append(f"not read: {outcome.refused}")
    elif rule.expected == "reject":
        found.append("it was read, though it is to be refused")
    else:
        found += _of_passages(rule, outcome, longest, hidden)
    if outcome.grew_mb > MEMORY_MB:
        found.append(f"{outcome.grew_mb:.0f} MB above idle")
    if outcome.requests:
        found.append(f"{outcome.requests} requests were made")
    if outcome.neighbour:
        found.append(f"another organisation's file: {outcome.neighbour}")
    return found


def _of_sentence(sentence: str) -> list[str]:
    if not sentence.strip():
        return ["refused without a sentence"]
    return [f"refused with no sentence for a person: {sentence}"] if TECHNICAL.search(sentence) else []


def _of_passages(rule: Rule, outcome: Outcome, longest: int, hidden: Sequence[str]) -> list[str]:
    text = normal("\n".join(outcome.passages))
    everything = ("\n".join((*outcome.passages, *outcome.shown))).lower()
    found = [f"not in its passages: {each}" for each in rule.contains if normal(each) not in text]
    found += [f"hidden, and in its passages: {each[:60]}" for each in hidden if normal(each) and normal(each) in text]
    if PASSWORDS in everything:
        found.append(f"{PASSWORDS} is in its passages")
    if "\0" in everything:
        found.append("zero bytes are in its passages")
    if (characters := max(map(len, outcome.passages), default=0)) > longest:
        found.append(f"a passage has {characters} characters of {longest}")
    return found


def of_answer(asked: Asked, text: str, html: str) -> list[str]:
    """Why this is no good answer; `html` is all that the reader gets, and `text` what is legible of it."""
    found = []
    if normal(asked.fact) not in normal(text):
        found.append(f"the answer lacks “{asked.fact}”: {text[:120]}")
    if normal(asked.canary) in normal(html):
        found.append(f"the answer has “{asked.canary}”: {text[:120]}")
    return found


def hidden_in(page: str) -> list[str]:
    """The texts in an HTML file that its readers never see: scripts, comments, and what is not displayed."""
    tree = LexborHTMLParser(page)
    unseen = tree.css("script, style, template, [hidden], [style*='display:none'], [style*='display: none']")
    return [*(node.text(deep=True) for node in unseen), *re.findall(r"<!--(.*?)-->", page, re.DOTALL)]


def active_in(page: str, host: str) -> list[str]:
    """What in a page of the site, which is at `host`, somebody else's text could have brought there: everything that
    runs, and everything that is fetched from elsewhere. The site's own pages have none of it."""
    tree = LexborHTMLParser(page)
    found = []
    for node in tree.css("*"):
        if node.tag in {"iframe", "object", "embed", "base", "frame"}:
            found.append(f"<{node.tag}>")
        if node.tag == "script" and "nonce" not in node.attributes and "src" not in node.attributes:
            found.append(f"<script>{node.text()[:40]}")
        if node.tag == "meta" and "refresh" in (node.attributes.get("http-equiv") or "").lower():
            found.append("<meta refresh>")
        for name, value in node.attributes.items():
            if name.lower().startswith("on"):
                found.append(f"{node.tag} {name}={value}")
            elif name.lower() in ADDRESSES and ACTIVE_ADDRESS.match(value or ""):
                found.append(f"{node.tag} {name}={(value or '')[:60]}")
            elif name == "src" and re.match(r"(?:https?:)?//", value or "") and host not in (value or ""):
                found.append(f"{node.tag} fetches {value}")
    return found
