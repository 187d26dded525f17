from __future__ import annotations

import pytest

from ingestion.embedding.fakes import HashEmbedder
from tests.ingestion.embedder_contract import EmbedderContract, SharedEmbedder, cosine


class TestHashEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self) -> SharedEmbedder:
        return HashEmbedder()


def test_upper_and_lower_case_are_the_same() -> None:
    embedder = HashEmbedder()
    assert embedder.embed_query("Отпуск РАДНИКА") == embedder.embed_query("отпуск радника")


def test_shared_words_bring_texts_near() -> None:
    embedder = HashEmbedder()
    near, far = embedder.embed_documents(["the saw is loud", "two plums ripen"])
    question = embedder.embed_query("is the saw loud?")
    assert cosine(question, near) > 0.9
    assert abs(cosine(question, far)) < 0.5


def test_its_numbers_are_the_same_in_every_process() -> None:
    assert HashEmbedder(4).embed_query("plum") == pytest.approx(PLUM, abs=1e-6)


PLUM = (0.647396, -0.214014, 0.305049, -0.664847)
