"""The embedding model, in sentence-transformers. Only the embedding server imports this and torch with it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ingestion.embedding import words
from ingestion.embedding.runtime import left_out, number_format, prepare_environment
from ingestion.embedding.words import Rows

if TYPE_CHECKING:
    from ingestion.embedding.lanes import Pause

FINGERPRINT_CHARACTERS = 16
COMMON = (
    "The house on the corner was built long ago, and nobody knows who lives there now.",
    "Please send the signed form back by the end of the month; it costs nothing.",
    "Im Sommer fahren viele Leute ans Meer, weil es dort kühler ist als in der Stadt.",
    "Die Maschine wird einmal im Jahr gewartet und danach wieder eingeschaltet.",
    "Деца су после школе отишла у парк, где су се играла до вечери.",
    "Pre nego što otvorite kutiju, proverite da li je sve isključeno.",
    "Le train part à huit heures et arrive dans la capitale vers midi.",
    "Новый закон вступит в силу в первый день следующего года.",
)
"""What words have in common is taken from these; which ones they are matters little, as long as they stay the same."""


class InputType(StrEnum):
    """Which of the model's prompts goes before a text. The values are the names that sentence-transformers uses."""

    QUERY = "query"
    DOCUMENT = "document"


class Input(NamedTuple):
    """A text with the model's prompt before it. `words_from` says where the prompt ends if its words are wanted."""

    text: str
    words_from: int | None = None


class Row(NamedTuple):
    """`vector` has length 1; `words` has a row for each word that was read, or is None where they are not wanted."""

    vector: Rows
    words: Rows | None = None


@dataclass(frozen=True, slots=True)
class EngineOptions:
    model: str
    """A folder, or the name of a model on the Hugging Face hub."""
    dtype: str = "auto"
    threads: int = 1


class Engine:
    """A loaded sentence-transformers model. `embed` is for one thread at a time; the rest is read-only.

    `fingerprint` is the same wherever the same model runs: it covers the weights (or the hub's name and revision), the
    tokenizer, the modules with their pooling, the prompts and the longest input. It leaves the number format out,
    because bfloat16 and float32 vectors of a text agree (cosine 0.99997 on average, 0.9997 at worst) and can share an
    index.
    """

    def __init__(self, options: EngineOptions) -> None:
        prepare_environment(local=Path(options.model).is_dir())
        import torch

        with left_out("sklearn", "sklearn.metrics"):
            from sentence_transformers import SentenceTransformer

        torch.set_num_threads(options.threads)
        # transformers sets padding and truncation on the one tokenizer before each use, so threads take turns.
        self._tokenizing = threading.Lock()
        self._torch = torch
        self._model = SentenceTransformer(
            options.model, model_kwargs={"dtype": number_format(torch, options.dtype)}
        ).eval()
        self.name = Path(options.model).name if Path(options.model).is_dir() else options.model
        self._pause: Pause | None = None
        self.dimension = int(self._model.get_embedding_dimension() or len(self.embed([Input("dimension")])[0].vector))
        self.max_tokens = int(self._model.max_seq_length or 512)
        self.fingerprint = _fingerprint(options.model, self._model, self.max_tokens)
        self._centre: Rows | None = None
        self._centre = self._mean_word()
        for layer in _layers(torch, self._model):
            layer.register_forward_pre_hook(lambda *_: self._pause and self._pause())

    def prepare(self, texts: Sequence[str], input_type: InputType | None, *, words: bool = False) -> list[Input]:
        """Return the texts with the model's prompt for `input_type` before them; without one, as they are."""
        prompt = self._model.prompts.get(input_type.value, "") if input_type else ""
        return [Input(prompt + text, len(prompt) if words else None) for text in texts]

    def count_tokens(self, inputs: Sequence[Input]) -> list[int]:
        """Return the length of each text as the model reads it: at most `max_tokens`, what is beyond is cut."""
        return [len(ids) for ids in self._tokenized([each.text for each in inputs])["input_ids"]]

    def embed(self, inputs: Sequence[Input], pause: Pause | None = None) -> list[Row]:
        """Return one row a text.

        `pause` is called before each of the model's layers, and may embed something else in between.
        """
        torch, model = self._torch, self._model
        with self._tokenizing:
            features = model.preprocess([each.text for each in inputs])
        for name, value in features.items():
            features[name] = value.to(model.device) if isinstance(value, torch.Tensor) else value
        with torch.inference_mode(), self._pausing(pause):
            output = model(features)
            vectors = torch.nn.functional.normalize(output["sentence_embedding"].float(), dim=1).cpu().numpy()
        tokens = output.get("token_embeddings")
        if tokens is None or all(each.words_from is None for each in inputs):
            return [Row(vector) for vector in vectors]
        rows = self._words(inputs, tokens.float().cpu().numpy())
        return [Row(vector, each) for vector, each in zip(vectors, rows, strict=True)]

    def _words(self, inputs: Sequence[Input], tokens: Rows) -> Iterator[Rows | None]:
        """Yield the words of each text, of those in which they are wanted; `tokens` is texts, tokens, dimensions."""
        offsets = self._tokenized([each.text for each in inputs], return_offsets_mapping=True)["offset_mapping"]
        for each, vectors, places in zip(inputs, tokens, offsets, strict=True):
            if each.words_from is None:
                yield None
                continue
            start = each.words_from
            of_text = [(start + first, start + last) for first, last in words.spans(each.text[start:])]
            own = vectors[-len(places) :] if self._model.tokenizer.padding_side == "left" else vectors[: len(places)]
            rows = words.of_tokens(own, [end for _begin, end in places], of_text)
            yield rows if self._centre is None else words.centred(rows, self._centre)

    def _mean_word(self) -> Rows | None:
        rows = self.embed(self.prepare(COMMON, InputType.DOCUMENT, words=True))
        found = [row.words for row in rows if row.words is not None]
        mean: Rows | None = np.concatenate(found).mean(axis=0) if found else None
        return mean

    def _tokenized(self, texts: Sequence[str], **options: Any) -> Any:
        with self._tokenizing:
            return self._model.tokenizer(list(texts), truncation=True, max_length=self.max_tokens, **options)

    @contextmanager
    def _pausing(self, pause: Pause | None) -> Iterator[None]:
        outer, self._pause = self._pause, pause
        try:
            yield
        finally:
            self._pause = outer

    def warm_up(self) -> None:
        """Pay for the first calls, which plan their kernels, before anybody waits for one."""
        for count in (8, self.max_tokens):
            self.embed([Input("word " * count)])


def _layers(torch: Any, model: Any) -> Iterable[Any]:
    """The blocks that the model's transformer is stacked of."""
    stacks = (module for module in model.modules() if isinstance(module, torch.nn.ModuleList))
    return max(stacks, key=len, default=())


def _fingerprint(source: str, model: Any, max_tokens: int) -> str:
    identity = {
        "weights": _content_hash(Path(source)) if Path(source).is_dir() else [source, _revision(model)],
        "modules": [[type(module).__name__, str(getattr(module, "pooling_mode", ""))] for module in model],
        "prompts": {input_type.value: model.prompts.get(input_type.value, "") for input_type in InputType},
        "max_tokens": max_tokens,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:FINGERPRINT_CHARACTERS]


def _revision(model: Any) -> str:
    return str(getattr(model.config, "_commit_hash", None) or "")


def _content_hash(folder: Path) -> str:
    """Hash the weights of all modules and the tokenizer, by content: a moved or copied folder stays the same model."""
    total = hashlib.sha256()
    for path in _identifying_files(folder):
        total.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def _identifying_files(folder: Path) -> Iterator[Path]:
    weights = sorted(folder.rglob("*.safetensors")) or sorted(folder.rglob("*.bin"))
    tokenizer = (folder / name for name in ("tokenizer.json", "vocab.txt", "sentencepiece.bpe.model"))
    yield from weights
    yield from (path for path in tokenizer if path.is_file())
