"""The native API over HTTP: one request, one command, one answer. Pure; knows no socket and no clock."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import cast
from urllib.parse import unquote

import msgspec

from fanfold.dialects.base import Do, Tag
from fanfold.dialects.native_answers import shape_of
from fanfold.dialects.native_openapi import openapi
from fanfold.dialects.native_problems import MEDIA_TYPE, problem, refused
from fanfold.dialects.native_reading import Fields, read_request
from fanfold.dialects.native_routes import ROUTES, Route
from fanfold.dialects.native_submit import Asked, advance
from fanfold.errors import Refused
from fanfold.messages import Accepted, DocumentFetched, Health, Refusal, Reply
from fanfold.wire import Request, Response


@dataclass(frozen=True, slots=True)
class Pending:
    """What is wanted again when the reply comes."""

    route: Route
    asked: Asked


class NativeHttp:
    """An HttpDialect. Holds nothing of a request: one serves the whole gateway.

    `Request.path` is as it was on the wire, percent-encoded; a query's repeated name comes as several items.
    """

    def __init__(self) -> None:
        self._rows: dict[int, list[tuple[list[str], Route]]] = defaultdict(list)
        for route in ROUTES:
            parts = route.path.split("/")
            self._rows[len(parts)].append((parts, route))

    def ask(self, request: Request, now: datetime) -> Do | Response:
        """Read a request."""
        try:
            return self._ask(request)
        except Refused as error:
            return _problem(error)

    def tell(self, tag: Tag, reply: Reply) -> Do | Response:
        """Word the reply; a submit that waits asks on."""
        pending = cast("Pending", tag)
        step = advance(pending.asked, reply)
        if isinstance(step, Asked):
            return Do(step.command, replace(pending, asked=step))
        return _answer(pending, step)

    def _ask(self, request: Request) -> Do | Response:
        found = self._find(request)
        if isinstance(found, Response):
            return found
        route, fields = found
        if route.call is None:
            return Response(200, self._openapi)
        asked = read_request(route, route.call, fields, request)
        return Do(asked.command, Pending(route, asked))

    def _find(self, request: Request) -> tuple[Route, Fields] | Response:
        here = request.path.split("/")
        allowed = []
        for parts, route in self._rows.get(len(here), ()):
            fields = _match(parts, here)
            if fields is not None and route.method == request.method:
                return route, fields
            if fields is not None:
                allowed.append(route.method)
        return _no_such_route(request, allowed)

    @cached_property
    def _openapi(self) -> bytes:
        return msgspec.json.encode(openapi())


def _match(parts: list[str], here: list[str]) -> Fields | None:
    fields: Fields = {}
    for part, given in zip(parts, here, strict=True):
        if part.startswith("{") and given:
            fields[part[1:-1]] = unquote(given)
        elif part != given:
            return None
    return fields


def _no_such_route(request: Request, allowed: list[str]) -> Response:
    if not allowed:
        says = f"there is nothing at {request.path}; GET /v1/openapi.json lists what there is"
        return _problem(refused("not-found", says))
    methods = ", ".join(sorted(set(allowed)))
    answer = _problem(refused("method-not-allowed", f"{request.path} takes {methods}, not {request.method}"))
    return replace(answer, headers={"Allow": methods})


def _answer(pending: Pending, reply: Reply) -> Response:
    if isinstance(reply, Refusal):
        return _problem(reply)
    if isinstance(reply, DocumentFetched):
        return _document(reply)
    status = 503 if isinstance(reply, Health) and not reply.ok else pending.route.status
    return Response(status, msgspec.json.encode(shape_of(reply)), headers=_headers(pending.asked.accepted or reply))


def _headers(reply: Reply) -> dict[str, str]:
    if not isinstance(reply, Accepted):
        return {}
    headers = {"Location": f"/v1/jobs/{reply.job.id}"}
    return headers if reply.fresh else {**headers, "Idempotency-Replayed": "true"}


def _document(reply: DocumentFetched) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{reply.job.id}.bin"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(200, media_type=reply.job.media_type, headers=headers, document=reply.document)


def _problem(refusal: Refusal | Refused) -> Response:
    return Response(refusal.status, msgspec.json.encode(problem(refusal)), MEDIA_TYPE)
