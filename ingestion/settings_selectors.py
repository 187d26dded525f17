"""What the page “Reading and search” shows of the embedding models, which it calls search models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from ingestion import embedder_change, parts
from ingestion.connections import let_go
from ingestion.models import EmbedderChange
from ingestion.tenant_parts import embedder_name
from tenants.models import Tenant

FINGERPRINT_SHOWN = 8
"""Characters: enough to tell two models from each other."""

Status = EmbedderChange.Status


@dataclass(frozen=True, slots=True)
class SearchModel:
    """An embedder. `name` is what the operator calls it, "" for the server's own; `model` and `host` are "" where the
    settings do not have them. A `gone` one is no longer set up."""

    name: str
    model: str = ""
    host: str = ""
    gone: bool = False

    @property
    def label(self) -> str:
        return label_of(self.name)


@dataclass(frozen=True, slots=True)
class SearchModels:
    """`building` is the change under way, `switched` the one that can be gone back on, and `latest` the newest of all,
    however it stands. `since` is None where the model was never changed."""

    current: SearchModel
    others: list[SearchModel]
    latest: EmbedderChange | None
    building: EmbedderChange | None
    switched: EmbedderChange | None
    since: datetime | None

    @property
    def kept_until(self) -> datetime | None:
        at = self.switched.switched_at if self.switched else None
        return at + embedder_change.KEPT if at else None

    @property
    def can_go_back(self) -> bool:
        return self._source in {each.name for each in self.others}

    @property
    def choices(self) -> list[SearchModel]:
        """The others, but for the one that has a button of its own."""
        return [each for each in self.others if each.name != self._source]

    @property
    def _source(self) -> str | None:
        return self.switched.source if self.switched else None


@dataclass(frozen=True, slots=True)
class Profile:
    """What an embedder's server says of its model. `dimension` is 0 where it does not say."""

    model: str
    dimension: int
    fingerprint: str


def label_of(name: str) -> str:
    return name or _("This server's own")


def search_models(*, tenant: Tenant) -> SearchModels:
    """Read from the settings and the database alone; no embedder is asked."""
    configured = {name: _search_model(name, each) for name, each in _configured().items()}
    name = embedder_name(tenant.pk)
    changes = EmbedderChange.objects.for_tenant(tenant)
    came = changes.filter(status__in=[Status.SWITCHED, Status.ENDED], target=name).order_by("-switched_at").first()
    return SearchModels(
        current=configured.pop(name, SearchModel(name, gone=True)),
        others=list(configured.values()),
        latest=changes.first(),
        building=changes.filter(status=Status.BUILDING).first(),
        switched=changes.filter(status=Status.SWITCHED, target=name).first(),
        since=came.switched_at if came else None,
    )


def profile(name: str) -> Profile:
    """Ask the embedder, which may take ten seconds. Raise `EmbedderUnavailable` or `EmbedderRefused`."""
    let_go()
    embedder: Any = parts.configured(name).embedder  # the port asks for no more than the fingerprint
    fingerprint = embedder.fingerprint
    model = getattr(getattr(embedder, "profile", None), "model", "")
    return Profile(model, int(getattr(embedder, "dimension", 0)), fingerprint[:FINGERPRINT_SHOWN])


def _configured() -> dict[str, dict[str, Any]]:
    """As the operator has set them up, the server's own first."""
    return {"": settings.RAG["EMBEDDER"], **settings.RAG["EMBEDDERS"]}


def _search_model(name: str, configured: dict[str, Any]) -> SearchModel:
    options = configured.get("OPTIONS", {})
    return SearchModel(name, model=str(options.get("model", "")), host=_host(str(options.get("base_url", ""))))


def _host(address: str) -> str:
    """With its port, and without the name and password that an address may have."""
    return urlsplit(address).netloc.rpartition("@")[2]
