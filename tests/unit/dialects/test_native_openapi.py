"""The OpenAPI document against the table of routes, the structs and the error codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from fanfold.dialects.native_calls import CALLS
from fanfold.dialects.native_openapi import openapi
from fanfold.dialects.native_problems import CODES
from fanfold.dialects.native_reading import REPEATABLE
from fanfold.dialects.native_routes import ROUTES, Route

DOCUMENT: dict[str, Any] = json.loads(json.dumps(openapi()))
API_PAGE = Path(__file__).parents[3] / "docs" / "api.md"


def operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][route.path][route.method.lower()]
    return found


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


def refs() -> set[str]:
    return {node["$ref"] for node in walk(DOCUMENT) if "$ref" in node}


def test_it_names_exactly_the_routes() -> None:
    told = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert told == {(route.method, route.path) for route in ROUTES}


def test_every_reference_resolves_and_every_schema_is_used() -> None:
    schemas = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert refs() == schemas


def test_operations_have_ids_of_their_own() -> None:
    ids = [operation(route)["operationId"] for route in ROUTES]
    assert ids == [route.name for route in ROUTES]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_has_its_answers(route: Route) -> None:
    responses = operation(route)["responses"]
    assert str(route.status) in responses
    assert "default" in responses
    assert all(response["description"] for response in responses.values())
    assert all(response["content"] for response in responses.values())


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_field_of_the_path_is_declared(route: Route) -> None:
    declared = [p["name"] for p in operation(route).get("parameters", []) if p["in"] == "path"]
    assert declared == list(route.in_path)
    assert route.call is None or set(route.in_path) <= set(route.call.takes.__struct_fields__)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_lists_alone_are_repeatable_in_a_query(route: Route) -> None:
    parameters = operation(route).get("parameters", [])
    arrays = {p["name"] for p in parameters if p["in"] == "query" and p["schema"].get("type") == "array"}
    assert arrays <= REPEATABLE


@pytest.mark.parametrize("route", [route for route in ROUTES if route.by_query], ids=lambda route: route.name)
def test_what_is_asked_by_query_has_no_body(route: Route) -> None:
    assert "requestBody" not in operation(route)


def test_raw_bodies_are_declared_where_they_are_taken() -> None:
    raw = {route.name for route in ROUTES if "*/*" in operation(route).get("requestBody", {}).get("content", {})}
    assert raw == {route.name for route in ROUTES if route.takes_raw_body}
    assert raw == {"jobs.submit", "printers.submit"}


def test_the_printer_in_the_path_is_no_field_of_the_body() -> None:
    route = next(route for route in ROUTES if route.name == "printers.submit")
    schema = operation(route)["requestBody"]["content"]["application/json"]["schema"]
    assert "printer" not in schema["properties"]
    assert "printer" not in schema["required"]


def test_required_fields_are_fields() -> None:
    for node in walk(DOCUMENT):
        if isinstance(node.get("required"), list) and "properties" in node:
            assert set(node["required"]) <= set(node["properties"])


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_every_error_that_a_call_declares_is_listed(call: Any) -> None:
    assert set(call.codes) <= set(CODES)


def test_every_code_has_an_http_status_and_a_title() -> None:
    for status, title in CODES.values():
        assert HTTPStatus(status) >= HTTPStatus.BAD_REQUEST
        assert title


def test_the_page_on_the_api_names_every_route_call_and_code() -> None:
    page = API_PAGE.read_text(encoding="utf-8")
    missing = [f"{route.method} {route.path}" for route in ROUTES if f"{route.method} {route.path}" not in page]
    missing += [call.name for call in CALLS if f"`{call.name}`" not in page]
    missing += [code for code, (status, _) in CODES.items() if f"| {status} | `{code}` |" not in page]
    assert missing == []
