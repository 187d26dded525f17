"""Writes: the fit of a collection, and what an admin says instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from uuid import UUID

from asgiref.sync import async_to_sync
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from chat import retrieval, settings_services
from chat.closeness import closeness_of
from chat.domain import Retrieval
from chat.lines.models import RelevanceLine
from chat.lines.questions import Sample, off_topic_questions, own_questions
from chat.lines.threshold import HIGHEST, LOWEST, fitted_line
from chat.llm.clients import close_clients
from chat.models import Source, Turn
from chat.refusal import language_of, script_of
from chat.relevance import RELEVANT, nearness
from chat.retrieval.dense import embed_question
from ingestion.domain import Scope
from ingestion.index import tokens
from ingestion.models import Chunk, Collection
from ingestion.tenant_parts import parts_of
from tenants import audit
from tenants.access import Access
from tenants.models import Role

SAMPLES = 80
"""Passages that questions are made of, and questions that are made of them."""
REMEMBERED = 60
"""The latest answered questions of the collection's history that are asked again."""
LANGUAGES = 2
"""The most frequent ones, in which off-topic questions are asked."""
DIGITS = 4


def collection_fit(*, collection: Collection) -> RelevanceLine | None:
    """Ask the collection questions of both kinds, and note where the line runs that tells them apart. None where it
    has no passages. Raise `IngestionError` where embedder or index do not answer; what was fitted before stays."""
    chunks = _chunks(collection)
    samples = [
        Sample(text, heading, script_of(language, text))
        for text, heading, language in chunks.order_by("pk").values_list("text", "heading", "document__language")[
            :SAMPLES  # their ids are hashes, so that the first ones are from everywhere
        ]
    ]
    if not samples:
        return None
    languages = [name for name, _count in Counter(each.language for each in samples).most_common(LANGUAGES)]
    own = [*own_questions(samples, Random(collection.pk.int), wanted=SAMPLES), *_asked_before(collection)]  # noqa: S311 - no secret
    scores = _scores(collection, [*own, *off_topic_questions(languages)])
    own_scores, off_topic_scores = sorted(scores[: len(own)]), sorted(scores[len(own) :])
    line, _new = RelevanceLine.objects.for_tenant(collection.tenant_id).update_or_create(
        collection=collection,
        fingerprint=collection.embedder_fingerprint,
        defaults={
            "tenant_id": collection.tenant_id,
            "fitted": fitted_line(own_scores, off_topic_scores, general=RELEVANT),
            "own_scores": own_scores,
            "off_topic_scores": off_topic_scores,
            "passages": chunks.count(),
            "fitted_at": timezone.now(),
        },
    )
    return line


def _chunks(collection: Collection) -> QuerySet[Chunk]:
    return Chunk.objects.for_tenant(collection.tenant_id).filter(
        document__collection=collection, document__searchable=True, embedded=True
    )


def _asked_before(collection: Collection) -> list[str]:
    """Questions that were answered from here, with a citation. Only their scores are kept."""
    cited = Source.objects.for_tenant(collection.tenant_id).filter(
        cited=True,
        document__collection=collection,
        turn__status=Turn.Status.COMPLETED,
        turn__refused=False,
        turn__search_query="",  # it stood for itself, and leaned on none before
    )
    latest = cited.order_by("-turn__created_at").values_list("turn__question", flat=True)
    return list(dict.fromkeys(latest[: REMEMBERED * 4]))[:REMEMBERED]


def _scores(collection: Collection, questions: Sequence[str]) -> list[float]:
    """Of the best passage that each question finds in the collection."""
    parts = parts_of(collection.tenant_id)
    retrieve = retrieval.build_pipeline(collection.tenant_id, parts=parts)
    scope = Scope(collection_ids=frozenset({collection.pk}))
    passages = settings_services.answer_settings(collection.tenant).passages
    closeness = closeness_of(parts.embedder)

    async def score(question: str) -> float:
        vector, words = await embed_question(parts, question)
        state = Retrieval(question, question, scope, wanted=passages, urgent=False, vector=vector, words=words)
        found = await retrieve(state)
        language = language_of(question).partition("-")[0]
        near = nearness(
            question,
            found.passages,
            terms=lambda text: tokens.terms(text, language),
            language=language,
            closeness=closeness,
        )
        return round(max((each.score for each in near), default=0.0), DIGITS)

    async def score_all() -> list[float]:
        """One after the other, so that nobody's question waits for ours."""
        try:
            return [await score(question) for question in questions]
        finally:
            await close_clients()
            if close := getattr(parts.embedder, "aclose", None):
                await close()

    return async_to_sync(score_all)()


@transaction.atomic
def line_choose(*, access: Access, collection: Collection, line: float | None) -> None:
    """Draw the line by hand; None gives it back to the fit."""
    access.require(Role.ADMIN)
    chosen = None if line is None else min(max(line, LOWEST), HIGHEST)
    RelevanceLine.objects.for_tenant(access.tenant).update_or_create(
        collection=collection,
        fingerprint=collection.embedder_fingerprint,
        defaults={"tenant": access.tenant, "chosen": chosen},
    )
    audit.record(access, gettext_noop("line of refusing changed"), collection.name, line=chosen)


def collection_of(*, tenant_id: UUID, collection_id: UUID) -> Collection | None:
    found = Collection.objects.for_tenant(tenant_id).filter(pk=collection_id).exclude(embedder_fingerprint="")
    return found.select_related("tenant").first()
