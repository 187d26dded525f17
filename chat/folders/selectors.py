"""Reads. Tenant and person come first."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from chat.folders.models import Folder
from tenants.access import Access
from tenants.errors import NotFound


def folders_list(*, access: Access) -> QuerySet[Folder]:
    """This person's own, by name."""
    return Folder.objects.for_tenant(access.tenant).filter(user=access.user)


def folder_get(*, access: Access, folder_id: UUID) -> Folder:
    folder = folders_list(access=access).filter(pk=folder_id).first()
    if folder is None:
        raise NotFound(_("There is no such folder. It may have been deleted."))
    return folder
