"""Print servers and printers that speak LPD (RFC 1179): finds the way to a queue, one connection per job.

No port below 1024 is taken for it, so that nobody needs to be root; servers that insist on one are not served.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fanfold.errors import NotReached
from fanfold.model import Printer, Reason
from fanfold.transports.base import Link
from fanfold.transports.lpd.address import Address, address_of
from fanfold.transports.lpd.link import LpdLink
from fanfold.transports.lpd.numbers import Numbers
from fanfold.transports.reach import reach, words

CONNECT_LIMIT_S = 5.0
"""How long reaching a server may take, look-up of its name included: one lost SYN is sent again after 1 s, then 2."""

STEP_LIMIT_S = 10.0
"""How long it may take to answer a step before the document: servers look their queues and our name up meanwhile."""

NUMBER_FILE = "lpd-number"
DEAD_AFTER_S = 60, 10, 6
"""A server that waits for its printer may be silent for hours. One that is gone is noticed two minutes later."""


class LpdTransport:
    """Prints on `lpd://host[:515]/queue`. In `data` it keeps the number of the last job."""

    schemes: tuple[str, ...] = ("lpd",)
    takes: tuple[str, ...] = ("raw",)

    def __init__(
        self, data: Path, *, connect_limit_s: float = CONNECT_LIMIT_S, step_limit_s: float = STEP_LIMIT_S
    ) -> None:
        self._numbers = Numbers(data / NUMBER_FILE)
        self._connect_limit_s, self._step_limit_s = connect_limit_s, step_limit_s

    def check(self, uri: str) -> None:
        """Say whether the URI is a host and a queue. Raises Refused `bad-uri`."""
        address_of(uri)

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        """Connect and ask whether the queue takes a job. Raises NotReached when it is away or says no."""
        address = address_of(printer.uri)
        wire = await self._connected(address)
        link = LpdLink(wire, address, printer.options, self._numbers.next, self._step_limit_s)
        try:
            await link.greet()
            yield link
        finally:
            await link.let_go()

    async def close(self) -> None:
        """Nothing is shared between links."""

    async def _connected(self, address: Address) -> socket.socket:
        try:
            wire = await reach(address, self._connect_limit_s)
        except ConnectionError as refused:
            says = f"{address} refuses connections: nobody speaks LPD on that port, or not to this machine"
            raise NotReached(says, reasons=(Reason.BUSY_ELSEWHERE,)) from refused
        except OSError as error:  # TimeoutError and failed look-ups among them
            says = f"{address} cannot be reached: {words(error)}. See that it is on and in the network"
            raise NotReached(says, reasons=(Reason.OFFLINE,)) from error
        _notice_when_it_is_dead(wire)
        return wire


def _notice_when_it_is_dead(wire: socket.socket) -> None:
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in zip(("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT"), DEAD_AFTER_S, strict=True):
        if hasattr(socket, name):
            wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
