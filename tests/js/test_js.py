"""Runs the browser modules' own tests, and holds the front end to its rules: strict CSP, logical CSS, real imports."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from tests.support import ROOT, require

HERE = Path(__file__).resolve().parent
NODE_MAJOR = 20
STATIC = ROOT / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
MODULES = sorted((STATIC / "js").rglob("*.js"))
STYLES = sorted((STATIC / "css").rglob("*.css"))

PHYSICAL = re.compile(
    r"^\s*(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom|(?:min-|max-)?(?:width|height)"
    r"|text-align:\s*(?:left|right)|float)\b[^;]*;",
    re.MULTILINE,
)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_browser_modules_pass_their_own_tests() -> None:
    node = shutil.which("node")
    require(node, "Node.js is not installed; it only runs the tests of the browser modules.")
    assert node
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    require(int(version.lstrip("v").split(".")[0]) >= NODE_MAJOR, f"Node.js {version.strip()} is older than 20.")
    tests = sorted(str(path) for path in HERE.glob("*.test.js"))
    assert tests
    run = subprocess.run(
        [node, "--import", "./register.js", "--test", *tests], cwd=HERE, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_a_template_asks_for_nothing_that_the_policy_forbids(path: Path) -> None:
    html = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=", html), "style attributes are blocked; use a class"
    assert not re.search(r"<style\b", html), "inline style sheets are blocked"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", html), "inline handlers are blocked; use a module"
    assert not re.search(r"\bhx-on\b|hx-vals=[\"']js:", html), "htmx may not evaluate"
    for script in re.findall(r"<script\b[^>]*>", html):
        assert "nonce=" in script, f"{script} needs the nonce"


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_a_template_says_everything_through_gettext(path: Path) -> None:
    """What is left when tags, variables and translated stretches are taken away may hold no word."""
    text = path.read_text(encoding="utf-8")
    for markup in (
        r"\{#.*?#\}",
        r"\{%\s*block card_class.*?endblock\s*%\}",
        r"\{%\s*blocktranslate.*?endblocktranslate\s*%\}",
        r"<(script|code|kbd|style)\b.*?</\1>",
        r"\{%.*?%\}",
        r"\{\{.*?\}\}",
        r"<[^>]*>",
        r"&\w+;",
    ):
        text = re.sub(markup, " ", text, flags=re.DOTALL)
    words = set(re.findall(r"[A-Za-z]{2,}", text)) - {"Razgovor", "ms", "latinica"}
    assert not words


@pytest.mark.parametrize("path", STYLES, ids=_name)
def test_a_style_sheet_works_in_both_writing_directions(path: Path) -> None:
    assert PHYSICAL.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [*MODULES, *TEMPLATES], ids=_name)
def test_an_import_leads_to_a_module(path: Path) -> None:
    for name in re.findall(r"(?:from|import) \"razgovor/([^\"]+)\"", path.read_text(encoding="utf-8")):
        assert (STATIC / "js" / name).is_file(), f"razgovor/{name} does not exist"


def test_the_entry_style_sheet_brings_every_component() -> None:
    entry = (STATIC / "css" / "app.css").read_text(encoding="utf-8")
    imported = set(re.findall(r"@import url\(\"([^\"]+)\"\)", entry))
    assert imported == {path.relative_to(STATIC / "css").as_posix() for path in STYLES} - {"app.css"}


def test_style_sheets_find_each_other_under_their_hashed_names(tmp_path: Path) -> None:
    shutil.copytree(STATIC, tmp_path / "static")
    storage = CompressedManifestStaticFilesStorage(location=tmp_path / "static", base_url="/static/")
    source = FileSystemStorage(location=STATIC)
    paths = {_name(path).removeprefix("static/"): source for path in [*STYLES, *STATIC.glob("img/*")]}
    outcomes = list(storage.post_process({name: (source, name) for name in paths}, dry_run=False))
    assert [outcome for _name, _hashed, outcome in outcomes if isinstance(outcome, Exception)] == []
    entry = (tmp_path / "static" / storage.hashed_files["css/app.css"]).read_text(encoding="utf-8")
    hashed = Path(storage.hashed_files["css/tokens.css"]).name
    assert f'url("{hashed}") layer(tokens)' in entry


@pytest.mark.parametrize("sprite", re.findall(r'id="([\w-]+)"', (STATIC / "img" / "icons.svg").read_text("utf-8")))
def test_an_icon_of_the_sprite_is_used(sprite: str) -> None:
    assert any(f'name="{sprite}"' in path.read_text(encoding="utf-8") for path in TEMPLATES)


def test_every_icon_that_is_asked_for_is_drawn() -> None:
    drawn = set(re.findall(r'id="([\w-]+)"', (STATIC / "img" / "icons.svg").read_text(encoding="utf-8")))
    for path in TEMPLATES:
        asked = re.findall(r'components/icon\.html" with name="([\w-]+)"', path.read_text(encoding="utf-8"))
        assert set(asked) <= drawn, _name(path)


def test_the_parts_that_the_chat_script_fills_in_are_all_in_the_template() -> None:
    script = "".join(
        (STATIC / "js" / "chat" / name).read_text(encoding="utf-8") for name in ("turn-view.js", "sources-view.js")
    )
    wanted = set(re.findall(r"[Pp]arts\.([a-z]\w+)", script)) | set(re.findall(r"data-part=([\w-]+)\]", script))
    given = "".join(
        (ROOT / "templates" / "chat" / name).read_text(encoding="utf-8")
        for name in ("_turn.html", "_pictures.html", "composing/_asked_in.html", "_sources.html", "_source_card.html")
    )
    missing = wanted - set(re.findall(r'data-part="([\w-]+)"', given))
    assert not missing
