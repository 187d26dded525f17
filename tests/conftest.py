"""What every test can ask for: the servers, the cast, and a guard that keeps the network out.

The servers are real, and start when a test first asks for them; see `settings.py` for where their addresses come from.
The embedder takes about 1 GB, so tests that use a model server carry `@pytest.mark.xdist_group("models")`: under
`--dist loadgroup` one worker runs them all, and one embedder is started instead of one for each worker.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pytest
import redis
from celery import current_app
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.utils import translation
from pytest_django import DjangoDbBlocker

from ingestion import parts, tasks
from ingestion.chunking.structure import StructureChunker
from ingestion.embedding.fakes import HashEmbedder
from ingestion.index.fakes import MemoryVectorIndex
from ingestion.index.lexical import SqlLexicalIndex
from ingestion.parts import Parts
from project import backends
from tenants.access import Access, access_for
from tenants.models import Role, Tenant, User
from tests import services
from tests.factories import TenantFactory, member
from tests.network_guard import loopback_only
from tests.support import require

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

pytest_plugins = ["tests.contracts.fixtures"]


LONGEST_ID = 60
"""Characters of a value in the name of a test; names go from process to process."""


def pytest_make_parametrize_id(val: object) -> str | None:
    if isinstance(val, str | bytes) and len(val) > LONGEST_ID:
        return f"{val[:LONGEST_ID]!r}…{len(val)}"
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Groups of pytest-xdist are part of a test's name: where it does not see one, each worker starts everything."""
    if config.getoption("loadgroup", False):
        for item in items:
            if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
                raise pytest.UsageError(f"{item.nodeid} is in a group, which this pytest-xdist does not see.")


# --- what every test has, asked or not ---------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    with loopback_only():
        yield


@pytest.fixture(scope="session", autouse=True)
def redis_url() -> Iterator[str]:
    """A Redis for this process alone; sessions, limits and the channel layer live there."""
    with services.redis(_port(django_settings.REDIS_URL)) as url:
        yield url


@pytest.fixture(scope="session")
def _redis_client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(autouse=True)
def _nothing_left_over(_redis_client: redis.Redis) -> Iterator[None]:
    """No counter, session, cached adapter or language of a page of one test is seen by the next."""
    backends.reset()
    yield
    backends.reset()
    translation.deactivate()
    _redis_client.flushdb()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The database, which PostgreSQL drops only when nobody is connected: threads that wait for more work still are."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock():
            connection.ensure_connection()
            services.hang_up_others(connection.connection)


# --- servers -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chroma_url() -> Iterator[str]:
    with services.chroma(_port(django_settings.CHROMA_URL)) as url:
        yield url


@pytest.fixture(scope="session")
def embedder_url() -> Iterator[str]:
    """The embedding server with the starter model. Slow to load: mark the test `slow`, in the group `models`."""
    with services.embedder(_port(django_settings.EMBEDDER_URL)) as url:
        yield url


@pytest.fixture(scope="session")
def starter_llm_url() -> Iterator[str]:
    """The starter language model's server. Mark the test `slow`, in the group `models`."""
    with services.starter_llm(_port(django_settings.STARTER_URL)) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL database beside the one that the tests run on. Mark the test `slow`."""
    with services.postgres_database() as url:
        yield url


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    path = services.chromium()
    require(path, "there is no Chromium on this machine")
    assert path is not None
    return path


@pytest.fixture
def eager_tasks() -> Iterator[None]:
    """Tasks run where they are sent from, at once. Ask for it where a test is about what they do, not about queues."""
    kept = current_app.conf.task_always_eager, current_app.conf.task_eager_propagates
    current_app.conf.task_always_eager = current_app.conf.task_eager_propagates = True
    yield
    current_app.conf.task_always_eager, current_app.conf.task_eager_propagates = kept


# --- the parts of ingestion and search, without model servers ----------------------------------------------------


@pytest.fixture
def made_of(monkeypatch: pytest.MonkeyPatch) -> Parts:
    """What whatever runs in this test is made of: the embedder and the vectors are in memory, the rest is real."""
    made = Parts(StructureChunker(), HashEmbedder(), MemoryVectorIndex(), SqlLexicalIndex())
    monkeypatch.setattr(parts, "configured", lambda _embedder_name="": made)
    return made


@pytest.fixture
def no_queue(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nothing is queued; the names of the tasks that would have been are in the list."""
    sent: list[str] = []
    monkeypatch.setattr(tasks, "_send", lambda task, *_args, **_kwargs: sent.append(task.name))
    return sent


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


# --- the cast: Alice owns Acme, Bob is a member of it, Charlie owns another organisation -------------------------


@pytest.fixture
def acme(db: None) -> Tenant:
    return TenantFactory(slug="acme", name="Acme")


@pytest.fixture
def other_org(db: None) -> Tenant:
    return TenantFactory(slug="other", name="Other Org")


@pytest.fixture
def alice(acme: Tenant) -> User:
    return member(acme, "alice", Role.OWNER)


@pytest.fixture
def bob(acme: Tenant) -> User:
    return member(acme, "bob", Role.MEMBER)


@pytest.fixture
def charlie(other_org: Tenant) -> User:
    return member(other_org, "charlie", Role.OWNER)


@pytest.fixture
def as_alice(alice: User) -> Access:
    """What Alice may do in Acme."""
    return access_for(alice, "acme")


@pytest.fixture
def as_bob(bob: User) -> Access:
    return access_for(bob, "acme")


@pytest.fixture
def as_charlie(charlie: User) -> Access:
    return access_for(charlie, "other")


@pytest.fixture
def alice_client(alice: User) -> Client:
    """A browser in which Alice has signed in."""
    return signed_in(alice)


@pytest.fixture
def bob_client(bob: User) -> Client:
    return signed_in(bob)


@pytest.fixture
def charlie_client(charlie: User) -> Client:
    return signed_in(charlie)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
