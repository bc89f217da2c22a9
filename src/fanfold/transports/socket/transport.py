"""Network printers that take bare bytes on a TCP port (AppSocket, port 9100): finds the way to them, one per job."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fanfold.errors import NotReached, Refused
from fanfold.model import Printer, Reason
from fanfold.transports.base import Link
from fanfold.transports.reach import reach, words
from fanfold.transports.socket.address import Address, address_of
from fanfold.transports.socket.link import SocketLink, turned_away

CONNECT_LIMIT_S = 5.0
"""How long reaching a printer may take, look-up of its name included: one lost SYN is sent again after 1 s, then 2."""

SHY_FOR_S = 60.0
"""How long a printer that turned us away or broke off is approached with care."""

CARE_S = 0.1
"""How long such a printer gets to turn us away before it is given a byte. Ones that take a second connection only to
close it do so at once; a byte sent meanwhile would make a doubt of what is merely busy."""


class SocketTransport:
    """Prints on `socket://host[:9100]`; one connection a job, because many printers end a job by it."""

    schemes: tuple[str, ...] = ("socket",)
    takes: tuple[str, ...] = ("raw",)

    def __init__(self, connect_limit_s: float = CONNECT_LIMIT_S) -> None:
        self._connect_limit_s = connect_limit_s
        self._shy_until: dict[Address, float] = {}

    def check(self, uri: str) -> None:
        """Say whether the URI is a host and a port. Raises Refused `bad-uri`."""
        address_of(uri)

    def open(self, printer: Printer) -> AbstractAsyncContextManager[Link]:
        """Connect. Raises NotReached: `busy-elsewhere` when it turns us away, `offline-error` when nobody answers."""
        return self._reached(printer, self._connect_limit_s)

    async def ask(self, printer: Printer, question: bytes, *, channel: str = "", within_s: float) -> bytes:
        """Put the question over a connection of its own. Raises Refused, NotReached, TimeoutError."""
        if channel:
            says = f"There is no channel {channel[:40]!r}: a network printer has one way to it, with no name."
            raise Refused(says, code="unknown-channel", status=422)
        until_s = asyncio.get_running_loop().time() + within_s
        async with self._reached(printer, min(within_s, self._connect_limit_s)) as link:
            return await link.converse(question, until_s)

    async def close(self) -> None:
        """Nothing is shared between links."""

    @asynccontextmanager
    async def _reached(self, printer: Printer, limit_s: float) -> AsyncIterator[SocketLink]:
        address = address_of(printer.uri)
        wire = await self._connected(address, limit_s)
        link = SocketLink(wire, str(address), printer.options)
        try:
            await self._approach(address, link)
            yield link
        finally:
            if link.broke_off:
                self._shy_until[address] = asyncio.get_running_loop().time() + SHY_FOR_S
            link.let_go()

    async def _connected(self, address: Address, limit_s: float) -> socket.socket:
        try:
            return await reach(address, limit_s)
        except ConnectionError as refused:
            self._shy_until[address] = asyncio.get_running_loop().time() + SHY_FOR_S
            raise turned_away(str(address), f"refuses connections ({words(refused)})") from refused
        except OSError as error:  # TimeoutError and failed look-ups among them
            says = f"{address} cannot be reached: {words(error)}. See that it is on and in the network, and its address"
            raise NotReached(says, reasons=(Reason.OFFLINE,)) from error

    async def _approach(self, address: Address, link: SocketLink) -> None:
        """Wait a little before the first byte where the printer broke off a while ago. Raises NotReached."""
        if address not in self._shy_until:
            return
        if asyncio.get_running_loop().time() < self._shy_until[address]:
            await link.stands(CARE_S)
        else:
            del self._shy_until[address]
