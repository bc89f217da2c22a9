"""Stands before every route: asks access, answers preflights, words every fault. Decides nothing itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from fanfold.errors import Refused
from fanfold.messages import Refusal
from fanfold.server import access, headers, problems
from fanfold.server.access import Access, Arrival
from fanfold.server.base import API, LEGACY, METRICS, PAGE
from fanfold.server.errands import where
from fanfold.server.listen import Ear
from fanfold.server.refusals import Refusals

log = logging.getLogger("fanfold.http")

Route = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """One for all listeners; by which of them a request came is told from the socket."""

    def __init__(self, rules: Access, ears: Sequence[Ear]) -> None:
        self._access = rules
        self._ears = {(ear.address, ear.port): ear for ear in ears}
        self._refusals = Refusals(time.monotonic)

    @web.middleware
    async def stand(self, request: web.Request, handler: Route) -> web.StreamResponse:
        """Let a request through to its route, or answer it here; in the form that the framework takes."""
        if answer := self._judge(request):
            return answer
        return await _answer(request, handler)

    def _judge(self, request: web.Request) -> web.Response | None:
        ear = self._ear(request)
        arrival = _arrival(request, ear)
        admission = self._access.admit(arrival)
        if isinstance(admission, Refusal):
            self._refusals.note(arrival, admission)
            return problems.refused(admission)
        request[headers.ADMISSION] = admission
        if _door(arrival) not in ear.listener.doors:
            return problems.problem(404, "not-here", "This listener does not offer that; see `doors` in fanfold.toml.")
        return headers.preflight(request) if headers.is_preflight(request) else None

    def _ear(self, request: web.Request) -> Ear:
        address, port = _local(request)
        for known in (address, "0.0.0.0", "::"):  # noqa: S104  # compared, not listened at
            if ear := self._ears.get((known, port)):
                return ear
        raise web.HTTPBadRequest(text="The connection is gone.")


async def _answer(request: web.Request, route: Route) -> web.StreamResponse:
    """Every fault of the caller's or of ours is an answer too."""
    try:
        return await route(request)
    except Refused as error:
        return problems.refused(error)
    except web.HTTPException as error:
        return problems.from_framework(error)
    except ConnectionError:
        raise
    except Exception as error:  # noqa: BLE001  # told to the caller and to the log; nobody else notices
        log.error("A request to %s broke: %s.", request.path, where(error))  # noqa: TRY400  # no payload in the log
        return problems.problem(500, "internal", "The gateway made a mistake; it is in its log.")


def _arrival(request: web.Request, ear: Ear) -> Arrival:
    read = {name: request.headers.getall(name, ()) for name in access.READS}
    address, port = _local(request)
    return Arrival(
        request.method, request.path, read, request.remote or "", address, port, tls=ear.tls is not None, wide=ear.wide
    )


def _local(request: web.Request) -> tuple[str, int]:
    name = request.get_extra_info("sockname") or ("", 0)
    return str(name[0]), int(name[1])


def _door(arrival: Arrival) -> str:
    if arrival.path.startswith("/v1/"):
        return API
    if access.is_upgrade(arrival):
        return LEGACY
    return METRICS if arrival.path == "/metrics" else PAGE
