"""The front door."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
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
