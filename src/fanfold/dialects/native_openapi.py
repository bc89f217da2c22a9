"""The OpenAPI document of the native API, made from its routes and structs. Knows no request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from http import HTTPStatus
from inspect import cleandoc
from operator import attrgetter
from typing import Any

import msgspec

from fanfold import __version__
from fanfold.dialects import native_requests as asks
from fanfold.dialects import native_shapes as shapes
from fanfold.dialects.native_calls import Call
from fanfold.dialects.native_problems import CODES, MEDIA_TYPE
from fanfold.dialects.native_routes import ROUTES, Route

Json = dict[str, Any]

_REFS = "#/components/schemas/{name}"
_BYTES: Json = {"*/*": {"schema": {}}}  # OpenAPI 3.1: a body without a schema is any bytes

_PUBLISHED = (asks.AboutOrigin, asks.AddPrinter, asks.Adoption, asks.AdoptPrinters, asks.Submit, shapes.Problem)
"""Schemas with names of their own beside the answers'; other requests stand where they are used."""

_HEADERS: Json = {
    "Location": {"description": "Where the job is", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "`true` when the key's job was there already",
        "schema": {"type": "string"},
    },
}


def openapi() -> Json:
    """Return the document (OpenAPI 3.1)."""
    asked = _schemas({route.call.takes for route in ROUTES if route.call} | {asks.SubmitRaw})
    paths: dict[str, Json] = defaultdict(dict)
    for route in ROUTES:
        paths[route.path][route.method.lower()] = _operation(route, asked)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fanfold",
            "version": __version__,
            "description": "Silent printing: every accepted job kept, never doubled, honestly reported.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{}, {"bearer": []}],
        "paths": dict(paths),
        "components": {
            "schemas": _schemas({*_PUBLISHED, *_answers()}),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _answers() -> set[type[shapes.Shape]]:
    return {route.call.gives for route in ROUTES if route.call and route.call.gives is not shapes.Document}


def _schemas(types: Iterable[type[msgspec.Struct]]) -> Json:
    _, schemas = msgspec.json.schema_components(sorted(types, key=attrgetter("__name__")), ref_template=_REFS)
    return {name: {**schema, "description": cleandoc(schema["description"])} for name, schema in schemas.items()}


def _operation(route: Route, schemas: Json) -> Json:
    call = route.call
    if call is None:
        done = {"description": "This document", "content": {"application/json": {"schema": {"type": "object"}}}}
        return {
            "operationId": route.name,
            "summary": "Describe this API",
            "responses": {"200": done, "default": _problem()},
        }
    operation: Json = {
        "operationId": route.name,
        "summary": call.summary,
        "tags": [route.name.partition(".")[0]],
        "description": schemas[call.takes.__name__]["description"],
        "parameters": _parameters(route, call, schemas),
        "responses": _responses(route, call),
    }
    if (body := _body(route, call, schemas)) is not None:
        operation["requestBody"] = body
    return operation


def _parameters(route: Route, call: Call, schemas: Json) -> list[Json]:
    takes = schemas[call.takes.__name__]
    found = [_parameter("path", name, takes["properties"][name], required=True) for name in route.in_path]
    if route.by_query:
        found += _by_query(takes, route.in_path, required=takes["required"])
    if route.takes_raw_body:
        found += _by_query(schemas[asks.SubmitRaw.__name__], route.in_path, says="With a raw body only.")
        found.append(_parameter("header", "Idempotency-Key", {"type": "string", "minLength": 1, "maxLength": 255}))
    return found


def _by_query(takes: Json, in_path: tuple[str, ...], required: tuple[str, ...] = (), says: str = "") -> list[Json]:
    return [
        _parameter("query", name, _not_null(schema), required=name in required, says=says)
        for name, schema in takes["properties"].items()
        if name not in in_path
    ]


def _parameter(place: str, name: str, schema: Json, *, required: bool = False, says: str = "") -> Json:
    parameter = {"name": name, "in": place, "required": required, "schema": schema}
    return {**parameter, "description": says} if says else parameter


def _not_null(schema: Json) -> Json:
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    return kinds[0] if len(kinds) == 1 else schema  # a query can leave a parameter out, but not say null


def _body(route: Route, call: Call, schemas: Json) -> Json | None:
    takes = schemas[call.takes.__name__]
    fields = {name: schema for name, schema in takes["properties"].items() if name not in route.in_path}
    if route.by_query or not fields:
        return None
    schema: Json = {
        "type": "object",
        "properties": fields,
        "required": [name for name in takes["required"] if name in fields],
        "additionalProperties": False,
    }
    if call.takes in _PUBLISHED and not route.in_path:
        schema = _ref(call.takes)
    raw = _BYTES if route.takes_raw_body else {}
    return {"required": True, "content": {"application/json": {"schema": schema}, **raw}}


def _responses(route: Route, call: Call) -> Json:
    done: Json = {"description": _first_line(call.gives), "content": _content("application/json", call.gives)}
    if call.gives is shapes.Document:
        done = {"description": "The bytes, in the document's own media type", "content": _BYTES}
    if call.gives is shapes.Job and route.status == HTTPStatus.CREATED:
        done["headers"] = _HEADERS
    responses = {str(route.status): done, **_problems(("bad-request", *call.codes)), "default": _problem()}
    return {**responses, "503": {**done, "description": "It takes no work now"}} if call.name == "health" else responses


def _problems(codes: tuple[str, ...]) -> Json:
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in codes:
        by_status[CODES[code][0]].append(code)
    return {str(status): _problem(", ".join(by_status[status])) for status in sorted(by_status)}


def _problem(codes: str = "another error") -> Json:
    return {"description": codes, "content": _content(MEDIA_TYPE, shapes.Problem)}


def _content(media_type: str, shape: type[shapes.Shape]) -> Json:
    return {media_type: {"schema": _ref(shape)}}


def _ref(struct: type[msgspec.Struct]) -> Json:
    return {"$ref": _REFS.format(name=struct.__name__)}


def _first_line(struct: type[msgspec.Struct]) -> str:
    return (struct.__doc__ or "").partition("\n")[0]
