from __future__ import annotations

from uuid import uuid4

import numpy as np
import pytest

from chat.retrieval.alike import vouched


def test_a_passage_has_the_mean_score_of_those_that_say_the_like() -> None:
    one, like, other, far = uuid4(), uuid4(), uuid4(), uuid4()
    side, up = [1.0, 0.0], [0.0, 1.0]
    words = {
        one: np.asarray([side, side], np.float32),
        like: np.asarray([side], np.float32),
        other: np.asarray([side], np.float32),
        far: np.asarray([up], np.float32),
    }
    found = vouched({one: 1.0, like: 2.0, other: 4.0, far: 50.0}, words)
    assert found == pytest.approx({one: 3.0, like: 2.5, other: 1.5})  # nothing is like the last one


def test_of_passages_without_words_nothing_is_known() -> None:
    alone = uuid4()
    assert vouched({alone: 1.0}, {}) == {}
    assert vouched({alone: 1.0}, {alone: np.ones((3, 2), np.float32)}) == {}
