from __future__ import annotations

import pytest

from chat.counting import MESSAGE_TOKENS, Messages, TokenCounter, estimate_tokens, script_of

ENGLISH = "The warranty of the pump lasts two years from the day of delivery, and covers the battery as well."
SERBIAN = "Гаранција за пумпу траје две године од дана испоруке и обухвата и батерију."
GERMAN = "Die Gewährleistung für die Wasserpumpe beträgt zwei Jahre ab Lieferung und schließt die Batterie ein."
LATIN = "Garancija za pumpu traje dve godine od dana isporuke i obuhvata i bateriju, što važi i za uređaje."
CHINESE = "水泵的保修期为自交货之日起两年，也包括电池。"


@pytest.mark.parametrize(
    ("text", "least", "most"),
    # What the tokenizer of Llama 3 makes of it, and a third more than that of Mistral 7B, a kin of Phi-3.5's, does.
    [(ENGLISH, 21, 30), (SERBIAN, 30, 48), (GERMAN, 27, 47), (LATIN, 32, 52), (CHINESE, 18, 36)],
    ids=["English", "Serbian", "German", "Serbian in Latin", "Chinese"],
)
def test_the_estimate_is_on_the_careful_side_but_not_far(text: str, least: int, most: int) -> None:
    assert least <= estimate_tokens(text) <= most


def test_numbers_and_signs_cost_a_token_each() -> None:
    assert estimate_tokens("4915-7730/22") >= 12


@pytest.mark.parametrize(
    ("text", "script"),
    [
        (ENGLISH, "latin"),
        (SERBIAN, "cyrillic"),
        (GERMAN, "latin"),
        (CHINESE, "han"),
        ("12.5 %", "latin"),
        ("", "latin"),
    ],
)
def test_it_knows_the_script(text: str, script: str) -> None:
    assert script_of(text) == script


def prompt_of(text: str) -> Messages:
    return [("system", "Be brief."), ("human", text)]


def estimated(text: str) -> int:
    return estimate_tokens("Be brief.") + estimate_tokens(text) + 2 * MESSAGE_TOKENS


async def test_what_the_model_makes_of_a_prompt_corrects_the_estimate_for_that_script() -> None:
    kept: list[dict[str, float]] = []

    async def tokenizer(_messages: Messages) -> int:
        return 2 * estimated(SERBIAN)

    count = TokenCounter("m", ask=tokenizer, keep=lambda factors: kept.append(dict(factors)))

    assert await count.prompt(prompt_of(SERBIAN)) == 2 * estimated(SERBIAN)
    assert count(SERBIAN) == 2 * estimate_tokens(SERBIAN)
    assert count(ENGLISH) == estimate_tokens(ENGLISH)
    assert (count.name, kept) == ("m", [{"cyrillic": 2.0}])


async def test_a_tokenizer_corrects_downwards_too_and_is_not_written_down_twice() -> None:
    kept: list[object] = []

    async def tokenizer(_messages: Messages) -> int:
        return round(0.8 * estimated(ENGLISH))

    count = TokenCounter("m", ask=tokenizer, keep=kept.append)
    for _ in range(3):
        await count.prompt(prompt_of(ENGLISH))

    assert count(ENGLISH) < estimate_tokens(ENGLISH)
    assert len(kept) == 1


async def test_what_a_provider_reports_corrects_upwards_alone() -> None:
    count = TokenCounter("m")
    await count.reported(prompt_of(ENGLISH), 3)  # the rest was in its cache
    assert count(ENGLISH) == estimate_tokens(ENGLISH)

    await count.reported(prompt_of(ENGLISH), 3 * estimated(ENGLISH))
    assert count(ENGLISH) >= 3 * estimate_tokens(ENGLISH)

    await count.reported(prompt_of(ENGLISH), None)
    assert count(ENGLISH) >= 3 * estimate_tokens(ENGLISH)


async def test_without_an_answer_from_the_tokenizer_the_estimate_is_taken() -> None:
    async def away(_messages: Messages) -> None:
        return None

    count = TokenCounter("m", ask=away, factors={"latin": 1.5})

    assert await count.prompt(prompt_of(ENGLISH)) == count("Be brief.") + count(ENGLISH) + 2 * MESSAGE_TOKENS
    assert count.name == ""
