import pytest

from ingestion.languages import SAMPLE_CHARACTERS, detect

SERBIAN = "Главни вентил мора да се сервисира сваких осамнаест месеци, а сервис се уписује у књигу машине."
GERMAN = "Das Hauptventil muss alle achtzehn Monate von einer Fachkraft gewartet werden."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (SERBIAN, "sr"),
        ("Kako da promenim lozinku na svom nalogu ako sam je zaboravio, i gde se to uopšte radi?", "sr"),
        ("Promijenite lozinku u postavkama računala tijekom sljedećeg tjedna.", "hr"),
        (GERMAN, "de"),
        ("يحق لكل موظف خمسة وعشرون يومًا من الإجازة السنوية، وتُطلب قبل أسبوعين من بدايتها.", "ar"),
        ("أين دليل المضخة Kestrel pump operating handbook version 2؟", "ar"),
        ("چگونه رمز عبور حساب خود را تغییر دهم و این کار کجا انجام می‌شود؟", "fa"),
        ("The main valve must be serviced every eighteen months by a person with a licence.", "en"),
    ],
)
def test_it_knows_the_languages_of_our_tenants(text, language):
    assert detect(text) == language


@pytest.mark.parametrize("text", ["", "   ", "12 34 55", "OK 2024", "---\n***", "x = 12; y[3] = abc"])
def test_it_says_nothing_when_there_is_too_little_to_say(text):
    assert detect(text) == ""


def test_a_foreign_title_page_does_not_decide():
    assert detect("Annual report of the company. " * 10 + SERBIAN * SAMPLE_CHARACTERS) == "sr"
