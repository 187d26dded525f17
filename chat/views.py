"""The chat's pages. Everything but the live stream works without a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import shuffle
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.views import redirect_to_login
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from chat import selectors, services, settings_services, source_pages, turns
from chat.aio import in_thread
from chat.branches import tree_of
from chat.comparisons.services import Asked, comparison_start
from chat.comparisons.showing import views_of
from chat.composing.followups import followups_of
from chat.composing.selectors import prompts_list
from chat.conversations.selectors import sidebar
from chat.domain import ProviderKind
from chat.errors import QuestionRefused
from chat.forms import AskForm
from chat.images import form_images, sight
from chat.models import Conversation, Turn
from chat.settings_services import Choice
from chat.windows import Window, window_of
from ingestion.models import Document
from ingestion.selectors import collections_list, documents_list
from project.errors import AppError
from project.middleware import error_response
from tenants.access import Access, access_for, tenant_view
from tenants.errors import NotFound

SUGGESTIONS = 3
LONGEST_PAGE_NUMBER = 9


@require_GET
@tenant_view()
def home(request: HttpRequest, access: Access) -> HttpResponse:
    """A new conversation, begun with a saved prompt where the address names one."""
    asked_for = _uuid(request.GET.get("prompt", ""))
    prompt = prompts_list(access=access).filter(pk=asked_for).first() if asked_for else None
    page = _page(access, None, Window(()))
    return render(request, "chat/home.html", {**page, "begun": prompt.text if prompt else ""})


@require_GET
@tenant_view()
def conversation(request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    found = selectors.conversation_get(access=access, conversation_id=conversation_id)
    window = window_of(access=access, conversation=found, at=_uuid(request.GET.get("at", "")))
    return render(request, "chat/conversation.html", _page(access, found, window))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFound(_("There is no such answer. It may have been deleted.")) from None


def _page(access: Access, current: Conversation | None, window: Window) -> dict[str, Any]:
    slug = access.tenant.slug
    return {
        "conversation": current,
        "turns": views_of(access=access, window=window),
        "window": window,
        "sidebar": sidebar(access=access, current_id=current.pk if current else None),
        "collections": list(collections_list(tenant=access.tenant)),
        "suggestions": _suggestions(access) if current is None else [],
        "followups": followups_of(access=access, turn=window.turns[-1]) if window.turns and window.is_latest else [],
        **_models(access),
        "socket_url": f"/ws/t/{slug}/",
    }


def _models(access: Access) -> dict[str, Any]:
    """What a reader may choose between, which model answers as it is set up, and whether one of them sees. An Ollama is
    asked for the last only where the page has a composer."""
    answers = settings_services.answer_settings(access.tenant)
    try:
        choices = settings_services.provider_configs(access.tenant, answers)
    except AppError as error:
        return {"models": [], "model_line": error.message, "eyes": sight.eyes(answers, ())}
    eyes = SimpleLazyObject(lambda: sight.eyes(answers, choices))
    return {"models": settings_services.choosable(choices), "model_line": _model_line(choices), "eyes": eyes}


def _suggestions(access: Access) -> list[str]:
    """A first question for each of the newest documents that answers are looked for in."""
    searched = documents_list(tenant=access.tenant).filter(status=Document.Status.READY, collection__searched=True)
    titles = [document.title or document.name for document in searched[:SUGGESTIONS]]
    return [_("What is “%(title)s” about?") % {"title": title} for title in titles]


def _model_line(choices: Sequence[Choice]) -> str:
    """Which model answers here, and with the starter model, how to get a better one."""
    if not choices:
        return _("No model is switched on, so that answers are quotes only. Choose one in the settings.")
    if choices[0].config.kind is ProviderKind.STARTER:
        return _(
            "Answers are quoted from the documents; the bundled starter model only adds a draft. "
            "For written answers start Ollama and run `ollama pull phi3.5`: it is used as soon as it answers."
        )
    return _("Answers are written by %(label)s.") % {"label": choices[0].label}


@require_GET
@tenant_view()
def turn(request: HttpRequest, access: Access, turn_id: UUID) -> HttpResponse:
    """One turn as a fragment: for a page that has missed the live stream."""
    found = selectors.turn_get(access=access, turn_id=turn_id)
    beside = {turn_id: tree_of(found.conversation).beside(turn_id)}
    (view,) = selectors.turn_views(access=access, turns=[found], beside=beside)
    return render(request, "chat/_turn.html", {"turn": view, **_models(access)})


@require_POST
async def ask(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A question from a plain form."""
    return await answered(request, slug, AskForm(request.POST), _asked)


def _asked(access: Access, said: dict[str, Any]) -> list[Turn]:
    place: dict[str, Any] = {
        "text": said["text"],
        "conversation_id": said["conversation_id"],
        "collection_ids": said["collection_ids"] or None,
        "document_ids": said["document_ids"] or None,
        "parent": said["parent_id"] or "end",
        "image_ids": said["image_ids"],
    }
    if providers := said["compare"]:
        if said["blind"]:  # who knows the order of the menu would know the models
            shuffle(providers)
        asked = [Asked(uuid4(), each) for each in providers]
        return [turn for turn, _new in comparison_start(access=access, asked=asked, blind=said["blind"], **place)]
    turn, _new = services.turn_start(access=access, turn_id=uuid4(), **place)
    return [turn]


async def answered(
    request: HttpRequest, slug: str, form: Form, start: Callable[[Access, dict[str, Any]], Sequence[Turn]]
) -> HttpResponseBase:
    """`start` the turns that the form asks for. They are answered in this process just as those from the socket are."""
    user = await request.auser()
    if not user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    try:
        access = await in_thread(access_for, user, slug)
    except NotFound as error:
        raise Http404(error.message) from error
    if not form.is_valid():
        refused = QuestionRefused(_("Type a question of at most 8,000 characters."))
        return await in_thread(error_response, request, refused)
    try:
        image_ids = await form_images.taken(request, access)
        started = await in_thread(start, access, form.cleaned_data | {"image_ids": image_ids})
    except AppError as error:
        return await in_thread(error_response, request, error)
    for each in started:
        await turns.start(each)
    return redirect("chat:conversation", slug, started[0].conversation_id)


@require_GET
@tenant_view()
def source(request: HttpRequest, access: Access, turn_id: UUID, number: int) -> HttpResponse:
    """The cited page, with the passage marked."""
    found = selectors.source_get(access=access, turn_id=turn_id, number=number)
    view = source_pages.view_of(access, found, page=_page_number(request.GET.get("page", "")))
    return render(request, "chat/source.html", {"source": found, **view})


@require_GET
@tenant_view()
def source_image(request: HttpRequest, access: Access, turn_id: UUID, number: int) -> HttpResponse:
    found = selectors.source_get(access=access, turn_id=turn_id, number=number)
    png = source_pages.page_image(found, page=_page_number(request.GET.get("page", "")))
    return HttpResponse(png, content_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


def _page_number(text: str) -> int | None:
    """Digits of any script, but no more of them than a page can have: `int` refuses very many."""
    if not text:
        return None
    if not text.isdecimal() or len(text) > LONGEST_PAGE_NUMBER:
        raise NotFound(_("There is no image of this page."))
    return int(text)
