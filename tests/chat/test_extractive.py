from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

import pytest

from chat.domain import Passage
from chat.extractive import as_markdown, select
from chat.rendering import CitationLinks, render
from ingestion.domain import Vector
from ingestion.index import tokens
from tests.chat.kits import passage


def numbered(*texts: str) -> list[Passage]:
    from dataclasses import replace

    return [replace(passage(text), number=number) for number, text in enumerate(texts, 1)]


def serbian(text: str) -> list[str]:
    return tokens.terms(text, "sr")


async def test_a_question_in_latin_script_quotes_a_text_in_cyrillic() -> None:
    passages = numbered("Овај текст говори о времену. Модел Phi-3-mini има 3,8 милијарди параметара. Сунце сија данас.")

    quotes = await select("Koliko parametara ima Phi-3-mini?", passages, terms=serbian)

    assert [quote.text for quote in quotes] == ["Модел Phi-3-mini има 3,8 милијарди параметара."]


async def test_quotes_know_where_they_stand_in_the_document() -> None:
    (one,) = numbered("Nothing to see here at all. The warranty lasts two years.")

    (quote,) = await select("warranty years", [one], terms=lambda text: text.lower().split())

    assert one.text[quote.start :].startswith("The warranty lasts")


async def test_meaning_decides_where_words_are_equal() -> None:
    passages = numbered("The battery is charged overnight. The battery explodes when heated.")

    async def embed(texts: Sequence[str]) -> list[Vector]:
        return [(1.0, 0.0) if "danger" in text or "explodes" in text else (0.0, 1.0) for text in texts]

    quotes = await select("battery danger", passages, terms=lambda text: text.lower().strip(".").split(), embed=embed)

    assert quotes[0].text == "The battery explodes when heated."


async def test_the_same_sentence_is_quoted_once() -> None:
    passages = numbered("The warranty lasts two years.", "The warranty  lasts two years.")

    quotes = await select("warranty years", passages, terms=lambda text: text.lower().strip(".").split())

    assert len(quotes) == 1


async def test_there_is_nothing_to_quote_in_passages_without_sentences() -> None:
    assert await select("x", numbered("- a\n- b"), terms=lambda text: text.split()) == []


async def test_a_row_of_a_table_is_quoted_however_short_it_is() -> None:
    passages = numbered("item,price\npump,120\nhose,15")

    quotes = await select("price of the pump", passages, terms=lambda text: re.findall(r"\w+", text.lower()))

    assert quotes[0].text == "pump,120"


async def test_quoted_markup_is_shown_and_not_rendered() -> None:
    passages = numbered("# The *warranty* lasts `two` years <script>alert(1)</script> | and more.")
    quotes = await select("warranty", passages, terms=lambda text: [word.strip("*") for word in text.split()])

    html = render(as_markdown(quotes), CitationLinks(base="/s/", numbers=frozenset({1})))

    assert "<h1>" not in html
    assert "<em>" not in html
    assert "<script>" not in html
    assert "# The *warranty* lasts `two` years" in html
    assert 'data-cite="1"' in html


@pytest.mark.parametrize(
    "text",
    ["1) Turn the pump off first.", "12. turn the pump off first.", "The tag &lt;pump&gt; is read as &amp;pump;."],
)
async def test_numbers_of_items_and_entities_are_shown_as_they_are(text: str) -> None:
    quotes = await select("pump", numbered(text), terms=str.split)

    html = render(as_markdown(quotes), CitationLinks(base="/s/", numbers=frozenset({1})))

    assert "<ol" not in html
    assert unescape(html).count(text) == 1
