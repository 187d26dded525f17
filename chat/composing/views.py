"""The page of prompts, and what the lists below the question are filled with."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chat.composing import scopes, selectors, services
from chat.composing.followups import followups_of
from chat.composing.forms import PromptForm
from chat.composing.models import SavedPrompt
from chat.selectors import turn_get
from project.errors import AppError
from tenants.access import Access, tenant_view


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_view()
def prompts(request: HttpRequest, access: Access) -> HttpResponse:
    """All that one can use; what is posted is a new one."""
    form = PromptForm(request.POST or None, access=access)
    if request.method != "POST":
        return _page(request, access, form)
    if _saved(access, form):
        messages.success(request, _("The prompt is saved. Type “/%(name)s” in a question.") % form.cleaned_data)
        return redirect("chat:prompts", access.tenant.slug)
    return _page(request, access, form, status=400)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_view()
def prompt(request: HttpRequest, access: Access, prompt_id: UUID) -> HttpResponse:
    found = selectors.prompt_to_change(access=access, prompt_id=prompt_id)
    form = PromptForm(request.POST or None, instance=found, access=access)
    if request.method == "POST" and _saved(access, form):
        messages.success(request, _("The prompt is saved."))
        return redirect("chat:prompts", access.tenant.slug)
    context = {"form": form, "prompt": selectors.prompt_get(access=access, prompt_id=prompt_id)}
    return render(request, "chat/composing/prompt.html", context, status=400 if form.is_bound else 200)


@require_POST
@tenant_view()
def prompt_delete(request: HttpRequest, access: Access, prompt_id: UUID) -> HttpResponse:
    found = selectors.prompt_to_change(access=access, prompt_id=prompt_id)
    services.prompt_delete(access=access, prompt=found)
    messages.success(request, _("The prompt “%(name)s” is deleted.") % {"name": found.name})
    return redirect("chat:prompts", access.tenant.slug)


@require_safe
@tenant_view()
def prompts_found(request: HttpRequest, access: Access) -> JsonResponse:
    found = selectors.prompts_found(access=access, text=request.GET.get("q", ""))
    return JsonResponse(
        {"found": [{"name": each.name, "text": each.text, "is_shared": each.is_shared} for each in found]}
    )


@require_safe
@tenant_view()
def targets_found(request: HttpRequest, access: Access) -> JsonResponse:
    found = scopes.targets_found(access=access, text=request.GET.get("q", ""))
    return JsonResponse({"found": [asdict(each) for each in found]})


@require_safe
@tenant_view()
def followups(request: HttpRequest, access: Access, turn_id: UUID) -> HttpResponse:
    """What could be asked after one's own question, for a page on which it was just answered."""
    found = followups_of(access=access, turn=turn_get(access=access, turn_id=turn_id))
    return render(request, "chat/composing/_followups.html", {"followups": found})


def _saved(access: Access, form: PromptForm) -> bool:
    """Whether it could be; otherwise the form says why not."""
    if not form.is_valid():
        return False
    prompt: SavedPrompt = form.save(commit=False)
    shared = form.cleaned_data.get("shared", False)
    try:
        services.prompt_save(access=access, prompt=prompt, shared=shared)
    except AppError as error:
        form.add_error(None, error.message)
        return False
    return True


def _page(request: HttpRequest, access: Access, form: PromptForm, *, status: int = 200) -> HttpResponse:
    context = {"prompts": selectors.prompts_list(access=access), "form": form}
    return render(request, "chat/composing/prompts.html", context, status=status)
