"""How torch and sentence-transformers are imported, and which numbers the processor computes in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

NATIVE_BF16 = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")
"""What CPUs that compute in bfloat16 call it; without one of these it is emulated, and slower than float32."""


def prepare_environment(*, local: bool) -> None:
    """Set what the libraries read while they are imported. `local`: nothing is to be looked for on the hub."""
    # Threads that spin while they wait take the core from those they wait for: on busy cores embedding all but stops.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    if local:
        os.environ["HF_HUB_OFFLINE"] = "1"


class _NotNeeded(ModuleType):
    """A module of which any name can be imported, and none used."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


@contextmanager
def left_out(*names: str) -> Iterator[None]:
    """Import something without what it imports needlessly: sentence-transformers takes a distance measure from
    scikit-learn that nothing here computes, and a second of every start with it."""
    absent = [name for name in names if name not in sys.modules]
    for name in absent:
        module = _NotNeeded(name)
        module.__spec__ = ModuleSpec(name, None, is_package=True)
        sys.modules[name] = module
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def number_format(torch: Any, name: str) -> Any:
    """The torch type of `auto`, `bf16` or `fp32`."""
    if name == "auto":
        return torch.bfloat16 if _computes_bf16(torch) else torch.float32
    return {"bf16": torch.bfloat16, "fp32": torch.float32}[name]


def _computes_bf16(torch: Any) -> bool:
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in NATIVE_BF16)
