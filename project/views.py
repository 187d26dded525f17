"""The front door, and what a browser is told of it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tenants.access import LAST_TENANT
from tenants.selectors import tenants_of


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the organisation that was visited last, else to the first one."""
    tenants = {tenant.slug: tenant for tenant in tenants_of(user=request.user)}
    if not tenants:
        return render(request, "tenants/no_tenant.html")
    last = request.session.get(LAST_TENANT)
    return redirect("chat:home", last if last in tenants else next(iter(tenants)))


ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("icon-maskable-512.png", "512x512", "maskable"),
)
PAPER = "#faf9f6"


@require_safe
def manifest(_request: HttpRequest) -> HttpResponse:
    """What a browser needs to install the chat as an application (W3C, Web Application Manifest)."""
    icons = [
        {"src": static(f"img/{name}"), "sizes": sizes, "type": "image/png", "purpose": purpose}
        for name, sizes, purpose in ICONS
    ]
    about = {
        "id": "/",
        "name": "Razgovor",
        "short_name": "Razgovor",
        "description": _("Ask questions of your own documents."),
        "lang": get_language(),
        "dir": "rtl" if get_language_bidi() else "ltr",
        "start_url": reverse("home"),
        "scope": reverse("home"),
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": icons,
    }
    return JsonResponse(about, content_type="application/manifest+json")
