"""“Ask the owner” below a refused answer, and the page on which admins deal with what was asked."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from chat.errors import TurnConflict
from chat.gaps import selectors, services
from chat.gaps.forms import Choices, GapAnswerForm, GapMarkForm, OwnerAskForm
from chat.gaps.models import KnowledgeGap
from chat.selectors import turn_get
from chat.windows import turn_url
from ingestion.models import Collection
from ingestion.selectors import collection_chosen, collections_list
from ingestion.sentences import told
from ingestion.services import collection_default
from project.errors import AppError
from tenants.access import Access, tenant_view
from tenants.models import Role

PAGE_SIZE = 20

Status = KnowledgeGap.Status


@require_POST
@tenant_view()
def ask_owner(request: HttpRequest, access: Access) -> HttpResponse:
    """Of one's own turn only. The page's script gets the line that takes the button's place."""
    form = OwnerAskForm(request.POST)
    if not form.is_valid():
        raise TurnConflict(_("Type a note of at most 1,000 characters."))
    turn_id = form.cleaned_data["turn_id"]
    sent = services.owner_ask(access=access, turn_id=turn_id, note=form.cleaned_data["note"])
    if request.headers.get("HX-Request"):
        context = {"sent": selectors.sent_of(access=access, request=sent), "tenant": access.tenant}
        return render(request, "chat/_sent.html", context)
    turn = turn_get(access=access, turn_id=turn_id)
    return redirect(turn_url(access.tenant.slug, turn))


@require_safe
@tenant_view(Role.ADMIN)
def gaps(request: HttpRequest, access: Access) -> HttpResponse:
    asked = request.GET.get("status", "")
    status = asked if asked in Status.values else Status.OPEN.value
    return _page(request, access, status)


@require_POST
@tenant_view(Role.ADMIN)
def answer(request: HttpRequest, access: Access, gap_id: UUID) -> HttpResponse:
    gap = selectors.gap_get(tenant=access.tenant, gap_id=gap_id)
    form = GapAnswerForm(request.POST, gap=gap, collections=_choices(access))

    def write() -> None:
        collection = _chosen(access, form) or collection_default(access=access)
        services.gap_answer(access=access, gap=gap, text=form.cleaned_data["text"], collection=collection)

    return _typed(
        request, access, form, write, _("The answer is written. As soon as it is read, it is found and cited.")
    )


@require_POST
@tenant_view(Role.ADMIN)
def mark(request: HttpRequest, access: Access, gap_id: UUID) -> HttpResponse:
    gap = selectors.gap_get(tenant=access.tenant, gap_id=gap_id)
    form = GapMarkForm(request.POST, gap=gap, collections=_choices(access))

    def write() -> None:
        text, collection = form.cleaned_data["text"], _chosen(access, form)
        services.gap_mark_answered(access=access, gap=gap, text=text, collection=collection)

    return _typed(request, access, form, write, _("Marked as answered. Those who asked see it below their question."))


@require_POST
@tenant_view(Role.ADMIN)
def dismiss(request: HttpRequest, access: Access, gap_id: UUID) -> HttpResponse:
    gap = selectors.gap_get(tenant=access.tenant, gap_id=gap_id)
    return _acted(
        request, access, lambda: services.gap_dismiss(access=access, gap=gap), _("The question is dismissed.")
    )


@require_POST
@tenant_view(Role.ADMIN)
def reopen(request: HttpRequest, access: Access, gap_id: UUID) -> HttpResponse:
    gap = selectors.gap_get(tenant=access.tenant, gap_id=gap_id)
    return _acted(
        request, access, lambda: services.gap_reopen(access=access, gap=gap), _("The question is open again.")
    )


def _typed(
    request: HttpRequest, access: Access, form: GapAnswerForm | GapMarkForm, write: Callable[[], None], done: str
) -> HttpResponse:
    """Where it could not be done, the page says why, and has what was typed."""
    if form.is_valid():
        try:
            write()
        except AppError as error:
            form.add_error(None, told(error.message))
        else:
            messages.success(request, done)
            return redirect("chat:dashboard_gaps", access.tenant.slug)
    status = selectors.gap_get(tenant=access.tenant, gap_id=form.gap.pk).status
    return _page(request, access, status, faulty=form)


def _acted(request: HttpRequest, access: Access, act: Callable[[], object], done: str) -> HttpResponse:
    """Where it could not be done, the page says why."""
    try:
        act()
    except AppError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)
    return redirect("chat:dashboard_gaps", access.tenant.slug)


def _choices(access: Access) -> Choices:
    """Only what answers are looked for in: elsewhere nobody would find it."""
    searched = collections_list(tenant=access.tenant).filter(searched=True)
    return [(str(pk), name) for pk, name in searched.values_list("pk", "name")]


def _chosen(access: Access, form: GapAnswerForm | GapMarkForm) -> Collection | None:
    chosen = form.cleaned_data["collection"]
    return collection_chosen(tenant=access.tenant, collection_id=UUID(chosen) if chosen else None)


def _page(
    request: HttpRequest, access: Access, status: str, *, faulty: GapAnswerForm | GapMarkForm | None = None
) -> HttpResponse:
    """`faulty` is a form that could not be taken, with what is wrong with it; the page has only its gap then."""
    gaps = selectors.gaps_list(tenant=access.tenant, status=status)
    if faulty:
        gaps = gaps.filter(pk=faulty.gap.pk)
    page = Paginator(gaps, PAGE_SIZE).get_page(request.GET.get("page"))
    counts = selectors.gap_counts(tenant=access.tenant)
    collections = _choices(access)
    rows = [
        {
            "row": row,
            "answer_form": GapAnswerForm(gap=row.gap, collections=collections),
            "mark_form": GapMarkForm(gap=row.gap, collections=collections),
            **({_name_of(faulty): faulty} if faulty else {}),
        }
        for row in selectors.gap_rows(tenant=access.tenant, gaps=list(page.object_list))
    ]
    context = {
        "page": page,
        "rows": rows,
        "status": status,
        "statuses": [(each.value, each.label, counts[each.value]) for each in Status],
    }
    return render(request, "chat/dashboard/gaps.html", context, status=400 if faulty else 200)


def _name_of(form: GapAnswerForm | GapMarkForm) -> str:
    return "answer_form" if isinstance(form, GapAnswerForm) else "mark_form"
