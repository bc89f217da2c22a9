"""Who of this machine is at the other end of a connection, asked once for each. Knows no HTTP and no rule."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import sys
from contextlib import suppress
from functools import cached_property
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from fanfold.server.arrival import Address, Neighbour

UNTOLD = Neighbour(is_house=True, is_told=False)
"""This system does not tell of anybody who is at the other end."""


class System(Protocol):
    """A system that knows whose each connection is."""

    async def user(self, peer: Address, ours: Address) -> Neighbour:
        """Return whose socket it is that is at `peer` and connected to `ours`; nobody, where it is no longer open."""

    def close(self) -> None:
        """Let go of what it asks by. Idempotent."""


class Peers:
    """Remembers whom each connection belongs to, for as long as it lasts."""

    def __init__(self, system: System | None = None) -> None:
        """Ask that system; by default the one that this runs on, as far as it tells."""
        self._given = system
        self._known: WeakKeyDictionary[asyncio.BaseTransport, Neighbour | None] = WeakKeyDictionary()

    async def of(self, transport: asyncio.BaseTransport | None) -> Neighbour | None:
        """Return who is at the other end; None: somebody on another machine."""
        if transport is None:
            return Neighbour()
        if transport not in self._known:
            self._known[transport] = await self._ask(transport)
        return self._known[transport]

    def close(self) -> None:
        """Let go of what it asks by. Idempotent."""
        if (system := self.__dict__.get("_system")) is not None:
            system.close()

    @cached_property
    def _system(self) -> System | None:
        return self._given or _this_system()

    async def _ask(self, transport: asyncio.BaseTransport) -> Neighbour | None:
        peer: tuple[Any, ...] | None = transport.get_extra_info("peername")
        ours: tuple[Any, ...] | None = transport.get_extra_info("sockname")
        if not peer or not ours:  # it is gone already
            return Neighbour()
        if not is_of_this_machine(peer):
            return None
        if self._system is None:
            return UNTOLD
        return await self._system.user((str(peer[0]), int(peer[1])), (str(ours[0]), int(ours[1])))


def is_of_this_machine(name: tuple[Any, ...]) -> bool:
    """Tell whether a socket's address is one of this machine's: then one can bind to it."""
    address = ipaddress.ip_address(str(name[0]).partition("%")[0])
    if address.is_loopback:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((name[0], 0, *name[2:]))
        return True
    return False


def _this_system() -> System | None:
    system: System | None = None
    if sys.platform == "linux":
        from fanfold.server.peer_linux import Linux

        system = Linux()
    elif sys.platform == "win32":
        from fanfold.server.peer_windows import Windows

        system = Windows()
    return system
