from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from ingestion.embedding import lanes as module
from ingestion.embedding.lanes import MOST_QUERIES_IN_A_ROW, Job, Lane, LaneFull, Lanes, Pause, Waiting, choose

PATIENCE_S = 10


class Model:
    """Each text's vector is its number. It computes a batch for each `release()`, and pauses once in each
    that may be paused."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.pauses: list[bool] = []
        self.computing = threading.Semaphore(0)
        self._released = threading.Semaphore(0)

    def __call__(self, texts: Sequence[str], pause: Pause | None) -> list[list[float]]:
        self.batches.append(list(texts))
        self.computing.release()
        assert self._released.acquire(timeout=PATIENCE_S)
        self.pauses.append(pause is not None)
        if pause is not None:
            pause()
        if "poison" in texts:
            raise RuntimeError("the model cannot compute this")
        return [[float(text)] for text in texts]

    def release(self, batches: int = 1) -> None:
        self._released.release(batches)

    def wait_until_computing(self) -> None:
        assert self.computing.acquire(timeout=PATIENCE_S)


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def lanes(model: Model) -> Iterator[Lanes[str, list[float]]]:
    made = Lanes(model, batch_tokens=10)
    made.start()
    yield made
    model.release(1000)
    made.close()


def numbers(rows: list[list[float]]) -> list[float]:
    return [row[0] for row in rows]


def waiting(*tokens: int) -> list[Waiting[str, list[float]]]:
    job: Job[list[float]] = Job(len(tokens))
    return [Waiting(job, position, "", count) for position, count in enumerate(tokens)]


def test_a_batch_has_the_oldest_text_and_those_of_its_length() -> None:
    batch = choose(waiting(3, 9, 3, 8, 2, 3), batch_tokens=10)
    assert [item.position for item in batch] == [0, 2, 5]


def test_a_batch_counts_its_padding() -> None:
    batch = choose(waiting(1, 5, 5, 5), batch_tokens=10)
    assert [item.position for item in batch] == [0, 1]


def test_a_text_beyond_the_budget_goes_alone() -> None:
    assert [item.tokens for item in choose(waiting(400, 400), batch_tokens=10)] == [400]


def test_nothing_waiting_is_no_batch() -> None:
    assert choose([], batch_tokens=10) == []


def test_a_question_overtakes_documents(lanes: Lanes[str, list[float]], model: Model) -> None:
    documents = lanes.submit(Lane.DOCUMENTS, ["1", "2", "3"], [10, 10, 10])
    model.wait_until_computing()
    question = lanes.submit(Lane.QUERY, ["9"], [1])
    model.release(2)
    assert numbers(question.result(PATIENCE_S)) == [9]
    assert model.batches[:2] == [["1"], ["9"]]
    assert not documents.done()


def test_a_question_comes_in_between_while_documents_are_computed(lanes: Lanes[str, list[float]], model: Model) -> None:
    document = lanes.submit(Lane.DOCUMENTS, ["1"], [10])
    model.wait_until_computing()
    question = lanes.submit(Lane.QUERY, ["9"], [1])
    model.release()  # the document's batch gets to its pause, and no further
    model.wait_until_computing()
    assert not document.done()
    model.release()
    assert numbers(question.result(PATIENCE_S)) == [9]
    assert numbers(document.result(PATIENCE_S)) == [1]
    assert model.pauses == [True, False]  # nothing comes in between a question


def test_questions_that_wait_together_become_one_batch(lanes: Lanes[str, list[float]], model: Model) -> None:
    lanes.submit(Lane.DOCUMENTS, ["1"], [10])
    model.wait_until_computing()
    questions = [lanes.submit(Lane.QUERY, [str(number)], [2]) for number in range(4)]
    model.release(2)
    assert [numbers(question.result(PATIENCE_S)) for question in questions] == [[0], [1], [2], [3]]
    assert model.batches == [["1"], ["0", "1", "2", "3"]]


def test_documents_of_several_requests_share_a_batch(lanes: Lanes[str, list[float]], model: Model) -> None:
    first = lanes.submit(Lane.DOCUMENTS, ["0"], [10])
    model.wait_until_computing()
    second = lanes.submit(Lane.DOCUMENTS, ["1", "2"], [2, 9])
    third = lanes.submit(Lane.DOCUMENTS, ["3", "4"], [9, 2])
    model.release(4)
    assert [numbers(each.result(PATIENCE_S)) for each in (first, second, third)] == [[0], [1, 2], [3, 4]]
    assert model.batches == [["0"], ["1", "4"], ["2"], ["3"]]


def test_a_rush_of_questions_lets_documents_through(lanes: Lanes[str, list[float]], model: Model) -> None:
    lanes.submit(Lane.QUERY, ["0"], [10])
    model.wait_until_computing()
    document = lanes.submit(Lane.DOCUMENTS, ["1"], [10])
    for number in range(3 * MOST_QUERIES_IN_A_ROW):
        lanes.submit(Lane.QUERY, [str(100 + number)], [10])
    model.release(MOST_QUERIES_IN_A_ROW + 2)  # one more batch of questions gets in between
    assert numbers(document.result(PATIENCE_S)) == [1]


def test_a_failed_batch_fails_its_requests_and_no_others(lanes: Lanes[str, list[float]], model: Model) -> None:
    bad = lanes.submit(Lane.DOCUMENTS, ["poison"], [10])
    good = lanes.submit(Lane.DOCUMENTS, ["5"], [10])
    model.release(2)
    with pytest.raises(RuntimeError, match="cannot compute"):
        bad.result(PATIENCE_S)
    assert numbers(good.result(PATIENCE_S)) == [5]


def test_cancelled_texts_are_not_computed(lanes: Lanes[str, list[float]], model: Model) -> None:
    lanes.submit(Lane.DOCUMENTS, ["1"], [10])
    model.wait_until_computing()
    unwanted = lanes.submit(Lane.DOCUMENTS, ["2"], [10])
    wanted = lanes.submit(Lane.DOCUMENTS, ["3"], [10])
    unwanted.cancel()
    model.release(2)
    assert numbers(wanted.result(PATIENCE_S)) == [3]
    assert model.batches == [["1"], ["3"]]


def test_a_full_lane_refuses_and_the_other_does_not(
    lanes: Lanes[str, list[float]], model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING_LIMIT", 2)
    lanes.submit(Lane.DOCUMENTS, ["1"], [10])
    model.wait_until_computing()
    lanes.submit(Lane.DOCUMENTS, ["2", "3"], [10, 10])
    with pytest.raises(LaneFull):
        lanes.submit(Lane.DOCUMENTS, ["4"], [10])
    lanes.submit(Lane.QUERY, ["5"], [1])


def test_closing_fails_what_waits(model: Model) -> None:
    lanes = Lanes(model, batch_tokens=10)
    lanes.start()
    first = lanes.submit(Lane.DOCUMENTS, ["1"], [10])
    model.wait_until_computing()
    second = lanes.submit(Lane.DOCUMENTS, ["2"], [10])
    closing = threading.Thread(target=lanes.close)
    closing.start()
    while not lanes._closed:
        closing.join(0.01)
    model.release()
    closing.join(PATIENCE_S)
    assert numbers(first.result(PATIENCE_S)) == [1]
    with pytest.raises(LaneFull):
        second.result(PATIENCE_S)
    with pytest.raises(LaneFull):
        lanes.submit(Lane.QUERY, ["3"], [1])
