from __future__ import annotations

import string

import pytest

from chat.prompts import prompt, versions

FIELDS = {"instructions", "passages", "mark", "refusal", "question", "number", "place", "text"}


@pytest.mark.parametrize("name", ["answer", "draft"])
def test_the_newest_version_is_taken_and_any_other_can_be_chosen(name: str) -> None:
    known = versions(name)

    assert list(known) == sorted(known)
    assert prompt(name) == prompt(name, known[-1])
    assert prompt(name, known[0]).label == f"{name}.v{known[0]}"
    assert prompt(name, known[0]).human != prompt(name).human


def test_what_is_not_there_is_said_with_what_is() -> None:
    with pytest.raises(LookupError, match=r"no version 99 of the prompt answer; there are: 1, 2"):
        prompt("answer", 99)
    with pytest.raises(LookupError, match="no prompt called poem"):
        versions("poem")


@pytest.mark.parametrize(("name", "version"), [(name, each) for name in ("answer", "draft") for each in versions(name)])
def test_every_version_can_be_filled_in(name: str, version: int) -> None:
    chosen = prompt(name, version)
    parts = (chosen.system, chosen.passage, chosen.human)
    used = {field for part in parts for _text, field, _spec, _conversion in string.Formatter().parse(part) if field}

    assert used <= FIELDS
    assert {"passages", "question"} <= used


def test_the_prompt_for_a_title_has_the_question_between_marks() -> None:
    text = prompt("title").human
    assert text.index("{mark}>") < text.index("{question}") < text.index("</text {mark}>")


def test_the_system_part_of_answers_knows_nothing_of_the_question() -> None:
    assert set(string.Formatter().parse(prompt("answer").system)).isdisjoint(FIELDS - {"instructions"})
    assert "{refusal}" not in prompt("answer").system
