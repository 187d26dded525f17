"""Golden questions as a table, in and out.

A row is a question with one document in which its answer stands; a question that stands in several documents has as
many rows. What is written can be read again. Cells that a spreadsheet would take for a formula get an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from chat.quality.errors import ImportRefused
from chat.quality.golden import PHRASES_MAX, QUESTIONS_MAX, SOURCES_MAX, Draft, SourceDraft, place_of
from chat.quality.models import ANSWER_CHARS, QUESTION_CHARS, GoldenQuestion, GoldenSource
from ingestion.errors import DocumentUnreadable
from ingestion.models import Collection, Document
from ingestion.parsers.delimited import sniff_delimiter
from ingestion.parsers.textdecode import decode
from ingestion.selectors import documents_list
from ingestion.sentences import told

COLUMNS = ("question", "in_documents", "expected_answer", "key_phrases", "document", "page", "passage")
REQUIRED = "question"
BEYOND = ""
MAX_BYTES = 2 * 1024 * 1024
MAX_PROBLEMS = 20
"""More are counted, not told: whoever reads them corrects these first."""
PHRASE_SEPARATOR = "|"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
YES = {"yes", "y", "true", "1", "да", "da", "ja", ""}
NO = {"no", "n", "false", "0", "не", "ne", "nein"}


def exported(questions: Iterable[GoldenQuestion]) -> str:
    """The table as text, with a header."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for golden in questions:
        sources: list[GoldenSource | None] = [*golden.sources.all()]
        for source in sources or [None]:
            cells = (
                golden.text,
                "yes" if golden.answerable else "no",
                golden.expected_answer,
                PHRASE_SEPARATOR.join(_in_one(phrase) for phrase in golden.key_phrases),
                source.document_name if source else "",
                str(source.page or "") if source else "",
                source.text if source else "",
            )
            writer.writerow([_harmless(cell) for cell in cells])
    return buffer.getvalue()


def _in_one(phrase: str) -> str:
    """Phrases are compared by their words, so that one loses nothing with the separator."""
    return " ".join(phrase.replace(PHRASE_SEPARATOR, " ").split())


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA) else cell


def _restored(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA) else cell


@dataclass(slots=True)
class _Reading:
    """What has been understood so far. A question is put together from its rows."""

    drafts: dict[str, dict[str, object]] = field(default_factory=dict)
    sources: defaultdict[str, list[SourceDraft]] = field(default_factory=lambda: defaultdict(list))
    problems: list[str] = field(default_factory=list)


def imported(data: bytes, *, collection: Collection) -> list[Draft]:
    """Read a table, in whatever encoding and with whatever delimiter. Raise `ImportRefused`, which names the line of
    every mistake, when there is one."""
    if len(data) > MAX_BYTES:
        raise ImportRefused(_("This file is too large. Split it into files of at most 2 MB."))
    try:
        text = decode(data)
    except DocumentUnreadable as error:
        raise ImportRefused(told(error.message)) from error
    documents = _documents(collection)
    reading = _Reading()
    for line, row in _rows(text):
        try:
            _take(row, reading, documents)
        except ValueError as error:
            reading.problems.append(_("Line %(line)d: %(problem)s") % {"line": line, "problem": error})
    if reading.problems:
        raise ImportRefused(_("Nothing was imported. Correct these lines and try again."), _shown(reading.problems))
    if not reading.drafts:
        raise ImportRefused(_("There is no question in this file."))
    if len(reading.drafts) > QUESTIONS_MAX:
        raise ImportRefused(_("A collection can have %(most)d golden questions.") % {"most": QUESTIONS_MAX})
    return [
        Draft(text=question, sources=tuple(reading.sources[question]), **fields)  # type: ignore[arg-type]
        for question, fields in reading.drafts.items()
    ]


def _shown(problems: Sequence[str]) -> tuple[str, ...]:
    more = len(problems) - MAX_PROBLEMS
    return (*problems[:MAX_PROBLEMS], *([_("… and %(count)d more.") % {"count": more}] if more > 0 else []))


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row that holds anything, with the line that it begins on. What stands in no column is under `BEYOND`."""
    lines = csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=sniff_delimiter(text))
    try:
        header = [_column(cell) for cell in next(lines, [])]
        if REQUIRED not in header or (unknown := [cell for cell in header if cell and cell not in COLUMNS]):
            raise ImportRefused(
                _("The first line has to name the columns: %(columns)s. Only “question” is needed.")
                % {"columns": ", ".join(COLUMNS)},
                tuple(_("There is no column “%(name)s”.") % {"name": name} for name in unknown)
                if REQUIRED in header
                else (),
            )
        before = lines.line_num
        for cells in lines:
            line, before = before + 1, lines.line_num
            if any(cell.strip() for cell in cells):
                row = {name: _restored(cell.strip()) for name, cell in zip(header, cells, strict=False) if name}
                yield line, row | {BEYOND: "".join(cells[len(header) :]).strip()}
    except csv.Error as error:
        raise ImportRefused(
            _("Line %(line)d is no row of a table: a cell is too long or a quotation mark is missing.")
            % {"line": lines.line_num}
        ) from error


def _column(cell: str) -> str:
    return "_".join(cell.strip().casefold().split())


def _take(row: Mapping[str, str], reading: _Reading, documents: Mapping[str, list[Document]]) -> None:
    """Raise `ValueError` with what is wrong with the row."""
    if row[BEYOND]:
        raise ValueError(
            _("it has more cells than the first line. Put a text that holds the separator into quotation marks.")
        )
    question = " ".join(row.get("question", "").split())
    if not question:
        raise ValueError(_("the question is missing."))
    if len(question) > QUESTION_CHARS:
        raise ValueError(_("the question has more than %(most)d characters.") % {"most": QUESTION_CHARS})
    answerable = _yes_or_no(row.get("in_documents", ""))
    source = _source(row, documents)
    if source and not answerable:
        raise ValueError(_("a question that is not in the documents has no document."))
    fields = {
        "answerable": answerable,
        "expected_answer": _short(row.get("expected_answer", "")),
        "key_phrases": _phrases(row.get("key_phrases", "")),
    }
    known = reading.drafts.setdefault(question, fields)
    if known["answerable"] != answerable:
        raise ValueError(_("the same question is in the documents on another line."))
    for name in ("expected_answer", "key_phrases"):
        known[name] = known[name] or fields[name]
    if source:
        if len(reading.sources[question]) == SOURCES_MAX:
            raise ValueError(_("a question can have %(most)d documents.") % {"most": SOURCES_MAX})
        reading.sources[question].append(source)


def _yes_or_no(cell: str) -> bool:
    said = cell.casefold()
    if said not in YES | NO:
        raise ValueError(_("in_documents is “yes” or “no”, not “%(cell)s”.") % {"cell": cell[:40]})
    return said in YES


def _short(cell: str) -> str:
    if len(cell) > ANSWER_CHARS:
        raise ValueError(_("a cell has more than %(most)d characters.") % {"most": ANSWER_CHARS})
    return cell


def _phrases(cell: str) -> tuple[str, ...]:
    phrases = tuple(filter(None, (" ".join(part.split()) for part in _short(cell).split(PHRASE_SEPARATOR))))
    if len(phrases) > PHRASES_MAX:
        raise ValueError(_("a question can have %(most)d key phrases.") % {"most": PHRASES_MAX})
    return phrases


def _source(row: Mapping[str, str], documents: Mapping[str, list[Document]]) -> SourceDraft | None:
    name, page, text = (row.get(column, "") for column in ("document", "page", "passage"))
    if not name:
        if page or text:
            raise ValueError(_("a page or a passage needs its document."))
        return None
    found = documents.get(name.casefold(), [])
    if not found:
        raise ValueError(_("there is no document “%(name)s” in this collection.") % {"name": name[:80]})
    if len(found) > 1:
        raise ValueError(
            _("several documents are called “%(name)s”. Write its folder before it: folder/name.") % {"name": name[:80]}
        )
    return SourceDraft(found[0], _page(page), _short(text))


def _page(cell: str) -> int | None:
    if not cell:
        return None
    if not cell.isascii() or not cell.isdigit() or not 0 < int(cell) < 1_000_000:
        raise ValueError(_("“%(cell)s” is no page: pages count from 1.") % {"cell": cell[:20]})
    return int(cell)


def _documents(collection: Collection) -> Mapping[str, list[Document]]:
    """By folder and name, or by their name alone where nothing is called exactly that; whatever their case."""
    by_place: defaultdict[str, list[Document]] = defaultdict(list)
    by_name: defaultdict[str, list[Document]] = defaultdict(list)
    for document in documents_list(tenant=collection.tenant, collection=collection):
        by_place[place_of(document).casefold()].append(document)
        by_name[document.name.casefold()].append(document)
    return by_name | by_place
