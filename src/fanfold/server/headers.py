"""The headers that every answer carries, and those that let allowed pages read it (CORS). Knows no route."""

from __future__ import annotations

from aiohttp import web

from fanfold.server.access import Admission

ADMISSION = web.RequestKey("admission", Admission)
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""A document is a stranger's bytes: opened in a browser it must be able to do nothing."""

PREFLIGHT_S = 600
"""How long a browser may remember a preflight: a revoked origin is refused at the request itself anyway."""

_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_ASKS = "Authorization, Content-Type, Idempotency-Key"
_READS = "Location, Idempotency-Replayed"


async def dress(request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers on an answer, just before it goes."""
    if isinstance(response, web.WebSocketResponse):  # nothing to read or to keep; and it lives as long as its socket
        return
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Content-Security-Policy", DATA_POLICY)
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.add("Vary", "Origin")
    headers.popall("Server", None)
    admission = request.get(ADMISSION)
    if admission is not None and admission.origin:
        headers["Access-Control-Allow-Origin"] = admission.origin
        headers["Access-Control-Expose-Headers"] = _READS


def is_preflight(request: web.Request) -> bool:
    """Tell whether a browser asks on behalf of a page if it may ask."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def preflight(request: web.Request) -> web.Response:
    """Return the answer to an allowed page's preflight."""
    answer = web.Response(status=204)
    answer.headers["Access-Control-Allow-Methods"] = _METHODS
    answer.headers["Access-Control-Allow-Headers"] = _ASKS
    answer.headers["Access-Control-Max-Age"] = str(PREFLIGHT_S)
    if request.headers.get("Access-Control-Request-Private-Network") == "true":
        answer.headers["Access-Control-Allow-Private-Network"] = "true"
    return answer
