"""What an `lpd:` URI says: a server, a queue on it, and how it likes to be spoken to. Touches no network."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NoReturn
from urllib.parse import unquote

from fanfold.errors import Refused

DEFAULT_PORT = 515
EXAMPLE = "lpd://192.0.2.7/queue, lpd://printserver.example:515/raw?format=o or lpd://[fe80::1%25eth0]/lp"
QUEUE_BYTES = 255
"""RFC 1179 sets no limit; real names are far shorter, and what a server reads must end somewhere."""

USER_BYTES = 31
"""RFC 1179 §7.8."""

_URI = re.compile(
    r"lpd://(?:\[(?P<six>[^\]/?#]+)\]|(?P<host>[^\[\]:/?#@\s]+))(?::(?P<port>\d{1,5}))?"
    r"/(?P<queue>[^/?#\s]+)(?P<question>\?(?P<options>[^#\s]*))?",
    re.IGNORECASE | re.ASCII,
)


class Order(StrEnum):
    """Which of a job's two files goes first."""

    CONTROL_FIRST = "control-first"
    DATA_FIRST = "data-first"


class Format(StrEnum):
    """What the server is told to do with the bytes, by the letters of RFC 1179 §7.17 and following."""

    RAW = "l"
    TEXT = "f"
    POSTSCRIPT = "o"
    PAGINATED = "p"


class Far(StrEnum):
    """Who answers: the printer itself, or something that hands the job on."""

    SPOOLER = "spooler"
    PRINTER = "printer"


@dataclass(frozen=True, slots=True)
class Address:
    """A queue on a server; `family` where the host is a literal address that needs no look-up."""

    host: str
    port: int
    queue: str
    family: socket.AddressFamily | None = None
    format: Format = Format.RAW
    order: Order = Order.CONTROL_FIRST
    server: Far = Far.SPOOLER
    user: str = "fanfold"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"queue {self.queue!r} of {host}:{self.port}"


@lru_cache(256)
def address_of(uri: str) -> Address:
    """Return what the URI says. Raises Refused `bad-uri`."""
    read = _URI.fullmatch(uri)
    if read is None:
        _refuse(uri, "is not a host and a queue")
    port = int(read["port"]) if read["port"] else DEFAULT_PORT
    if not 0 < port < 65536:
        _refuse(uri, f"has a port that does not exist ({port}); ports are 1 to 65535")
    queue = unquote(read["queue"])
    if not _is_a_word(queue, QUEUE_BYTES):
        _refuse(uri, f"has a queue whose name cannot be sent ({queue!r})")
    host, family = _six(uri, unquote(read["six"])) if read["six"] else _named(uri, unquote(read["host"]))
    options: dict[str, Any] = _options(uri, read["options"] or "") if read["question"] else {}
    return Address(host, port, queue, family, **options)


def _options(uri: str, text: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if name not in _OPTIONS or name in found:
            _refuse(uri, f"has the option {name!r} twice, or it is none of {', '.join(_OPTIONS)}")
        read, words = _OPTIONS[name]
        try:
            found[name] = read(unquote(value))
        except ValueError:
            _refuse(uri, f"says {pair!r}; {name} is {words}")
    return found


def _user(text: str) -> str:
    if not _is_a_word(text, USER_BYTES):
        raise ValueError(text)
    return text


_OPTIONS: dict[str, tuple[Callable[[str], object], str]] = {
    "format": (Format, "l (as it is), f (text), o (PostScript) or p (text with page headers)"),
    "order": (Order, "control-first or data-first"),
    "server": (Far, "spooler, or printer where the printer itself answers"),
    "user": (_user, f"one word of at most {USER_BYTES} bytes"),
}


def _is_a_word(text: str, most_bytes: int) -> bool:
    """Whether it can stand in a command, where a space or the line's end would end it."""
    return 0 < len(text.encode("utf-8", "replace")) <= most_bytes and text.isprintable() and " " not in text


def _six(uri: str, host: str) -> tuple[str, socket.AddressFamily | None]:
    try:
        scope = IPv6Address(host).scope_id
    except ValueError as error:
        _refuse(uri, f"has brackets around something else than an IPv6 address ({error})")
    if scope and not scope.isprintable():
        _refuse(uri, f"has brackets around an address with a scope that is none ({scope!r})")
    # A scope is a name of this machine's (`eth0`): looking it up turns it into the number that connecting takes.
    return host, None if scope else socket.AF_INET6


def _named(uri: str, host: str) -> tuple[str, socket.AddressFamily | None]:
    if re.fullmatch(r"[\d.]+", host):
        try:
            IPv4Address(host)
        except ValueError as error:
            _refuse(uri, f"has no right IPv4 address ({error})")
        return host, socket.AF_INET
    if not host.isprintable() or set(host) & set(" /"):
        _refuse(uri, f"has a host that cannot be a name ({host!r})")
    try:
        host.encode("idna")
    except UnicodeError as error:
        _refuse(uri, f"has a host that cannot be a name ({error})")
    return host, None


def _refuse(uri: str, why: str) -> NoReturn:
    raise Refused(f"the address {uri!r} {why}; write it like {EXAMPLE}", code="bad-uri", status=422)
