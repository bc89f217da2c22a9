"""Sockets that listen: made from settings, or refused in words. Knows no HTTP and no TLS."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fanfold.config import is_loopback
from fanfold.errors import ADDRESS_IN_USE, CannotStart
from fanfold.server.base import Listener

BACKLOG = 4096
"""As many as Linux allows unless told otherwise (`net.core.somaxconn`).

After a restart thousands of printers dial in the same second. Whom the kernel has no room for it does not answer, and
who is not answered tries again only after 1, 3, 7 and 15 s: with room for 512, the last of 2,000 were back 20 s late.
"""

_ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)


@dataclass(frozen=True, slots=True)
class Ear:
    """One listening socket with what its listener's settings say."""

    listener: Listener
    bound: socket.socket
    address: str
    """The address it is bound to; kept, because a closed socket forgets it."""
    port: int

    @classmethod
    def of(cls, listener: Listener, bound: socket.socket) -> Ear:
        """Return the ear of a bound socket."""
        address, port, *_ = bound.getsockname()
        return cls(listener, bound, str(address), int(port))

    @property
    def has_tls(self) -> bool:
        """Whether it speaks TLS."""
        return self.listener.tls_cert is not None

    @property
    def wide(self) -> bool:
        """Whether others than this machine can reach it."""
        return not is_loopback(self.address)

    @property
    def url(self) -> str:
        """What to ask, for people."""
        return f"{'https' if self.has_tls else 'http'}://{_pair(self.address, self.port)}"


def shown(listener: Listener) -> str:
    """Return a listener's address and port, for people, as `--listen` takes them."""
    return _pair(listener.address, listener.port)


def open_ears(listeners: Sequence[Listener]) -> list[Ear]:
    """Bind every listener; all of them, or none when one fails.

    Raises:
        CannotStart: a port is in use, an address is not ours.
    """
    ears: list[Ear] = []
    try:
        for listener in listeners:
            ears.extend(Ear.of(listener, bound) for bound in _bind(listener))
    except BaseException:
        for ear in ears:
            ear.bound.close()
        raise
    if not ears:
        raise CannotStart("No listener could be opened: this machine has none of their addresses. See `[[listeners]]`.")
    return ears


def _pair(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _bind(listener: Listener) -> Iterator[socket.socket]:
    for family, address in _addresses(listener.address):
        try:
            yield _bound(family, address, listener.port)
        except OSError as error:
            also = listener.optional or (address, listener.address) == ("::1", "localhost")
            if not (also and error.errno in _ABSENT):
                code = ADDRESS_IN_USE if error.errno == errno.EADDRINUSE else None
                raise CannotStart(_why_not(address, listener.port, error), code=code) from error


def _addresses(address: str) -> list[tuple[socket.AddressFamily, str]]:
    if address == "localhost":  # not asked of DNS: what it must mean is settled (RFC 6761)
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    try:
        version = ipaddress.ip_address(address).version
    except ValueError as error:
        raise CannotStart(f"{address!r} is no address to listen at. Write an IP address or localhost.") from error
    return [(socket.AF_INET if version == 4 else socket.AF_INET6, address)]


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere this would let two programs share the port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
        made.listen(BACKLOG)  # at once: two gateways could both bind, and only one can listen
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made


def _why_not(address: str, port: int, error: OSError) -> str:
    where = f"{address} port {port}"
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"Cannot listen at {where}: another program does, perhaps another Fanfold, or this one at another "
                "listener. Stop that one, or choose another port (`--listen HOST:PORT`, or `port` in fanfold.toml)."
            )
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return f"Cannot listen at {where}: it is no address of this machine. Correct `[[listeners]]` or `--listen`."
        case errno.EACCES | errno.EPERM:
            return f"Cannot listen at {where}: this user may not. Choose a port above 1023, or give it the right to."
        case _:
            return f"Cannot listen at {where}: {error.strerror or error}."
