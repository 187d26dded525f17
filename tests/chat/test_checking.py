"""What a check says of an answer. Alice's pump has a handbook; whatever is not in it is made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

import orjson
import pytest

from chat.checking import check
from chat.domain import Checked, Passage, Verdict
from chat.prompts import refusals
from ingestion.domain import Vector
from tests.chat.kits import passage

PUMP = (
    "The highest operating pressure of the Kestrel pump is 8.5 bar. It is made in Belgrade. "
    "The warranty lasts two years."
)
RETURNS = "Goods may be returned within thirty days of delivery, in their own box."
PASSAGES = [replace(passage(text), number=number, language="en") for number, text in enumerate((PUMP, RETURNS), 1)]


async def found(answer: str, *, language: str = "en", passages: Sequence[Passage] = PASSAGES) -> list[tuple[str, str]]:
    """What is marked, and why."""
    checked = await check(answer, passages, language=language)
    return [(answer[each.start : each.end], f"{each.verdict} {each.detail}".strip()) for each in checked.findings]


async def test_what_the_passages_say_is_not_marked() -> None:
    answer = "The Kestrel pump runs at 8,5 bar or less [1]. Its warranty lasts 2 years [1]. It comes from Belgrade [1]."
    assert await found(answer.replace("8,5", "8.5")) == []


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("The highest operating pressure of the Kestrel pump is 9.5 bar [1].", "number 9.5"),
        ("The warranty of the pump lasts five years [1].", "number five"),
        ("The warranty of the pump lasts until March [1].", "date March"),
        ("The pump is made in Novi Sad [1].", "name Novi Sad"),
        ("**The warranty of the pump lasts five years.**", "number five"),
        ("Sure, the warranty of the pump lasts five years [1].", "number five"),
        ("Thanks to its gears the warranty of the pump lasts five years [1].", "number five"),
        ("9.5 [1].", "number 9.5"),
        ("Penguins huddle together through long cold nights [1].", "unsaid"),
        ("The pump may be painted, varnished and polished by children [1].", "unsaid"),
    ],
)
async def test_what_the_cited_passage_does_not_say_is_marked_with_the_reason(sentence: str, why: str) -> None:
    assert await found(f"It is made in Belgrade [1]. {sentence}") == [(sentence, why)]


@pytest.mark.parametrize(
    "answer",
    [
        "**Important:** Returned within thirty days of delivery [2].",
        "- **Regular Duration** - Warranty lasts two years [1].",
        "| Aspect | Value |\n|---|---|\n| Factory Site | made in Belgrade [1] |",
    ],
)
async def test_capitals_of_labels_and_tables_are_no_names(answer: str) -> None:
    assert await found(answer) == []


async def test_a_name_in_a_cell_or_behind_a_label_is_one() -> None:
    assert await found("|Where|\n|---|\n| Made in | Berlin [1] |") == [("| Made in | Berlin [1] |", "name Berlin")]
    assert await found("**Made in**: Berlin [1].") == [("**Made in**: Berlin [1].", "name Berlin")]


BACKUP = (
    "Run `python manage.py backup --to=FILE --log-to=FILE` every night. Restore with `python manage.py restore`. "
    "The logs are in var/logs."
)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("Run `python manage.py backup --to=<path>` every night [1].", None),
        ("Restore with `manage.py restore`; what is logged is in `var/logs/` [1].", None),
        ("Run `olm backup` every night [1].", "literal olm"),
        ("Run `python manage.py backup --compress` every night [1].", "literal --compress"),
        ("```\n# every night\npython manage.py backup --to=night.tar\n```", None),
        ("```bash\n$ olm backup\n```", "literal olm"),
        ("```\npython manage.py backup --fast\n```", "literal --fast"),
        ("```python\nresult = backup(compress=True)\n```", None),
        ("Run `olm` [1].", "literal olm"),
        ("Every night, run `olm backup`:", "literal olm"),
        ("- `olm backup`", "literal olm"),
        ("Run `backup` [1].", None),
        ("Is it `olm backup`?", None),
        ("Run `python manage.py backup --t` every night [1].", "literal --t"),
        ("Run `python manage.py backup --log` every night [1].", "literal --log"),
        ("10. Every night:\n\n    ```sh\n    olm backup\n    ```", "literal olm"),
        ("10. Every night:\n\n    ```sh\n    python manage.py backup\n    ```\n", None),
    ],
)
async def test_what_is_to_be_typed_has_to_be_in_a_passage(written: str, why: str | None) -> None:
    passages = [replace(passage(BACKUP), number=1, language="en")]
    marked = await found(f"Restore with `python manage.py restore` [1].\n\n{written}", passages=passages)
    assert [each for _sentence, each in marked] == ([why] if why else [])


async def test_a_line_of_code_is_marked_by_itself() -> None:
    passages = [replace(passage(BACKUP), number=1, language="en")]
    marked = await found("Do this:\n\n```\npython manage.py backup\nolm push\n```\n", passages=passages)
    assert marked == [("olm push", "literal olm")]


async def test_what_another_passage_says_is_told_apart_from_what_none_does() -> None:
    checked = await check("Goods may be returned within 30 days of delivery [1].", PASSAGES, language="en")
    (finding,) = checked.findings
    assert (finding.verdict, finding.found_in, finding.is_fault) == (Verdict.ELSEWHERE, 2, True)


async def test_a_sentence_without_a_citation_that_a_passage_supports_is_no_fault() -> None:
    checked = await check("The warranty of the pump lasts two years.", PASSAGES, language="en")
    (finding,) = checked.findings
    assert (finding.verdict, finding.found_in, finding.is_fault) == (Verdict.UNCITED, 1, False)
    assert (checked.sentences, checked.faults) == (1, 0)


async def test_a_sentence_without_a_citation_that_no_passage_supports_is_one() -> None:
    assert await found("The moon is made of yellow cheese and red wine.") == [
        ("The moon is made of yellow cheese and red wine.", "unsaid")
    ]


async def test_an_answer_in_latin_script_is_compared_with_a_source_in_cyrillic() -> None:
    source = replace(
        passage("За селидбу у Београд запослени добија три дана плаћеног одсуства."), number=1, language="sr"
    )
    right, wrong = (
        "Za selidbu u Beograd dobija se 3 dana odsustva [1].",
        "Za selidbu u Niš dobija se 3 dana odsustva [1].",
    )
    assert await found(right, language="sr", passages=[source]) == []
    assert await found(wrong, language="sr", passages=[source]) == [(wrong, "name Niš")]


async def test_across_languages_numbers_are_compared_and_words_are_not() -> None:
    source = replace(passage("Die Garantie der Pumpe läuft 24 Monate."), number=1, language="de")
    assert await found("The warranty of the pump lasts 24 months [1].", passages=[source]) == []
    assert await found("The warranty of the pump lasts 36 months [1].", passages=[source]) == [
        ("The warranty of the pump lasts 36 months [1].", "number 36")
    ]


async def test_meaning_decides_where_words_do_not() -> None:
    async def far(texts: Sequence[str]) -> list[Vector]:
        return [(1.0, 0.0) if number == 0 else (0.5, 0.866) for number, _text in enumerate(texts)]

    async def near(texts: Sequence[str]) -> list[Vector]:
        return [(1.0, 0.0) for _text in texts]

    answer = "Guarantees on this pump run out after two years [1]."
    assert (await check(answer, PASSAGES, language="en", embed=near)).faults == 0
    assert (await check(answer, PASSAGES, language="en", embed=far)).faults == 1


async def test_no_text_is_embedded_where_words_tell() -> None:
    async def never(texts: Sequence[str]) -> list[Vector]:
        raise AssertionError(texts)

    answer = "The warranty lasts two years [1]. It is made in Berlin [1]."
    assert (await check(answer, PASSAGES, language="en", embed=never)).faults == 1


async def test_a_refusal_and_an_answer_without_passages_have_nothing_to_compare() -> None:
    refusal = refusals()["en"]
    assert await check("The pump makes 9 bar.", [], language="en") == Checked(0)
    assert await check(refusal, PASSAGES, language="en") == Checked(0)


async def test_a_draft_is_not_asked_for_citations() -> None:
    checked = await check("The warranty lasts two years. It is made in Berlin.", PASSAGES, language="en", is_draft=True)
    assert [(each.verdict, each.draft) for each in checked.findings] == [(Verdict.NAME, True)]


async def test_what_was_found_survives_being_stored() -> None:
    checked = await check("Goods may be returned within 30 days [1]. It is made in Berlin.", PASSAGES, language="en")
    assert checked.findings
    assert Checked.of(orjson.loads(orjson.dumps(asdict(checked)))) == checked
    assert Checked.of(None) is None


async def test_a_passage_in_another_language_may_be_what_a_sentence_rests_on() -> None:
    async def near(texts: Sequence[str]) -> list[Vector]:
        return [(1.0, 0.0) for _text in texts]

    german = replace(passage("Die Pumpe wird in der Werkstatt von Ada Mayer gewartet."), number=3, language="de")
    answer = "Mrs Mayer looks after it regularly, downstairs."
    assert (await check(answer, [*PASSAGES, german], language="en", embed=near)).faults == 0
