"""Where a `socket:` URI points. Reads the text only; touches no network."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import unquote

from fanfold.errors import Refused

DEFAULT_PORT = 9100
"""Where printers that take bare bytes listen (HP's JetDirect began it; IANA: pdl-datastream)."""

_URI = re.compile(
    r"socket://(?:\[(?P<six>[^\]/?#]+)\]|(?P<host>[^\[\]:/?#@\s]+))(?::(?P<port>\d{1,5}))?/?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port; `family` where the host is a literal address that needs no look-up."""

    host: str
    port: int
    family: socket.AddressFamily | None = None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@lru_cache(256)
def address_of(uri: str) -> Address:
    """Return where the URI points. Raises Refused `bad-uri`."""
    read = _URI.fullmatch(uri)
    if read is None:
        raise _bad(uri, "is not a host and a port")
    port = int(read["port"]) if read["port"] else DEFAULT_PORT
    if not 0 < port < 65536:
        raise _bad(uri, f"has a port that does not exist ({port}); ports are 1 to 65535")
    if read["six"]:
        return _six(uri, unquote(read["six"]), port)
    return _named(uri, unquote(read["host"]), port)


def _six(uri: str, host: str, port: int) -> Address:
    try:
        scope = IPv6Address(host).scope_id
    except ValueError as error:
        raise _bad(uri, f"has brackets around something else than an IPv6 address ({error})") from error
    # A scope is a name of this machine's (`eth0`): looking it up turns it into the number that connecting takes.
    return Address(host, port, None if scope else socket.AF_INET6)


def _named(uri: str, host: str, port: int) -> Address:
    if re.fullmatch(r"[\d.]+", host):
        try:
            IPv4Address(host)
        except ValueError as error:
            raise _bad(uri, f"has no right IPv4 address ({error})") from error
        return Address(host, port, socket.AF_INET)
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise _bad(uri, f"has a host that cannot be a name ({error})") from error
    return Address(host, port)


def _bad(uri: str, why: str) -> Refused:
    example = "write it like socket://192.0.2.7, socket://printer.example:9100 or socket://[fe80::1%25eth0]:9100"
    return Refused(f"the address {uri!r} {why}; {example}", code="bad-uri", status=422)
