"""Runs: starting, stopping and choosing among them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from chat.quality import configuration, golden
from chat.quality.configuration import Configuration
from chat.quality.errors import QualityRefused
from chat.quality.figures import Result
from chat.quality.models import NAME_CHARS, QualityResult, QualityRun
from ingestion.models import Collection
from tenants import audit
from tenants.access import Access
from tenants.errors import NotFound
from tenants.models import Role, Tenant

WAITING_MAX = 10
"""Runs of one organisation that wait for their turn."""
RUNS_SHOWN = 50
HISTORY = 30
"""Runs that the chart shows."""

Status = QualityRun.Status
Pair = tuple[QualityResult, QualityResult]


@transaction.atomic
def run_start(
    *,
    access: Access,
    collections: Sequence[Collection],
    wanted: Configuration,
    with_answers: bool,
    name: str = "",
) -> QualityRun:
    """Write a run down that waits for its turn; the caller has a worker, or itself, go on with it."""
    access.require(Role.ADMIN)
    ids = sorted(str(each.pk) for each in collections)
    questions = golden.golden_list(tenant=access.tenant, collection_ids=[each.pk for each in collections])
    if not (total := questions.count()):
        raise QualityRefused(_("There are no golden questions in these collections yet. Write some first."))
    if runs_list(tenant=access.tenant).filter(status=Status.WAITING).count() >= WAITING_MAX:
        raise QualityRefused(_("Many runs are waiting already. Cancel some, or wait until they are done."))
    run = QualityRun.objects.create(
        tenant=access.tenant,
        name=" ".join(name.split())[:NAME_CHARS] or _default_name(wanted),
        collection_ids=ids,
        collection_names=sorted(each.name for each in collections),
        configuration=wanted.changes,
        setup=configuration.setup_of(access.tenant, wanted),
        with_answers=with_answers,
        total=total,
        started_by=access.actor_name,
        language=get_language() or "",
    )
    audit.record(access, gettext_noop("quality run started"), run.name, questions=total, with_answers=with_answers)
    return run


def _default_name(wanted: Configuration) -> str:
    return _("With other settings") if wanted.changes else _("As set up")


@transaction.atomic
def run_cancel(*, access: Access, run: QualityRun) -> None:
    """It ends after the question that is being asked; what was measured until then is kept."""
    access.require(Role.ADMIN)
    open_ = QualityRun.objects.for_tenant(access.tenant).filter(pk=run.pk, status__in=[Status.WAITING, Status.RUNNING])
    if open_.update(status=Status.CANCELLED, finished_at=timezone.now()):
        audit.record(access, gettext_noop("quality run cancelled"), run.name)


@transaction.atomic
def run_delete(*, access: Access, run: QualityRun) -> None:
    access.require(Role.ADMIN)
    if run.is_open:
        raise QualityRefused(_("This run is not over yet. Cancel it first."))
    if run.shadow_id:
        raise QualityRefused(_("This run is being cleared up. Try again in a minute."))
    run.delete()
    audit.record(access, gettext_noop("quality run deleted"), run.name)


@transaction.atomic
def baseline_set(*, access: Access, run: QualityRun) -> None:
    """Compare later runs over the same collections with this one, instead of the one before."""
    access.require(Role.ADMIN)
    if run.status != Status.COMPLETED:
        raise QualityRefused(_("Only a completed run can be the baseline."))
    alike(run).update(is_baseline=False)
    QualityRun.objects.for_tenant(access.tenant).filter(pk=run.pk).update(is_baseline=True)
    audit.record(access, gettext_noop("quality baseline set"), run.name)


@transaction.atomic
def baseline_clear(*, access: Access, run: QualityRun) -> None:
    access.require(Role.ADMIN)
    QualityRun.objects.for_tenant(access.tenant).filter(pk=run.pk).update(is_baseline=False)
    audit.record(access, gettext_noop("quality baseline cleared"), run.name)


def runs_list(*, tenant: Tenant) -> QuerySet[QualityRun]:
    return QualityRun.objects.for_tenant(tenant)


def run_get(*, tenant: Tenant, run_id: UUID) -> QualityRun:
    run = runs_list(tenant=tenant).filter(pk=run_id).first()
    if run is None:
        raise NotFound(_("There is no such run. It may have been deleted."))
    return run


def alike(run: QualityRun) -> QuerySet[QualityRun]:
    """The runs over the same collections, this one among them."""
    return runs_list(tenant=run.tenant).filter(collection_ids=run.collection_ids)


def baseline_of(run: QualityRun) -> QualityRun | None:
    """What it is compared with: the baseline, where there is one and it is another run."""
    return alike(run).filter(is_baseline=True).exclude(pk=run.pk).first()


def history_of(run: QualityRun) -> list[QualityRun]:
    """The completed runs over the same collections, oldest first."""
    return list(alike(run).filter(status=Status.COMPLETED)[:HISTORY])[::-1]


def results_of(run: QualityRun) -> QuerySet[QualityResult]:
    return QualityResult.objects.for_tenant(run.tenant_id).filter(run=run)


def pairs_of(before: QualityRun, after: QualityRun, *, whole: bool = True) -> list[Pair]:
    """The questions that both runs have asked, as they were the same, in the order of the later run. Answers and
    passages are large: without `whole` they are left where they are."""
    one, other = (results_of(run) if whole else results_of(run).defer("answer", "passages") for run in (before, after))
    earlier = {_as_asked(row): row for row in one.exclude(question=None)}
    return [(earlier[asked], row) for row in other if (asked := _as_asked(row)) in earlier]


def _as_asked(row: QualityResult) -> Hashable:
    """The question and where its answer was expected: what was changed between two runs tells nothing of either."""
    places = frozenset((each["document"], each["page"], each["text"]) for each in row.expected)
    return row.question_id, row.text, row.answerable, places


def same_results(before: QualityRun, after: QualityRun) -> tuple[list[Result], list[Result]]:
    """The same as figures take them."""
    return as_results(pairs_of(before, after, whole=False))


def as_results(pairs: Sequence[Pair]) -> tuple[list[Result], list[Result]]:
    return [as_result(before) for before, _after in pairs], [as_result(after) for _before, after in pairs]


def as_result(row: QualityResult) -> Result:
    """The row as figures take it."""
    return Result(
        answerable=row.answerable,
        ranks=tuple(each["rank"] for each in row.expected),
        refused=row.refused,
        answer_match=row.answer_match,
        sentences=row.sentences,
        unsupported=row.unsupported,
        sources_ms=row.sources_ms,
        first_word_ms=row.first_word_ms,
        elapsed_ms=row.elapsed_ms,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        failed=bool(row.error_message),
    )
