import io
import shutil
import subprocess

import pytest
from PIL import Image, ImageDraw, ImageFont

from ingestion.errors import DocumentUnreadable, IngestionCancelled
from ingestion.parsers import images, ocr, ocr_rapid, programs
from ingestion.parsers.ocr_layout import layout_text
from ingestion.parsers.pdf_layout import SOFT_HYPHEN
from ingestion.uploads import inspect
from tests import data_factory as make
from tests.ingestion.parsing import parse
from tests.support import require

ENGLISH = ["The main valve of the pump must be serviced", "every eighteen months by a licensed person."]
SERBIAN = ["Главни вентил пумпе мора се сервисирати", "сваких осамнаест месеци, њихова љубав."]
LATIN = ["Glavni ventil pumpe mora se servisirati", "svakih osamnaest meseci. Đačić šalje čaršav."]
GERMAN = ["Das Hauptventil der Pumpe muß gewartet", "werden. Größere Änderungen sind zulässig."]
COLUMNS = ("level", "page_num", "block_num", "par_num", "line_num", "word_num", "left", "top", "width", "height")


@pytest.fixture
def tesseract():
    require(shutil.which("tesseract"), "There is no Tesseract; install tesseract-ocr.")
    listed = subprocess.run(["tesseract", "--list-langs"], check=True, capture_output=True, text=True, timeout=20)
    missing = {"eng", "srp", "srp_latn", "deu", "osd"} - set(listed.stdout.split())
    require(not missing, f"Tesseract lacks languages; install tesseract-ocr-… for {sorted(missing)}.")


def page(lines, *, size=(1500, 1100), mode="L", at=(120, 120), points=34):
    require(make.DEJAVU.exists(), "There is no DejaVu font; install the package fonts-dejavu-core.")
    picture = Image.new("L", size, 255)
    draw = ImageDraw.Draw(picture)
    draw.multiline_text(at, "\n".join(lines), font=ImageFont.truetype(str(make.DEJAVU), points), fill=0, spacing=12)
    return picture.convert(mode)


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, format=kind, **options)
    return io.BytesIO(file.getvalue())


@pytest.mark.parametrize("lines", [ENGLISH, SERBIAN, LATIN, GERMAN], ids=["eng", "srp", "srp_latn", "deu"])
def test_it_reads_the_languages_of_the_interface(tesseract, lines):
    assert parse(saved(page(lines), "PNG"), "scan.png").text == " ".join(lines)


@pytest.mark.parametrize(
    ("name", "kind", "mode"),
    [
        ("a.jpg", "JPEG", "RGB"),
        ("a.webp", "WEBP", "RGB"),
        ("a.bmp", "BMP", "RGB"),
        ("a.gif", "GIF", "P"),
        ("a.tif", "TIFF", "1"),
    ],
)
def test_it_reads_every_kind_of_picture(tesseract, name, kind, mode):
    file = saved(page(ENGLISH, mode=mode), kind)
    assert inspect(file, filename=name, max_bytes=10**7).name == name
    assert parse(file, name).text == " ".join(ENGLISH)


def test_frames_of_a_tiff_are_pages(tesseract):
    reports = []
    file = saved(page(ENGLISH), "TIFF", save_all=True, append_images=[page([]), page(SERBIAN)])
    parsed = parse(file, "scan.tiff", lambda done, total: reports.append((done, total)))
    assert [(section.page, section.text) for section in parsed.sections] == [
        (1, " ".join(ENGLISH)),
        (3, " ".join(SERBIAN)),
    ]
    assert parsed.page_count == 3
    assert sorted(set(reports)) == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_letters_on_nothing_are_letters_on_white(tesseract):
    black = Image.new("RGBA", (1500, 1100), (0, 0, 0, 0))
    black.putalpha(page(ENGLISH).point(lambda value: 255 - value))
    assert parse(saved(black, "PNG"), "a.png").text == " ".join(ENGLISH)


@pytest.mark.parametrize(
    ("size", "read"),
    [
        ((500, 400), (1000, 800)),
        ((1200, 1200), (1200, 1200)),
        ((9000, 9000), (6000, 6000)),
        ((60_000, 10), (30_000, 5)),
    ],
)
def test_pictures_are_read_in_a_size_that_can_be_read(size, read):
    assert ocr.fitted(Image.new("1", size)).size == read


def test_sixteen_bits_of_grey_are_read(tesseract):
    picture = page(ENGLISH).convert("I").point(lambda value: value * 256 + 0).convert("I;16")
    assert parse(saved(picture, "PNG"), "a.png").text == " ".join(ENGLISH)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_that_lies_on_its_side_is_turned(tesseract, turn):
    lines = ENGLISH * 6
    text = parse(saved(page(lines).rotate(turn, expand=True, fillcolor=255), "PNG"), "a.png").text
    assert text.split()[:8] == " ".join(lines).split()[:8]


def test_the_camera_says_which_way_is_up(tesseract):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    file = saved(page(ENGLISH).rotate(90, expand=True), "JPEG", exif=exif)
    assert parse(file, "a.jpg").text == " ".join(ENGLISH)


def test_columns_are_read_one_after_the_other(tesseract):
    left, right = (
        ["The left column says", "what comes first in", "it and goes on below"],
        ["Another column says", "what comes second in", "it and ends the page"],
    )
    picture = page(left * 4, size=(1500, 1100))
    picture.paste(page(right * 4, size=(700, 1100), at=(40, 120)), (800, 0))
    text = parse(saved(picture, "PNG"), "a.png").text
    assert text.index("goes on below") < text.index("Another column")


def test_a_picture_without_text_is_refused(tesseract):
    with pytest.raises(DocumentUnreadable, match="No text can be recognised"):
        parse(saved(Image.new("L", (1200, 1200), 200), "PNG"), "a.png")


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(ocr, "MAX_PIXELS", 1_000)
    cut = saved(Image.new("L", (100, 100)), "PNG").read()[:60]  # nothing that could be decoded
    with pytest.raises(DocumentUnreadable, match="million pixels"):
        parse(io.BytesIO(cut), "a.png")


def test_a_bomb_by_pillows_own_limit_is_refused_too():
    bomb = saved(Image.new("1", (20_000, 20_000)), "PNG")
    with pytest.raises(DocumentUnreadable, match="more than 100 million pixels"):
        parse(bomb, "a.png")


def test_too_many_frames_are_refused(monkeypatch):
    monkeypatch.setattr(images, "MAX_FRAMES", 2)
    with pytest.raises(DocumentUnreadable, match="3 pictures"):
        parse(saved(page([]), "TIFF", save_all=True, append_images=[page([])] * 2), "a.tif")


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg"])
def test_a_damaged_picture_is_refused(name):
    with pytest.raises(DocumentUnreadable, match="damaged"):
        parse(io.BytesIO(b"nothing of a picture" * 50), name)


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(ocr_rapid, "is_installed", lambda: False)


def test_without_any_recognition_the_sentence_says_what_to_install(nothing_installed):
    with pytest.raises(DocumentUnreadable, match=r"tesseract-ocr tesseract-ocr-eng .*tesseract-ocr-srp-latn"):
        parse(saved(page(ENGLISH), "PNG"), "a.png")


def test_without_the_language_of_the_page_the_sentence_names_it(tesseract, monkeypatch):
    monkeypatch.setattr(ocr, "_languages_of", lambda _program: frozenset({"eng", "osd"}))
    with pytest.raises(DocumentUnreadable, match="Debian packages: tesseract-ocr tesseract-ocr-srp\\)"):
        parse(saved(page(SERBIAN * 4), "PNG"), "a.png")


def test_a_page_in_another_script_is_tesseracts_although_a_language_is_missing(tesseract, monkeypatch):
    monkeypatch.setattr(ocr, "_languages_of", lambda _program: frozenset({"eng", "osd"}))
    monkeypatch.setattr(ocr, "_first_look", lambda *_: (0, "Arabic"))
    monkeypatch.setattr(ocr_rapid, "recognise", lambda *_, **__: pytest.fail("It reads Latin letters only."))
    assert parse(saved(page(ENGLISH), "PNG"), "a.png").text == " ".join(ENGLISH)


def test_a_latin_page_without_its_language_is_read_with_all_that_is_on_its_letters(tesseract, monkeypatch):
    monkeypatch.setattr(ocr, "_languages_of", lambda _program: frozenset({"eng", "osd"}))
    assert parse(saved(page(LATIN), "PNG"), "a.png").text == " ".join(LATIN)


def test_pages_in_a_script_without_its_language_are_named_and_the_others_kept(tesseract, monkeypatch):
    monkeypatch.setattr(ocr, "_languages_of", lambda _program: frozenset({"eng", "deu", "srp_latn", "osd"}))
    file = saved(page(ENGLISH * 4), "TIFF", save_all=True, append_images=[page(SERBIAN * 4), page(SERBIAN * 5)])
    parsed = parse(file, "scan.tif")
    assert parsed.text.startswith(ENGLISH[0])
    assert [(each.name, "tesseract-ocr-srp)" in each.message) for each in parsed.left_out] == [("Pages 2–3", True)]


def test_it_uses_the_languages_that_are_wanted(tesseract):
    token = ocr.LANGUAGES.set(("eng",))
    try:
        text = parse(saved(page(LATIN), "PNG"), "a.png").text
    finally:
        ocr.LANGUAGES.reset(token)
    assert text.startswith("Glavni ventil pumpe")
    assert "čaršav" not in text


def test_cancelling_stops_it_in_the_middle_of_a_page(tesseract, monkeypatch):
    monkeypatch.setattr(programs, "LOOK_EVERY_S", 0.01)
    calls = []

    def cancel(done, total):
        calls.append((done, total))
        if len(calls) > 2:
            raise IngestionCancelled("Stopped.")

    with pytest.raises(IngestionCancelled):
        parse(saved(page(ENGLISH * 10), "PNG"), "a.png", cancel)
    assert set(calls) == {(0, 1)}


# PDF


def scan(pages, *, strips=1):
    """A PDF whose pages are lists of lines (text) or pictures, these in so many strips."""
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(600, 440))
    for content in pages:
        if isinstance(content, list):
            canvas.drawString(60, 300, content[0])
        else:
            height = content.height // strips
            for strip in range(strips):
                part = content.crop((0, strip * height, content.width, (strip + 1) * height))
                canvas.drawImage(ImageReader(part), 0, 440 - (strip + 1) * 440 / strips, 600, 440 / strips)
        canvas.showPage()
    canvas.save()
    return io.BytesIO(file.getvalue())


@pytest.mark.parametrize("strips", [1, 4])
def test_a_scanned_pdf_is_recognised(tesseract, strips):
    parsed = parse(scan([page(SERBIAN)], strips=strips), "scan.pdf")
    assert [(section.page, section.text) for section in parsed.sections] == [(1, " ".join(SERBIAN))]


def test_only_the_scanned_pages_of_a_pdf_are_recognised(tesseract):
    parsed = parse(scan([["First page."], page(ENGLISH), ["Third page."]]), "mixed.pdf")
    assert [section.text for section in parsed.sections] == ["First page.", " ".join(ENGLISH), "Third page."]


def test_a_small_picture_does_not_make_a_scan(monkeypatch):
    monkeypatch.setattr(ocr, "page_text", lambda *_, **__: pytest.fail("It was recognised."))
    file = io.BytesIO()
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(file, pagesize=(600, 440))
    canvas.drawImage(ImageReader(page(ENGLISH)), 0, 0, 200, 150)
    canvas.showPage()
    canvas.drawString(60, 300, "Text.")
    canvas.save()
    assert parse(io.BytesIO(file.getvalue()), "a.pdf").text == "Text."


def test_without_any_recognition_the_other_pages_are_kept_and_the_scans_named(nothing_installed):
    parsed = parse(scan([["First page."], page(ENGLISH), ["Third page."], page(ENGLISH)]), "mixed.pdf")
    assert parsed.text == "First page.\n\nThird page."
    assert [each.name for each in parsed.left_out] == ["Pages 2, 4"]
    assert "install" in parsed.left_out[0].message


def test_without_any_recognition_a_scanned_pdf_says_what_to_install(nothing_installed):
    with pytest.raises(DocumentUnreadable, match="tesseract-ocr-srp"):
        parse(scan([page(ENGLISH)]), "scan.pdf")


def test_a_picture_in_a_pdf_may_not_be_too_large(monkeypatch):
    monkeypatch.setattr(ocr, "MAX_PIXELS", 1_000_000)
    with pytest.raises(DocumentUnreadable, match="million pixels"):
        parse(scan([page(ENGLISH)]), "scan.pdf")


def test_a_page_of_any_size_is_rendered_within_the_limit(tesseract, monkeypatch):
    sizes = []
    real = ocr.page_text

    def recognise(image, *, waiting):
        sizes.append(image.size)
        return real(image, waiting=waiting)

    monkeypatch.setattr(ocr, "page_text", recognise)
    monkeypatch.setattr(ocr, "MAX_PIXELS_READ", 2_000_000)
    assert parse(scan([page(ENGLISH)]), "poster.pdf").text == " ".join(ENGLISH)
    assert sizes[0][0] * sizes[0][1] <= 2_010_000


# Words to paragraphs


def table(*words):
    """Tesseract's table: (block, paragraph, line, left, top, text, confidence) of each word, 20 pixels high."""
    rows = ["\t".join((*COLUMNS, "conf", "text"))]
    for block, paragraph, line, left, top, text, confidence in words:
        cells = (5, 1, block, paragraph, line, 1, left, top, 10 * len(text), 20, confidence, text)
        rows.append("\t".join(map(str, cells)))
    return "\n".join(rows)


def test_lines_of_noise_are_left_out():
    noise = (1, 1, 1, 0, 0, "~wqx|:", 12)
    assert layout_text(table(noise, (1, 1, 2, 0, 30, "Text", 90))) == "Text"


def test_specks_are_left_out_and_unsure_words_kept():
    words = table(
        (1, 1, 1, 0, 0, "The", 90),
        (1, 1, 1, 40, 0, "i.", 5),
        (1, 1, 1, 70, 0, "valve", 20),
        (1, 1, 1, 130, 0, "leaks", 90),
    )
    assert layout_text(words) == "The valve leaks"


def test_words_divided_at_the_end_of_a_line_are_marked():
    words = table((1, 1, 1, 0, 0, "kokend wa-", 90), (1, 1, 2, 0, 30, "ter", 90), (1, 2, 3, 0, 90, "Next-", 90))
    assert layout_text(words) == f"kokend wa{SOFT_HYPHEN}ter\n\nNext-"


def test_short_lines_stay_apart_and_quotes_are_letters():
    words = table(
        (1, 1, 1, 0, 0, '"2', 90),
        (1, 1, 1, 30, 0, "uien", 90),
        (1, 1, 2, 0, 30, "boter", 90),
        (1, 1, 3, 0, 60, "a" * 40, 90),
    )
    assert layout_text(words).startswith('"2 uien\nboter')
