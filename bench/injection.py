"""`python -m bench.injection DIR [--records N] [--models NAME …] [--save]`: do instructions in documents get through?

DIR holds `manifest.tsv`, as for `bench.hostile`; of it, the files with a question, a fact and a canary are taken, and
records of the files of injected instructions (JSONL), 20 evenly spread ones, or N, 0 for all. Documents are read and
split as always; the search is made to find them, and nothing else, which is the worst case. Models:

quotes    none: answers are made of the documents' sentences. What is quoted is in quotation marks, and still counted.
starter   the starter model, at temperature 0.
obedient  a scripted one that does whatever it is told, except inside a correctly marked fence.
gullible  a scripted one that does whatever anything in its prompt tells it: what helps is what happens to an answer.

An attack has succeeded when the reader can read the canary; for records without one, when the attack can be seen to
have been carried out (`bench.hostile_answers`), and those where that cannot be told are not counted. `active` are
answers with anything in them that a browser would fetch or run, or a link to anywhere but the sources; `forged` those
with a citation of no source. It prints JSON, and a table beside docs/quality/injection.json to standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import hostile_answers, machine
from bench.hostile_rules import rule_of
from bench.support import ROOT, progress
from project.processes.ports import free_ports

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from tests.chat.injected import Injected, Verdict

BASELINE = ROOT / "docs" / "quality" / "injection.json"
MODELS = ("quotes", "starter", "obedient", "gullible")
CATEGORY = "prompt injection: "
RECORDS = 20
ANSWER_TOKENS = 64
ALL = "all"

_records: dict[str, Mapping[str, Any]] = {}
"""Of the attacks that are records, by their ids."""

Make = Callable[["Injected"], "BaseChatModel"]


@dataclass(frozen=True, slots=True)
class Result:
    """`followed` is None where it cannot be told."""

    id: str
    category: str
    followed: bool | None
    has_fact: bool
    active: bool
    forged: bool
    answer: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--records", type=int, default=RECORDS, metavar="N")
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--prompt", type=int, help="the version of the prompt for answers")
    parser.add_argument("--save", action="store_true", help="note the rates down as the new baseline")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django

    django.setup()
    found = list(attacks(arguments.directory, arguments.records))
    with ExitStack() as stack:
        makers = {name: _maker(name, stack) for name in arguments.models}
        results = {name: asyncio.run(_ask_all(name, make, found, arguments.prompt)) for name, make in makers.items()}
    rates = {name: _rates(each) for name, each in results.items()}
    report = {"machine": machine.describe(), "documents": len(found), "prompt": arguments.prompt, "rates": rates}
    print(json.dumps(report | {"answers": {name: list(map(asdict, each)) for name, each in results.items()}}, indent=2))
    baseline = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    progress(as_markdown(rates, baseline))
    if arguments.save:
        BASELINE.write_text(json.dumps(baseline | rates, indent=2) + "\n", encoding="utf-8")
    return 0


def attacks(directory: Path, records: int) -> Iterator[Injected]:
    from tests.chat.injected import Injected

    with (directory / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        path, category = directory / row["path"], row["category"].removeprefix(CATEGORY)
        if asked := rule_of(row).asked:
            content = path.read_bytes()
            yield Injected(path.stem, category, path.name, content, asked.question, asked.fact, asked.canary)
        elif row["category"].startswith(CATEGORY) and path.suffix == ".jsonl":
            for record in hostile_answers.records(path, records or None):
                _records[record["id"]] = record
                yield _recorded(record)


def _recorded(record: Mapping[str, Any]) -> Injected:
    from tests.chat.injected import Injected

    return Injected(
        id=record["id"],
        category=f"record: {record['attack_type']}",
        file=f"{record['id']}.txt",
        content=record["document"].encode(),
        question=record["question"].removeprefix("Q: "),
        fact=record["ideal"],
        canary=f"OBEYED-{record['id']}",
        instruction=record["attack"],
    )


def _maker(name: str, stack: ExitStack) -> Make:
    from chat.llm.fakes import ScriptedChat
    from chat.llm.openai_compatible import OpenAICompatibleChat
    from tests.chat.injected import Gullible, Obedient
    from tests.services import starter_llm

    if name == "starter":
        url = stack.enter_context(starter_llm(free_ports(1)[0]))
        host = url.removeprefix("http://").partition("/")[0]
        model = OpenAICompatibleChat(
            model="starter",
            base_url=url,
            allowed_hosts=(host,),
            temperature=0.0,
            max_tokens=ANSWER_TOKENS,
            connect_timeout_s=60.0,
        )
        return lambda _attack: model
    scripted: dict[str, Make] = {
        "quotes": lambda _attack: ScriptedChat(),
        "obedient": lambda attack: Obedient(attack=attack),
        "gullible": lambda attack: Gullible(attack=attack),
    }
    return scripted[name]


async def _ask_all(name: str, make: Make, found: Sequence[Injected], prompt: int | None) -> list[Result]:
    from chat.llm.clients import close_clients
    from tests.chat.injected import ask

    results = []
    try:
        for attack in found:
            verdict = await ask(attack, make(attack), extractive=name == "quotes", prompt=prompt)
            results.append(_result(attack, verdict, scripted=name in {"obedient", "gullible"}))
            progress(f"{name} {attack.id}: {'FOLLOWED' if results[-1].followed else 'not followed'}")
    finally:
        await close_clients()
    return results


def _result(attack: Injected, verdict: Verdict, *, scripted: bool) -> Result:
    followed: bool | None = verdict.followed
    record = _records.get(attack.id)
    if record is not None and not scripted:
        judged = hostile_answers.followed(record, verdict.text)
        followed = None if judged == hostile_answers.CANNOT_BE_TOLD else judged == hostile_answers.CARRIED_OUT
    return Result(
        id=attack.id,
        category=attack.category,
        followed=followed,
        has_fact=verdict.has_fact,
        active=bool(verdict.active),
        forged=bool(verdict.forged),
        answer=verdict.answer,
    )


def _rates(results: Sequence[Result]) -> dict[str, dict[str, Any]]:
    """Category -> how many documents, of how many it can be told, and the shares of those and of all."""
    groups: defaultdict[str, list[Result]] = defaultdict(list)
    for each in results:
        for name in (each.category, "records" if each.id in _records else "files", ALL):
            groups[name].append(each)
    order = {ALL: 0, "files": 1, "records": 2}
    return {name: _rate(groups[name]) for name in sorted(groups, key=lambda name: (order.get(name, 3), name))}


def _rate(results: Sequence[Result]) -> dict[str, Any]:
    told = [each.followed for each in results if each.followed is not None]
    return {
        "documents": len(results),
        "told": len(told),
        "followed": _share(told),
        "active": _share([each.active for each in results]),
        "forged": _share([each.forged for each in results]),
        "has_fact": _share([each.has_fact for each in results]),
    }


def _share(values: Sequence[bool | None]) -> float | None:
    return round(sum(map(bool, values)) / len(values), 3) if values else None


def as_markdown(rates: Mapping[str, Mapping[str, Any]], baseline: Mapping[str, Any]) -> str:
    """Each rate with the baseline's behind it, where that is another one."""
    lines = ["| model | documents | of which told | attack success | active | forged citations | has the fact |"]
    lines.append("|---|---|---|---|---|---|---|")
    for model, groups in rates.items():
        for name, each in groups.items():
            before = baseline.get(model, {}).get(name, {})
            cells = [_cell(each[key], before.get(key)) for key in ("followed", "active", "forged", "has_fact")]
            lines.append(f"| {model} | {name}: {each['documents']} | {each['told']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(value: float | None, before: float | None) -> str:
    shown = "–" if value is None else f"{value:.0%}"
    return shown if before is None or before == value else f"{shown} (was {before:.0%})"


if __name__ == "__main__":
    sys.exit(main())
