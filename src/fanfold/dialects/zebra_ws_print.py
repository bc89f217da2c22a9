"""The HTTP side of zebra_ws_print, as apps written for it expect it. Pure; knows no socket and no clock.

Where it is done, the answer is the original's to the byte. Where it is not, the original says the same with status
200; here it is a status of its own, with the reason in plain text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never, cast

from fanfold.dialects import zebra_ws_print_bodies as bodies
from fanfold.dialects import zebra_ws_print_talks as talks
from fanfold.dialects.base import Do, HttpDialect, Tag
from fanfold.dialects.zebra_ws_print_talks import Talk
from fanfold.errors import Refused
from fanfold.messages import Reply
from fanfold.wire import Request, Response

MEDIA_TYPE = "text/plain; charset=utf-8"

Name = Literal["list_printers", "print", "print_ng", "print_ng_dummy", "sgd", "reconnect"]


@dataclass(frozen=True, slots=True)
class Route:
    """One row."""

    method: str
    path: str
    name: Name
    takes_raw_body: bool = False


ROUTES = (
    Route("GET", "/list_printers", "list_printers"),
    Route("POST", "/print", "print"),
    Route("POST", "/print_ng", "print_ng"),
    Route("POST", "/print_ng_dummy", "print_ng_dummy"),
    Route("POST", "/sgd", "sgd"),
    Route("POST", "/reconnect", "reconnect"),
)
"""All that the original answers. No two rows share a path."""

_BY_PATH = {route.path: route for route in ROUTES}


@dataclass(frozen=True, slots=True)
class ZebraWsPrintSettings:
    """What an owner may settle for all apps of zebra_ws_print."""

    keep_when_absent: bool = False
    """Whether a label for a printer that is not connected is kept; else it is refused with 503."""
    sgd_wait_s: float = 30
    """How long `/sgd` waits for the printer's answer."""


class ZebraWsPrint(HttpDialect):
    """Holds nothing of a request: one serves the whole gateway. `settings` is asked anew at each request."""

    def __init__(self, settings: Callable[[], ZebraWsPrintSettings]) -> None:
        self._settings = settings

    def ask(self, request: Request, now: datetime) -> Do | Response:
        """Read a request. Bodies are UTF-8 whatever their content type says."""
        route = _BY_PATH.get(request.path)
        if route is None or route.method != request.method:
            return _no_such_route(request, route)
        try:
            talk = self._talk(route, request.body)
            return _done(b"DUMMY") if talk is None else Do(next(talk), talk)
        except Refused as refused:
            return _refusal(refused)

    def tell(self, tag: Tag, reply: Reply) -> Do | Response:
        """Go on with the talk that asked."""
        talk = cast("Talk", tag)
        try:
            return Do(talk.send(reply), talk)
        except StopIteration as end:
            return _done(end.value)
        except Refused as refused:
            return _refusal(refused)

    def _talk(self, route: Route, body: bytes) -> Talk | None:
        """Return what to ask; None for what is only read."""
        settings = self._settings()
        match route.name:
            case "list_printers":
                return talks.list_printers()
            case "print":
                return talks.print_labels(bodies.labels(body), keep_when_absent=settings.keep_when_absent)
            case "print_ng":
                return talks.print_labels((bodies.label(body),), keep_when_absent=settings.keep_when_absent)
            case "print_ng_dummy":
                bodies.label(body)
                return None
            case "sgd":
                return talks.ask_printer(bodies.question(body), within_s=settings.sgd_wait_s)
            case "reconnect":
                return talks.reopen(bodies.reopening(body))
            case _:
                assert_never(route.name)


def _no_such_route(request: Request, other: Route | None) -> Response:
    if other is None:
        says = f"There is nothing at {request.path}; there are {', '.join(_BY_PATH)}."
        return _answer(404, says)
    return _answer(405, f"{other.path} takes {other.method}, not {request.method}.", {"Allow": other.method})


def _done(body: bytes) -> Response:
    return Response(200, body, MEDIA_TYPE)


def _refusal(refused: Refused) -> Response:
    return _answer(refused.status, refused.says)


def _answer(status: int, says: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, says.encode("utf-8", "replace"), MEDIA_TYPE, headers or {})
