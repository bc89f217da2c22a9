"""Which USB printer a URI means: by its numbers, its serial, its port, or its file. Reads the text only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote

from fanfold.errors import Refused

_FLAGS = re.IGNORECASE | re.ASCII
_DEVICE = re.compile(r"usb://(?P<vendor>[0-9a-f]{4}):(?P<product>[0-9a-f]{4})(?:/(?P<serial>[^/?#]*))?", _FLAGS)
_FILE = re.compile(r"usb:(?://)?/dev/(?P<file>usb/lp\d{1,3}|usblp\d{1,3})", _FLAGS)
_PORT = re.compile(r"\d+-\d+(\.\d+)*")
"""As the kernel counts: a bus, and the ports from its root to the device."""


class Via(StrEnum):
    """Ways to a USB printer."""

    USBLP = "usblp"
    """The file that the kernel's driver for printers makes."""
    LIBUSB = "libusb"
    """Past that driver."""


@dataclass(frozen=True, slots=True)
class Address:
    """What a URI says. Without `file` it is the device with these numbers, wherever it is plugged in."""

    vendor: str = ""
    """Four hexadecimal digits, in lower case; so `product`."""
    product: str = ""
    serial: str = ""
    """Empty: whichever there is."""
    port: str = ""
    """Where it is plugged in, such as `1-1.2`, for those that nothing else tells apart; empty: anywhere."""
    file: str = ""
    """`usb/lp0`: whatever printer is there, from /dev."""
    via: Via | None = None
    heeds_status: bool = True

    def __str__(self) -> str:
        return f"/dev/{self.file}" if self.file else usb_uri(self.vendor, self.product, self.serial, self.port)


def usb_uri(vendor: str, product: str, serial: str = "", port: str = "") -> str:
    """Return the URI of a device."""
    path = f"/{quote(serial, safe='')}" if serial else ""
    return f"usb://{vendor}:{product}{path}{f'?port={port}' if port else ''}"


@lru_cache(256)
def address_of(uri: str) -> Address:
    """Return what the URI means. Raises Refused `bad-uri`."""
    place, _, query = uri.partition("?")
    options = _options(uri, query)
    via, port = Via(options["via"]) if "via" in options else None, options.get("port", "")
    heeds_status = "status" not in options
    if found := _FILE.fullmatch(place):
        if port or via is Via.LIBUSB:
            raise _bad(uri, "names a file of the kernel's driver, so it has neither a port nor another way")
        return Address(file=found["file"].lower(), via=via, heeds_status=heeds_status)
    if found := _DEVICE.fullmatch(place):
        serial = unquote(found["serial"] or "", errors="replace")
        if serial != serial.encode("utf-8", "replace").decode():
            raise _bad(uri, "has a serial that is no text")
        return Address(
            found["vendor"].lower(), found["product"].lower(), serial, port, via=via, heeds_status=heeds_status
        )
    raise _bad(uri, "is no USB printer's numbers and no file of one")


def _options(uri: str, query: str) -> dict[str, str]:
    allowed = {"via": "|".join(Via), "status": "ignore", "port": _PORT.pattern}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError as error:
        raise _bad(uri, "has something after the ? that is no setting") from error
    options = dict(pairs)
    if len(options) < len(pairs):
        raise _bad(uri, "says a setting twice")
    for name, value in options.items():
        if name not in allowed:
            raise _bad(uri, f"has a setting {name!r} that is not known here; known are {', '.join(allowed)}")
        if not re.fullmatch(allowed[name], value):
            raise _bad(uri, f"has {name}={value}, which is none that it may be")
    return options


def _bad(uri: str, why: str) -> Refused:
    example = (
        "write it like usb://0a5f:0164, usb://0a5f:0164/50J123?status=ignore or usb:/dev/usb/lp0; "
        "`fanfold printers discover` shows what is plugged in"
    )
    return Refused(f"the address {uri!r} {why}; {example}", code="bad-uri", status=422)
