from __future__ import annotations

import base64

import pytest

from ingestion.embedding.meaning import BEGINNING_CHARS, has_meaning, readable
from ingestion.index.tokens import TERM_MAX_CHARS


@pytest.mark.parametrize(
    "text",
    [
        "Das Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz kam." * 3,
        "Породиљско одсуство траје дванаест месеци, а отказни рок тридесет дана.\n" * 8,
        "公司的年假是二十五天员工必须提前两周申请并且得到部门经理的批准" * 10,
        "ลาพักร้อนได้ปีละยี่สิบห้าวันโดยต้องแจ้งล่วงหน้า" * 10,
        "name,price,stock\npump,12.50,3\nvalve,7.25,18\n" * 5,
        "| Year | 2021 | 2022 | 2023 |\n| Revenue | 1,204.5 | 1,377.0 | 1,502.9 |\n" * 4,
        "https://example.org/a/path/that/is/long?with=parameters",
        "",
    ],
)
def test_prose_and_tables_are_read_whole(text: str) -> None:
    assert readable(text) == text


def test_of_encoded_data_the_beginning_is_read() -> None:
    data = base64.b64encode(bytes(range(256)) * 4).decode()
    assert readable(f"The key is {data}, as it was issued.") == f"The key is {data[:TERM_MAX_CHARS]}, as it was issued."
    assert readable("ab" * 600) == "ab" * (TERM_MAX_CHARS // 2)


def test_of_a_column_of_numbers_the_beginning_is_read() -> None:
    column = "\n".join(map(str, range(70_000, 70_200)))
    assert readable(column) == column[:BEGINNING_CHARS]
    assert readable("id\n" + column) == ("id\n" + column)[:BEGINNING_CHARS]
    assert readable("12\n13\n14") == "12\n13\n14"


@pytest.mark.parametrize(
    ("text", "has_any"),
    [
        ("ab" * 600, False),
        ("\n".join([base64.b64encode(bytes(range(57))).decode()] * 10), False),
        (f"{'ab' * 600} issued", True),
        ("公司的年假是二十五天员工必须提前两周申请并且得到部门经理的批准" * 10, True),
        ("12\n13\n14", True),
        ("a" * TERM_MAX_CHARS, True),
    ],
)
def test_encoded_data_alone_has_no_meaning(text: str, has_any: bool) -> None:
    assert has_meaning(text) is has_any
