import subprocess
import sys

import pytest

from ingestion.errors import DocumentUnreadable
from ingestion.parsers import media_types, parser_for
from ingestion.parsers.pdf import PdfParser

HEAVY = (
    "docx",
    "pptx",
    "openpyxl",
    "pypdfium2",
    "selectolax",
    "markdown_it",
    "charset_normalizer",
    "puremagic",
    "lxml",
    "striprtf",
    "docutils",
    "defusedxml",
    "torch",
)


def test_it_finds_every_format_by_itself():
    extensions = {extension for known in media_types().values() for extension in known}
    assert {".pdf", ".docx", ".pptx", ".xlsx", ".html", ".htm", ".md", ".txt", ".csv", ".tsv"} <= extensions


def test_it_gives_the_parser_of_a_media_type():
    assert isinstance(parser_for("application/pdf"), PdfParser)


def test_it_takes_no_notice_of_parameters_and_case():
    assert parser_for("Text/HTML; charset=utf-8") is parser_for("text/html")


def test_no_extension_belongs_to_two_media_types():
    extensions = [extension for known in media_types().values() for extension in known]
    assert len(extensions) == len(set(extensions))


def test_an_unknown_type_is_refused_with_what_can_be_read():
    with pytest.raises(DocumentUnreadable, match=r"audio/mpeg cannot be read.*\.docx.*\.pdf"):
        parser_for("audio/mpeg")


def test_the_registry_loads_no_heavy_library():
    code = (
        "import sys; from ingestion.parsers import media_types; import ingestion.uploads, ingestion.languages; "
        f"assert media_types(); print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
