"""What the first question after a start would otherwise wait for, which is more than a second: the libraries that are
imported when they are needed, the model that tells languages apart, and the first connections."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any
from uuid import UUID

from django.conf import settings

from chat.closeness import closeness_of
from ingestion import languages, parts
from ingestion.domain import Scope
from project.errors import AppError
from project.probes import ProbeFailed, probe_model_server

logger = logging.getLogger(__name__)

QUESTION = "How long does the warranty last?"
NOBODY = UUID(int=0)
EMBEDDER_WAIT_S = 60.0
ASK_EVERY_S = 0.5


async def lifespan(_scope: Any, receive: Any, send: Any) -> None:
    """The part of ASGI that says when a process begins and ends."""
    while (await receive())["type"] == "lifespan.startup":
        threading.Thread(target=_when_all_are_there, name="warming", daemon=True).start()
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


def _when_all_are_there() -> None:
    """Not before the embedder is: until then it is what the start waits for, and needs the processor itself."""
    deadline = time.monotonic() + EMBEDDER_WAIT_S
    while time.monotonic() < deadline:
        try:
            probe_model_server(settings.EMBEDDER_URL)
        except ProbeFailed:
            time.sleep(ASK_EVERY_S)
        else:
            warm_up()
            return


def warm_up() -> None:
    """What cannot be had now is had with the first question."""
    try:
        languages.detect(QUESTION)
        configured = parts.configured()
        vector = configured.embedder.embed_query(QUESTION)
        closeness_of(configured.embedder)
        index = configured.vectors.for_tenant(NOBODY, fingerprint=configured.embedder.fingerprint)
        index.search(vector, limit=1, scope=Scope())
    except AppError as error:
        logger.info("not warm yet: %s", error.message)
