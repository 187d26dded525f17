"""Sentences with passages that say what they say, and with passages that do not, made from a set's known answers.

A sentence is one of a passage that holds an answer, or a question with its answer. It is false of its passage once the
answer is another one of its kind from elsewhere in the set, and it is false of a passage about the same
that does not hold the answer. Where the set says what a false answer would be, and has passages that were falsified to
give it, those are taken.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from chat.evaluation.sets import EvaluationSet, Query, rows
from chat.sentences import sentences

PARTS = 2
"""The line between supported and not was drawn on part 0; part 1 is measured."""
MEASURED = 1
SHORTEST_CHARS = 30
"""A sentence that says less says it of anything."""

_WHO = re.compile(r"who\s+(?!(?:is|are|was|were|do|does|did|can|will|has|have)\b)(?=[a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pair:
    query_id: str
    kind: str
    statement: str
    passages: tuple[str, ...]
    supported: bool


def pairs(each: EvaluationSet, *, part: int = MEASURED) -> list[Pair]:
    """Empty where the set does not tell answers."""
    documents = {row["doc_id"]: row for row in rows(each.directory / "corpus.jsonl")} if not each.has_pages else {}
    made = _falsified(each, documents) if each.false_answers else _spanned(each, documents)
    return [pair for pair in made if part_of(pair.query_id) == part]


def part_of(query_id: str) -> int:
    return crc32(query_id.encode()) % PARTS


@dataclass(frozen=True, slots=True)
class _Known:
    """A question, its answer, the passage that holds it and the sentence of that."""

    query: Query
    answer: str
    passage: str
    title: str
    sentence: str

    @property
    def shape(self) -> str:
        if any(character.isdigit() for character in self.answer):
            return "number"
        return "name" if all(word[:1].isupper() for word in self.answer.split()) else "words"


def _spanned(each: EvaluationSet, documents: Mapping[str, Mapping[str, Any]]) -> Iterator[Pair]:
    known = [one for query in each.queries if (one := _known(each, documents, query))]
    for at, one in enumerate(known):
        yield Pair(one.query.query_id, "quoted", one.sentence, (one.passage,), supported=True)
        yield Pair(one.query.query_id, "stated", stated(one.query.text, one.answer), (one.passage,), supported=True)
        if other := _other_answer(known, at):
            false = one.sentence.replace(one.answer, other)
            yield Pair(one.query.query_id, "altered", false, (one.passage,), supported=False)
            false = stated(one.query.text, other)
            yield Pair(one.query.query_id, "misstated", false, (one.passage,), supported=False)
        if elsewhere := _neighbour(documents, one):
            yield Pair(one.query.query_id, "elsewhere", one.sentence, (elsewhere,), supported=False)


def _known(each: EvaluationSet, documents: Mapping[str, Mapping[str, Any]], query: Query) -> _Known | None:
    for span in each.spans.get(query.query_id, ())[:1]:
        document = documents[span.doc_id]
        for sentence in sentences(document["text"]):
            if sentence.start <= span.start and span.end <= sentence.end and len(sentence.text) >= SHORTEST_CHARS:
                answer = document["text"][span.start : span.end]
                return _Known(query, answer, document["text"], document.get("title", ""), sentence.text)
    return None


def _other_answer(known: Sequence[_Known], at: int) -> str | None:
    """The next answer of the same shape that the passage does not have."""
    one = known[at]
    for other in (*known[at + 1 :], *known[:at]):
        if other.shape == one.shape and other.answer.casefold() not in one.passage.casefold():
            return other.answer
    return None


def _neighbour(documents: Mapping[str, Mapping[str, Any]], one: _Known) -> str | None:
    """A passage of the same title without the answer."""
    others = (row["text"] for row in documents.values() if row.get("title", "") == one.title)
    without = [text for text in others if one.answer.casefold() not in text.casefold()]
    return without[crc32(one.query.query_id.encode()) % len(without)] if without else None


def _falsified(each: EvaluationSet, documents: Mapping[str, Mapping[str, Any]]) -> Iterator[Pair]:
    by_query: defaultdict[str, defaultdict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for doc_id, row in documents.items():
        query_id, _, name = doc_id.rpartition("-")
        by_query[query_id][row["kind"]][name.removeprefix(row["kind"])] = row["text"]
    for query in each.queries:
        answers, false = each.false_answers[query.query_id]
        kinds = by_query[query.query_id]
        true = {name: text for name, text in kinds["pos"].items() if _held(answers, text)}
        wrong = {name: text for name, text in kinds["wrong"].items() if not _held(answers, text)}
        if not true:
            continue
        answer = _held(answers, "\n".join(true.values())) or answers[0]
        yield Pair(query.query_id, "stated", stated(query.text, answer), tuple(true.values()), supported=True)
        if not _held((false,), "\n".join(true.values())):
            yield Pair(query.query_id, "misstated", stated(query.text, false), tuple(true.values()), supported=False)
        if wrong:
            yield Pair(query.query_id, "falsified", stated(query.text, answer), tuple(wrong.values()), supported=False)
        if unrelated := tuple(text for text in kinds["neg"].values() if not _held(answers, text)):
            yield Pair(query.query_id, "elsewhere", stated(query.text, answer), unrelated[:3], supported=False)
        for name, text in true.items():
            for sentence in sentences(text):
                if not _held(answers, sentence.text) or len(sentence.text) < SHORTEST_CHARS:
                    continue
                yield Pair(query.query_id, "quoted", sentence.text, (text,), supported=True)
                if name in wrong:
                    yield Pair(query.query_id, "altered", sentence.text, (wrong[name],), supported=False)


def _held(answers: Sequence[str], text: str) -> str | None:
    return next((answer for answer in answers if answer.casefold() in text.casefold()), None)


def stated(question: str, answer: str) -> str:
    """The question and its answer as one sentence: "Who wrote it?" and "Ann" are "Ann wrote it.", and whatever cannot
    be turned as easily is "When was it written: in May."."""
    words = question.strip().rstrip("?").rstrip()
    if asked := _WHO.match(words):
        return f"{answer} {words[asked.end() :]}."
    return f"{words}: {answer}."
