"""Errors as RFC 9457 problems: one shape for every refusal over HTTP. Knows no dialect."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from aiohttp import web

from fanfold.errors import Refused
from fanfold.messages import Refusal

PROBLEM = "application/problem+json"


def problem(status: int, code: str, says: str) -> web.Response:
    """Return an answer that says what is wrong, for programs (`code`) and for people (`detail`)."""
    title = HTTPStatus(status).phrase
    body = {"type": f"urn:fanfold:problem:{code}", "title": title, "status": status, "code": code, "detail": says}
    response = web.Response(status=status, body=msgspec.json.encode(body), content_type=PROBLEM)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="fanfold"'
    return response


def refused(refusal: Refusal | Refused, challenge: str = "") -> web.Response:
    """Return a refusal of ours as a problem; `challenge` is what the caller may try, where it is not the token."""
    response = problem(refusal.status, refusal.code, refusal.says)
    if challenge:
        response.headers["WWW-Authenticate"] = challenge
    return response


def from_framework(error: web.HTTPException) -> web.Response:
    """Return what the framework refused (no such path, no such method) as a problem."""
    match error:
        case web.HTTPNotFound():
            return problem(404, "not-found", "There is nothing at this path. /v1/openapi.json lists what there is.")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            response = problem(405, "method-not-allowed", f"This path takes {allowed}, not {error.method}.")
            response.headers["Allow"] = allowed
            return response
        case _:
            return problem(error.status, "bad-request", error.text or error.reason)
