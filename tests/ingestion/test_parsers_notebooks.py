import io
import json

import pytest

from ingestion.errors import DocumentUnreadable, UploadRefused
from ingestion.uploads import inspect
from tests import data_factory as make
from tests.ingestion.parsing import parse


def markdown(source):
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source, *outputs):
    return {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": source, "outputs": list(outputs)}


def stream(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def result(**data):
    named = {name.replace("_", "/", 1): value for name, value in data.items()}
    return {"output_type": "execute_result", "data": named, "metadata": {}}


def read(*cells, encoding="utf-8", **metadata):
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return parse(make.text(json.dumps(notebook, ensure_ascii=False), encoding), "x.ipynb")


def test_markdown_cells_give_the_outline_across_cells():
    parsed = read(markdown(["# Sales\n", "By *month*."]), markdown("## March"), code("total()"), markdown("# Costs"))
    assert [section.heading for section in parsed.sections] == [("Sales",), ("Sales", "March"), ("Costs",)]
    assert parsed.title == "Sales"
    assert "By month." in parsed.text


def test_code_stands_above_what_it_printed():
    parsed = read(code(["x = 1\n", "print(x)"], stream(["1\n"])), language_info={"name": "python"})
    assert parsed.text == "```python\nx = 1\nprint(x)\n```\n\n```output\n1\n```"


def test_results_are_kept_as_text_without_pictures_and_html():
    figure = result(text_plain="<Figure size 640x480 with 1 Axes>", image_png="iVBORw0KGgo=")
    table = result(text_plain=["   a\n", "0  1"], text_html="<table><tr><td>secret</td></tr></table>")
    text = read(code("show()", figure, table, result(text_markdown="**Done** now"))).text
    assert text == "```\nshow()\n```\n\n```output\n   a\n0  1\n```\n\nDone now"


def test_an_error_is_kept_without_its_trace():
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": ["\x1b[31mframe\x1b[0m"]}
    assert read(code("d['x']", error)).text == "```\nd['x']\n```\n\n```output\nKeyError: 'x'\n```"


def test_colours_and_progress_bars_leave_their_last_state():
    text = read(code("run()", stream("10%\r50%\r100%\nsome \x1b[1;32mgreen\x1b[0m\r\n"))).text
    assert text.endswith("```output\n100%\nsome green\n```")


def test_a_giant_output_is_cut():
    assert 20_000 < len(read(code("run()", stream("line\n" * 100_000))).text) < 21_000


@pytest.mark.parametrize("unfinished", ["```python\nx = 1", "~~~~\ncode", "<!-- note", "<!-- a --> ```\n<!-- b"])
def test_a_cell_that_leaves_something_open_does_not_swallow_the_next(unfinished):
    assert read(markdown(unfinished), markdown("# After")).sections[-1].heading == ("After",)


def test_code_with_fences_in_it_stays_code():
    assert read(code('"""\n```\n# no heading\n```\n"""')).sections[0].heading == ()


def test_a_first_cell_between_rules_is_no_front_matter():
    assert "author: Ana" in read(markdown("---\nauthor: Ana\n---\n\ntext")).text


def test_the_title_is_that_of_the_notebook():
    assert read(markdown("# Heading"), title="Report\n2026").title == "Report 2026"
    assert read(code("x")).title == "x"


def test_it_reads_the_format_of_before_2014():
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Old"]},
        {"cell_type": "code", "input": ["f()"], "outputs": [{"output_type": "pyout", "text": ["42"]}]},
    ]
    parsed = parse(make.text(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]})), "x.ipynb")
    assert parsed.sections[0].heading == ("Old",)
    assert parsed.text == "Old\n\n```\nf()\n```\n\n```output\n42\n```"


def test_it_reads_serbian_in_utf16():
    assert read(markdown("Белешка о ђацима."), encoding="utf-16").text == "Белешка о ђацима."


@pytest.mark.parametrize("cells", [[], [markdown("")], [code("")], [markdown("<!-- x -->")]])
def test_a_notebook_without_text_is_refused(cells):
    with pytest.raises(DocumentUnreadable, match="no text"):
        read(*cells)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "no text"),
        ('{"cells": [', "damaged: line 1 is no JSON from character 12 on"),
        ('{"cells": 3}', "no cells"),
        ('{"metadata": {}}', "no cells"),
        ("[1, 2]", "no cells"),
        ('{"cells": ' + "[" * 100_000, "nested too deeply"),
        ('{"cells": [' + "[]," * 1_000_001, "more than 2,000,000 values"),
    ],
)
def test_a_damaged_notebook_is_refused_with_a_sentence(content, sentence):
    with pytest.raises(DocumentUnreadable, match=sentence):
        parse(make.text(content), "x.ipynb")


def test_strange_values_are_passed_over():
    cells = ["text", {"cell_type": 3, "source": {"a": 1}}, {"cell_type": "code", "outputs": [1, {"data": "x"}]}]
    assert (
        read(*cells, markdown("Kept."), {"cell_type": "heading", "level": "x", "source": "Top"}).text == "Kept.\n\nTop"
    )


def test_an_upload_is_taken_by_its_name_and_a_binary_refused():
    taken = inspect(make.text('{"cells": []}'), filename="x.ipynb", max_bytes=9_999)
    assert taken.media_type == "application/x-ipynb+json"
    with pytest.raises(UploadRefused, match="whatever its name says"):
        inspect(io.BytesIO(bytes(range(256)) * 9), filename="x.ipynb", max_bytes=9_999)
