"""Passages as that which statements are compared with, and the comparison as far as words go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from chat import literals
from chat.domain import Passage
from chat.facts import Fact, Readings, facts, readings
from chat.mentions import Names, names, names_of
from chat.rarity import rarity
from chat.sentences import sentences
from chat.statements import Statement
from ingestion.index import tokens

CLOSE_READING = 3
"""So many stretches for each statement, the best by words, are compared by meaning: each costs the embedder a text."""
CLOSE_READING_ACROSS_LANGUAGES = 12
"""Where no word agrees, any stretch may be the one."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A sentence of a passage, or two that follow each other."""

    text: str
    terms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a passage can confirm."""

    number: int
    text: str
    """With the document's name and the heading."""
    readings: Readings
    names: Names
    stretches: tuple[Stretch, ...]
    around: frozenset[str]
    """Terms of the document's name and of the heading, which hold for each of its sentences."""
    is_foreign: bool
    """In another language than the answer."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A statement beside passages."""

    statement: Statement
    missing: Fact | None
    """A number or date of the statement that none of them has."""
    missing_name: str
    missing_literal: str
    """What the statement gives to be typed, and none of them has."""
    covered: float
    """How much the best stretch has of the statement's words, the rare ones counting more: from 0 to 1."""
    strange: int
    """So many words in a row, leaving out those that say nothing, are in none of the passages."""
    stretches: tuple[str, ...]
    """The best, for closer reading."""
    found_in: int
    """The number of the passage with the best."""
    is_foreign: bool
    """One of them is in another language than the statement, so that words which are not there say nothing."""


def grounds(passages: Sequence[Passage], language: str) -> list[Ground]:
    """`language` is the answer's, as ISO 639-1."""
    return [_ground(passage, language) for passage in passages]


def _ground(passage: Passage, language: str) -> Ground:
    own = passage.language or language
    singles = [Stretch(each.text, frozenset(_terms(each.text, own))) for each in sentences(passage.text)]
    doubles = [Stretch(f"{one.text} {next_.text}", one.terms | next_.terms) for one, next_ in pairwise(singles)]
    whole = "\n".join((passage.document_name, passage.heading, passage.text))
    return Ground(
        number=passage.number,
        text=whole,
        readings=readings(whole, own),
        names=names_of(whole, own),
        stretches=(*singles, *doubles),
        around=frozenset(_terms(f"{passage.document_name} {passage.heading}", own)),
        is_foreign=_family(own) != _family(language),
    )


def compare(statement: Statement, beside: Sequence[Ground], language: str) -> Comparison:
    is_foreign = any(each.is_foreign for each in beside)
    stated = [] if statement.is_code else facts(statement.text, language)
    exact = {term for fact in stated for term in tokens.terms(fact.written, language)}
    wanted = [term for term in _terms(statement.text, language) if term not in exact]
    best = _best_first(frozenset(wanted), beside)
    close_reading = CLOSE_READING_ACROSS_LANGUAGES if is_foreign else CLOSE_READING
    return Comparison(
        statement=statement,
        missing=_missing(stated, beside),
        missing_literal=_missing_literal(statement, beside),
        missing_name="" if is_foreign or statement.is_code else _missing_name(statement, beside, language),
        covered=best[0][0] if best else 0.0,
        strange=0 if is_foreign else _strange(wanted, beside),
        stretches=tuple(stretch.text for _covered, _each, stretch in best[:close_reading]),
        found_in=best[0][1].number if best else 0,
        is_foreign=is_foreign,
    )


def _best_first(wanted: frozenset[str], beside: Sequence[Ground]) -> list[tuple[float, Ground, Stretch]]:
    """Every stretch with how much it has of the wanted terms; of two that have as much, the shorter is first."""
    stretches = [(each, stretch) for each in beside for stretch in each.stretches]
    weight = rarity(wanted, [stretch.terms for _each, stretch in stretches])
    whole = sum(weight.values())
    covered = [
        (sum(weight[term] for term in wanted & (stretch.terms | each.around)) / whole if whole else 1.0, each, stretch)
        for each, stretch in stretches
    ]
    return sorted(covered, key=lambda one: (-one[0], len(one[2].text)))


def _missing(stated: Sequence[Fact], beside: Sequence[Ground]) -> Fact | None:
    there = frozenset().union(*(each.readings for each in beside))
    return next((fact for fact in stated if not fact.readings & there), None)


def _missing_name(statement: Statement, beside: Sequence[Ground], language: str) -> str:
    for name in names(statement.named, language):
        if not all(any(each.names.have(word) for each in beside) for word in name):
            return " ".join(name)
    return ""


def _missing_literal(statement: Statement, beside: Sequence[Ground]) -> str:
    return next(
        (word for word in statement.literals if not any(literals.has(word, each.text, each.names) for each in beside)),
        "",
    )


def _strange(wanted: Sequence[str], beside: Sequence[Ground]) -> int:
    there = frozenset().union(*(each.around.union(*(one.terms for one in each.stretches)) for each in beside))
    longest = row = 0
    for term in wanted:
        row = 0 if term in there else row + 1
        longest = max(longest, row)
    return longest


def _terms(text: str, language: str) -> list[str]:
    """The words that say something, as the lexical index has them, each once."""
    return [forms[0] for forms in tokens.query_terms(text, [language])]


def _family(language: str) -> str:
    """Languages that share their words, such as Serbian and Croatian, count as one."""
    return tokens.STEMMERS.get(language, language)
