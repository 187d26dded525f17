from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from ingestion.models import Collection
from tenants.errors import TenantRequired
from tenants.models import Tenant
from tenants.scoping import TenantManager, TenantOwned
from tests.factories import CollectionFactory

OWNED = [model for model in apps.get_models() if issubclass(model, TenantOwned)]
OURS = [model for model in apps.get_models() if model._meta.app_label in {"tenants", "ingestion", "chat"}]
TENANTLESS = {"User", "Tenant"}

Use = Callable[[Any], Any]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_model_with_a_tenant_is_scoped(model: type[models.Model]) -> None:
    """A new model that belongs to nobody has to be named here, with a reason."""
    assert issubclass(model, TenantOwned) or model.__name__ in TENANTLESS


@pytest.mark.parametrize("model", OWNED, ids=lambda model: model.__name__)
@pytest.mark.parametrize(
    "use",
    [
        lambda rows: list(rows.all()),
        lambda rows: rows.count(),
        lambda rows: rows.exists(),
        lambda rows: rows.first(),
        lambda rows: rows.filter(pk__isnull=True).delete(),
        lambda rows: rows.filter(pk__isnull=True).update(pk=None),
        lambda rows: list(rows.values_list("pk")),
        lambda rows: rows.aggregate(n=models.Count("pk")),
        lambda rows: list(rows.iterator()),
        lambda rows: rows.in_bulk([]) or rows.latest("pk"),
        lambda rows: list(rows.none() | rows.all()),
    ],
)
def test_a_query_without_a_tenant_raises(db: None, model: Any, use: Use) -> None:
    with pytest.raises(TenantRequired):
        use(model.objects)


@pytest.mark.parametrize("model", OWNED, ids=lambda model: model.__name__)
def test_the_default_manager_is_the_scoped_one(model: Any) -> None:
    assert isinstance(model._default_manager, TenantManager)


def test_a_tenant_sees_its_own_rows_only(acme: Tenant, other_org: Tenant) -> None:
    mine, theirs = CollectionFactory(tenant=acme), CollectionFactory(tenant=other_org)

    seen = Collection.objects.for_tenant(acme)

    assert list(seen) == [mine]
    assert not seen.filter(pk=theirs.pk).exists()
    assert seen.filter(pk=theirs.pk).update(name="taken") == 0
    assert seen.filter(pk=theirs.pk).delete()[0] == 0


def test_a_subquery_without_a_tenant_raises_too(acme: Tenant) -> None:
    with pytest.raises(TenantRequired):
        list(Collection.objects.for_tenant(acme).filter(pk__in=Collection.objects.filter(name="x").values("pk")))
