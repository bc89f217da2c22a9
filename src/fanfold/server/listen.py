"""Sockets that listen, and their TLS: made from settings, or refused in words. Knows no HTTP."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fanfold.config import is_loopback
from fanfold.errors import CannotStart
from fanfold.server.base import Listener
from fanfold.server.keys import read_proofs
from fanfold.server.proofs import Proofs

BACKLOG = 512
"""A till's browser opens many connections at once after a reload."""

_ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)


@dataclass(frozen=True, slots=True)
class Ear:
    """One listening socket with what its listener's settings say."""

    listener: Listener
    bound: socket.socket
    tls: ssl.SSLContext | None
    address: str
    """The address it is bound to; kept, because a closed socket forgets it."""
    port: int
    proofs: Proofs
    """What printers must prove that dial in there."""

    @classmethod
    def of(cls, listener: Listener, bound: socket.socket, tls: ssl.SSLContext | None, proofs: Proofs) -> Ear:
        """Return the ear of a bound socket."""
        address, port, *_ = bound.getsockname()
        return cls(listener, bound, tls, str(address), int(port), proofs)

    @property
    def wide(self) -> bool:
        """Whether others than this machine can reach it."""
        return not is_loopback(self.address)

    @property
    def url(self) -> str:
        """What to ask, for people."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


def open_ears(listeners: Sequence[Listener]) -> list[Ear]:
    """Bind every listener; all of them, or none when one fails.

    Raises:
        CannotStart: a port is in use, an address is not ours, a certificate cannot be used.
    """
    ears: list[Ear] = []
    try:
        for listener in listeners:
            tls, proofs = _tls(listener), read_proofs(listener)
            ears.extend(Ear.of(listener, bound, tls, proofs) for bound in _bind(listener))
    except BaseException:
        for ear in ears:
            ear.bound.close()
        raise
    if not ears:
        raise CannotStart("No listener could be opened: this machine has none of their addresses. See `[[listeners]]`.")
    return ears


def _bind(listener: Listener) -> Iterator[socket.socket]:
    for family, address in _addresses(listener.address):
        try:
            yield _bound(family, address, listener.port)
        except OSError as error:
            also = listener.optional or (address, listener.address) == ("::1", "localhost")
            if not (also and error.errno in _ABSENT):
                raise CannotStart(_why_not(address, listener.port, error)) from error


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
                f"Cannot listen at {where}: another program does, perhaps another Fanfold. "
                "Stop that one, or choose another port (`--listen HOST:PORT`)."
            )
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return f"Cannot listen at {where}: it is no address of this machine. Correct `[[listeners]]` or `--listen`."
        case errno.EACCES | errno.EPERM:
            return f"Cannot listen at {where}: this user may not. Choose a port above 1023, or give it the right to."
        case _:
            return f"Cannot listen at {where}: {error.strerror or error}."


def _tls(listener: Listener) -> ssl.SSLContext | None:
    if listener.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    files = f"certificate {listener.tls_cert} and key {listener.tls_key or listener.tls_cert}"
    try:
        context.load_cert_chain(listener.tls_cert, listener.tls_key, password=_no_password)
    except OSError as error:  # ssl.SSLError is one
        why = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise CannotStart(
            f"Cannot listen with TLS at {listener.address} port {listener.port}: {files} cannot be used "
            f"({why or type(error).__name__}). "
            "Both must be readable PEM files that belong together, the key without a password."
        ) from error
    return context


def _no_password() -> str:
    """Answer instead of OpenSSL, which would ask at the terminal."""
    return ""
