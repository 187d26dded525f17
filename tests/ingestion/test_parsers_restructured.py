import io

import pytest

from ingestion.errors import DocumentUnreadable, UploadRefused
from ingestion.uploads import inspect
from tests import data_factory as make
from tests.ingestion.parsing import parse

HANDBOOK = """
========
Handbook
========

:Author: Ana

Leave
=====

Ask `Ana <mailto:ana@example.org>`_ **first**, or call :func:`leave.ask`.

.. a comment

Days
----

1. twenty ``days``
2. see below

   - or the law

.. list-table:: Days by year
   :header-rows: 1

   * - Year
     - Days
   * - 2024
     - 21

+------+-------+
| Old  | Older |
+======+=======+
| 1    | 2     |
+------+-------+

Travel
======

By train::

    def go():
        return "train"
"""


def read(text, name="x.rst"):
    return parse(make.text(text), name)


def test_sections_follow_the_headings():
    parsed = read(HANDBOOK)
    assert [section.heading for section in parsed.sections] == [
        ("Handbook",),
        ("Handbook", "Leave"),
        ("Handbook", "Leave", "Days"),
        ("Handbook", "Travel"),
    ]
    assert parsed.title == "Handbook"


def test_markup_is_reduced_to_its_words():
    text = read(HANDBOOK).text
    assert "Ask Ana first, or call leave.ask." in text
    assert "1. twenty days\n2. see below\n   - or the law" in text
    assert "Author: Ana" in text
    assert "a comment" not in text


def test_tables_keep_their_header():
    text = read(HANDBOOK).text
    assert "Days by year\n\nYear\tDays\n2024\t21" in text
    assert "Old\tOlder\n1\t2" in text


def test_the_header_stands_above_every_group_of_rows():
    rows = "".join(f"   {number}, {'x' * 80}\n" for number in range(50))
    blocks = read(f".. csv-table::\n   :header: id, note\n\n{rows}").text.split("\n\n")
    assert len(blocks) > 3
    assert all(block.startswith("id\tnote\n") for block in blocks)


def test_a_cell_over_several_rows_leaves_the_others_in_their_columns():
    table = """
+-----+-----+
| One | two |
|     +-----+
|     | 2   |
+-----+-----+
"""
    assert read(table).text == "One\ttwo\n\t2"


def test_code_keeps_its_lines():
    assert 'By train:\n\ndef go():\n    return "train"' in read(HANDBOOK).text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (".. versionadded:: 3.2\n   Faster.", "versionadded: 3.2\n\nFaster."),
        (".. function:: open(path)\n   :noindex:\n\n   Opens *it*.", "open(path)\n\nOpens it."),
        (".. code-block:: python\n   :caption: a.py\n\n   if x:\n       y()", "if x:\n    y()"),
        (".. seealso:: the law", "the law"),
        ("- point\n\n  .. versionchanged:: 4 Slower.", "- point\n  versionchanged: 4 Slower."),
        (".. tip:: Save *often*.", "Tip: Save often."),
        ("A. one\n\n   ix. nine", "A. one\n   ix. nine"),
        ("Leave\n  Days off.", "Leave\n  Days off."),
        ("See [1]_.\n\n.. [1] The law.", "See [1].\n\n[1] The law."),
    ],
)
def test_it_reads_what_sphinx_and_docutils_write(source, text):
    assert read(source).text == text


def test_what_only_programs_read_is_left_out():
    parsed = read("Text.\n\n.. toctree::\n   :maxdepth: 2\n\n   intro\n\n.. highlight:: python\n\n.. |x| date::\n")
    assert parsed.text == "Text."


def test_a_crooked_table_stays_as_it_is_written_and_no_message_gets_in():
    table = "=====  ===\nName   Sum\n=====  ===\nLonger than that  1\n=====  ===\n"
    text = read(f"Title\n=====\n\n{table}\n`unclosed\n\nTi\n~\n").text
    assert "Longer than that" in text
    assert "`unclosed" in text
    assert not any(word in text.lower() for word in ("malformed", "warning", "error", "docutils", "system message"))


def test_no_file_is_read_and_no_markup_of_others_gets_in(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("a,secret\n")
    text = read(
        f"Text.\n\n.. include:: {secret}\n\n.. literalinclude:: {secret}\n\n.. raw:: html\n   :file: {secret}\n\n"
        f".. raw:: html\n\n   <b>markup</b>\n\n.. csv-table:: Sums\n   :file: {secret}\n\n"
        f".. csv-table:: Sums\n   :url: file://{secret}\n\nEnd.\n"
    ).text
    assert "secret" not in text
    assert "markup" not in text
    assert text.startswith("Text.")
    assert text.endswith("End.")


def test_no_settings_of_the_machine_are_read(tmp_path, monkeypatch):
    (tmp_path / "docutils.conf").write_text("[general]\nraw_enabled: yes\nfile_insertion_enabled: yes\n")
    monkeypatch.chdir(tmp_path)
    assert read("Text.\n\n.. raw:: html\n\n   <b>markup</b>\n").text == "Text."


def test_it_reads_encodings_of_before_unicode():
    text = "Školski čas\n===========\n\nĐaci uče žonglerske veštine u Čačku.\n"
    assert parse(make.text(text, "cp1250"), "x.rst").sections[0].heading == ("Školski čas",)


@pytest.mark.parametrize("content", ["", "\ufeff", " \n\t\n", ".. only a comment"])
def test_a_file_without_text_is_refused(content):
    with pytest.raises(DocumentUnreadable, match="no text"):
        read(content)


def test_a_giant_line_is_refused_with_what_to_do():
    with pytest.raises(DocumentUnreadable, match="more than 10,000 characters"):
        read("x" * 10_001)


def test_a_paragraph_full_of_open_marks_is_refused():
    with pytest.raises(DocumentUnreadable, match="too full of markup"):
        read(("`a *b |c " * 1_000 + "\n") * 20)


def test_a_long_table_is_not_taken_for_open_marks():
    border = "+-----+-----+\n"
    assert read(border + ("| *a* | ``b`` |\n".replace("``b``", "b  ") + border) * 2_000).text.startswith("a\tb")


def test_deep_nesting_is_refused():
    with pytest.raises(DocumentUnreadable, match="too deeply nested"):
        read("\n\n".join(" " * depth + "x" for depth in range(1_500)))


def test_many_directives_in_each_other_end():
    assert "x" in read("\n".join("   " * depth + ".. unknown::\n" for depth in range(60)) + "   " * 60 + "x").text


def test_an_upload_is_taken_by_its_name_and_a_binary_refused():
    assert inspect(make.text(HANDBOOK), filename="x.rst", max_bytes=9_999).media_type == "text/x-rst"
    with pytest.raises(UploadRefused, match="whatever its name says"):
        inspect(io.BytesIO(bytes(range(256)) * 9), filename="x.rst", max_bytes=9_999)
