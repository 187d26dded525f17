"""A directory with documents and questions whose answers are known.

corpus.jsonl   {doc_id, title, text}, or a folder pdfs/ whose files are documents
queries.jsonl  {query_id, text, lang, history, answerable | answerability, answer, fake_answer}; all but the first two
               may be missing
qrels.tsv      query_id, doc_id, grade, below a header line; "name#p12" is a page of a PDF file
answers.jsonl  {query_id, doc_id, start, end}, in characters of the document's text; may be missing
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chat.domain import Exchange
from chat.evaluation.ranking import read_judgements

UNANSWERABLE = frozenset({"UNANSWERABLE"})
"""What `answerability` says where the documents do not hold the answer. "UNDERSPECIFIED" and "PARTIAL" are neither."""
ANSWERABLE = frozenset({"ANSWERABLE"})


@dataclass(frozen=True, slots=True)
class Span:
    doc_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Query:
    query_id: str
    text: str
    lang: str = ""
    history: tuple[Exchange, ...] = ()
    answerable: bool | None = None
    """None where nobody says."""


@dataclass(frozen=True, slots=True)
class File:
    """A document as it is uploaded. `doc_id` is what the judgements call it."""

    doc_id: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    directory: Path
    queries: tuple[Query, ...]
    judgements: Mapping[str, Mapping[str, int]]
    spans: Mapping[str, tuple[Span, ...]]
    false_answers: Mapping[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)
    """Query -> every way to say its answer, and a false one, where the set has passages that were falsified."""

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def has_pages(self) -> bool:
        """Whether pages of files are judged, and not whole documents."""
        return self._pdfs.is_dir()

    @property
    def _pdfs(self) -> Path:
        return self.directory / "pdfs"

    def files(self) -> Iterator[File]:
        if self.has_pages:
            yield from (File(path.stem, path.name, path.read_bytes()) for path in sorted(self._pdfs.glob("*.pdf")))
            return
        for row in rows(self.directory / "corpus.jsonl"):
            yield File(row["doc_id"], f"{row.get('title') or row['doc_id']}.txt", row["text"].encode())


def sets_in(directory: Path) -> list[Path]:
    """The directory itself where it is a set, else those of its folders that are."""
    folders = [directory] if is_set(directory) else sorted(each for each in directory.iterdir() if is_set(each))
    if not folders:
        raise FileNotFoundError(f"{directory} has no queries.jsonl, and none of its folders has one.")
    return folders


def is_set(directory: Path) -> bool:
    return (directory / "queries.jsonl").is_file()


def read(directory: Path, *, limit: int | None = None) -> EvaluationSet:
    """Read the questions and what is known of them; the documents are read one by one, by `files`. With a limit,
    questions are taken from everywhere, and not only from the beginning."""
    told = list(rows(directory / "queries.jsonl"))
    queries = [_query(row) for row in told]
    if limit is not None and limit < len(queries):
        queries = [queries[number * len(queries) // limit] for number in range(limit)]
    asked = {query.query_id for query in queries}
    judgements = read_judgements(directory / "qrels.tsv")
    return EvaluationSet(
        directory,
        tuple(queries),
        {query_id: grades for query_id, grades in judgements.items() if query_id in asked},
        {query_id: spans for query_id, spans in _spans(directory / "answers.jsonl").items() if query_id in asked},
        {
            str(row["query_id"]): (_ways_to_say(row["answer"]), row["fake_answer"])
            for row in told
            if "fake_answer" in row and str(row["query_id"]) in asked
        },
    )


def _query(row: Mapping[str, Any]) -> Query:
    return Query(
        query_id=str(row["query_id"]),
        text=row["text"],
        lang=str(row.get("lang", "")),
        history=_exchanges(row.get("history", ())),
        answerable=_answerable(row),
    )


def _ways_to_say(answer: Any) -> tuple[str, ...]:
    """A text, or lists of texts that say the same."""
    if isinstance(answer, str):
        return (answer,)
    return tuple(way for each in answer for way in _ways_to_say(each))


def _answerable(row: Mapping[str, Any]) -> bool | None:
    if (told := row.get("answerable")) is not None:
        return bool(told)
    kind = row.get("answerability")
    return False if kind in UNANSWERABLE else True if kind in ANSWERABLE else None


def _exchanges(history: Any) -> tuple[Exchange, ...]:
    """Questions with what was answered to them, which is "" where the set does not tell."""
    exchanges: list[Exchange] = []
    for message in history:
        if message["role"] == "user":
            exchanges.append(Exchange(message["text"], ""))
        elif exchanges:
            exchanges[-1] = Exchange(exchanges[-1].question, message["text"])
    return tuple(exchanges)


def _spans(path: Path) -> dict[str, tuple[Span, ...]]:
    spans: defaultdict[str, list[Span]] = defaultdict(list)
    if path.is_file():
        for row in rows(path):
            spans[str(row["query_id"])].append(Span(row["doc_id"], row["start"], row["end"]))
    return {query_id: tuple(each) for query_id, each in spans.items()}


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())
