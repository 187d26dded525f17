"""Which questions ask for the same thing: those of the same words, and those of nearly the same meaning."""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul
from uuid import UUID

from django.db import transaction

from chat.closeness import closeness_of
from chat.gaps.models import GapRequest, KnowledgeGap
from chat.names import names_in
from chat.refusal import language_of
from ingestion.index import tokens
from ingestion.tenant_parts import parts_of
from tenants.models import Tenant

SAME_QUESTION = 0.95
"""Closeness of two questions (see `chat.closeness`) from which on they are taken for one, if they are about the same
names and numbers. Measured in docs/adr/0012-refusing-and-knowledge-gaps.md."""
COMPARED = 500
"""The latest open gaps that a new one is compared with."""

OPEN = KnowledgeGap.Status.OPEN


def terms_of(question: str) -> str:
    language = language_of(question).partition("-")[0]
    return " ".join(sorted({"|".join(variants) for variants in tokens.query_terms(question, [language])}))


def of_the_same_words(*, tenant: Tenant, terms: str) -> KnowledgeGap | None:
    """The latest one, locked until what belongs to it is written: `_join` takes it away with all that it knows of."""
    same = KnowledgeGap.objects.for_tenant(tenant).filter(status=OPEN, terms=terms).select_for_update()
    return same.last() if terms else None


def join_by_meaning(*, tenant_id: UUID, gap_id: UUID) -> bool:
    """Give a new gap its vector, and its requests to the open gap before it that asks the same, where there is one:
    then True. Raise `IngestionError` where the embedder does not answer."""
    gap = KnowledgeGap.objects.for_tenant(tenant_id).filter(pk=gap_id, status=OPEN).first()
    if gap is None:
        return False
    embedder = parts_of(tenant_id).embedder
    vector, fingerprint = list(embedder.embed_query(gap.question)), embedder.fingerprint
    KnowledgeGap.objects.for_tenant(tenant_id).filter(pk=gap_id).update(vector=vector, fingerprint=fingerprint)
    closeness = closeness_of(embedder)
    earlier = (
        KnowledgeGap.objects.for_tenant(tenant_id)
        .filter(status=OPEN, fingerprint=fingerprint, created_at__lt=gap.created_at)
        .order_by("-created_at")
        .values_list("pk", "question", "vector")[:COMPARED]
    )
    names = _names(gap.question)
    near = [
        (closeness(_cosine(vector, other or ())), pk) for pk, question, other in earlier if _names(question) == names
    ]
    best, older_id = max(near, default=(0.0, None))
    return older_id is not None and best >= SAME_QUESTION and _join(tenant_id, gap_id, older_id)


@transaction.atomic
def _join(tenant_id: UUID, gap_id: UUID, older_id: UUID) -> bool:
    """False where one of them is no longer open: somebody was quicker."""
    both = KnowledgeGap.objects.for_tenant(tenant_id).filter(pk__in=[gap_id, older_id], status=OPEN)
    if len(both.select_for_update().order_by("pk")) < 2:
        return False
    GapRequest.objects.for_tenant(tenant_id).filter(gap=gap_id).update(gap=older_id)
    KnowledgeGap.objects.for_tenant(tenant_id).filter(pk=gap_id).delete()
    return True


def _names(question: str) -> frozenset[str]:
    language = language_of(question).partition("-")[0]
    return frozenset(term for name in names_in(question, language=language) for term in tokens.terms(name, language))


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return float(sum(map(mul, one, other)))
