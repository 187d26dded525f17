"""The parts that the settings name, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings

from ingestion.errors import EmbedderRefused
from ingestion.ports import Chunker, Embedder, LexicalIndex, VectorIndex
from ingestion.sentences import sentence as _
from project.backends import backend


def _part(name: str, **options: Any) -> Any:
    configured = settings.RAG[name]
    return backend(configured["BACKEND"], {**configured["OPTIONS"], **options})


@dataclass(frozen=True, slots=True)
class Parts:
    chunker: Chunker
    embedder: Embedder
    vectors: VectorIndex
    lexical: LexicalIndex
    embedder_name: str = ""
    """What the settings call the embedder; "" for the server's own."""


def chunker(max_characters: int | None = None) -> Chunker:
    """The server's; with chunks of at most `max_characters` where that is given."""
    options = {"max_characters": max_characters} if max_characters else {}
    return cast("Chunker", _part("CHUNKER", **options))


def configured(embedder_name: str = "") -> Parts:
    """Return what the server is made of, with the embedder of this name, or raise `EmbedderRefused`."""
    return Parts(
        chunker=chunker(),
        embedder=_embedder(embedder_name),
        vectors=cast("VectorIndex", _part("VECTOR_INDEX")),
        lexical=cast("LexicalIndex", _part("LEXICAL_INDEX")),
        embedder_name=embedder_name,
    )


def _embedder(name: str) -> Embedder:
    configured = settings.RAG["EMBEDDERS"].get(name) if name else settings.RAG["EMBEDDER"]
    if configured is None:
        raise EmbedderRefused(
            _(
                "The embedding model “%(name)s” is no longer set up on this server. "
                "Choose another one in the settings, or ask the operator to set it up again.",
                name=name,
            )
        )
    return cast("Embedder", backend(configured["BACKEND"], configured["OPTIONS"]))
