"""Making links, and taking them back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chat.conversations.selectors import sidebar
from chat.conversations.views import page_before
from chat.errors import ShareRefused
from chat.models import Conversation
from chat.selectors import conversation_get
from chat.sharing import selectors, services
from chat.sharing.forms import ShareForm, SharingRulesForm
from chat.sharing.models import Share
from tenants.access import Access, tenant_view
from tenants.models import Role


@dataclass(frozen=True, slots=True)
class Row:
    share: Share
    link: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@tenant_view()
def share(request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    conversation = conversation_get(access=access, conversation_id=conversation_id)
    form = ShareForm(request.POST or None, rules=selectors.sharing_rules(access.tenant))
    if not form.is_valid():
        return _share_page(request, access, conversation, form)
    try:
        services.share_create(
            access=access,
            conversation_id=conversation.pk,
            audience=Share.Audience(form.cleaned_data["audience"]),
            days=form.chosen_days(),
        )
    except ShareRefused as error:
        form.add_error(None, error.message)
        return _share_page(request, access, conversation, form)
    messages.success(request, _("The link is made. Copy it and send it to whoever shall read this."))
    return redirect("chat:conversation_share", access.tenant.slug, conversation.pk)


def _share_page(request: HttpRequest, access: Access, conversation: Conversation, form: ShareForm) -> HttpResponse:
    shares = selectors.shares_own(access=access).filter(conversation=conversation)
    context = {
        "conversation": conversation,
        "form": form,
        "rows": _rows(shares),
        "sidebar": sidebar(access=access, current_id=conversation.pk),
    }
    return render(request, "chat/sharing/share.html", context, status=400 if form.errors else 200)


@never_cache
@require_safe
@tenant_view()
def own(request: HttpRequest, access: Access) -> HttpResponse:
    page = _page(request, selectors.shares_own(access=access))
    context = {"page": page, "rows": _rows(page), "sidebar": sidebar(access=access)}
    return render(request, "chat/sharing/own.html", context)


@require_POST
@tenant_view()
def withdraw(request: HttpRequest, access: Access, share_id: UUID) -> HttpResponse:
    services.share_withdraw(access=access, share_id=share_id)
    messages.success(request, _("The link is withdrawn. It leads nowhere any more."))
    return redirect(page_before(request, access.tenant.slug))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@tenant_view(Role.ADMIN)
def rules(request: HttpRequest, access: Access) -> HttpResponse:
    """What links may be, and everybody's that there are."""
    posted = request.POST if request.method == "POST" else None
    form = SharingRulesForm(posted, instance=selectors.sharing_rules(access.tenant))
    if form.is_valid():
        ended = services.sharing_rules_change(access=access, **form.cleaned_data)
        messages.success(request, _rules_saved(ended))
        return redirect("chat:settings_sharing", access.tenant.slug)
    page = _page(request, selectors.shares_list(tenant=access.tenant))
    return render(request, "chat/sharing/rules.html", {"form": form, "page": page, "rows": _rows(page)})


def _rules_saved(ended: int) -> str:
    if not ended:
        return _("The settings are saved.")
    return ngettext(
        "The settings are saved. %(count)d link for anyone has ended.",
        "The settings are saved. %(count)d links for anyone have ended.",
        ended,
    ) % {"count": ended}


def _page(request: HttpRequest, shares: QuerySet[Share]) -> Page[Share]:
    return Paginator(shares, selectors.PAGE).get_page(request.GET.get("page"))


def _rows(shares: Iterable[Share]) -> list[Row]:
    return [Row(each, selectors.link_of(each)) for each in shares]
