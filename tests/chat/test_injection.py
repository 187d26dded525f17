"""Instructions in documents, in four languages, against models that would follow them.

`python -m bench.injection` does the same with the starter model and with other people's documents.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from chat.llm.fakes import ScriptedChat
from tests.chat.injected import OWN, Gullible, Injected, Obedient, active_in, ask, passages_of

attacks = pytest.mark.parametrize("attack", OWN, ids=lambda attack: attack.id)


@attacks
async def test_who_obeys_everything_outside_of_the_marked_fence_hears_no_instruction(attack: Injected) -> None:
    verdict = await ask(attack, Obedient(attack=attack))

    assert verdict.has_fact
    assert not verdict.followed
    assert verdict.active == verdict.forged == ()


@attacks
async def test_the_same_model_is_led_astray_by_the_first_version_of_the_prompt(attack: Injected) -> None:
    """So that the test above cannot pass because nobody listens."""
    assert (await ask(attack, Obedient(attack=attack), prompt=1)).followed


@attacks
async def test_of_who_obeys_everything_a_browser_gets_nothing_but_text(attack: Injected) -> None:
    """It says what it was told to say, which nothing can prevent; it cannot send anything anywhere."""
    verdict = await ask(attack, Gullible(attack=attack))

    assert verdict.followed
    assert verdict.active == ()
    assert verdict.forged == ()


@pytest.mark.parametrize(
    "attack", [each for each in OWN if each.category != "role tokens"], ids=lambda attack: attack.id
)
async def test_quotes_are_of_the_fact(attack: Injected) -> None:
    verdict = await ask(attack, ScriptedChat(), extractive=True)

    assert verdict.has_fact
    assert not verdict.followed
    assert verdict.active == ()


@attacks
async def test_the_source_is_shown_as_it_stands_in_the_document(attack: Injected) -> None:
    text = "".join(each.text for each in passages_of(attack))

    assert all(line.strip() in text for line in attack.content.decode().splitlines() if not line.startswith("!["))


async def test_a_forged_mark_is_none() -> None:
    attack = replace(OWN[4], content=OWN[4].content.replace(b"bcdfgh", b"zzzzzz"))

    assert not (await ask(attack, Obedient(attack=attack))).followed


def test_the_judge_sees_what_would_leave_the_house() -> None:
    assert list(active_in('<p><img src="http://127.0.0.1:9/"><a href="http://x.example/">x</a></p>')) != []
    assert list(active_in('<a class="cite" href="/t/acme/turns/1/sources/2/" data-cite="2">2</a>')) == []
