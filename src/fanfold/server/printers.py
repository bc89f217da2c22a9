"""Printers that dial in: their handshake, to the letter, and their lines until they end. Knows no word of theirs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from urllib.parse import unquote

from aiohttp import web

from fanfold.door import Door, Visit
from fanfold.server import handshake
from fanfold.server.arrival import Arrival, is_upgrade, offered
from fanfold.server.base import Doors, Engine
from fanfold.server.errands import Errands, where
from fanfold.server.line import SocketLine
from fanfold.server.problems import problem

log = logging.getLogger("fanfold.line")

GOING_AWAY, BROKEN = 1001, 1011
SECRET_WORDS = ("auth", "cookie", "token", "secret", "passw", "api-key", "apikey")
"""A header whose name holds one of them carries what others must not know."""
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

    def has_strayed(self, arrival: Arrival) -> bool:
        """Tell whether a printer dials that wants one of our doors; asked where the listener does not open it."""
        spoken = offered(arrival) if is_upgrade(arrival) else ()
        return any(door.subprotocol in spoken for door in self._doors.values())

    def has_all(self, open_doors: Collection[str]) -> bool:
        """Tell whether a listener is for printers only."""
        return bool(open_doors) and all(name in self._doors for name in open_doors)

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
        self, request: web.Request, arrival: Arrival, door: Door, identities: tuple[str, ...], secret: str = ""
    ) -> web.StreamResponse:
        """Open the line that a visitor asked for, and leave it to its door until it is over. Raises Refused.

        `secret` is what its listener asks for in the path; the door is not told it.
        """
        if self._engine.closing:
            return problem(503, "shutting-down", "The gateway is stopping. Connect again when it is back.")
        answer = handshake.answer(request.method, request.headers, door.subprotocol, door.answer_headers)
        visit = Visit(arrival.shown, _masked(request.headers, secret), arrival.peer, identities)
        transport = _take_over(request)
        line = SocketLine(transport, self._message_bytes)
        self._lines.add(line)
        transport.write(answer)
        self._errands.start(self._serve(door, visit, line))
        return web.Response()  # goes nowhere: for the framework the connection is gone

    def end_all(self, because: str) -> None:
        """Say goodbye to all."""
        for line in list(self._lines):
            self._errands.start(line.close(GOING_AWAY, because))

    async def _serve(self, door: Door, visit: Visit, line: SocketLine) -> None:
        try:
            with suppress(ConnectionError):  # it spoke into a line that was just lost; now it knows
                await door.serve(visit, line)
        except Exception as error:  # noqa: BLE001  # whatever a door's fault is, it is no other line's
            log.error("A line with %s broke: %s.", visit.peer, where(error))  # noqa: TRY400  # no payload in the log
            await line.close(BROKEN, "The gateway made a mistake; it is in its log.")
        finally:
            self._lines.discard(line)
            if line.is_open:  # else its goodbye is on the way
                line.abort()


def _take_over(request: web.Request) -> asyncio.Transport:
    """Take the connection out of the framework's hands. Raises ConnectionError where it is gone already.

    What the framework holds for a connection (its parser, the request, two tasks, its own WebSocket) would be a third
    of what a printer costs that says nothing for hours.
    """
    framework, transport = request.protocol, request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("The visitor is gone.")
    framework.transport = None  # else it would close it with all else that it gives up now
    framework.connection_lost(None)
    return transport


def _masked(headers: Mapping[str, str], secret: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, MASK if _is_secret(name.lower(), value, secret) else value) for name, value in headers.items())


def _is_secret(name: str, value: str, secret: str) -> bool:
    """Tell whether a header tells a secret: proxies repeat the URL in theirs."""
    is_repeated = bool(secret) and (secret in value or secret in unquote(value))
    return is_repeated or any(word in name for word in SECRET_WORDS)
