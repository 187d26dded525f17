"""What a golden question came to, compared with what was expected of it and written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from chat.domain import Passage
from chat.excerpts import opening
from chat.quality import matching
from chat.quality.asking import Asked
from chat.quality.matching import Expected, Found
from chat.quality.models import GoldenQuestion, QualityResult, QualityRun
from chat.refusal import language_of
from ingestion.index import tokens
from ingestion.models import Document
from ingestion.sentences import made_of


@transaction.atomic
def result_write(*, run: QualityRun, ordinal: int, question: GoldenQuestion, asked: Asked) -> None:
    """A question that was deleted while it was asked has a result as one that is deleted afterwards."""
    kept = GoldenQuestion.objects.for_tenant(run.tenant_id).select_for_update().filter(pk=question.pk).first()
    expected = [Expected(each.series, each.document_name, each.page, each.text) for each in question.sources.all()]
    series = _series_of(run, asked.found)
    found = [_found(passage, series) for passage in asked.found]
    QualityResult.objects.create(
        tenant=run.tenant,
        run=run,
        question=kept,
        ordinal=ordinal,
        text=question.text,
        answerable=question.answerable,
        expected=_expected_rows(expected, found),
        passages=_passage_rows(expected, found, asked),
        refused=asked.refused,
        answer=asked.answer,
        answer_match=_answer_match(question, asked),
        sentences=asked.sentences,
        unsupported=asked.unsupported,
        model=asked.model[:200],
        sources_ms=asked.sources_ms,
        first_word_ms=asked.first_word_ms,
        elapsed_ms=asked.elapsed_ms,
        prompt_tokens=asked.usage.prompt_tokens,
        completion_tokens=asked.usage.completion_tokens,
        error_message=str(asked.error),
        error_made_of=made_of(asked.error),
    )


def _expected_rows(expected: Sequence[Expected], found: Sequence[Found]) -> list[dict[str, Any]]:
    ranks = matching.ranks_of(expected, found)
    return [
        {"document": each.document, "page": each.page, "text": opening(each.text), "rank": rank}
        for each, rank in zip(expected, ranks, strict=True)
    ]


def _passage_rows(expected: Sequence[Expected], found: Sequence[Found], asked: Asked) -> list[dict[str, Any]]:
    sent = {passage.chunk_id for passage in asked.sent}
    return [
        {
            "document": passage.document_name,
            "page": passage.page,
            "heading": passage.heading,
            "excerpt": opening(passage.text),
            "wanted": any(matching.fulfils(each, one) for one in expected),
            "sent": passage.chunk_id in sent,
        }
        for passage, each in zip(asked.found, found, strict=True)
    ]


def _answer_match(question: GoldenQuestion, asked: Asked) -> float | None:
    """Of an answer; a refusal of a question that has one holds nothing of it, and an empty answer does not either."""
    if not question.answerable or asked.elapsed_ms is None or asked.error:
        return None
    language = language_of(question.text).partition("-")[0]
    return matching.answer_match(
        "" if asked.refused else asked.answer,
        phrases=question.key_phrases,
        text=question.expected_answer,
        terms=lambda text: tokens.terms(text, language),
    )


def _series_of(run: QualityRun, passages: Sequence[Passage]) -> Mapping[UUID, UUID]:
    """Document -> what its versions, and its copies, have in common."""
    rows = Document.objects.for_tenant(run.shadow_id or run.tenant_id)
    found = rows.filter(pk__in={passage.document_id for passage in passages})
    return dict(found.values_list("pk", "series"))


def _found(passage: Passage, series: Mapping[UUID, UUID]) -> Found:
    return Found(
        series=series.get(passage.document_id, passage.document_id),
        page=passage.page,
        last_page=passage.last_page,
        text=passage.text,
    )
