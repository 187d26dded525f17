"""One `manage.py up` in a data directory of its own, with an upstream model whose every word a test can script."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.contracts.openai_server import OpenAIServer
from tests.services import CACHE, unused_ports
from tests.support import ROOT, product_environment

OPERATOR = "demo@razgovor.local"
PASSWORD = "not for anything real"
KEY = "sk-upstream-0001"
MODEL = "phi-3.5-mini"
OTHER_MODEL = "phi-4-mini"
VISION_MODEL = "phi-3.5-vision"
READY_SECONDS = 240.0
"""For a machine that is busy with other tests; a quiet one takes about ten."""


@dataclass(frozen=True)
class Product:
    """`url` is without a slash at the end. `upstream` is an OpenAI-compatible server that tenants may have for a
    provider, with `KEY` and `MODEL`."""

    url: str
    upstream: OpenAIServer
    environment: dict[str, str]

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run `manage.py` beside the product, as an operator does, and return what it says."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=self.environment,
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(arguments)}: {done.stderr}{done.stdout}")
        return done.stdout

    def organisation(self, slug: str, *, name: str, owner: str) -> None:
        """Make an organisation; an owner who has no account yet gets one with `PASSWORD`."""
        self.manage("tenant_create", slug, "--name", name, "--owner", owner, stdin=f"{PASSWORD}\n")

    def address(self, path: str) -> str:
        return f"{self.url}{path}"


@contextmanager
def running_product(directory: Path, **settings: str) -> Iterator[Product]:
    """Yield the product once it says that it is ready, with these settings in its environment. `directory` is new; the
    starter model is not unpacked again."""
    var = directory / "var"
    var.mkdir(parents=True)
    (CACHE / "models").mkdir(parents=True, exist_ok=True)
    (var / "models").symlink_to(CACHE / "models")
    port, nothing = unused_ports(2)
    with OpenAIServer(key=KEY, models=(MODEL, OTHER_MODEL, VISION_MODEL)) as upstream:
        environment = dict(
            product_environment(
                RAZGOVOR_VAR=str(var),
                PORT=str(port),
                RAZGOVOR_ADMIN_PASSWORD=PASSWORD,
                RAZGOVOR_OUTBOUND_HOSTS=upstream.host,
                OLLAMA_URL=f"http://127.0.0.1:{nothing}",  # whatever runs on the developer's machine
                DJANGO_SETTINGS_MODULE="project.settings",
                **settings,
            )
        )
        with _up(environment, directory / "up.out"):
            yield Product(f"http://127.0.0.1:{port}", upstream, environment)


@contextmanager
def _up(environment: dict[str, str], said: Path) -> Iterator[None]:
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not re.search(r"^ready ", said.read_text(errors="replace"), flags=re.MULTILINE):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The product did not get ready:\n{said.read_text(errors='replace')}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(60)
