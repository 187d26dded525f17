"""One copy of the embedding model for everyone, spoken to as OpenAI `/v1/embeddings`.

    python -m ingestion.embedding.server --port 8001 [--model FOLDER_OR_NAME] [--dtype auto|bf16|fp32] [--threads N]
        [--reranker FOLDER_OR_NAME]

`/health` answers 503 until the model is loaded and warm; `/v1/models` says which it is, with its fingerprint. With
`--reranker`, a cross-encoder answers at `/v1/rerank` as well; where it does not load, embeddings are served without it.
No Django here: the process holds models and nothing of the product.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
import threading

import uvicorn

from ingestion.embedding.app import App, Service
from ingestion.embedding.engine import Engine, EngineOptions
from ingestion.embedding.lanes import BATCH_TOKENS
from ingestion.embedding.reranker import Reranker, RerankerOptions
from ingestion.embedding.reranking import Reranking
from ingestion.embedding.starter import starter_model

logger = logging.getLogger(__name__)

STARTER = "starter"
GRACE_S = 5
"""How long requests that are being answered may keep the process after SIGTERM."""


def default_threads() -> int:
    """Half of the cores: the chat model on the same machine needs the others, and a batch that is split over a core
    which is busy waits for its slower half."""
    return max(1, (os.cpu_count() or 1) // 2)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=STARTER, help="a folder, a name on the Hugging Face hub, or: starter")
    parser.add_argument("--reranker", default="", help="a cross-encoder: a folder, or a name that has been downloaded")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dtype", choices=("auto", "bf16", "fp32"), default="auto")
    parser.add_argument("--threads", type=int, default=default_threads())
    parser.add_argument("--batch-tokens", type=int, default=BATCH_TOKENS)
    return parser.parse_args()


def _serve(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes or the model turns out not to load; return the exit status."""
    service, failed = Service(Reranking(arguments.reranker)), threading.Event()
    # log_config=None: leave logging as it was set up here.
    server = uvicorn.Server(
        uvicorn.Config(
            App(service),
            host=arguments.host,
            port=arguments.port,
            lifespan="off",
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=GRACE_S,
        )
    )

    def load() -> None:
        gc.disable()  # half a million objects come to stay; looking through them time and again costs half a second
        try:
            model = str(starter_model()) if arguments.model == STARTER else arguments.model
            options = EngineOptions(model=model, dtype=arguments.dtype, threads=arguments.threads)
            engine = Engine(options)
            engine.warm_up()
            service.open(engine, batch_tokens=arguments.batch_tokens)
            _load_reranker(service.reranking, arguments)
            gc.freeze()
        except Exception:
            logger.exception("The model %s could not be loaded", arguments.model)
            failed.set()
            server.should_exit = True
        finally:
            gc.enable()

    threading.Thread(target=load, name="loading", daemon=True).start()
    try:
        server.run()
    finally:
        service.close()
    return 1 if failed.is_set() else 0


def _load_reranker(reranking: Reranking, arguments: argparse.Namespace) -> None:
    """After the embedding model, for which every question waits. Without it, passages stay in the order they have."""
    if not reranking.wanted:
        return
    try:
        reranker = Reranker(RerankerOptions(model=reranking.wanted, dtype=arguments.dtype))
        reranker.warm_up()
        reranking.open(reranker, batch_tokens=arguments.batch_tokens)
    except Exception:
        logger.exception("The re-ranker %s could not be loaded; embeddings are served without it", reranking.wanted)
        reranking.fail()


def main() -> int:
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # uvicorn raises the signal again once it has shut down; this makes an exit without an error of it.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit(0))
    try:
        return _serve(arguments)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    # Taking torch and its dependencies apart, module by module, would keep a stopped server about for seconds.
    os._exit(status)
