"""The retrieval stages that `RAG["RETRIEVAL"]` names, put together for one tenant.

Each stage takes a `Retrieval` and returns a new one; stages in a nested list run together, and each fills in its own
fields.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from chat.domain import Retrieval
from chat.ports import RetrievalStage
from ingestion.parts import Parts

Entry = str | Mapping[str, Any]
"""A dotted path, or `{"BACKEND": dotted path, "OPTIONS": {...}}`."""
Stages = Sequence[Entry | Sequence[Entry]]
Pipeline = Callable[[Retrieval], Awaitable[Retrieval]]
GATHERED = ("elapsed_ms", "skipped")
"""Fields to which every stage may add a line of its own."""


def build_pipeline(tenant_id: UUID, *, parts: Parts, stages: Stages | None = None) -> Pipeline:
    """Return the tenant's retrieval as one callable; `elapsed_ms` of its result has every stage's milliseconds."""
    configured = settings.RAG["RETRIEVAL"] if stages is None else stages
    steps = [
        [_stage(entry, tenant_id, parts) for entry in ([step] if isinstance(step, str | Mapping) else step)]
        for step in configured
    ]

    async def retrieve(state: Retrieval) -> Retrieval:
        for together in steps:
            state = _merged(state, await asyncio.gather(*(_timed(stage, state) for stage in together)))
        return state

    return retrieve


def _stage(entry: Entry, tenant_id: UUID, parts: Parts) -> RetrievalStage:
    path, options = (entry, {}) if isinstance(entry, str) else (entry["BACKEND"], entry.get("OPTIONS", {}))
    stage: RetrievalStage = import_string(path)(tenant_id=tenant_id, parts=parts, **options)
    return stage


async def _timed(stage: RetrievalStage, state: Retrieval) -> Retrieval:
    started = time.perf_counter()
    found = await stage(state)
    elapsed = round((time.perf_counter() - started) * 1000, 1)
    return replace(found, elapsed_ms={**found.elapsed_ms, stage.name: elapsed})


def _merged(before: Retrieval, after: Sequence[Retrieval]) -> Retrieval:
    """What each of the stages that ran together has changed. Two that change the same thing cannot run together."""
    changed: dict[str, Any] = {}
    for each in after:
        for name in (field.name for field in fields(Retrieval) if field.name not in GATHERED):
            value = getattr(each, name)
            if value == getattr(before, name):
                continue
            if name in changed:
                raise ImproperlyConfigured(
                    f'Two stages that run together in RAG["RETRIEVAL"] both write `{name}`. '
                    "List them one after the other."
                )
            changed[name] = value
    gathered: dict[str, Any] = {
        name: {stage: said for each in after for stage, said in getattr(each, name).items()} for name in GATHERED
    }
    return replace(before, **changed, **gathered)
