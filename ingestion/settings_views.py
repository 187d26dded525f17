"""The page “Reading and search”: languages of text in pictures, and the embedding model that documents are found by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from ingestion import embedder_change, portal, services, settings_languages, settings_selectors, settings_services
from ingestion.forms import OcrLanguagesForm, SearchModelForm
from ingestion.models import EmbedderChange
from ingestion.sentences import told
from ingestion.settings_selectors import SearchModels
from project.errors import AppError
from tenants.access import Access, tenant_view
from tenants.models import Role

SEEN = "embedder_change_seen"
"""The session's key for the changes without an outcome that this person has been told of, by organisation."""


@require_GET
@tenant_view(Role.ADMIN)
def settings_page(request: HttpRequest, access: Access) -> HttpResponse:
    """The embedder in use is asked in a request of its own, because it may not answer; without a script, when a person
    asks for it."""
    if portal.asked_for(request, "search-model-profile"):
        return portal.fragment(request, "ingestion/settings_profile.html", _profile(access))
    context = _languages(access) | _search(request, access)
    if "profile" in request.GET and not context["models"].current.gone:
        context |= _profile(access)
    return render(request, "ingestion/settings.html", context)


@require_GET
@tenant_view(Role.ADMIN)
def progress(request: HttpRequest, access: Access) -> HttpResponse:
    """While it is being prepared only its progress is replaced, so that the keyboard stays where it is."""
    if not request.headers.get("HX-Request"):
        return _back(access)
    context = _search(request, access)
    if context["models"].building:
        return portal.fragment(request, "ingestion/settings_progress.html", context)
    response = portal.fragment(request, "ingestion/settings_search.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = "#search-model", "outerHTML"
    return response


@require_POST
@tenant_view(Role.ADMIN)
def languages_update(request: HttpRequest, access: Access) -> HttpResponse:
    form = OcrLanguagesForm(request.POST)
    form.is_valid()
    languages = form.cleaned_data["languages"]
    if _done(request, lambda: settings_services.ocr_languages_update(access=access, languages=languages)):
        messages.success(request, _("The languages are saved."))
    return _back(access)


@require_POST
@tenant_view(Role.ADMIN)
def model_choose(request: HttpRequest, access: Access) -> HttpResponse:
    form = SearchModelForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("There is no such search model. Reload the page and choose again."))
    else:
        _done(request, lambda: services.embedder_choose(access=access, name=form.cleaned_data["name"]))
    return _back(access)


@require_POST
@tenant_view(Role.ADMIN)
def model_cancel(request: HttpRequest, access: Access) -> HttpResponse:
    _done(request, lambda: settings_services.embedder_choice_cancel(access=access))
    return _back(access)


def _done(request: HttpRequest, act: Callable[[], object]) -> bool:
    """Whether it was; where it could not be, the page says why."""
    try:
        act()
    except AppError as error:
        messages.error(request, told(error.message))
        return False
    return True


def _back(access: Access) -> HttpResponse:
    return redirect("ingestion:settings", access.tenant.slug)


def _languages(access: Access) -> dict[str, Any]:
    available = settings_languages.installed()
    languages = settings_languages.ocr_languages(access.tenant.pk, available)
    return {"has_tesseract": available is not None, "languages": languages}


def _search(request: HttpRequest, access: Access) -> dict[str, Any]:
    models = settings_selectors.search_models(tenant=access.tenant)
    context: dict[str, Any] = {"access": access, "tenant": access.tenant, "models": models}
    if models.building:
        done, total = embedder_change.progress(models.building)
        return context | {"done": done, "total": total, "target": settings_selectors.label_of(models.building.target)}
    if models.switched:
        context["source"] = settings_selectors.label_of(models.switched.source)
    return context | _without_outcome(request, access, models)


def _without_outcome(request: HttpRequest, access: Access, models: SearchModels) -> dict[str, Any]:
    """The latest change, where it was cancelled or has failed and this person has not been told yet."""
    change, seen = models.latest, request.session.get(SEEN, {})
    key = str(access.tenant.pk)
    if change is None or change.status not in {EmbedderChange.Status.CANCELLED, EmbedderChange.Status.FAILED}:
        return {}
    if seen.get(key) == str(change.pk):
        return {}
    request.session[SEEN] = {**seen, key: str(change.pk)}
    return {"ended": change, "target": settings_selectors.label_of(change.target)}


def _profile(access: Access) -> dict[str, Any]:
    models = settings_selectors.search_models(tenant=access.tenant)
    try:
        return {"models": models, "profile": settings_selectors.profile(models.current.name)}
    except AppError as error:
        return {"models": models, "profile_error": told(error.message)}
