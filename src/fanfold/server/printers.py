"""Printers that dial in: their handshake, to the letter, and their lines until they end. Knows no word of theirs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection

from aiohttp import web

from fanfold.door import Door, Visit
from fanfold.server.arrival import Arrival, is_upgrade, offered
from fanfold.server.base import GOODBYE_S, Doors, Engine
from fanfold.server.errands import Errands, where
from fanfold.server.line import SocketLine
from fanfold.server.problems import problem

log = logging.getLogger("fanfold.line")

GOING_AWAY, BROKEN = 1001, 1011
DOOR = web.ResponseKey("door", Door)
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
MASK = "***"


class Printers:
    """All lines of the gateway with printers that dialled in."""

    def __init__(self, doors: Doors, engine: Engine, errands: Errands, message_bytes: int) -> None:
        self._doors = doors.printers
        self._engine = engine
        self._errands = errands
        self._message_bytes = message_bytes
        self._lines: set[SocketLine] = set()

    def wanted(self, arrival: Arrival, open_doors: Collection[str]) -> Door | None:
        """Return the door that a visitor asks for by its subprotocol, where the listener opens it."""
        if not is_upgrade(arrival):
            return None
        spoken = offered(arrival)
        doors = (self._doors[name] for name in open_doors if name in self._doors)
        return next((door for door in doors if door.subprotocol in spoken), None)

    def has_all(self, open_doors: Collection[str]) -> bool:
        """Tell whether a listener is for printers only."""
        return all(name in self._doors for name in open_doors)

    def turn_away(self, arrival: Arrival, open_doors: Collection[str]) -> web.Response:
        """Answer who comes to a listener for printers without asking for one of its doors."""
        if is_upgrade(arrival):
            spoken = ", ".join(self._doors[name].subprotocol for name in open_doors)
            return problem(400, "subprotocol-needed", f"A printer's WebSocket must offer the subprotocol {spoken}.")
        if arrival.method not in ("GET", "HEAD"):
            return problem(404, "not-here", "Printers dial in here, by WebSocket; there is nothing else.")
        # a printer's `test.location` asks for a plain page, and takes any answer for a sign of life
        return web.Response(text="Printers dial in here, by WebSocket.\n")

    async def receive(
        self, request: web.Request, arrival: Arrival, door: Door, identities: tuple[str, ...]
    ) -> web.StreamResponse:
        """Open the line that a visitor asked for, and leave it to its door until it is over."""
        if self._engine.closing:
            return problem(503, "shutting-down", "The gateway is stopping. Connect again when it is back.")
        socket = web.WebSocketResponse(
            timeout=GOODBYE_S,
            autoping=False,
            autoclose=False,
            protocols=(door.subprotocol,),
            compress=False,
            max_msg_size=self._message_bytes,
            decode_text=False,
        )
        socket[DOOR] = door
        writer = await socket.prepare(request)
        line = SocketLine(socket, writer, request)
        visit = Visit(arrival.shown, _masked(request), arrival.peer, identities)
        # A task of its own: the framework cancels the request when its connection is lost, but a lost line is news.
        await asyncio.shield(self._errands.start(self._serve(door, visit, line)))
        return socket

    def end_all(self, because: str) -> None:
        """Say goodbye to all."""
        for line in list(self._lines):
            self._errands.start(line.close(GOING_AWAY, because))

    async def _serve(self, door: Door, visit: Visit, line: SocketLine) -> None:
        self._lines.add(line)
        try:
            await door.serve(visit, line)
        except Exception as error:  # noqa: BLE001  # whatever a door's fault is, it is no other line's
            log.error("A line with %s broke: %s.", visit.peer, where(error))  # noqa: TRY400  # no payload in the log
            await line.close(BROKEN, "The gateway made a mistake; it is in its log.")
        finally:
            self._lines.discard(line)
            line.abort()


async def greet(request: web.Request, response: web.StreamResponse) -> None:
    """Word the answer to a handshake as printers read it, just before it goes.

    The framework drops a `Content-Length` that is set earlier and writes `upgrade` small; some firmware gives up on
    that.
    """
    door = response.get(DOOR)
    if door is not None:
        response.headers.update(door.answer_headers)
        response.headers["Connection"] = "Upgrade"
        response.headers["Sec-WebSocket-Protocol"] = door.subprotocol
        for name in ("Content-Type", "Date", "Server"):
            response.headers.popall(name, None)


def _masked(request: web.Request) -> tuple[tuple[str, str], ...]:
    return tuple((name, MASK if name.lower() in SECRET_HEADERS else value) for name, value in request.headers.items())
