"""How much an organisation keeps. Each app counts its own (`AppConfig.ready`), and one limit is for all of it."""

from __future__ import annotations

from collections.abc import Callable

from tenants.models import Tenant

Count = Callable[[Tenant], int]
"""Bytes that one kind of things takes."""

_counts: list[Count] = []


def count_in(count: Count) -> None:
    _counts.append(count)


def bytes_used(tenant: Tenant) -> int:
    return sum(count(tenant) for count in _counts)
