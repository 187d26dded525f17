"""Rows that belong to a tenant can only be reached through it.

`Document.objects.filter(…)` raises `TenantRequired` when it is evaluated; `Document.objects.for_tenant(tenant)` is the
way in. The operator's own admin, and tasks that tend every tenant's rows, say so by name: `Document.all_tenants`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar
from uuid import UUID

from django.db import models
from django.db.models.sql import Query

from tenants.errors import TenantRequired

if TYPE_CHECKING:
    from tenants.models import Tenant

_Model_co = TypeVar("_Model_co", bound=models.Model, covariant=True)


class TenantQuery(Query):
    """A query that compiles only once a tenant was named. Django's own clones carry the flag along."""

    tenant_named = False

    def get_compiler(self, *args: Any, **kwargs: Any) -> Any:
        if not self.tenant_named:
            _refuse(self.model)
        return super().get_compiler(*args, **kwargs)


class TenantQuerySet(models.QuerySet[_Model_co]):
    def __init__(self, model: Any = None, query: Any = None, using: Any = None, hints: Any = None) -> None:
        super().__init__(model, query or TenantQuery(model), using, hints)

    def for_tenant(self, tenant: Tenant | UUID) -> Self:
        named = self.filter(tenant=tenant)
        named.query.tenant_named = True  # type: ignore[attr-defined]
        return named

    # Django turns the query of these two into another class, which forgets the flag.
    def update(self, **kwargs: Any) -> int:
        self._check()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._check()
        return super().delete()

    def _check(self) -> None:
        if not getattr(self.query, "tenant_named", False):
            _refuse(self.model)


def _refuse(model: Any) -> NoReturn:
    name = model.__name__
    raise TenantRequired(f"{name}.objects was used without a tenant. Say {name}.objects.for_tenant(tenant).")


class TenantManager(models.Manager[_Model_co]):
    def get_queryset(self) -> TenantQuerySet[_Model_co]:
        return TenantQuerySet(self.model, using=self._db)

    def for_tenant(self, tenant: Tenant | UUID) -> TenantQuerySet[_Model_co]:
        return self.get_queryset().for_tenant(tenant)


class TenantOwned(models.Model):
    """Base of every model whose rows belong to one tenant."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+", editable=False)

    objects = TenantManager()
    all_tenants = models.Manager()  # noqa: DJ012 - a manager, though its type does not look like one

    class Meta:
        abstract = True
        # Django follows foreign keys and cascades through the base manager; those start from a row already reached.
        base_manager_name = "all_tenants"
