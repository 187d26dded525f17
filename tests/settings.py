"""The product's own settings, with every address on this machine, and files in a directory that goes when tests end.

The environment is set before `project.settings` reads it, so that nothing that was derived from an address is left
over. Each process of pytest-xdist imports this module and so has directories, ports and servers of its own. The
servers behind the ports are started by the fixtures in `conftest.py`, when a test first asks for them.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from project import env
from tests.services import unused_ports

_VAR = Path(tempfile.mkdtemp(prefix="razgovor-test-"))
atexit.register(shutil.rmtree, _VAR, ignore_errors=True)
_REDIS, _CHROMA, _EMBEDDER, _STARTER, _OLLAMA = unused_ports(5)

for _name in [name for name in os.environ if name.startswith("RAZGOVOR_")]:
    if _name not in {"RAZGOVOR_REQUIRE_ALL", "RAZGOVOR_TEST_CACHE"}:
        del os.environ[_name]
os.environ.update(
    RAZGOVOR_VAR=str(_VAR),
    RAZGOVOR_SECRET_KEY="for tests only",
    RAZGOVOR_HOSTS="127.0.0.1,localhost,testserver",
    REDIS_URL=f"redis://127.0.0.1:{_REDIS}/0",
    CHROMA_URL=f"http://127.0.0.1:{_CHROMA}",
    EMBEDDER_URL=f"http://127.0.0.1:{_EMBEDDER}/v1",
    STARTER_URL=f"http://127.0.0.1:{_STARTER}/v1",
    OLLAMA_URL=f"http://127.0.0.1:{_OLLAMA}",  # nothing listens there, whatever runs on the developer's machine
    PORT="8000",
    TZ="UTC",
)
env.load_file = lambda path: None  # a developer's .env is none of the tests' business

from project.settings import *  # noqa: E402, F403
from project.settings import CELERY_BROKER_TRANSPORT_OPTIONS, DATABASES, STORAGES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in production: SQLite's shared in-memory databases lock by table and know no WAL.
    DATABASES["default"]["TEST"] = {"NAME": str(_VAR / "test.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick on purpose
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # no collectstatic first
WHITENOISE_AUTOREFRESH = True  # looks files up when asked, so that their directory need not exist
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_BROKER_TRANSPORT_OPTIONS["max_retries"] = 1
