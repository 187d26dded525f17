"""What tests say about the machine that they need."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
REQUIRE_ALL = os.environ.get("RAZGOVOR_REQUIRE_ALL") == "1"
"""Set where every program is installed, as in CI: there a test that cannot run is a failure, not a skip."""

_PRODUCT_NAME = re.compile(r"^(RAZGOVOR_\w+|\w+_URL|PORT|TZ|DJANGO_SETTINGS_MODULE)$")


def require(condition: object, reason: str) -> None:
    """Skip the running test unless `condition` holds; fail it instead where RAZGOVOR_REQUIRE_ALL=1."""
    if condition:
        return
    if REQUIRE_ALL:
        pytest.fail(f"RAZGOVOR_REQUIRE_ALL=1, but this test cannot run: {reason}", pytrace=False)
    pytest.skip(reason)


def product_environment(**names: str) -> Mapping[str, str]:
    """Return this process's environment without any setting of the product, and with `names`: for child processes."""
    kept = {name: value for name, value in os.environ.items() if not _PRODUCT_NAME.match(name)}
    return {**kept, **names}
