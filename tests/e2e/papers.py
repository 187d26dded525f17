"""The documents that these tests ask about, written for them."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from tests import data_factory

RULEBOOK_NAME = "правилник-о-одморима.md"
RULEBOOK = """# Правилник о одморима и одсуствима

## Годишњи одмор

Запослени има право на двадесет два радна дана годишњег одмора у свакој календарској години.
Одмор се тражи писмено, најкасније петнаест дана пре његовог почетка.

## Плаћено одсуство

За селидбу у друго насељено место запослени добија три дана плаћеног одсуства.
За добровољно давање крви припадају му два узастопна дана, рачунајући и дан давања.

## Рад од куће

Од куће се ради највише два дана недељно, уз сагласност непосредног руководиоца.
Опрему за рад од куће обезбеђује послодавац, а трошкове интернета надокнађује до хиљаду динара месечно.
"""
REMOVAL_QUESTION = "Koliko dana plaćenog odsustva dobija zaposleni za selidbu?"
REMOVAL_SENTENCE = "За селидбу у друго насељено место запослени добија три дана плаћеног одсуства."

HANDBOOK_NAME = "pump-handbook.pdf"
HANDBOOK_PAGES = 12
PRESSURE_PAGE = 7
PRESSURE_QUESTION = "What is the highest operating pressure of the Kestrel pump?"
PRESSURE_SENTENCE = "The highest operating pressure of the Kestrel pump is 8.5 bar."

LEAFLET = (
    "Stand the Osprey lamp on level ground, away from curtains.",
    "Wipe the shade of the Osprey lamp with a dry cloth once a month.",
    "The bulb of the Osprey lamp is changed at a service point in Kragujevac.",
    "Keep the Osprey lamp in its box when it travels.",
)
"""A page each, so little that they make one passage."""
LEAFLET_PAGE, LEAFLET_ANSWER = 3, "at a service point in Kragujevac"
LEAFLET_QUESTION = "Where is the bulb of the Osprey lamp changed?"

WARRANTY_NAME = "warranty.md"
WARRANTY = """# Warranty of the Heron kettle

The warranty of the Heron kettle lasts two years from the day of purchase.
It covers the heating element and the lid, and does not cover limescale.

# Returns

A kettle can be returned within thirty days, with its receipt and in its own box.
"""
WARRANTY_QUESTION = "How long does the warranty of the Heron kettle last?"


def rulebook(directory: Path) -> Path:
    """A Markdown file in Serbian Cyrillic."""
    return _written(directory / RULEBOOK_NAME, RULEBOOK.encode())


def warranty(directory: Path) -> Path:
    return _written(directory / WARRANTY_NAME, WARRANTY.encode())


def handbook(directory: Path) -> Path:
    """A PDF of some pages, of which one says what is asked for."""
    content = data_factory.pdf([_handbook_page(number) for number in range(1, HANDBOOK_PAGES + 1)], title="Kestrel")
    return _written(directory / HANDBOOK_NAME, content.read())


def leaflet(directory: Path) -> Path:
    """A PDF whose one passage begins pages before what is asked for."""
    return _written(directory / "osprey-leaflet.pdf", data_factory.pdf([[line] for line in LEAFLET]).read())


def copy_of(path: Path, *, padding: int = 0) -> Path:
    """A copy that no other test has uploaded: the same content would give back the same document. `padding` is in
    bytes, and nothing that a reader sees."""
    name = f"{uuid4().hex[:8]}-{path.name}"
    mark = name + "." * padding
    comment = f"\n%{mark}\n" if path.suffix == ".pdf" else f"\n\n<!-- {mark} -->\n"
    return _written(path.with_name(name), path.read_bytes() + comment.encode())


def _handbook_page(number: int) -> list[str]:
    steps = [
        f"Step {number}.{step}: tighten bolt {number * 20 + step} by hand, then check gasket {step}."
        for step in range(1, 19)
    ]
    lines = [f"Handbook of the Kestrel pump, part {number}", "", *steps]
    if number == PRESSURE_PAGE:
        lines.insert(9, PRESSURE_SENTENCE)
    return lines


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
