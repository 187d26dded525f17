"""One product for all of these tests, which take its processes for dead soon."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.product import Product, running_product
from tests.faults.victims import TENANTS

LEASE_S = 4


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("faults"), RAZGOVOR_LEASE_SECONDS=str(LEASE_S)) as running:
        for slug in TENANTS:
            running.organisation(slug, name=slug.title(), owner=f"{slug}@example.org")
        yield running
