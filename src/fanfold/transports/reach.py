"""Connects to a host and port, by whichever of a name's addresses answers first. Knows no protocol and no printer."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from typing import Any, Protocol


class Host(Protocol):
    """Whom to connect to."""

    @property
    def host(self) -> str:
        """A name or an address."""

    @property
    def port(self) -> int:
        """The TCP port."""

    @property
    def family(self) -> socket.AddressFamily | None:
        """Its family where the host is an address that needs no look-up."""


async def reach(whom: Host, limit_s: float) -> socket.socket:
    """Return a connected socket. Raises OSError: TimeoutError and failed look-ups among them."""
    async with asyncio.timeout(limit_s):
        return await _first_that_connects(whom, limit_s)


def words(error: OSError) -> str:
    """Return why nobody was reached, for people: asyncio's own words name the call, not the cause."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return f"its name is not known here ({error.strerror})"
    if error.errno == errno.EHOSTUNREACH:
        return "no such host answers in its network"
    return os.strerror(error.errno) if error.errno else str(error)


async def _first_that_connects(whom: Host, limit_s: float) -> socket.socket:
    targets = await _targets(whom)
    loop = asyncio.get_running_loop()
    until_s = loop.time() + limit_s
    for left in range(len(targets), 1, -1):
        try:  # none of a name's addresses may use up the time of the others
            async with asyncio.timeout((until_s - loop.time()) / left):
                return await _connect(*targets[-left])
        except OSError:
            continue
    return await _connect(*targets[-1])


async def _targets(whom: Host) -> list[tuple[int, Any]]:
    if whom.family is not None:
        return [(whom.family, (whom.host, whom.port))]
    found = await asyncio.get_running_loop().getaddrinfo(whom.host, whom.port, type=socket.SOCK_STREAM)
    return [(family, target) for family, _, _, _, target in found]


async def _connect(family: int, target: Any) -> socket.socket:
    wire = socket.socket(family, socket.SOCK_STREAM)
    try:
        wire.setblocking(False)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if os.name == "posix":
            await _knock(wire, target)
        else:
            await asyncio.get_running_loop().sock_connect(wire, target)
    except BaseException:
        wire.close()
        raise
    return wire


async def _knock(wire: socket.socket, target: Any) -> None:
    """Connect to numbers. uvloop's own `sock_connect` has a thread look them up first, which costs more than the rest.

    Asking a second time tells how the first went: a printer on this machine has answered by then.
    """
    answer = wire.connect_ex(target) and wire.connect_ex(target)
    if answer in (errno.EINPROGRESS, errno.EALREADY):
        await _until_writable(wire)
        answer = wire.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if answer not in (0, errno.EISCONN):
        raise OSError(answer, os.strerror(answer))


async def _until_writable(wire: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(wire, _resolve, ready)
    try:
        await ready
    finally:
        loop.remove_writer(wire)


def _resolve(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
