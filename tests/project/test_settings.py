"""The settings, and the pages that list them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support import ROOT, product_environment

MARKER = "<!-- settings -->"
COMPOSE_ONLY = {"POSTGRES_PASSWORD"}
READERS = {"text", "flag", "integer", "decimal", "words", "mapping"}
CODE = """
import sys
from project import env
env.load_file = lambda path: None
from project import settings
print(getattr(settings, sys.argv[1]))
"""


def names_read() -> set[str]:
    """Return the first argument of every `env.text(…)` and its like in settings.py."""
    tree = ast.parse((ROOT / "project" / "settings.py").read_text(encoding="utf-8"))
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.func.attr in READERS
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def example() -> Mapping[str, str]:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", text, flags=re.MULTILINE))


def setting(name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE, name],
        env={**product_environment(), "RAZGOVOR_SECRET_KEY": "for tests only", **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_setting_is_in_the_example_file_and_no_other() -> None:
    assert example().keys() - COMPOSE_ONLY == names_read()


def test_names_that_only_compose_reads_are_in_its_file() -> None:
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert all(f"${{{name}" in compose for name in COMPOSE_ONLY)


def test_the_readme_lists_the_same_settings() -> None:
    readme = ROOT / "README.md"
    if not readme.exists() or MARKER not in readme.read_text(encoding="utf-8"):
        pytest.skip("the README has no table of settings yet")
    table = readme.read_text(encoding="utf-8").partition(MARKER)[2].lstrip().partition("\n\n")[0]
    assert set(re.findall(r"^\| *`([A-Z][A-Z0-9_]*)`", table, flags=re.MULTILINE)) - COMPOSE_ONLY == names_read()


def test_the_example_file_gives_the_defaults_that_hold() -> None:
    """Copying it with every `#` taken off must change nothing, but for what it leaves empty."""
    given = {name: value for name, value in example().items() if value}
    code = "from project import settings as s; print(s.PUBLIC_URL, s.REDIS_URL, s.UPLOAD_MAX_BYTES, s.LLM, s.RAG)"
    outputs = [
        subprocess.run(
            [sys.executable, "-c", f"from project import env; env.load_file = lambda path: None; {code}"],
            env={**product_environment(), "RAZGOVOR_SECRET_KEY": "for tests only", **names},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for names in ({}, given)
    ]
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ({"PORT": "many"}, "PORT=many is not a whole number."),
        ({"RAZGOVOR_DEBUG": "maybe"}, "RAZGOVOR_DEBUG=maybe is neither true nor false. Use 1 or 0."),
        ({"RAZGOVOR_SECRET_KEY": "", "RAZGOVOR_VAR": "/proc/none"}, "Cannot write to /proc/none"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_with_a_sentence_and_no_trace(
    names: dict[str, str], sentence: str
) -> None:
    outcome = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env={**product_environment(), **names},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode != 0
    assert sentence in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_secret_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    environment = {"RAZGOVOR_SECRET_KEY": "", "RAZGOVOR_VAR": str(tmp_path)}
    first, second = (setting("SECRET_KEY", **environment).stdout for _ in range(2))
    assert first == second
    assert len(first.strip()) > 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


STAGE = "chat.retrieval.rerank.CrossEncoderRerank"


def test_nothing_is_reranked_unless_somebody_says_by_whom() -> None:
    assert STAGE not in setting("RAG").stdout
    assert setting("RERANKER_URL").stdout.strip() == ""


@pytest.mark.parametrize(
    ("names", "url"),
    [
        ({"RAZGOVOR_RERANKER": "bge", "EMBEDDER_URL": "http://embedder:8000/v1"}, "http://embedder:8000/v1"),
        ({"RAZGOVOR_RERANKER_URL": "https://api.jina.ai/v1"}, "https://api.jina.ai/v1"),
        ({"RAZGOVOR_RERANKER": "bge", "RAZGOVOR_RERANKER_URL": "http://gpu:8000/v1"}, "http://gpu:8000/v1"),
    ],
)
def test_passages_are_reranked_by_the_embedder_or_by_the_server_that_is_named(names: dict[str, str], url: str) -> None:
    assert setting("RERANKER_URL", **names).stdout.strip() == url
    said = setting("RAG", **names, RAZGOVOR_RERANKER_WEIGHT="0.9").stdout
    assert f"{{'BACKEND': '{STAGE}', 'OPTIONS': {{'weight': 0.9}}}}, 'chat.retrieval.load.LoadPassages'" in said
    assert f"'base_url': '{url}'" in said


def test_cookies_are_sent_over_tls_only_where_the_address_is_one_of_tls() -> None:
    assert setting("SESSION_COOKIE_SECURE", RAZGOVOR_PUBLIC_URL="https://docs.example.org").stdout == "True\n"
    assert setting("SESSION_COOKIE_SECURE").stdout == "False\n"
