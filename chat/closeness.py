"""What a cosine means, which each embedding model has its own idea of: two texts that have nothing to do with each
other have a cosine of 0.72 for one model and of 0.05 for another.

So each model is asked for the cosine of some questions and passages that share nothing, and its cosines are stretched
until that background is where the starter's is. Whatever was drawn with the starter's cosines holds for them then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import product
from operator import mul

from ingestion.errors import IngestionError
from ingestion.ports import Embedder

logger = logging.getLogger(__name__)

STARTER_BACKGROUND = 0.72
"""Mean cosine of these questions and passages with the starter embedder."""
MOST = 0.95
"""A model for which everything is as close as this tells nothing apart, and is left as it is."""
QUESTIONS = (
    "How long is the warranty of the pump?",
    "Who won the election in the spring?",
    "What does the train to the coast cost?",
    "Which vaccine does a puppy need first?",
    "When was the cathedral built?",
    "How is sourdough bread kept fresh?",
)
PASSAGES = (
    "The orchestra rehearses on Thursdays in the small hall.",
    "Copper conducts electricity better than iron does.",
    "Her grandmother left the village after the flood.",
    "The tax return has to be filed by the end of July.",
    "Penguins huddle together in the Antarctic night.",
    "The goalkeeper was injured in the second half.",
)

Closeness = Callable[[float], float]

_known: dict[str, float] = {}


def as_it_is(cosine: float) -> float:
    return cosine


def closeness_of(embedder: Embedder) -> Closeness:
    """Return what turns a cosine of this embedder into the starter's terms. Asks the embedder once for each process;
    where it does not answer, cosines are taken as they are, and the next question asks again."""
    try:
        background = _background(embedder)
    except IngestionError as error:
        logger.warning("the embedder's background could not be measured: %s", error.message)
        return as_it_is
    if background >= MOST or abs(background - STARTER_BACKGROUND) < 0.01:
        return as_it_is
    stretch = (1 - STARTER_BACKGROUND) / (1 - background)
    return lambda cosine: 1 - (1 - cosine) * stretch


def _background(embedder: Embedder) -> float:
    """Without a lock, which nobody shall hold while a model works: two that come first both measure, and agree."""
    if (known := _known.get(embedder.fingerprint)) is None:
        questions = [embedder.embed_query(question) for question in QUESTIONS]
        passages = embedder.embed_documents(PASSAGES)
        cosines = [sum(map(mul, *pair)) for pair in product(questions, passages)]
        known = _known[embedder.fingerprint] = sum(cosines) / len(cosines)
    return known
