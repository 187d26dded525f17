"""Writes of the page “Reading and search”; the change of the embedder itself is in `ingestion.embedder_change`."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ingestion import embedder_change, selectors, settings_languages
from ingestion.errors import IngestionError
from ingestion.models import EmbedderChange, IngestionSettings
from tenants import audit
from tenants.access import Access
from tenants.models import Role


def ocr_languages_update(*, access: Access, languages: Sequence[str]) -> list[str]:
    """Save the languages of text in pictures, by Tesseract's codes, and return them: those that were chosen before
    first, because the first one decides where Tesseract is in doubt."""
    access.require(Role.ADMIN)
    before = selectors.ocr_languages(tenant_id=access.tenant.pk)
    known = (settings_languages.installed() or frozenset()) | set(before)
    if unknown := sorted(set(languages) - known):
        raise IngestionError(
            _("This server cannot recognise text in: %(codes)s. Reload the page and choose again.")
            % {"codes": ", ".join(unknown)},
            code="ocr.unknown",
        )
    if not languages:
        raise IngestionError(_("Choose at least one language."), code="ocr.none")
    chosen = [code for code in before if code in languages] + sorted(set(languages) - set(before))
    with transaction.atomic():
        IngestionSettings.objects.for_tenant(access.tenant).update_or_create(
            tenant=access.tenant, defaults={"ocr_languages": chosen}
        )
        audit.record(access, gettext_noop("languages of text in pictures changed"), ", ".join(chosen))
    return chosen


@transaction.atomic
def embedder_choice_cancel(*, access: Access) -> None:
    """Stop the change that is being prepared. Where there is none any more, nothing happens."""
    access.require(Role.ADMIN)
    building = EmbedderChange.objects.for_tenant(access.tenant).filter(status=EmbedderChange.Status.BUILDING).first()
    if building is not None:
        embedder_change.cancel(access=access, change=building)
