from __future__ import annotations

from ingestion.domain import Scope
from ingestion.selectors import searched_scope
from tenants.models import Tenant
from tests.factories import CollectionFactory


def test_a_question_searches_everything_without_a_filter_where_no_collection_is_left_out(
    acme: Tenant, other_org: Tenant
) -> None:
    CollectionFactory(tenant=acme)
    CollectionFactory(tenant=other_org, searched=False)

    assert searched_scope(tenant=acme) == Scope()


def test_a_collection_that_is_left_out_is_not_searched(acme: Tenant) -> None:
    laws, _drafts = CollectionFactory(tenant=acme), CollectionFactory(tenant=acme, searched=False)

    assert searched_scope(tenant=acme) == Scope(collection_ids=frozenset({laws.pk}))


def test_where_every_collection_is_left_out_nothing_is_searched(acme: Tenant) -> None:
    CollectionFactory(tenant=acme, searched=False)

    assert searched_scope(tenant=acme).is_empty
