from __future__ import annotations

import pytest

from chat.naming import QUESTION_CHARS, cleaned, title_of


def test_a_long_question_is_cut_between_words() -> None:
    title = title_of("How  long\ndoes " + "the warranty last " * 10)
    assert title.startswith("How long does the warranty")
    assert title.endswith(" …")
    assert len(title) <= QUESTION_CHARS + 2


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Warranty of the Kestrel pump", "Warranty of the Kestrel pump"),
        ('"Warranty of the pump."\n\nI hope this helps!', "Warranty of the pump"),
        ("\n## **Title:** Warranty *of* the `pump`", "Warranty of the pump"),
        ("Наслов: „Плаћено одсуство“", "Плаћено одсуство"),
        ("Warranty [1] of the pump [2, 3]", "Warranty of the pump"),
        ("<b>Warranty</b> <script>alert(1)</script>", "Warranty alert(1"),
        ("Warranty\u202e pmup\x00\u200b", "Warranty pmup"),
        ("مدة\u200c الضمان", "مدة\u200c الضمان"),
        ("泵的保修期", "泵的保修期"),
        ("", ""),
        ("...\n***", ""),
        ("The warranty of the pump lasts for two years from the day of delivery.", ""),
        ("x" * 61, ""),
    ],
)
def test_what_a_model_writes_becomes_one_short_plain_line_or_nothing(written: str, title: str) -> None:
    assert cleaned(written) == title
