"""The parts that the settings name, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings

from ingestion.ports import Chunker, Embedder, LexicalIndex, VectorIndex
from project.backends import backend


def _part(name: str) -> Any:
    configured = settings.RAG[name]
    return backend(configured["BACKEND"], configured["OPTIONS"])


@dataclass(frozen=True, slots=True)
class Parts:
    chunker: Chunker
    embedder: Embedder
    vectors: VectorIndex
    lexical: LexicalIndex


def chunker() -> Chunker:
    return cast("Chunker", _part("CHUNKER"))


def configured() -> Parts:
    return Parts(
        chunker=chunker(),
        embedder=cast("Embedder", _part("EMBEDDER")),
        vectors=cast("VectorIndex", _part("VECTOR_INDEX")),
        lexical=cast("LexicalIndex", _part("LEXICAL_INDEX")),
    )
