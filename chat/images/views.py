"""Taking a picture in, and showing it to whoever has attached it."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from chat import tasks
from chat.errors import ImageRefused
from chat.images import intake, selectors, services, sight
from ingestion.connections import let_go
from tenants.access import Access, tenant_view

HEADERS = {
    "Cache-Control": "private, max-age=86400, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""It is a JPEG of our own making; should it ever be anything else, a browser does nothing with it."""


@require_POST
@tenant_view()
def upload(request: HttpRequest, access: Access) -> HttpResponse:
    """One picture, which a question may name by the id in the answer."""
    sight.require_eyes(access.tenant)
    intake.spend(access)
    file = request.FILES.get("image")
    if file is None:
        raise ImageRefused(_("No picture came with this upload. Choose one and try again."))
    let_go()  # decoding takes up to seconds
    image = intake.keep(access=access, picture=intake.prepared(file, name=file.name or ""))  # type: ignore[arg-type]
    tasks.enqueue_reading(image)
    view = selectors.image_view(access.tenant.slug, image)
    body = {"id": str(view.id), "url": view.url, "name": view.name, "width": view.width, "height": view.height}
    return JsonResponse(body, status=201)


@require_GET
@tenant_view()
def image(_request: HttpRequest, access: Access, image_id: UUID) -> FileResponse:
    found = selectors.image_get(access=access, image_id=image_id)
    return FileResponse(found.file.open("rb"), content_type="image/jpeg", headers=HEADERS)


@require_POST
@tenant_view()
def remove(_request: HttpRequest, access: Access, image_id: UUID) -> HttpResponse:
    selectors.image_get(access=access, image_id=image_id)
    services.image_remove(access=access, image_id=image_id)
    return HttpResponse(status=204)
