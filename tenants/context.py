"""What every template knows: whose page this is, and which other organisations the reader belongs to."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from tenants.selectors import tenants_of


def tenant(request: HttpRequest) -> dict[str, Any]:
    access = getattr(request, "access", None)
    if access is None:
        return {"access": None}
    return {"access": access, "tenant": access.tenant, "my_tenants": lambda: tenants_of(user=request.user)}
