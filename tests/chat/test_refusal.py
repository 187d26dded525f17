from __future__ import annotations

import pytest

from chat.refusal import is_refusal, language_of, refusal_for


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Koliko parametara ima Phi-3-mini i gde se koristi?", "sr-Latn"),
        ("Колико параметара има Phi-3-mini?", "sr-Cyrl"),
        ("Шта је мали језички модел?", "sr-Cyrl"),
        ("Kakav je rok?", "sr-Latn"),
        ("Ima li garancije?", "sr-Latn"),
        ("Kada ističe?", "sr-Latn"),
        ("How many parameters does the model have?", "en"),
        ("Wie viele Parameter hat das kleine Modell eigentlich?", "de"),
        ("Combien de paramètres le petit modèle a-t-il vraiment ?", "fr"),
        ("ما هو ضغط المضخة P3؟", "ar"),
        ("متى؟", "ar"),
        ("أين دليل المضخة Kestrel pump operating handbook version 2؟", "ar"),
        ("وكم مدة الضمان؟", "ar"),
        ("What is the meaning of كتاب?", "en"),
        ("چگونه رمز عبور را تغییر دهم؟", "en"),
        ("", "en"),
    ],
)
def test_it_hears_which_language_a_question_is_in(question: str, language: str) -> None:
    assert language_of(question) == language


def test_who_asks_in_arabic_is_refused_in_arabic() -> None:
    assert refusal_for("كم مدة الضمان؟", hint=("en", "ar")).startswith("لم أجد")


def test_croatian_is_answered_in_croatian_where_the_tenant_says_so() -> None:
    assert refusal_for("Tko je napisao ovaj dokument o računalima?", hint=("hr",)).startswith("U dokumentima")


def test_a_refusal_is_known_again_without_its_full_stop() -> None:
    refusal = refusal_for("Who?")

    assert is_refusal(f"  {refusal.rstrip('.')}", refusal)
    assert not is_refusal("It was Phi. [1]", refusal)


def test_a_model_that_goes_on_with_what_a_passage_says_has_answered() -> None:
    refusal = refusal_for("Who?")

    assert is_refusal(f"{refusal} [1][2].", refusal)
    assert is_refusal(f"{refusal} [1] Ask somebody else.", refusal)
    assert not is_refusal(f"{refusal} However, Phi is named as an author [2].", refusal)
    assert not is_refusal(f"{refusal} [1] However, Phi is named as an author [2].", refusal)
