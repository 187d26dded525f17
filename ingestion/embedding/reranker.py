"""The cross-encoder: a model that reads a question and a passage together and says how well the one answers the other.

Only the embedding server imports this. Nogueira, Cho: Passage re-ranking with BERT, 2019.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ingestion.embedding.runtime import left_out, number_format, prepare_environment

if TYPE_CHECKING:
    from ingestion.embedding.lanes import Pause

MOST_TOKENS = 512
"""Of models that do not say, and the longest that is tried out before anybody waits."""


class Pair(NamedTuple):
    query: str
    document: str


@dataclass(frozen=True, slots=True)
class RerankerOptions:
    model: str
    """A folder, or the name of a model on the Hugging Face hub that has been downloaded already."""
    dtype: str = "auto"


class NotAReranker(ValueError):
    """The model sorts texts into classes, and has no one score for a question and a passage."""


class Reranker:
    """A loaded sentence-transformers `CrossEncoder`. `score` is for one thread at a time; the rest is read-only.

    Nothing is ever downloaded: a server that waits for a hub in its first minutes cannot be told from one that hangs.
    """

    def __init__(self, options: RerankerOptions) -> None:
        folder = downloaded(options.model)
        prepare_environment(local=False)
        import torch

        with left_out("sklearn", "sklearn.metrics"):
            from sentence_transformers import CrossEncoder

        # transformers sets padding and truncation on the one tokenizer before each use, so threads take turns.
        self._tokenizing = threading.Lock()
        self._torch = torch
        self._model = CrossEncoder(
            str(folder), local_files_only=True, model_kwargs={"dtype": number_format(torch, options.dtype)}
        ).eval()
        if self._model.num_labels != 1:
            raise NotAReranker(f"{options.model} has {self._model.num_labels} classes and no score to rank by.")
        self._prompt: str | None = self._model.prompts.get(self._model.default_prompt_name or "")
        self.name = Path(options.model).name if Path(options.model).is_dir() else options.model
        self.max_tokens = int(self._model.max_seq_length or MOST_TOKENS)

    def count_tokens(self, pairs: Sequence[Pair]) -> list[int]:
        """Return the length of each pair as the model reads it: at most `max_tokens`, what is beyond is cut."""
        queries, documents = [pair.query for pair in pairs], [pair.document for pair in pairs]
        with self._tokenizing:
            read = self._model.tokenizer(queries, documents, truncation=True, max_length=self.max_tokens)
        return [len(ids) for ids in read["input_ids"]]

    def score(self, pairs: Sequence[Pair], _pause: Pause | None = None) -> list[float]:
        """Return one number a pair, on whatever scale the model's own activation gives: the higher, the better."""
        torch, model = self._torch, self._model
        with self._tokenizing:
            features: dict[str, Any] = model.preprocess([list(pair) for pair in pairs], prompt=self._prompt)
        for name, value in features.items():
            features[name] = value.to(model.device) if isinstance(value, torch.Tensor) else value
        with torch.inference_mode():
            scores = model.activation_fn(model(features)["scores"].float())
        numbers: list[float] = scores.reshape(len(pairs)).tolist()
        return numbers

    def warm_up(self) -> None:
        """Pay for the first calls, which plan their kernels, before anybody waits for one."""
        for count in (8, min(self.max_tokens, MOST_TOKENS)):
            self.score([Pair("word", "word " * count)])


def downloaded(model: str) -> Path:
    """The folder of the model: itself, or where the hub's client has put what somebody has downloaded."""
    if (folder := Path(model)).is_dir():
        return folder
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(model, local_files_only=True))
