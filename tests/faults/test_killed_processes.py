"""Worker, Redis, Chroma and embedder are killed at random moments while documents are read, replaced and deleted.
Afterwards everything that was uploaded is there, once, in SQL, in Chroma and in the lexical index.

The moments follow from a seed, which is printed; RAZGOVOR_FAULT_SEED=… repeats them as far as a machine repeats itself.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.product import Product
from tests.faults.victims import TENANTS, command_of, processes_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("models")]

VICTIMS = {
    "worker": "celery",
    "task": "celery",  # one of the worker's processes, with the document that it is at
    "redis": "redis-server valkey-server",
    "chroma": "project.processes.chroma",
    "embedder": "ingestion.embedding.server",
}
KILLS = 8
PAUSE_S = (0.5, 3.0)
SETTLED_S = 240.0


@dataclass(frozen=True)
class Row:
    tenant: str
    name: str
    folder: str
    version: int
    status: str
    error: str
    chunks: int


def test_nothing_is_lost_and_nothing_is_there_twice(product: Product, tmp_path: Path) -> None:
    seed = int(os.environ.get("RAZGOVOR_FAULT_SEED") or random.SystemRandom().randrange(10**6))
    print(f"RAZGOVOR_FAULT_SEED={seed}")  # noqa: T201 - to repeat a failure
    chance = random.Random(seed)
    expected = {slug: _papers(tmp_path / slug, chance) for slug in TENANTS}
    for slug in TENANTS:
        for folder in ("papers", "changing"):
            _ingest(product, slug, tmp_path / slug / folder)
    victims = [*VICTIMS, *chance.sample(list(VICTIMS), KILLS - len(VICTIMS))]  # what dies thrice is given up
    chance.shuffle(victims)
    for number, victim in enumerate(victims):
        time.sleep(chance.uniform(*PAUSE_S))
        _kill(product, victim, chance)
        if number == KILLS // 2:  # in the middle of it all, some files change
            for slug in TENANTS:
                _change(tmp_path / slug)
                _ingest(product, slug, tmp_path / slug / "changing")  # even where the broker is away

    _until(lambda: not _busy(product), "every document is read")
    rows = _rows(product)
    assert {(row.name, row.status, row.error) for row in rows if row.status not in {"ready", "superseded"}} == set()
    for slug in TENANTS:
        names = sorted(row.name for row in rows if row.tenant == slug and row.status == "ready")
        assert names == sorted(expected[slug])
        assert {row.version for row in rows if row.tenant == slug and row.name.startswith("changing")} == {1, 2}
        check = json.loads(product.manage("index_check", "--tenant", slug, "--json"))
        assert check["ok"], [each for each in check["documents"] if not each["agree"]]
        assert check["chunks"] == sum(row.chunks for row in rows if row.tenant == slug and row.status == "ready")


def _papers(directory: Path, chance: random.Random) -> list[str]:
    """Short files, long ones, some that will change, and an archive. Return the names of the documents to come."""
    papers = directory / "papers"
    for folder in (papers, directory / "changing"):
        folder.mkdir(parents=True)
    names = []
    for number in range(12):
        names.append(f"short-{number}.txt")
        (papers / names[-1]).write_text(_text(chance, 5), encoding="utf-8")
    for number in range(2):
        names.append(f"long-{number}.md")
        (papers / names[-1]).write_text(_text(chance, 400), encoding="utf-8")
    for number in range(4):
        names.append(f"changing-{number}.txt")
        (directory / "changing" / names[-1]).write_text(_text(chance, 20), encoding="utf-8")
    with zipfile.ZipFile(papers / "archive.zip", "w") as archive:
        for number in range(5):
            archive.writestr(f"inside-{number}.txt", _text(chance, 5))
    return [*names, "archive.zip", *(f"inside-{number}.txt" for number in range(5))]


def _text(chance: random.Random, sentences: int) -> str:
    words = ["river", "mill", "contract", "winter", "engine", "payment", "garden", "valve", "letter", "signal"]
    lines = (f"In {chance.randrange(10**6)} the {' '.join(chance.choices(words, k=12))}." for _ in range(sentences))
    return "\n\n".join(lines)


def _change(directory: Path) -> None:
    for path in (directory / "changing").iterdir():
        path.write_text(path.read_text(encoding="utf-8") + "\n\nAnd this was added later.", encoding="utf-8")


def _ingest(product: Product, slug: str, path: Path) -> None:
    result = json.loads(product.manage("ingest", str(path), "--tenant", slug, "--json"))
    assert all(row["status"] != "refused" for row in result["documents"])


def _kill(product: Product, victim: str, chance: random.Random) -> None:
    marks = VICTIMS[victim].split()
    processes = [each for each in processes_of(product) if any(mark in command_of(each) for mark in marks)]
    pids = {process.pid for process in processes}
    roots = [process for process in processes if process.ppid() not in pids]
    chosen = [process for process in processes if process not in roots] if victim == "task" else roots
    if chosen:  # else it is dead already, and about to be started again
        chance.choice(chosen).kill()


def _busy(product: Product) -> list[Row]:
    return [row for row in _rows(product) if row.status in {"queued", "running", "deleting"}]


def _rows(product: Product) -> list[Row]:
    database = Path(product.environment["RAZGOVOR_VAR"]) / "razgovor.sqlite3"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        found = connection.execute(
            "SELECT tenant.slug, document.name, folder, version, status, error_message, chunk_count"
            " FROM ingestion_document AS document JOIN tenants_tenant AS tenant ON tenant.id = document.tenant_id"
        )
        return [Row(*values) for values in found if values[0] in TENANTS]


def _until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + SETTLED_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {SETTLED_S:.0f} s: {what}"
        time.sleep(0.5)
