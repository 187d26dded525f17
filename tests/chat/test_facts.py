from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.facts import facts, readings


def agrees(said: str, source: str, language: str = "en", source_language: str | None = None) -> bool:
    """Whether every number and date of `said` is in `source`."""
    there = readings(source, language if source_language is None else source_language)
    return all(fact.readings & there for fact in facts(said, language))


@pytest.mark.parametrize(
    ("said", "source", "language", "source_language"),
    [
        ("1,000 people", "1000 people", "en", "en"),
        ("1,000 people", "1.000 Personen", "en", "de"),
        ("1.000 ljudi", "1 000 људи", "sr", "sr"),
        ("8.5 bar", "8,5 bar", "en", "de"),
        ("8.50 euros", "8.5 euros", "en", "en"),
        ("5 percent", "5%", "en", "en"),
        ("five days", "5 days", "en", "en"),
        ("30 days", "within thirty days", "en", "en"),
        ("25 days", "twenty-five days", "en", "en"),
        ("25 дана", "двадесет пет дана", "sr", "sr"),
        ("двадесет два дана", "22 dana", "sr", "sr"),
        ("25 Tage", "fünfundzwanzig Tage", "de", "de"),
        ("25 يومًا", "خمسة وعشرون يومًا", "ar", "ar"),
        ("خمسٌ وعشرون سنة", "25 years", "ar", "en"),
        ("خمسة عشر يومًا", "15 days", "ar", "en"),
        ("خلال ثلاثة أيام", "3 أيام", "ar", "ar"),
        ("واحد وعشرون ألف دينار", "21,000", "ar", "en"),
        ("7 فبراير 2021", "7 February 2021", "ar", "en"),
        ("٢٥ يومًا", "25 days", "ar", "en"),
        ("8.5 بار", "8,5 بار", "ar", "ar"),
        ("1,500 دينار", "1.500 دينار", "ar", "ar"),
        ("1.2 million", "1,200,000", "en", "en"),
        ("three hundred men", "300 men", "en", "en"),
        ("2021-02-07", "on February 7, 2021", "en", "en"),
        ("on 7 February 2021", "am 7.2.2021", "en", "de"),
        ("7. фебруара 2021", "7. februara 2021.", "sr", "sr"),
        ("in March 2020", "03/04/2020", "en", "en"),
        ("the 10th century", "the 10th and 11th centuries", "en", "en"),
        ("1 of them", "one of them", "en", "en"),
        ("1.000 dinara, as it says there", "1.000 dinara", "en", "sr"),
        ("٣٫٥ بار", "3.5 bar", "ar", "en"),
        ("١٬٥٠٠ دينار", "1500 دينار", "ar", "ar"),
        ("5. maja", "5. мај", "sr", "sr"),
        ("7 February 2021", '{"at": "2021-02-07T10:00:00Z"}', "en", "en"),
        ("7. Februar 2021", "07.02.21", "de", "de"),
        ("in December 2021", "12/2021", "en", "en"),
        ("2021-12", "December 2021", "en", "en"),
        ("br. 12/2021", "Nr. 12/2021", "sr", "de"),
        ("1,5 Mio. Euro", "1.500.000 Euro", "de", "de"),
        ("1.5 million", "1,5 Mio.", "en", "de"),
        ("5 million", "Revenue (in millions): 5", "en", "en"),
        ("twenty-five million", "25 million", "en", "en"),
        ("one hundred days", "100 days", "en", "en"),
        ("100 days", "a hundred days", "en", "en"),
        ("250 Tage", "zweihundertfünfzig Tage", "de", "de"),
        ("tausend Euro", "1000 Euro", "de", "de"),
        ("1000 dinara", "hiljadu dinara", "sr", "sr"),
        ("25 dana", "dvadeset i pet dana", "sr", "sr"),
        ("21 dan", "dvadeset jedan dan", "sr", "sr"),
    ],
)
def test_one_value_is_the_same_however_it_is_written(
    said: str, source: str, language: str, source_language: str
) -> None:
    assert agrees(said, source, language, source_language)


@pytest.mark.parametrize(
    ("said", "source", "language", "source_language"),
    [
        ("1,000 people", "1,00 Personen", "en", "de"),
        ("42 days", "24 days, and 4 or 2", "en", "en"),
        ("8.5 bar", "85 bar", "en", "en"),
        ("five years", "two years", "en", "en"),
        ("خمسة وعشرون يومًا", "5 days, or 20", "ar", "en"),
        ("خمسة عشر يومًا", "10 أيام أو 5", "ar", "ar"),
        ("ثلاثة أيام", "أربعة أيام", "ar", "ar"),
        ("three hundred men", "3 men", "en", "en"),
        ("on 7 March 2021", "on 7 February 2021", "en", "en"),
        ("2021-02-08", "7 February 2021", "en", "en"),
        ("September 3, 2003", "September 3, 2013", "en", "en"),
        ("1.5 million", "1.5 billion", "en", "en"),
        ("one million", "5 million", "en", "en"),
        ("1,5 Mrd.", "1,5 Millionen", "de", "de"),
        ("٣٫٥ بار", "35 bar", "ar", "en"),
        ("in November 2021", "12/2021", "en", "en"),
        ("250 Tage", "zweihundertfünf Tage", "de", "de"),
        ("25 dana", "dvadeset i šest dana", "sr", "sr"),
    ],
)
def test_another_value_is_another_one(said: str, source: str, language: str, source_language: str) -> None:
    assert not agrees(said, source, language, source_language)


def test_where_no_language_is_known_a_number_is_whatever_it_may_be() -> None:
    assert readings("1.000", "") >= {"1", "1000"}


def test_may_is_a_month_beside_a_number_only() -> None:
    assert facts("It may rain, and we march.", "en") == []
    assert facts("On 4 May it rains.", "en")[1].readings == {"month 5"}


@given(st.text(max_size=80), st.sampled_from(["en", "de", "sr", ""]))
def test_every_text_agrees_with_itself(text: str, language: str) -> None:
    assert agrees(text, text, language)
