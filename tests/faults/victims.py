"""The processes of a running product, for being killed."""

from __future__ import annotations

import psutil

from tests.e2e.product import Product

TENANTS = ("acme", "other")


def processes_of(product: Product) -> list[psutil.Process]:
    """Everything below this product's `manage.py up`. Redis writes its title over its own environment."""
    ups = [process for process in psutil.process_iter() if command_of(process).endswith("manage.py up")]
    (up,) = (process for process in ups if process.environ()["RAZGOVOR_VAR"] == product.environment["RAZGOVOR_VAR"])
    children: list[psutil.Process] = up.children(recursive=True)
    return children


def command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return ""
