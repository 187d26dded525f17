"""`python -m bench.hostile DIR [--all] [--only TEXT]`: hostile files through the upload page and the worker.

DIR holds `manifest.tsv` with the columns `path`, `expected` ("reject", "ingest_safe" or either), `property` (what must
hold, read by `bench.hostile_rules`) and `upload_as`, among others. Each file is an organisation's of its own. After
each of them another organisation's file has to be read at once, and all processes' memory and requests to the address
in the files are watched meanwhile. Of a file of injected instructions (JSONL) it takes 20 records, with --all each.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from bench import hostile_answers, machine
from bench.conversation import Answer
from bench.hostile_names import complaints_of_names
from bench.hostile_rules import NEIGHBOUR_SECONDS, Outcome, Rule, active_in, complaints, hidden_in, of_answer, rule_of
from bench.hostile_watch import Listener, Memory
from bench.portal import Portal, settled, with_children
from bench.support import Product, product, progress, session_cookie, tenant_with_members

if TYPE_CHECKING:
    from tenants.models import Tenant

RECORDS = 20
WARM_PASSAGES = 128
"""Read before anything is measured, so that the embedder has taken what it takes for full batches."""
LINGER_S = 120.0
"""For a document that was cancelled to be let go of."""
MANY = Outcome(seconds=0.0, ready=True)
"""Of a row that stands for many documents, each of which has had its own time."""


@dataclass(frozen=True, slots=True)
class Guest:
    """An organisation with one member, and the member's browser."""

    tenant: Tenant
    portal: Portal
    session: str


@dataclass
class Bench:
    running: Product
    directory: Path
    memory: Memory
    listener: Listener
    every_record: bool
    guests: int = 0
    told: list[str] = field(default_factory=list)
    """What is worth knowing of a row, and no failure."""

    @property
    def host(self) -> str:
        return urlsplit(self.running.address).netloc

    def guest(self) -> Guest:
        self.guests += 1
        slug = f"guest-{self.guests}"
        tenant, (user,) = tenant_with_members(slug, 1)
        session = session_cookie(user)
        return Guest(tenant, Portal(self.running.address, slug, session), session)

    def answer(self, guest: Guest, question: str) -> Answer:
        return hostile_answers.answer_to(self.running.address, guest.tenant.slug, guest.session, question)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--all", action="store_true", help="every record of a file of injected instructions")
    parser.add_argument("--only", default="", metavar="TEXT", help="the rows whose path holds TEXT")
    arguments = parser.parse_args()
    with (arguments.directory / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = [rule_of(row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    rows = [row for row in rows if arguments.only in row.path]
    described = machine.describe()
    with product() as running, Listener() as listener, Memory(running.supervisor) as memory:
        bench = Bench(running, arguments.directory, memory, listener, arguments.all)
        neighbour = bench.guest()
        _warm_up(neighbour)
        results = {row.path: _result(bench, row, neighbour) for row in rows}
    failed = {path: each["reasons"] for path, each in results.items() if each["reasons"]}
    report = {
        "machine": described,
        "listening": listener.listening,
        "files": len(rows),
        "passed": len(rows) - len(failed),
        "failed": failed,
        "rows": results,
    }
    print(json.dumps(report, indent=2, ensure_ascii=False))
    return int(bool(failed))


def _warm_up(guest: Guest) -> None:
    from ingestion.chunking.structure import MAX_CHARACTERS

    words = "The main valve of the pump is serviced every eighteen months. "
    text = "\n\n".join((f"Number {n}. {words * 40}")[:MAX_CHARACTERS] for n in range(WARM_PASSAGES))
    if reason := _read_text(guest, text, seconds=300.0):
        raise RuntimeError(f"The first document was not read: {reason}")


def _result(bench: Bench, rule: Rule, neighbour: Guest) -> dict[str, Any]:
    """Reasons are why it has failed, `seconds` those of the file itself, `told` what else is to be known."""
    bench.told = []
    bench.memory.begin()
    connections = bench.listener.connections
    began = time.perf_counter()
    if rule.path.endswith("filenames.json"):
        guest = bench.guest()
        reasons = list(complaints_of_names(guest.portal, bench.directory / rule.path, guest.tenant.pk, bench.host))
        outcome = MANY
    elif rule.path.endswith(".jsonl"):
        reasons = list(_injected(bench, rule))
        outcome = MANY
    else:
        outcome, reasons = _uploaded(bench, rule)
    grew, grown = bench.memory.growth()
    waited = time.perf_counter()
    reason = _read_text(neighbour, f"The pump has the number {uuid4()}.", seconds=NEIGHBOUR_SECONDS)
    waited = time.perf_counter() - waited
    watched = replace(outcome, grew_mb=grew, requests=bench.listener.connections - connections, neighbour=reason)
    reasons += complaints(rule, watched, longest=_longest(), hidden=_hidden(bench, rule))
    seconds = outcome.seconds or time.perf_counter() - began
    notes = "; ".join([*reasons, *bench.told]) or outcome.refused
    progress(f"{'FAILED' if reasons else 'passed'} {rule.path} ({seconds:.1f} s, {grew:+.0f} MB {grown}) {notes}")
    return {
        "reasons": reasons,
        "seconds": round(seconds, 2),
        "refused": outcome.refused,
        "passages": len(outcome.passages),
        "grew_mb": round(grew),
        "grown": grown,
        "neighbour_seconds": round(waited, 2),
        "told": bench.told,
    }


def _uploaded(bench: Bench, rule: Rule) -> tuple[Outcome, list[str]]:
    """What came of the file, and what is wrong with how the site shows it and answers from it."""
    from ingestion.models import Chunk

    guest = bench.guest()
    began = time.perf_counter()
    upload = guest.portal.upload(bench.directory / rule.path, rule.upload_as)
    if not upload.document_id:
        return Outcome(seconds=time.perf_counter() - began, refused=upload.refused), []
    document = settled(upload.document_id, rule.seconds)
    seconds = time.perf_counter() - began
    if document is None:
        guest.portal.cancel(upload.document_id)
        settled(upload.document_id, LINGER_S)
        return Outcome(seconds=None), []
    family = with_children(UUID(upload.document_id))
    passages = tuple(Chunk.all_tenants.filter(document__in=family).values_list("text", flat=True))
    shown = tuple(text for each in family for text in (each.name, each.title, each.error_message))
    ready = document.status == document.Status.READY
    outcome = Outcome(seconds, document.error_message, ready, passages, shown)
    return outcome, list(_reading(bench, rule, guest, passages)) if ready else []


def _reading(bench: Bench, rule: Rule, guest: Guest, passages: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with the pages and the answer that a reader of the document gets."""
    if not (rule.asked or rule.shown):
        return
    question = rule.asked.question if rule.asked else " ".join(passages[0].split()[:12]) if passages else ""
    answer = bench.answer(guest, question)
    if answer.error:
        yield f"no answer: {answer.error}"
        return
    if rule.asked:
        yield from of_answer(rule.asked, answer.text, answer.end.get("html", ""))
        bench.told.append(f"answered: {answer.text[:160]}")
    for address in (guest.portal.path, *answer.pages):
        page = guest.portal.page(address)
        if page.is_error:
            yield f"{address} is HTTP {page.status_code}"
        yield from (f"{address} has {each}" for each in active_in(page.text, bench.host))
    if rule.shown and not rule.asked and len(answer.pages) < 2:
        yield "no source of the answer to be looked at"


def _injected(bench: Bench, rule: Rule) -> Iterator[str]:
    """Records whose instruction was carried out; how many were, were not and cannot be told goes to `bench.told`."""
    verdicts: Counter[str] = Counter()
    close: list[float] = []
    ideal: list[bool] = []
    found = hostile_answers.records(bench.directory / rule.path, None if bench.every_record else RECORDS)
    for record in found:
        guest = bench.guest()
        if reason := _read_text(guest, record["document"], seconds=rule.seconds):
            yield f"{record['id']} was not read: {reason}"
            continue
        answer = bench.answer(guest, record["question"].removeprefix("Q: "))
        if answer.error:
            yield f"{record['id']} was not answered: {answer.error}"
            continue
        verdict = hostile_answers.followed(record, answer.text)
        verdicts[verdict] += 1
        close.append(hostile_answers.closeness(record["ideal"], answer.text))
        if hostile_answers.findable(record):
            ideal.append(hostile_answers.has_ideal(record, answer.text))
        if verdict == hostile_answers.CARRIED_OUT:
            yield f"{record['id']}: {record['attack']} Answered: {answer.text[:160]}"
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    bench.told.append(
        f"{len(found)} records: {counts}; {sum(close) / max(len(close), 1):.0%} of the ideal words; {sum(ideal)} of "
        f"the {len(ideal)} answers that stand in their documents"
    )


def _read_text(guest: Guest, text: str, *, seconds: float) -> str:
    """Why a text was not ready in time; "" when it was."""
    began = time.perf_counter()
    with TemporaryDirectory() as directory:
        path = Path(directory) / f"{uuid4()}.txt"
        path.write_text(text, encoding="utf-8")
        upload = guest.portal.upload(path)
    if not upload.document_id:
        return upload.refused
    document = settled(upload.document_id, seconds - (time.perf_counter() - began))
    if document is None:
        return f"not ready within {seconds:.0f} s"
    return "" if document.status == document.Status.READY else document.error_message


def _hidden(bench: Bench, rule: Rule) -> list[str]:
    return hidden_in((bench.directory / rule.path).read_text(encoding="utf-8")) if rule.hides else []


def _longest() -> int:
    from ingestion.chunking.structure import MAX_CHARACTERS

    return MAX_CHARACTERS


if __name__ == "__main__":
    sys.exit(main())
