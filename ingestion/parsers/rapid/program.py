"""A program of its own, run by `ingestion.parsers.ocr_rapid`: recognises the text of one picture with RapidOCR.

A PGM file on standard input, JSON on standard output: a list of [text, confidence, unread, left, top, right, bottom] in
pixels of the picture, of which a picture that lies on its side has been turned first. This is the only file that knows
RapidOCR, and it is run by its path, without the rest of the product: what the models take in memory and processor time,
or make crash, is this process's and no reader's.

`unread` is the share of a line's ink in which no letter was recognised. The model knows Latin letters and Chinese
characters; letters of other scripts it leaves out without a word, or with them the Latin ones beside them.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Corners = npt.NDArray[np.float32]
"""Of a line: top left, top right, bottom right, bottom left, as x and y."""

DETECTED_PIXELS = 2_000_000
"""Lines are looked for in a smaller copy (A4 at 145 dots per inch), for which 0.6 GB are enough."""
MODELS = {
    "Det.model_path": "PP-OCRv6_det_small.onnx",
    "Cls.model_path": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec.model_path": "PP-OCRv6_rec_small.onnx",
}
"""They come with the package. With their paths given, nothing is looked for or fetched."""
TALL = 1.5
"""A line that is higher than wide by this runs up or down the page."""
ASKED_FOR_TURN = 12
"""So many of the longest lines say whether a page is upside down."""
LINE_HEIGHT = 48
"""Pixels that the model makes a line high anyway."""
LETTER_REACH = 0.5
"""Line heights to each side of the place where a letter was recognised: half the width of a wide one."""
LEAST_INK_HEIGHT = 0.2
"""Of the line's: less is a rule, an underline, or a speck."""


def main() -> None:
    picture = Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=["PPM"])
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no part of the answer
    with answer:
        json.dump(recognised(_engine(), picture), answer, ensure_ascii=False)


def recognised(engine: Any, picture: Image.Image) -> list[list[Any]]:
    picture = picture.convert("L")
    lines = _found(engine, picture)
    if lines and sum(_is_tall(corners) for corners in lines) > len(lines) / 2:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
        lines = _found(engine, picture)
    if _is_upside_down(engine, picture, lines):
        picture = picture.transpose(Image.Transpose.ROTATE_180)
        lines = _found(engine, picture)
    return [_read(engine, picture, corners) for corners in lines]


def _engine() -> Any:
    import cv2
    import rapidocr

    cv2.setNumThreads(1)
    folder = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            **{name: str(folder / model) for name, model in MODELS.items()},
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # more take more time in all, and other people's
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Global.use_preprocess_img": False,
            "Global.log_level": "critical",
        }
    )


def _found(engine: Any, picture: Image.Image) -> list[Corners]:
    """The lines of text on it."""
    scale = min(1.0, (DETECTED_PIXELS / (picture.width * picture.height)) ** 0.5)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    smaller = picture if scale == 1.0 else picture.resize(size, Image.Resampling.LANCZOS)
    found = engine(_colours(smaller), use_det=True, use_cls=False, use_rec=False)
    if getattr(found, "boxes", None) is None:
        return []
    return [np.asarray(corners, dtype=np.float32) / scale for corners in found.boxes]


def _sides(corners: Corners) -> tuple[float, float]:
    """Width and height."""
    return float(np.linalg.norm(corners[1] - corners[0])), float(np.linalg.norm(corners[3] - corners[0]))


def _is_tall(corners: Corners) -> bool:
    width, height = _sides(corners)
    return height > TALL * width


def _is_upside_down(engine: Any, picture: Image.Image, lines: list[Corners]) -> bool:
    longest = sorted(lines, key=lambda corners: -_sides(corners)[0])[:ASKED_FOR_TURN]
    turned = [_is_turned(engine, _cut(picture, corners)) for corners in longest]
    return sum(turned) > len(turned) / 2


def _is_turned(engine: Any, line: Image.Image) -> bool:
    return bool(engine(_colours(line), use_det=False, use_cls=True, use_rec=False).cls_res[0][0] == "180")


def _read(engine: Any, picture: Image.Image, corners: Corners) -> list[Any]:
    line = _cut(picture, corners)
    if _is_tall(corners) and _is_turned(engine, line):
        line = line.transpose(Image.Transpose.ROTATE_180)
    seen = engine(_colours(line), use_det=False, use_cls=False, use_rec=True, return_word_box=True)
    words = seen.word_results[0]
    step = line.width / max(words.line_txt_len, 1.0)
    places = [(column + 0.5) * step for columns in words.word_cols for column in columns]
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    unread = round(_unread(np.asarray(line), places), 3)
    return [seen.txts[0], float(seen.scores[0]), unread, *(round(float(each)) for each in (left, top, right, bottom))]


def _cut(picture: Image.Image, corners: Corners) -> Image.Image:
    """A line by itself, straight, and from left to right."""
    if _is_tall(corners):
        corners = np.roll(corners, 1, axis=0)  # it runs upwards, as most do
    width, height = _sides(corners)
    scale = LINE_HEIGHT / max(height, 1.0)
    size = (max(1, round(width * scale)), LINE_HEIGHT)
    top_left, top_right, bottom_right, bottom_left = (tuple(map(float, corner)) for corner in corners)
    area = (*top_left, *bottom_left, *bottom_right, *top_right)
    return picture.transform(size, Image.Transform.QUAD, area, Image.Resampling.BICUBIC)


def _colours(picture: Image.Image) -> Pixels:
    """As the models want it: three times the same grey."""
    return np.asarray(picture.convert("RGB"))


def _unread(line: Pixels, places: list[float]) -> float:
    """The share of the columns with ink that are far from all `places`, where letters were recognised."""
    height = len(line)
    dark = line < (int(line.min()) + int(line.max())) / 2
    if dark.mean() > 0.5:
        dark = ~dark  # light letters on a dark ground
    extent = np.where(dark.any(axis=0), height - dark[::-1].argmax(axis=0) - dark.argmax(axis=0), 0)
    inked = np.flatnonzero(extent >= LEAST_INK_HEIGHT * height)
    if not inked.size:
        return 0.0
    if not places:
        return 1.0
    distance = np.abs(inked[:, None] - np.asarray(places)[None, :]).min(axis=1)
    return float((distance > LETTER_REACH * height).mean())


if __name__ == "__main__":
    main()
