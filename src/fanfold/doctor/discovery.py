"""Whether printers in the network can be found: mDNS's port and this machine's addresses. Sends nothing."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator

from fanfold.doctor.finding import Area, Finder, Finding
from fanfold.doctor.surroundings import Surroundings

PORT = 5353
"""Multicast DNS (RFC 6762 §3)."""
_find = Finder(Area.DISCOVERY)


def discovery(around: Surroundings) -> Iterator[Finding]:
    """Look at what mDNS needs."""
    settings = around.assumed.discovery
    if not settings.mdns:
        yield _find.note("mdns-off", "Printers in the network are not looked for: `mdns = false` under `[discovery]`.")
        return
    yield port(try_port())
    for address in settings.interfaces:
        if error := _try(address):
            says = (
                f"{address}, where printers are to be looked for, is no address of this machine ({os.strerror(error)})."
            )
            yield _find.problem("no-interface", says, "Correct `interfaces` under `[discovery]`.", address=address)
    yield _interfaces()


def port(error: int) -> Finding:
    """Say what it means that mDNS's port can be shared, or not, by the error of trying."""
    if error == 0:
        return _find.ok("mdns", f"UDP port {PORT} can be shared, so printers in the network can be found.", port=PORT)
    if error == errno.EADDRINUSE:
        says = f"Another program has UDP port {PORT} for itself: printers in the network cannot be found."
        return _find.warning("mdns-taken", says, "End it, or have it share the port (SO_REUSEPORT).", port=PORT)
    says = f"UDP port {PORT} cannot be used: {os.strerror(error)}."
    return _find.warning("mdns-unusable", says, "See which firewall or container keeps it closed.", port=PORT)


def try_port(number: int = PORT) -> int:
    """Bind mDNS's port as one of several, and let go at once; return the error's number."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "SO_REUSEPORT"):
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            made.bind(("", number))
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _try(address: str) -> int:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as made:
            made.bind((address, 0))
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _interfaces() -> Finding:
    try:
        names = [name for _, name in socket.if_nameindex()]
    except OSError:
        return _find.ok("interfaces", "The system does not tell of its interfaces.")
    return _find.ok("interfaces", f"This machine's interfaces: {', '.join(names)}.", interfaces=names)
