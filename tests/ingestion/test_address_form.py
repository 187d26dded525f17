"""The portal's field for a web address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from ingestion.models import Document
from tenants.models import Tenant
from tests.contracts.http import ContractServer, Reply, Request
from tests.factories import CollectionFactory

ADD = "/t/acme/documents/address/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(settings: Any) -> Iterator[ContractServer]:
    class Site(ContractServer):
        async def handle(self, _request: Request, reply: Reply) -> None:
            reply.send(200, b"<html><head><title>Bees</title></head><body><p>Bees.</p>", {"Content-Type": "text/html"})

    with Site() as server:
        settings.WEB_ADDRESSES = [f"127.0.0.1:{server.port}"]
        yield server


def added(client: Client, url: str, **more: Any) -> str:
    """What the page says afterwards."""
    return client.post(ADD, {"url": url, **more}, follow=True).content.decode()


def test_a_page_is_fetched_into_the_collection_that_is_open(
    bob_client: Client, acme: Tenant, site: ContractServer, no_queue: list[str]
) -> None:
    shelf = CollectionFactory(tenant=acme)
    url = f"http://127.0.0.1:{site.port}/bees"
    assert "Added: " in added(bob_client, url, collection=shelf.pk)
    assert "has not changed since" in added(bob_client, url, collection=shelf.pk)

    document = Document.objects.for_tenant(acme).get()
    assert (document.collection, document.source_url, document.status) == (shelf, url, "queued")


def test_an_address_that_is_not_allowed_or_none_is_refused_with_a_sentence(
    bob_client: Client, acme: Tenant, site: ContractServer
) -> None:
    assert "169.254.169.254" in added(bob_client, "http://169.254.169.254/latest/meta-data/")
    assert bob_client.post(ADD, {"url": "no address"}).status_code == 400
    assert not Document.objects.for_tenant(acme).exists()


def test_the_field_is_there_only_where_the_operator_allows_addresses(
    bob_client: Client, acme: Tenant, settings: Any
) -> None:
    for allowed, shown in ((["off"], False), (["public"], True)):
        settings.WEB_ADDRESSES = allowed
        assert (ADD in bob_client.get("/t/acme/documents/").content.decode()) is shown
