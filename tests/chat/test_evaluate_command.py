"""`manage.py evaluate`: sets of every kind, through upload, reading, both indexes, ranking and packing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chat.domain import Exchange
from chat.evaluation import sets
from ingestion import tasks
from ingestion.models import Document
from ingestion.parts import Parts
from tenants.models import Tenant
from tests import data_factory as make

PUMP = "The pump is serviced every eighteen months. Its warranty lasts three years."
TRAIN = "The train to the coast leaves at seven and costs twelve euros."
ROWS = [{"doc_id": "pump", "title": "Pump", "text": PUMP}, {"doc_id": "train", "title": "", "text": TRAIN}]
QUERIES: list[dict[str, Any]] = [
    {"query_id": "1", "text": "How long does the warranty of the pump last?", "lang": "en"},
    {"query_id": "2", "text": "When does the train to the coast leave?", "lang": "en"},
]
JUDGED = [("1", "pump"), ("2", "train")]


def lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def set_in(directory: Path, *, queries: Sequence[Mapping[str, Any]] = QUERIES, judged: Any = JUDGED) -> Path:
    directory.mkdir(parents=True)
    (directory / "corpus.jsonl").write_text(lines(ROWS))
    (directory / "queries.jsonl").write_text(lines(queries))
    graded = "".join(f"{query_id}\t{doc_id}\t1\n" for query_id, doc_id in judged)
    (directory / "qrels.tsv").write_text(f"query_id\tdoc_id\tgrade\n{graded}")
    return directory


def evaluate(directory: Path, **options: Any) -> Any:
    out = StringIO()
    call_command("evaluate", directory, json=True, stdout=out, **options)
    return json.loads(out.getvalue())


pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _without_models(made_of: Parts) -> None:
    """Hashed words for vectors, and indexes in memory."""


def test_documents_are_ranked_and_nothing_of_them_stays(tmp_path: Path) -> None:
    result = evaluate(set_in(tmp_path / "ranked"))
    assert (result["documents"], result["queries"], result["ndcg@10"]) == (2, 2, 1.0)
    assert not Tenant.objects.exists()
    assert not Document.all_tenants.exists()


def test_a_document_that_had_to_stand_back_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_back, ingest, waited = Counter[str](), tasks.ingest_document, list[float]()

    def stands_back(document: Document) -> None:
        put_back[document.name] += 1
        if put_back[document.name] > 4:
            ingest(document)

    monkeypatch.setattr("ingestion.tasks.ingest_document", stands_back)
    monkeypatch.setattr("chat.evaluation.running.time.sleep", waited.append)
    assert evaluate(set_in(tmp_path / "ranked"))["ndcg@10"] == 1.0
    assert len(waited) == 8


def test_the_text_that_answers_is_measured_within_a_prompt(tmp_path: Path) -> None:
    directory = set_in(tmp_path / "spans")
    start = PUMP.index("Its warranty")
    (directory / "answers.jsonl").write_text(
        lines([{"query_id": "1", "doc_id": "pump", "start": start, "end": len(PUMP)}])
    )
    result = evaluate(directory)
    assert result["span_recall"] == 1.0
    assert 0 < result["span_precision"] < 1
    assert [result[f"span_recall_in_{budget}"] for budget in (256, 512, 1024, 2048)] == [1.0] * 4
    assert result["span_iou_in_256"] == result["span_iou_in_2048"] > 0


def test_refusing_is_measured_where_there_are_questions_without_an_answer(tmp_path: Path) -> None:
    queries = [
        {**QUERIES[0], "text": "pump warranty", "answerable": True},
        {"query_id": "3", "text": "Who painted Guernica?", "answerable": False},
    ]
    result = evaluate(set_in(tmp_path / "refusing", queries=queries))
    assert (result["unanswerable"], result["refusing_recall"], result["answered"]) == (1, 1.0, 1.0)


def test_a_check_is_measured_without_reading_documents_and_other_figures_stay(tmp_path: Path) -> None:
    answers = [(str(number), "pump", PUMP, "eighteen months") for number in range(8)]
    answers += [(str(number), "train", TRAIN, "at seven") for number in range(8, 16)]
    queries = [{"query_id": query_id, "text": f"Question {query_id}?"} for query_id, *_rest in answers]
    directory = set_in(tmp_path / "checked", queries=queries, judged=[])
    (directory / "answers.jsonl").write_text(
        lines(
            [
                {"query_id": query_id, "doc_id": doc_id, "start": text.index(said), "end": text.index(said) + len(said)}
                for query_id, doc_id, text, said in answers
            ]
        )
    )
    noted = tmp_path / "baseline.json"
    noted.write_text(json.dumps({"checked": {"ndcg@10": 0.5}}))
    result = evaluate(directory, family="checking", baseline=noted, save=True)
    assert "documents" not in result
    assert result["check_marked_quoted"] == 0.0
    assert result["check_marked_altered"] == 1.0
    assert json.loads(noted.read_text())["checked"] == {"ndcg@10": 0.5, **result}


def test_a_question_that_leans_on_the_one_before_is_searched_with_it(tmp_path: Path) -> None:
    history = [{"role": "user", "text": "When does the train to the coast leave?"}]
    leaning = {"query_id": "2", "text": "And the fare?", "history": history}
    assert evaluate(set_in(tmp_path / "leaning", queries=[leaning]))["ndcg@10"] == 1.0


def test_a_page_is_found_where_pages_are_judged(tmp_path: Path) -> None:
    directory = set_in(tmp_path / "pages", judged=[("1", "manual#p2"), ("2", "manual#p3")])
    (directory / "pdfs").mkdir()
    (directory / "pdfs" / "manual.pdf").write_bytes(make.pdf([["Contents of the manual."], [PUMP], [TRAIN]]).read())
    assert evaluate(directory)["recall@5"] == 1.0


def test_several_sets_are_compared_with_what_was_noted_down(tmp_path: Path) -> None:
    set_in(tmp_path / "sets" / "one")
    set_in(tmp_path / "sets" / "two")
    noted = tmp_path / "quality" / "baseline.json"
    assert evaluate(tmp_path / "sets", baseline=noted, save=True).keys() == {"one", "two"}
    baseline = json.loads(noted.read_text())
    baseline["two"]["ndcg@10"] = 0.75
    noted.write_text(json.dumps(baseline))
    out = StringIO()
    call_command("evaluate", tmp_path / "sets", baseline=noted, only=["two"], stdout=out, stderr=StringIO())
    assert "| two | ndcg@10 | 1 | 0.75 | +0.250 |" in out.getvalue()
    assert "| one |" not in out.getvalue()


def test_languages_are_told_apart(tmp_path: Path) -> None:
    queries = [QUERIES[0], {**QUERIES[1], "lang": "de"}]
    result = evaluate(set_in(tmp_path / "languages", queries=queries))
    assert {language: each["queries"] for language, each in result["languages"].items()} == {"de": 1, "en": 1}


def test_a_directory_that_is_no_set_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="has no queries"):
        evaluate(tmp_path)
    (set_in(tmp_path / "broken") / "qrels.tsv").unlink()
    with pytest.raises(CommandError, match="has no set called other"):
        evaluate(tmp_path / "broken", only=["broken", "other"])
    with pytest.raises(CommandError, match="broken is no set"):
        evaluate(tmp_path / "broken")


def test_a_history_is_read_as_exchanges(tmp_path: Path) -> None:
    history = [
        {"role": "user", "text": "One?"},
        {"role": "assistant", "text": "1."},
        {"role": "user", "text": "Two?"},
    ]
    kinds = "ANSWERABLE", "UNANSWERABLE", "PARTIAL"
    queries = [{**QUERIES[0], "query_id": kind, "history": history, "answerability": kind} for kind in kinds]
    read = sets.read(set_in(tmp_path / "history", queries=queries)).queries
    assert read[0].history == (Exchange("One?", "1."), Exchange("Two?", ""))
    assert [query.answerable for query in read] == [True, False, None]


def test_a_limit_takes_questions_from_everywhere(tmp_path: Path) -> None:
    queries = [{"query_id": str(number), "text": "?"} for number in range(10)]
    each = sets.read(set_in(tmp_path / "limit", queries=queries), limit=3)
    assert [query.query_id for query in each.queries] == ["0", "3", "6"]
