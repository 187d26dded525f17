"""The page that a link leads to. It has no socket, and no way into the organisation but its own words."""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.core.cache import cache
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chat.sharing import selectors, services, snapshots
from chat.sharing.models import Share
from tenants.limits import spend_by_address
from tenants.models import User

VIEWS_PER_MINUTE = 60
REMEMBERED_SECONDS = 5 * 60
HEADERS = {"X-Robots-Tag": "noindex, nofollow, noarchive", "Referrer-Policy": "no-referrer"}
"""For no search engine, and the address, which is the whole secret, is told to nobody."""


@never_cache
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponseBase:
    spend_by_address(
        request,
        "shared pages",
        per_minute=VIEWS_PER_MINUTE,
        message=_("Too many pages from your address. Wait a minute and try again."),
    )
    share = selectors.share_find(token=token)
    reader = request.user if isinstance(request.user, User) else None
    if not share.is_public and reader is None:
        return redirect_to_login(request.get_full_path())
    is_member = selectors.is_member(share=share, reader=reader)
    if not share.is_public and not is_member:
        raise selectors.gone()
    if request.method == "GET":
        services.share_count_view(share=share, reader=reader)
    turns = snapshots.shown(share.snapshot, _answers(share))
    context = {
        "share": share,
        "turns": turns,
        "all_answered_here": not any(turn.imported for turn in turns),
        "is_member": is_member,
    }
    response = render(request, "chat/sharing/shared.html", context)
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


def _answers(share: Share) -> list[str]:
    """Asked for a share that may be read, each time: what is remembered opens no link."""
    key = f"shared-answers:{share.pk}:{get_language()}"
    answers: list[str] | None = cache.get(key)
    if answers is None:
        answers = snapshots.answers(share.snapshot)
        cache.set(key, answers, REMEMBERED_SECONDS)
    return answers
