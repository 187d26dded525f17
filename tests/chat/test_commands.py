"""`manage.py ask` and `search`: what a person reads, and what a program gets."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from chat import plans, retrieval
from chat.domain import Retrieval
from chat.llm.fakes import Step
from chat.management.printed import Unescaped
from tenants.models import Tenant
from tests.chat.kits import kit, passage

FIRST = replace(passage("The key max_users\n sets the limit.", page=4), number=1, heading="Limits")
SECOND = replace(passage("Restart with `make run`."), number=2)
QUESTION = "Where is the limit?"


def unescaped(*pieces: str) -> str:
    readable = Unescaped()
    return "".join(map(readable.feed, pieces)) + readable.close()


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        (r"> The key max\_users \[1\] sets it\. [1]", "> The key max_users [1] sets it. [1]"),
        (r"2 \* 3 \\ 4 \< 5 \#6", "2 * 3 \\ 4 < 5 #6"),
        (r"Run \`make run\_all\`.", "Run `make run_all`."),
        (r"Run `a\_b`, then c\_d.", r"Run `a\_b`, then c_d."),
        (r"In `C:\` is d\_e.", r"In `C:\` is d_e."),
        ("```\n\\d+\\.\n```\n\n\\- an item", "```\n\\d+\\.\n```\n\n- an item"),
        (r"``a ` \_`` and b\_c", r"``a ` \_`` and b_c"),
        ("no \\new line and a last \\", "no \\new line and a last \\"),
        ("", ""),
    ],
)
def test_escapes_are_taken_out_wherever_a_model_makes_a_pause(markdown: str, text: str) -> None:
    assert unescaped(markdown) == text
    assert unescaped(*markdown) == text
    assert [unescaped(markdown[:cut], markdown[cut:]) for cut in range(len(markdown))] == [text] * len(markdown)


@pytest.fixture
def asked(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`asked(script, **options)`: what `manage.py ask` prints when a model writes `script`."""

    def ask(script: list[Step], **options: Any) -> str:
        monkeypatch.setattr(plans, "kit_of", lambda *_args: kit([FIRST, SECOND], script))
        out = StringIO()
        call_command("ask", QUESTION, tenant=acme.slug, stdout=out, **options)
        return out.getvalue()

    return ask


def test_a_person_reads_an_answer_without_its_escapes(asked: Any) -> None:
    said = asked(["> The key max\\", "_users\n> sets the limit\\. [1]\n\nRestart with `make", " run`."])
    assert said.startswith("> The key max_users\n> sets the limit. [1]\n\nRestart with `make run`.\n")
    assert "[1] guide.txt, page 4: The key max_users sets the limit." in said


def test_a_program_gets_the_answer_as_it_is_written(asked: Any) -> None:
    body = json.loads(asked(["The key is max\\_users [1]."], json=True))
    assert body["answer"] == "The key is max\\_users [1]."
    assert [citation["number"] for citation in body["citations"]] == [1]


def test_a_search_says_what_it_had_to_do_without(acme: Tenant, made_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def search(state: Retrieval) -> Retrieval:
        return replace(state, passages=(FIRST,), skipped={"reranking": "The re-ranker does not answer."})

    monkeypatch.setattr(retrieval, "build_pipeline", lambda *_args, **_options: search)
    out = StringIO()
    call_command("search", QUESTION, tenant=acme.slug, stdout=out)
    assert "Without reranking: The re-ranker does not answer.\n" in out.getvalue()


def test_both_commands_say_the_same_of_a_passage(
    asked: Any, acme: Tenant, made_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def search(state: Retrieval) -> Retrieval:
        return replace(state, passages=(FIRST, SECOND))

    monkeypatch.setattr(retrieval, "build_pipeline", lambda *_args, **_options: search)
    out = StringIO()
    call_command("search", QUESTION, tenant=acme.slug, json=True, stdout=out)
    [found, _other] = json.loads(out.getvalue())["results"]
    [cited] = json.loads(asked(["See [1]."], json=True))["citations"]
    common = found.keys() & cited.keys()
    assert common == {"document", "document_id", "chunk_id", "page", "heading", "start", "end", "excerpt"}
    assert {key: found[key] for key in common} == {key: cited[key] for key in common}
    assert (found["page"], found["heading"], found["excerpt"]) == (4, "Limits", "The key max_users sets the limit.")
