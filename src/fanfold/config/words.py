"""What single settings may be, in words: names, addresses, origins, encodings. Touches no disk and no network."""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum

from fanfold.config import kinds


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Door(StrEnum):
    """What a listener may offer."""

    PAGE = "page"
    """The page at `/` and the browser's script."""
    API = "api"
    """All under `/v1/`."""
    METRICS = "metrics"
    PRINTERWEBSOCKET = "printerwebsocket"
    """WebSockets on any other path."""
    WEBLINK = "weblink"
    """Zebra printers that dial in."""
    ZEBRA_WS_PRINT = "zebra_ws_print"
    """The HTTP routes of apps written for zebra_ws_print."""


DOORS = (Door.PAGE, Door.API, Door.METRICS, Door.PRINTERWEBSOCKET)
"""What a listener offers unless told otherwise: all that needs no settings of its own."""

PRINTERS_DOORS = frozenset({Door.WEBLINK})
"""Through these printers dial in, and prove who they are by `proof`, not by the gateway's token."""


class Proof(StrEnum):
    """How a printer that dials in proves who it is."""

    PATH = "path"
    """The secret of `secret_file` is the last part of the URL's path."""
    BASIC = "basic"
    """User and password (RFC 7617), one of those in `users_file`."""
    DIGEST = "digest"
    """The same, without sending the password (RFC 7616)."""
    CERTIFICATE = "certificate"
    """A client certificate of an authority in `tls_client_ca`."""
    NONE = "none"
    """Whoever reaches the port is believed. For trials."""


class WebhookFormat(StrEnum):
    """How a webhook's receiver wants to be told."""

    FANFOLD = "fanfold"
    """Every event, signed, as Standard Webhooks asks."""
    ZEBRA_WS_PRINT = "zebra_ws_print"
    """What zebra_ws_print told its apps."""


class EventKind(StrEnum):
    """Kinds of events, as webhooks name them."""

    JOB_CHANGED = "job.changed"
    PRINTER_CHANGED = "printer.changed"
    PRINTER_CONNECTED = "printer.connected"
    PRINTER_DISCONNECTED = "printer.disconnected"
    PRINTER_SCANNED = "printer.scanned"


def is_loopback(address: str) -> bool:
    """Tell whether only this machine can reach a listener at this address."""
    return address == "localhost" or ipaddress.ip_address(address).is_loopback


def _check_address(address: str) -> None:
    if address != "localhost":
        ipaddress.ip_address(address)


def _check_network(network: str) -> None:
    ipaddress.ip_network(network)


def _check_encoding(encoding: str) -> None:
    try:
        "".encode(encoding)
    except LookupError as error:
        raise ValueError(encoding) from error


_WORD = r"[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*"
"""Anything with something to see in it, on one line."""

FILE = kinds.path("the path of a file")
FOLDER = kinds.path("the path of a folder")
CODE = kinds.count(-(2**31), 2**31 - 1)

ADDRESS = kinds.checked(kinds.text("an IP address such as 127.0.0.1 or ::1, or localhost", ".+"), _check_address)
ADDRESSES = kinds.several(
    kinds.checked(kinds.text("an IP address", r"[0-9A-Fa-f.:]+"), _check_address),
    "a list of addresses such as 192.0.2.7",
)
SERVER = kinds.text("the path of CUPS's socket, or host[:port]", r"\S+")
SEVERAL_DOORS = kinds.several(kinds.one_of(Door), "a list of " + ", ".join(Door))
PROOFS = kinds.several(kinds.one_of(Proof), "a list of " + ", ".join(Proof))
EVENTS = kinds.several(kinds.one_of(EventKind), "a list of " + ", ".join(EventKind))
NETWORKS = kinds.several(
    kinds.checked(kinds.text("an address or a network", r"[0-9A-Fa-f.:]+(/\d{1,3})?"), _check_network),
    "a list of addresses or networks such as 192.0.2.7 or 192.0.2.0/24",
)
HTTP_URL = kinds.text("a URL such as https://shop.example/hook", r"https?://[^\x00-\x20\x7f]+", is_private=True)
SETTINGS_NAMES = kinds.several(
    kinds.text("a printer's setting", r"[a-z0-9_.]+"), "a list of names such as capture.channel1.data.raw"
)

NAME = kinds.text("a name on one line", _WORD)
NAMES = kinds.several(NAME, "a list of names")
GLOBS = kinds.several(NAME, "a list of names, in which * and ? stand for anything")
_URI = kinds.text(
    "a URI such as socket://192.0.2.7, cups://localhost/labels or file:out",
    r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x1f\x7f]+",
)


def spelled(uri: str) -> str:
    """Return the URI that somebody means who gives the file of a USB printer; any other as it is."""
    return f"usb:{uri}" if re.fullmatch(r"/dev/(usb/lp|usblp)\d+", uri) else uri


URI = kinds.Kind(_URI.allowed, lambda value: _URI.read(spelled(value) if isinstance(value, str) else value))

HOSTS = kinds.several(
    kinds.text("a host name", r"[A-Za-z0-9._-]+|\[?[0-9A-Fa-f:]+\]?"),
    "a list of host names without port, such as till-1.shop.example",
)
ORIGIN = kinds.text("a web origin such as https://shop.example", r"[a-z][a-z0-9+.-]*://[^\s/?#@,A-Z]+")
ORIGINS = kinds.several(
    ORIGIN, "a list of web origins such as https://shop.example, in lower case and with nothing after the host and port"
)

LANGUAGE = kinds.text("the name of a printer language, such as zpl", r"[a-z][a-z0-9-]*")
ACCEPTS = kinds.several(
    kinds.text("a kind of document", r"\*|raw|[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+*-]+"),
    "a list of raw, * or media types such as application/pdf",
)
ENCODING = kinds.checked(
    kinds.text("the name of a text encoding, such as utf-8 or cp437", r"[\x20-\x7e]+"), _check_encoding
)
