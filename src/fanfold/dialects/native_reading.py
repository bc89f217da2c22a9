"""From an HTTP request whose route is found to what the engine is asked: path, query, body, key. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from fanfold.dialects import native_requests as asks
from fanfold.dialects.native_calls import Call, misread, read, read_object
from fanfold.dialects.native_problems import refused
from fanfold.dialects.native_routes import Route
from fanfold.dialects.native_submit import Asked, essence, submit_raw
from fanfold.wire import Document, Request

Fields = dict[str, Any]

REPEATABLE = frozenset({"state"})
"""Query parameters of which several may be given, each with values between commas."""

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_KEY = "idempotency-key"


def read_request(route: Route, call: Call, in_path: Fields, request: Request) -> Asked:
    """Return what a request asks the engine. Raises Refused."""
    if route.by_query:
        return read(call, _join(in_path, _query(request)), strict=False)
    if route.takes_raw_body and not _is_json(request):
        return _read_raw(call, _join(in_path, _query(request)), request)
    if request.query:
        says = f"{call.name} takes nothing by query here, but was given {_names(request.query)}; write it in the body"
        raise refused("bad-request", says)
    fields = _join(in_path, read_object(request.body) if request.body else {})
    return read(call, _with_key(fields, request) if route.takes_raw_body else fields)


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return request.document is None and kind == "application/json"


def _read_raw(call: Call, fields: Fields, request: Request) -> Asked:
    content_type = _utf8(request.headers.get("content-type", ""), "the header Content-Type")
    if content_type and essence(content_type) in _FORMS:
        says = (
            f"a body of type {essence(content_type)} is no document; name the document's own type, "
            "or `Content-Type: application/octet-stream`, or `application/json` for a JSON body"
        )
        raise refused("kind-not-accepted", says)
    try:
        ask = msgspec.convert(_with_key(fields, request), asks.SubmitRaw, strict=False)
    except msgspec.ValidationError as error:
        raise misread(f"{call.name} with a raw body, by query", asks.SubmitRaw, error) from None
    return submit_raw(ask, request.document or Document.of(request.body), content_type)


def _query(request: Request) -> Fields:
    fields: Fields = {}
    for name, value in request.query.items():
        text = _utf8(value, f"the query parameter `{name}`")
        if name in REPEATABLE:
            fields.setdefault(name, []).extend(text.split(","))
        elif name in fields:
            raise refused("bad-request", f"the query parameter `{name}` was given twice; give it once")
        else:
            fields[name] = text
    return fields


def _join(in_path: Fields, fields: Fields) -> Fields:
    if twice := in_path.keys() & fields.keys():
        raise refused("bad-request", f"{_names(twice)} stands in the path already; leave it out elsewhere")
    for name, value in in_path.items():
        fields[name] = _utf8(value, "the path")
    return fields


def _with_key(fields: Fields, request: Request) -> Fields:
    if (key := request.headers.get(_KEY)) is None:
        return fields
    if fields.get("key", key) not in (key, None):
        raise refused("bad-request", "the header Idempotency-Key and `key` differ; give one of them")
    return {**fields, "key": _utf8(key, "the header Idempotency-Key")}


def _utf8(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise refused("bad-request", f"{where} is not UTF-8") from None
    return text


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
