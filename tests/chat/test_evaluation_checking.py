"""Pairs of sentences and passages that a set's known answers make, and what marking them is measured by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chat.evaluation import sets
from chat.evaluation.checking import measured
from chat.evaluation.pairs import PARTS, Pair, pairs, stated

PUMP = "The Kestrel pump was designed by Ann Lee in the year 1998. It is green."
LAMP = "The Osprey lamp was designed by Bob Day in the year 2004. It is blue."
MORE = "Whoever buys a Kestrel pump gets a hose with it, and a set of gaskets."


def write(directory: Path, **rows: Sequence[Mapping[str, Any]]) -> sets.EvaluationSet:
    directory.mkdir()
    for name, each in rows.items():
        (directory / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in each))
    (directory / "qrels.tsv").write_text("query_id\tdoc_id\tgrade\n")
    return sets.read(directory)


def every(each: sets.EvaluationSet) -> list[Pair]:
    return [pair for part in range(PARTS) for pair in pairs(each, part=part)]


def spanned(directory: Path) -> sets.EvaluationSet:
    def answer(query_id: str, doc_id: str, text: str, said: str) -> dict[str, Any]:
        return {"query_id": query_id, "doc_id": doc_id, "start": text.index(said), "end": text.index(said) + len(said)}

    return write(
        directory,
        corpus=[
            {"doc_id": "pump", "title": "Machines", "text": PUMP},
            {"doc_id": "lamp", "title": "Lamps", "text": LAMP},
            {"doc_id": "more", "title": "Machines", "text": MORE},
        ],
        queries=[
            {"query_id": "1", "text": "Who designed the Kestrel pump?"},
            {"query_id": "2", "text": "When was the Osprey lamp designed?"},
            {"query_id": "3", "text": "Who designed the Osprey lamp?"},
        ],
        answers=[
            answer("1", "pump", PUMP, "Ann Lee"),
            answer("2", "lamp", LAMP, "2004"),
            answer("3", "lamp", LAMP, "Bob Day"),
        ],
    )


def test_where_answers_are_known_sentences_are_made_true_and_false(tmp_path: Path) -> None:
    of_pump = {pair.kind: pair for pair in every(spanned(tmp_path / "spans")) if pair.query_id == "1"}
    sentence = "The Kestrel pump was designed by Ann Lee in the year 1998."
    assert {kind: (pair.statement, pair.passages, pair.supported) for kind, pair in of_pump.items()} == {
        "quoted": (sentence, (PUMP,), True),
        "stated": ("Ann Lee designed the Kestrel pump.", (PUMP,), True),
        "altered": (sentence.replace("Ann Lee", "Bob Day"), (PUMP,), False),
        "misstated": ("Bob Day designed the Kestrel pump.", (PUMP,), False),
        "elsewhere": (sentence, (MORE,), False),
    }


def test_where_passages_were_falsified_those_are_taken(tmp_path: Path) -> None:
    wrong, other = PUMP.replace("Ann Lee", "Cy Poe"), "Kestrel pumps are green, and lamps are blue."
    each = write(
        tmp_path / "falsified",
        corpus=[
            {"doc_id": "q-pos0", "title": "", "text": PUMP, "kind": "pos"},
            {"doc_id": "q-wrong0", "title": "", "text": wrong, "kind": "wrong"},
            {"doc_id": "q-neg0", "title": "", "text": other, "kind": "neg"},
        ],
        queries=[
            {
                "query_id": "q",
                "text": "Who designed the pump?",
                "answer": [["Ann B. Lee", "Ann Lee"]],
                "fake_answer": "Cy Poe",
            }
        ],
    )
    true, false = "Ann Lee designed the pump.", "Cy Poe designed the pump."
    assert {(pair.kind, pair.statement, pair.passages, pair.supported) for pair in every(each)} == {
        ("stated", true, (PUMP,), True),
        ("misstated", false, (PUMP,), False),
        ("falsified", true, (wrong,), False),
        ("elsewhere", true, (other,), False),
        ("quoted", PUMP.split(". ", maxsplit=1)[0] + ".", (PUMP,), True),
        ("altered", PUMP.split(". ", maxsplit=1)[0] + ".", (wrong,), False),
    }


def test_each_pair_is_in_one_part(tmp_path: Path) -> None:
    each = spanned(tmp_path / "spans")
    first, second = (pairs(each, part=part) for part in range(PARTS))
    assert not {pair.query_id for pair in first} & {pair.query_id for pair in second}


def test_a_question_and_its_answer_are_one_sentence() -> None:
    assert stated("Who wrote it?", "Ann") == "Ann wrote it."
    assert stated("Who is it?", "Ann") == "Who is it: Ann."
    assert stated("When was it written?", "in May") == "When was it written: in May."


def test_precision_and_recall_are_those_of_marking() -> None:
    def pair(kind: str, *, supported: bool) -> Pair:
        return Pair("1", kind, "", (), supported)

    found = measured(
        [
            (pair("quoted", supported=True), False),
            (pair("stated", supported=True), True),
            (pair("altered", supported=False), True),
            (pair("altered", supported=False), True),
            (pair("elsewhere", supported=False), False),
        ]
    )
    assert (found.pairs, found.precision, found.recall, found.left_alone) == (5, 2 / 3, 2 / 3, 0.5)
    assert found.marked == {"altered": 1.0, "elsewhere": 0.0, "quoted": 0.0, "stated": 1.0}
