"""The whole product, started for a measurement in a directory of its own, and the people and documents in it.

A benchmark is a process of its own, because Django's settings are read once: they are those of the one product that
it has started. Use `with product(…) as running:`, and the models only inside of it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import machine
from bench.processes import Usage, usage
from bench.texts import Manual
from project.processes.ports import free_ports

if TYPE_CHECKING:
    from tenants.models import Tenant, User

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 180.0
INGEST_SECONDS = 900.0
STOP_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Product:
    address: str
    """For example http://127.0.0.1:23456/."""
    var: Path
    supervisor: int
    seconds: float
    """From the command to `ready`."""

    def usage(self) -> dict[str, Usage]:
        return usage(self.supervisor)

    def logged(self, text: str) -> int:
        """How many lines of the processes' logs hold `text`."""
        logs = (self.var / "logs").glob("*.log")
        return sum(text in line for log in logs for line in log.read_text(errors="replace").splitlines())


@contextmanager
def running(var: Path, **environment: str) -> Iterator[Product]:
    """`manage.py up` on `var`, from when it is ready. `environment` adds settings."""
    port = free_ports(1)[0]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAZGOVOR_")}
    env = inherited | {
        "RAZGOVOR_VAR": str(var),
        "PORT": str(port),
        "RAZGOVOR_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "RAZGOVOR_ADMIN_PASSWORD": "only for this measurement",
        **environment,
    }
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port)],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        _wait_until_ready(process, started + START_SECONDS)
        yield Product(f"http://127.0.0.1:{port}/", var, process.pid, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=STOP_SECONDS)


def _wait_until_ready(process: subprocess.Popen[str], deadline: float) -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        progress(f"  {line.rstrip()}")
        if line.startswith("ready "):
            return
        if time.perf_counter() > deadline:
            break
    raise RuntimeError(f"The product did not start:\n{''.join(said)}")


@contextmanager
def product(**environment: str) -> Iterator[Product]:
    """A new product in a directory that goes afterwards, with Django set up to speak to it, and its own documentation
    ingested already, so that nothing else goes on when the block begins."""
    with (
        tempfile.TemporaryDirectory(prefix="razgovor-bench-", ignore_cleanup_errors=True) as directory,
        running(Path(directory), **environment) as started,
    ):
        os.environ.update(environment, RAZGOVOR_VAR=directory, DJANGO_SETTINGS_MODULE="project.settings")
        import django

        django.setup()
        wait_until_idle()
        yield started


def tenant_with_members(slug: str, members: int) -> tuple[Tenant, list[User]]:
    from django.contrib.auth.hashers import make_password

    from tenants.models import Membership, Role, Tenant, User

    tenant = Tenant.objects.create(slug=slug, name=slug.title())
    users = User.objects.bulk_create(
        User(email=f"{number}@{slug}.example", password=make_password(None)) for number in range(members)
    )
    Membership.objects.bulk_create(Membership(tenant=tenant, user=user, role=Role.OWNER) for user in users)
    return tenant, users


def session_cookie(user: User) -> str:
    """Sign in without the form, which counts how often an address does so."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def ingest(tenant: Tenant, user: User, manuals: Sequence[Manual]) -> int:
    """Upload and wait for the worker; return how many chunks the tenant has then."""
    from ingestion import services
    from ingestion.models import Chunk
    from tenants.access import access_for

    access = access_for(user, tenant.slug)
    collection = services.collection_default(access=access)
    for manual in manuals:
        file = BytesIO(manual.text.encode())
        services.document_upload(access=access, collection=collection, file=file, name=manual.name)
    wait_until_idle()
    return Chunk.objects.for_tenant(tenant).count()


def wait_until_idle() -> None:
    """Until every document is read. Raise when one could not be."""
    from ingestion.models import Document

    busy = Document.all_tenants.filter(status__in=[Document.Status.QUEUED, Document.Status.RUNNING])
    deadline = time.monotonic() + INGEST_SECONDS
    while busy.exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{busy.count()} documents were not read within {INGEST_SECONDS:.0f} s.")
        time.sleep(0.1)
    for failed in Document.all_tenants.filter(status=Document.Status.FAILED):
        raise RuntimeError(f"{failed.name} was not read: {failed.error_message}")


def progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(measure: Callable[[bool], Mapping[str, Any]]) -> None:
    """What every benchmark's `__main__` does: measure, and print one JSON object."""
    quick = "--quick" in sys.argv[1:]
    described = machine.describe()
    figures = measure(quick)
    print(json.dumps({"machine": described, "load_after": machine.load(), **figures}, indent=2))
