"""The API as a whole: its description, its page, and what it says where there is nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from openapi_spec_validator import validate

from project.api import STATUS, api
from tenants.access import Access
from tests.api import V1, program
from tests.support import ROOT


def description() -> dict[str, Any]:
    body: dict[str, Any] = Client().get(f"{V1}/openapi.json").json()
    return body


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, about) for path, each in description()["paths"].items() for method, about in each.items()]


def test_the_description_is_valid_openapi() -> None:
    validate(description())


def test_every_operation_says_that_it_needs_a_key_and_what_it_is() -> None:
    assert len(operations()) >= 11
    for path, method, about in operations():
        assert about["security"] == [{"ApiKeyBearer": []}], (path, method)
        assert about["summary"]
    assert description()["components"]["securitySchemes"]["ApiKeyBearer"] == {"type": "http", "scheme": "bearer"}


def test_every_operation_says_what_its_errors_look_like() -> None:
    for path, method, about in operations():
        for status in ("401", "403", "404", "422", "429"):
            schema = about["responses"][status]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ErrorOut"}, (path, method, status)


def test_operation_ids_are_names_that_a_client_may_be_generated_from() -> None:
    ids = [about["operationId"] for _path, _method, about in operations()]
    assert len(set(ids)) == len(ids)
    assert "documents_upload" in ids
    assert all(each.isidentifier() for each in ids)


def test_the_upload_is_described_as_many_files() -> None:
    body = description()["paths"][f"{V1}/documents"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert body["properties"]["file"]["type"] == "array"
    assert body["properties"]["file"]["items"]["format"] == "binary"
    assert body["required"] == ["file"]


def test_the_manual_names_every_operation_and_no_other() -> None:
    manual = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([A-Z]+) (/api/v1/\S+)`", manual, flags=re.MULTILINE))
    assert named == {(method.upper(), path) for path, method, _about in operations()}


def test_the_manual_names_every_status_that_is_given_to_an_error() -> None:
    manual = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", manual, flags=re.MULTILINE)
    told = {code: int(status) for status, codes in rows for code in re.findall(r"`([\w.]+)`", codes)}
    assert {code: told.get(code) for code in STATUS} == STATUS


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = Client().get(f"{V1}/docs")
    assert page.status_code == 200
    assert "://" not in page.text.replace("http://www.w3.org", "")
    assert finders.find("ninja/swagger-ui-bundle.js")
    assert "script-src 'self'" in page["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v1/nothing", "/api/v2/documents", "/api/v1/documents/"])
def test_where_there_is_nothing_it_is_said_in_json(db: None, method: str, path: str) -> None:
    response = getattr(Client(enforce_csrf_checks=True), method)(path, headers={"accept": "text/html"})
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "request.unknown"


def test_a_method_that_an_address_does_not_take_is_explained(as_alice: Access) -> None:
    response = program(as_alice).put(f"{V1}/documents")
    assert response.status_code == 405
    assert {method.strip() for method in response["Allow"].split(",")} == {"GET", "POST"}
    assert response.json()["error"]["code"] == "request.method"


def test_nothing_of_a_tenant_is_kept_by_a_cache(as_alice: Access) -> None:
    assert program(as_alice).get(f"{V1}/documents")["Cache-Control"] == "no-store"


def test_the_lock_hangs_on_the_api_itself() -> None:
    assert [type(lock).__name__ for lock in api.auth] == ["ApiKeyBearer"]  # type: ignore[union-attr]
