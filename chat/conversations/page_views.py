"""The pages around conversations: the archive, the search, and what is taken along or brought along."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from chat.conversations import exporting, selectors
from chat.conversations.exporting import Exchange
from chat.conversations.forms import ImportForm
from chat.conversations.importing import conversation_import
from chat.conversations.searching import QUERY_CHARS
from chat.errors import ConversationUnreadable
from chat.models import Conversation
from chat.selectors import conversation_get, turn_get
from ingestion.errors import UploadRefused
from tenants.access import Access, tenant_view


@require_safe
@tenant_view()
def archived(request: HttpRequest, access: Access) -> HttpResponse:
    return _archived(request, access, ImportForm())


def _archived(request: HttpRequest, access: Access, form: ImportForm, *, code: int = 200) -> HttpResponse:
    rows = selectors.conversations_archived(access=access)
    page = Paginator(rows, selectors.ARCHIVED_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "import_form": form, "sidebar": selectors.sidebar(access=access)}
    return render(request, "chat/conversations/archived.html", context, status=code)


@require_POST
@tenant_view()
def import_json(request: HttpRequest, access: Access) -> HttpResponse:
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _archived(request, access, form, code=400)
    try:
        made = conversation_import(access=access, file=form.cleaned_data["file"])
    except (ConversationUnreadable, UploadRefused) as error:
        form.add_error("file", error.message)
        return _archived(request, access, form, code=400)
    messages.success(
        request, _("The conversation is imported. Its sources are kept as they were when it was exported.")
    )
    return redirect("chat:conversation", access.tenant.slug, made.pk)


@require_safe
@tenant_view()
def search(request: HttpRequest, access: Access) -> HttpResponse:
    query = request.GET.get("q", "")[:QUERY_CHARS].strip()
    context: dict[str, Any] = {"query": query, "sidebar": selectors.sidebar(access=access)}
    if query:
        context["results"] = selectors.messages_found(access=access, query=query, page=request.GET.get("page"))
    return render(request, "chat/conversations/search.html", context)


@require_safe
@tenant_view()
def export_markdown(_request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    conversation, made_of = _whole(access, conversation_id)
    text = exporting.as_markdown(conversation, made_of)
    return _file(text, "text/markdown; charset=utf-8", exporting.file_name(conversation, "md"))


@require_safe
@tenant_view()
def export_json(_request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    conversation, made_of = _whole(access, conversation_id, every_branch=True)
    text = exporting.as_json(conversation, made_of)
    return _file(text, "application/json", exporting.file_name(conversation, "json"))


@require_safe
@tenant_view()
def printed(request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    """What the browser prints, or writes as a PDF file."""
    conversation, made_of = _whole(access, conversation_id)
    context = {"conversation": conversation, "exchanges": made_of}
    return render(request, "chat/conversations/print.html", context)


def _whole(access: Access, conversation_id: UUID, *, every_branch: bool = False) -> tuple[Conversation, list[Exchange]]:
    conversation = conversation_get(access=access, conversation_id=conversation_id)
    return conversation, exporting.exchanges(access=access, conversation=conversation, every_branch=every_branch)


def _file(text: str, media_type: str, name: str) -> HttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return HttpResponse(text, content_type=media_type, headers={"Content-Disposition": disposition})


@require_safe
@tenant_view()
def answer_markdown(_request: HttpRequest, access: Access, turn_id: UUID) -> HttpResponse:
    """An answer with its sources, for the clipboard."""
    exchange = exporting.exchange_of(access=access, turn=turn_get(access=access, turn_id=turn_id))
    return HttpResponse(exporting.answer_as_markdown(exchange), content_type="text/markdown; charset=utf-8")
