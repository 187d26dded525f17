import io
import json

import pytest

from ingestion.errors import DocumentUnreadable, UploadRefused
from ingestion.parsers import guards
from ingestion.uploads import inspect
from tests import data_factory as make
from tests.ingestion.parsing import parse


def read(value, name="x.json", encoding="utf-8"):
    content = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return parse(make.text(content, encoding), name)


def outline(parsed):
    return [(section.heading, section.text) for section in parsed.sections]


def test_an_object_gives_its_own_values_and_then_a_part_for_each_of_its_objects():
    parsed = read({"name": "Acme", "office": {"city": "Čačak", "open": True}, "size": 12})
    assert outline(parsed) == [
        ((), "name: Acme\nsize: 12"),
        (("office",), "office\n\ncity: Čačak\nopen: true"),
    ]
    assert parsed.title == "x"


def test_each_record_of_a_list_has_its_path_as_heading():
    assert outline(read({"people": [{"name": "Ana"}, {"name": "Bob"}]})) == [
        (("people",), "people"),
        (("people", "people[0]"), "people[0]\n\nname: Ana"),
        (("people", "people[1]"), "people[1]\n\nname: Bob"),
    ]


def test_a_list_of_records_counts_them():
    parsed = read([{"id": 1, "tags": ["a", "b"]}, {"id": 2, "tags": []}])
    assert outline(parsed) == [(("[0]",), "[0]\n\nid: 1\ntags: a, b"), (("[1]",), "[1]\n\nid: 2")]


def test_what_is_inside_a_record_has_its_path_in_front():
    value = {"order": {"lines": [{"item": {"name": "plum"}}, {"item": {"name": "pear"}}], "sum": -1.50e3}}
    assert read(value).text == "order\n\nlines[0].item.name: plum\nlines[1].item.name: pear\nsum: -1500.0"


def test_numbers_stay_as_they_are_written():
    number = "9" * 5_000
    assert read(f'{{"a": 1.10, "b": 1e400, "c": {number}, "d": NaN}}').text == f"a: 1.10\nb: 1e400\nc: {number}\nd: NaN"


def test_a_name_that_is_there_twice_keeps_both_values():
    assert read('{"a": 1, "b": null, "a": "two"}').text == "a: 1, two"


def test_a_long_text_keeps_its_lines():
    assert read({"body": "One.\nTwo.", "end": False}).text == "body:\nOne.\nTwo.\nend: false"


def test_a_long_list_has_a_line_for_each_value():
    values = ["x" * 200, "y" * 200]
    assert read({"list": values}).text == f"list: {values[0]}\nlist: {values[1]}"
    assert read(["one", 2, None, True]).text == "one\n2\ntrue"


@pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson", "x.json"])
def test_a_value_a_line_is_a_record_a_line(name):
    parsed = read('{"a": 1}\n\n{"a": "2\\u2028"}\r\n', name)
    assert outline(parsed) == [(("[0]",), "[0]\n\na: 1"), (("[1]",), "[1]\n\na: 2")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1250"])
def test_it_reads_other_encodings(encoding):
    text = "Đaci uče žonglerske veštine i šalju čestitke."
    assert read({"text": text}, encoding=encoding).text == f"text: {text}"


@pytest.mark.parametrize("content", ["", "\ufeff", " \n", "{}", "[]", "null", '{"a": {"b": [null, ""]}}'])
@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
def test_a_file_without_values_is_refused(content, name):
    with pytest.raises(DocumentUnreadable, match="no text"):
        read(content, name)


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        ('{"a": 1,\n "b": }', "x.json", "damaged: line 2 is no JSON from character 7 on"),
        ('{"a": 1}\n{"a": ', "x.jsonl", "damaged: line 2 is no JSON"),
        ("just text", "x.json", "damaged: line 1 is no JSON"),
        ("[" * 100_000, "x.json", "nested too deeply"),
        ("[" * 500 + "1" + "]" * 500, "x.json", "nested too deeply"),
        ('{"a":' * 300 + "1" + "}" * 300 + "\n1", "x.jsonl", "nested too deeply"),
        ("[" + "0," * 2_000_000 + "0]", "x.json", "more than 2,000,000 values"),
    ],
)
def test_a_damaged_or_giant_file_is_refused_with_a_sentence(content, name, sentence):
    with pytest.raises(DocumentUnreadable, match=sentence):
        read(content, name)


def test_long_paths_do_not_multiply_without_limit(monkeypatch):
    monkeypatch.setattr(guards, "MAX_CHARACTERS", 100_000)
    with pytest.raises(DocumentUnreadable, match="more than 100,000 characters"):
        read({"a": {"n" * 400: {"m" * 400: {str(number): 1 for number in range(1_000)}}}})


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("x.json", "application/json"), ("x.jsonl", "application/x-ndjson"), ("x.ndjson", "application/x-ndjson")],
)
def test_an_upload_is_taken_by_its_name_and_a_binary_refused(name, media_type):
    assert inspect(make.text("{}"), filename=name, max_bytes=9_999).media_type == media_type
    with pytest.raises(UploadRefused, match="whatever its name says"):
        inspect(io.BytesIO(bytes(range(256)) * 9), filename=name, max_bytes=9_999)
