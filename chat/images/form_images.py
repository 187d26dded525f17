"""Pictures that come with the plain form of a question, for browsers without a script."""

from __future__ import annotations

import asyncio
from uuid import UUID

from django.http import HttpRequest

from chat import tasks
from chat.aio import in_language, in_thread
from chat.images import intake, sight
from chat.images.intake import Prepared
from tenants.access import Access


async def taken(request: HttpRequest, access: Access) -> list[UUID]:
    """The ids to ask with, of the files in the form. Raise `ImageRefused` for the first that cannot be taken."""
    files = request.FILES.getlist("images")
    if not files:
        return []
    await in_thread(sight.require_eyes, access.tenant, len(files))
    ids = []
    for file in files:
        await in_thread(intake.spend, access)
        # Not in one of the few threads for the database, which others wait for.
        picture = await asyncio.to_thread(in_language(intake.prepared), file, name=file.name or "")  # type: ignore[arg-type]
        ids.append(await in_thread(_kept, access, picture))
    return ids


def _kept(access: Access, picture: Prepared) -> UUID:
    image = intake.keep(access=access, picture=picture)
    tasks.enqueue_reading(image)
    return image.pk
