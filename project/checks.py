"""Configuration that cannot work stops the start, with a hint. Imported when Django starts; see `apps.py`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

ADDRESSES = {
    "REDIS_URL": {"redis", "rediss", "unix"},
    "CHROMA_URL": {"http", "https"},
    "EMBEDDER_URL": {"http", "https"},
    "STARTER_URL": {"http", "https"},
    "OLLAMA_URL": {"http", "https"},
    "RERANKER_URL": {"http", "https"},
    "PUBLIC_URL": {"http", "https"},
}
MAY_BE_EMPTY = {"RERANKER_URL"}
CONFIGURATION = "configuration"
"""The tag of the checks here: what an operator can get wrong, where Django's own are for whoever changes the code."""
LLM_KINDS = {"auto", "starter", "ollama", "openai"}


@register(CONFIGURATION)
def addresses(**_kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{name} is “{value}”, which is no address that starts with {' or '.join(sorted(schemes))}.",
            hint=f"Write it like {min(schemes)}://host:port.",
            id="razgovor.E001",
        )
        for name, schemes in ADDRESSES.items()
        if not _is_address(value := getattr(settings, name), schemes) and (value or name not in MAY_BE_EMPTY)
    ]


def _is_address(value: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises ValueError for one that is no number
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.path if parts.scheme == "unix" else parts.hostname)


@register(CONFIGURATION)
def language_model(**_kwargs: Any) -> list[CheckMessage]:
    kind, _colon, model = settings.LLM.partition(":")
    if kind not in LLM_KINDS:
        return [
            Error(
                f"RAZGOVOR_LLM is “{settings.LLM}”.",
                hint="Use auto, starter, ollama, ollama:MODEL or openai:MODEL.",
                id="razgovor.E002",
            )
        ]
    if kind == "openai" and not (model and settings.LLM_URL):
        return [
            Error(
                "RAZGOVOR_LLM names an OpenAI-compatible model, but not which one or where.",
                hint="Set RAZGOVOR_LLM=openai:MODEL and RAZGOVOR_LLM_URL to the server's address, as in http://host:8000/v1.",
                id="razgovor.E003",
            )
        ]
    return []


@register(CONFIGURATION)
def reranker(**_kwargs: Any) -> list[CheckMessage]:
    if 0 <= settings.RERANKER_WEIGHT <= 1 and settings.RERANKER_SECONDS > 0:
        return []
    return [
        Error(
            "RAZGOVOR_RERANKER_WEIGHT is not from 0 to 1, or RAZGOVOR_RERANKER_SECONDS is not above 0.",
            hint="Leave them out, or use numbers as in 0.7 and 2.",
            id="razgovor.E006",
        )
    ]


@register(CONFIGURATION)
def dotted_paths(**_kwargs: Any) -> list[CheckMessage]:
    """Each class in RAG must lie in a module that exists. Importing it would load what only some processes need."""
    return [
        Error(
            f"RAG[{section!r}] names {path!r}, and there is no module {path.rpartition('.')[0]!r}.",
            hint="Write the full dotted path of a class, and install its package.",
            id="razgovor.E004",
        )
        for section, path in _rag_paths()
        if not _module_exists(path.rpartition(".")[0])
    ]


def _rag_paths() -> Iterator[tuple[str, str]]:
    """Yield every dotted path in RAG with the section that it stands in."""
    for section, value in settings.RAG.items():
        yield from ((section, path) for path in _paths(value))


def _paths(value: Any) -> Iterator[str]:
    """A dotted path, a list or a dict of such, or a class with its options, which are no paths."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and "BACKEND" in value:
        yield value["BACKEND"]
    else:
        for each in value.values() if isinstance(value, dict) else value:
            yield from _paths(each)


def _module_exists(name: str) -> bool:
    try:
        return bool(name) and find_spec(name) is not None
    except (ImportError, ValueError):
        return False


@register(checks.Tags.security, deploy=True)
def production(**_kwargs: Any) -> list[CheckMessage]:
    """`manage.py check --deploy`: what is right on a laptop and wrong on a server."""
    messages: list[CheckMessage] = []
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        messages.append(
            checks.Warning(
                "The database is SQLite: one machine, one writer at a time.",
                hint="Set DATABASE_URL to a PostgreSQL database before you run more than one web or worker process.",
                id="razgovor.W001",
            )
        )
    if not settings.SERVED_OVER_TLS:
        messages.append(
            checks.Warning(
                "People reach this server without TLS, so that passwords and documents can be read on the way.",
                hint="Put it behind a proxy with a certificate, and set RAZGOVOR_PUBLIC_URL=https://….",
                id="razgovor.W002",
            )
        )
    return messages


@register(CONFIGURATION)
def file_storage(**_kwargs: Any) -> list[CheckMessage]:
    path = settings.STORAGES["default"]["BACKEND"]
    if _module_exists(path.rpartition(".")[0]):
        return []
    return [
        Error(
            f"Files are to be kept by {path}, which is not installed.",
            hint="Run `pip install django-storages[s3]`, or unset RAZGOVOR_S3_BUCKET to keep files in RAZGOVOR_VAR.",
            id="razgovor.E005",
        )
    ]
