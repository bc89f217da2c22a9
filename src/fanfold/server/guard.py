"""Stands before every route: asks access, answers preflights, words every fault. Decides nothing itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from aiohttp import web

from fanfold.config import Proof
from fanfold.door import Door
from fanfold.errors import Refused
from fanfold.messages import Refusal
from fanfold.server import access, headers, problems
from fanfold.server.access import Access
from fanfold.server.arrival import READS, SITE_MARKS, Arrival, is_upgrade
from fanfold.server.base import API, LEGACY, METRICS, PAGE
from fanfold.server.errands import where
from fanfold.server.keys import Keys
from fanfold.server.listen import Ear
from fanfold.server.peer import Peers
from fanfold.server.printers import Printers
from fanfold.server.proofs import Unproven
from fanfold.server.refusals import Refusals

log = logging.getLogger("fanfold.http")

Route = Callable[[web.Request], Awaitable[web.StreamResponse]]


WRONG_LISTENER = "Printers do not dial in here. Dial the listener whose `doors` name it in fanfold.toml."


class Guard:
    """One for all listeners; by which of them a request came is told from the socket."""

    def __init__(
        self,
        rules: Access,
        ears: Sequence[Ear],
        keys: Keys,
        printers: Printers,
        apps: Mapping[str, Mapping[str, Route]],
        refusals: Refusals,
        peers: Peers,
    ) -> None:
        self._access = rules
        self._ears = {(ear.address, ear.port): ear for ear in ears}
        self._keys = keys
        self._printers = printers
        self._apps = apps
        self._refusals = refusals
        self._peers = peers

    @web.middleware
    async def stand(self, request: web.Request, handler: Route) -> web.StreamResponse:
        """Let a request through to its route, or answer it here; in the form that the framework takes."""
        ear = self._ear(request)
        arrival = _arrival(request, ear)
        door = self._printers.wanted(arrival, ear.listener.doors)
        if door is None and self._printers.has_strayed(arrival):  # its URL may hold another listener's secret
            arrival = replace(arrival, has_secret_path=True)

        async def meet(request: web.Request) -> web.StreamResponse:
            return await self._meet(request, arrival, ear, door, handler)

        return await _answer(request, arrival, meet)

    async def _meet(
        self, request: web.Request, arrival: Arrival, ear: Ear, door: Door | None, handler: Route
    ) -> web.StreamResponse:
        if door is not None or self._printers.has_all(ear.listener.doors):
            return await self._receive(request, arrival, ear, door)
        if self._printers.has_strayed(arrival):  # taken for a page, it would look connected
            return self._refuse(arrival, Refusal("not-here", WRONG_LISTENER, 404))
        route = self._app_route(arrival, ear)
        if route is not None:
            arrival = replace(arrival, asks_app=True)
        if not access.needs_nobody(arrival):
            arrival = replace(arrival, neighbour=await self._peers.of(request.transport))
        if answer := self._judge(request, arrival, ear):
            return answer
        return await (route or handler)(request)

    async def _receive(self, request: web.Request, arrival: Arrival, ear: Ear, door: Door | None) -> web.StreamResponse:
        if door is None:
            if wrong := access.wrong_visitor(arrival):
                return self._refuse(arrival, wrong.refusal)
            return self._printers.turn_away(arrival, ear.listener.doors)
        proofs = self._keys.of(ear.listener).proofs
        found = self._access.admit_printer(arrival, proofs, time.monotonic())
        if isinstance(found, Unproven):
            if not found.is_usual:
                self._refusals.note(arrival, found.refusal)
            return problems.refused(found.refusal, found.challenge)
        return await self._printers.receive(request, arrival, door, found, proofs.secret)

    def _judge(self, request: web.Request, arrival: Arrival, ear: Ear) -> web.Response | None:
        admission = self._access.admit(arrival)
        if isinstance(admission, Refusal):
            return self._refuse(arrival, admission)
        request[headers.ADMISSION] = admission
        if not arrival.asks_app and _door(arrival) not in ear.listener.doors:
            return problems.problem(404, "not-here", "This listener does not offer that; see `doors` in fanfold.toml.")
        return headers.preflight(request) if headers.is_preflight(request) else None

    def _app_route(self, arrival: Arrival, ear: Ear) -> Route | None:
        if is_upgrade(arrival):
            return None
        rows = (self._apps[name] for name in ear.listener.doors if name in self._apps)
        return next((row[arrival.path] for row in rows if arrival.path in row), None)

    def _refuse(self, arrival: Arrival, refusal: Refusal) -> web.Response:
        self._refusals.note(arrival, refusal)
        return problems.refused(refusal)

    def _ear(self, request: web.Request) -> Ear:
        address, port = _local(request)
        for known in (address, "0.0.0.0", "::"):  # noqa: S104  # compared, not listened at
            if ear := self._ears.get((known, port)):
                return ear
        raise web.HTTPBadRequest(text="The connection is gone.")


async def _answer(request: web.Request, arrival: Arrival, route: Route) -> web.StreamResponse:
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
        log.error("A request to %s broke: %s.", arrival.shown, where(error))  # noqa: TRY400  # no payload in the log
        return problems.problem(500, "internal", "The gateway made a mistake; it is in its log.")


def _arrival(request: web.Request, ear: Ear) -> Arrival:
    read: dict[str, Sequence[str]] = {name: request.headers.getall(name, ()) for name in READS}
    read |= {name.lower(): (value,) for name, value in request.headers.items() if name.lower().startswith(SITE_MARKS)}
    address, port = _local(request)
    return Arrival(
        request.method,
        request.path,
        read,
        request.remote or "",
        address,
        port,
        tls=ear.has_tls,
        wide=ear.wide,
        allow=ear.listener.allow,
        target=request.rel_url.raw_path_qs,
        certificate_name=_common_name(request) if Proof.CERTIFICATE in ear.listener.proof else "",
        has_secret_path=Proof.PATH in ear.listener.proof,
    )


def _common_name(request: web.Request) -> str:
    """Return the common name in the client certificate, if it has just one that can be shown."""
    subject = (request.get_extra_info("peercert") or {}).get("subject", ())
    names = [str(value) for part in subject for key, value in part if key == "commonName"]
    return names[0] if len(names) == 1 and names[0].isprintable() else ""


def _local(request: web.Request) -> tuple[str, int]:
    name = request.get_extra_info("sockname") or ("", 0)
    return str(name[0]), int(name[1])


def _door(arrival: Arrival) -> str:
    if arrival.path.startswith("/v1/"):
        return API
    if is_upgrade(arrival):
        return LEGACY
    return METRICS if arrival.path == "/metrics" else PAGE
