"""What a `serial:` URI says: which port, and how its line is set. Reads the text only; touches no port."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import unquote

from fanfold.errors import Refused

SLOWEST_BAUD, FASTEST_BAUD = 50, 4_000_000
EXAMPLE = "serial:/dev/ttyUSB0?baud=9600, serial:COM3?baud=115200&flow=dsrdtr or serial:/dev/serial/by-id/usb-…"

_UNIX = re.compile(r"(?://)?(?P<path>/[^?]*[^?/])")
_WINDOWS = re.compile(r"(?P<name>COM[1-9]\d{0,3}|\\\\\.\\[^\\/?]+)", re.IGNORECASE)


class Flow(StrEnum):
    """How the printer says that it takes no more for now."""

    NONE = "none"
    RTSCTS = "rtscts"
    DSRDTR = "dsrdtr"
    XONXOFF = "xonxoff"


class Parity(StrEnum):
    """What the parity bit says, where there is one."""

    NONE = "none"
    ODD = "odd"
    EVEN = "even"
    MARK = "mark"
    SPACE = "space"


@dataclass(frozen=True, slots=True)
class Line:
    """A port by its name, and how both ends of the cable talk."""

    port: str
    baud: int = 9600
    parity: Parity = Parity.NONE
    bits: int = 8
    stop: float = 1
    flow: Flow = Flow.RTSCTS

    def seconds_for(self, count_bytes: int) -> float:
        """Return how long so many bytes take on the cable: each has a start bit before it."""
        return count_bytes * (1 + self.bits + (self.parity is not Parity.NONE) + self.stop) / self.baud


@lru_cache(256)
def line_of(uri: str) -> Line:
    """Return the line that the URI names. Raises Refused `bad-uri`."""
    scheme, _, rest = uri.partition(":")
    port, question, options = rest.partition("?")
    if scheme.lower() != "serial":
        _refuse(uri, "is none of a serial port")
    said: dict[str, Any] = dict(_option(uri, pair) for pair in options.split("&")) if question else {}
    if question and len(said) < options.count("&") + 1:
        _refuse(uri, "says an option twice")
    return Line(_port(uri, port), **said)


def _port(uri: str, text: str) -> str:
    if (read := _WINDOWS.fullmatch(unquote(text))) and read["name"].isprintable():
        return read["name"].upper() if read["name"].upper().startswith("COM") else read["name"]
    if read := _UNIX.fullmatch(text):
        path = unquote(read["path"])
        if path.isprintable():
            return path
    return _refuse(uri, "does not name a port")


def _option(uri: str, pair: str) -> tuple[str, object]:
    name, _, value = pair.partition("=")
    if name not in _OPTIONS:
        _refuse(uri, f"has the option {name!r}, which is none of {', '.join(_OPTIONS)}")
    read, words = _OPTIONS[name]
    try:
        return name, read(value)
    except (ValueError, KeyError):
        return _refuse(uri, f"says {pair!r}; {name} is {words}")


def _baud(text: str) -> int:
    baud = int(text) if text.isascii() and text.isdecimal() else 0
    if not SLOWEST_BAUD <= baud <= FASTEST_BAUD:
        raise ValueError(text)
    return baud


_OPTIONS: dict[str, tuple[Callable[[str], object], str]] = {
    "baud": (_baud, f"{SLOWEST_BAUD} to {FASTEST_BAUD}, as the printer is set"),
    "parity": (Parity, "none, odd, even, mark or space"),
    "bits": ({"7": 7, "8": 8}.__getitem__, "7 or 8"),
    "stop": ({"1": 1, "1.5": 1.5, "2": 2}.__getitem__, "1, 1.5 or 2"),
    "flow": (Flow, "none, rtscts, dsrdtr or xonxoff"),
}


def _refuse(uri: str, why: str) -> NoReturn:
    raise Refused(f"the address {uri!r} {why}; write it like {EXAMPLE}", code="bad-uri", status=422)
