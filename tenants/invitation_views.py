"""Where an invitation's link leads: an account is made, or one that exists becomes a member."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from project.errors import AppError
from tenants import services
from tenants.forms import AccountForm
from tenants.limits import spend_by_address
from tenants.models import Invitation, User

ATTEMPTS_PER_MINUTE = 10


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    if request.method == "POST":
        _spend_attempt(request)
    try:
        invited = services.invitation_find(token=token)
    except AppError as error:
        return render(request, "tenants/invitation.html", {"invitation": None, "error": error.message}, status=410)
    if request.method == "GET":
        return _page(request, invited, form=AccountForm())
    if isinstance(request.user, User):
        return _accept_as(request, invited, token=token, user=request.user)
    return _accept_with_new_account(request, invited, token=token)


def _accept_as(request: HttpRequest, invited: Invitation, *, token: str, user: User) -> HttpResponse:
    try:
        services.invitation_accept(token=token, user=user)
    except AppError as error:
        return _page(request, invited, form=AccountForm(), error=error.message, status=400)
    return redirect("chat:home", invited.tenant.slug)


def _accept_with_new_account(request: HttpRequest, invited: Invitation, *, token: str) -> HttpResponse:
    form = AccountForm(request.POST)
    if not form.is_valid():
        return _page(request, invited, form=form, status=400)
    try:
        user = services.invitation_accept(
            token=token, password=form.cleaned_data["password"], name=form.cleaned_data["name"]
        )
    except ValidationError as error:
        form.add_error("password", error.messages)  # type: ignore[arg-type]
        return _page(request, invited, form=form, status=400)
    except AppError as error:
        return _page(request, invited, form=form, error=error.message, status=400)
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect("chat:home", invited.tenant.slug)


def _page(
    request: HttpRequest, invited: Invitation, *, form: AccountForm, error: str = "", status: int = 200
) -> HttpResponse:
    user = request.user if isinstance(request.user, User) else None
    context = {
        "invitation": invited,
        "form": form,
        "error": error,
        "account_exists": user is None and User.objects.filter(email__iexact=invited.email).exists(),
        "other_account": user is not None and user.email.lower() != invited.email.lower(),
        "sign_in_url": f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.path})}",
    }
    return render(request, "tenants/invitation.html", context, status=status)


def _spend_attempt(request: HttpRequest) -> None:
    spend_by_address(
        request,
        "invitation answers",
        per_minute=ATTEMPTS_PER_MINUTE,
        message=_("Too many attempts from your address. Wait a minute and try again."),
    )
