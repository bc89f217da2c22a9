"""What apps of zebra_ws_print send: bodies read as the original read them, and a little kinder. Knows no printer."""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from fanfold.errors import Refused

CHANNELS: Mapping[str, str] = {"raw": "raw", "config": "config", "cfg": "config"}
"""The channels that an app may ask for, and what they are called here."""

_ID = re.compile(rb"\^FX UUID: #([0-9]{1,255})")
_BLANKS = bytes.maketrans(b"", b""), b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Label:
    """Something to print, and on which printer."""

    serial: str
    zpl: bytes

    @property
    def external_id(self) -> str | None:
        """The id that the app wrote into a comment of its label; the first, where there are several."""
        found = _ID.search(self.zpl)
        return found[1].decode() if found else None


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask a printer, in words of its own."""

    serial: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Reopening:
    """A channel to be opened anew: `raw` or `config`."""

    serial: str
    channel: str


def label(body: bytes) -> Label:
    """Read `{"sn", "data"}`. Raises Refused."""
    fields = _fields(body)
    return Label(_text(fields, "sn"), _bytes(fields, "data"))


def labels(body: bytes) -> tuple[Label, ...]:
    """Read `SERIAL=BASE64&…`, at least one. Raises Refused."""
    found = tuple(_pairs(_decoded(body).strip()))
    if not found:
        raise _malformed("it is empty: send SERIAL=BASE64, and `&` between several")
    return found


def question(body: bytes) -> Question:
    """Read `{"printer_id", "sgd_command"}`. Raises Refused."""
    fields = _fields(body)
    return Question(_text(fields, "printer_id"), _bytes(fields, "sgd_command"))


def reopening(body: bytes) -> Reopening:
    """Read `{"printer_id", "channel"}`. Raises Refused."""
    fields = _fields(body)
    serial, channel = _text(fields, "printer_id"), _text(fields, "channel")
    if channel not in CHANNELS:
        raise _malformed(f"there is no channel {channel[:40]!r}: `channel` is one of {', '.join(CHANNELS)}")
    return Reopening(serial, CHANNELS[channel])


def _fields(body: bytes) -> dict[str, Any]:
    try:
        # not strict: these apps put line feeds into strings as they are
        fields = json.loads(_decoded(body), strict=False)
    except (ValueError, RecursionError) as fault:
        raise _malformed(f"it is no JSON ({fault})") from None
    if not isinstance(fields, dict):
        raise _malformed("it is no JSON object")
    return fields


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise _malformed(f"`{name}` must be there, as a string that is not empty")
    return value


def _bytes(fields: dict[str, Any], name: str) -> bytes:
    try:
        return _text(fields, name).encode()
    except UnicodeEncodeError:
        raise _malformed(f"`{name}` has half a character in it (a lone surrogate), which UTF-8 cannot say") from None


def _pairs(body: str) -> Iterator[Label]:
    for number, pair in enumerate(filter(None, body.split("&")), 1):
        serial, sign, value = pair.partition("=")
        if not serial or not sign:
            raise _malformed(f"pair {number} is not SERIAL=BASE64")
        yield Label(_decoded(unquote_to_bytes(serial)), _unpacked(value, number))


def _unpacked(value: str, number: int) -> bytes:
    # A plus is base64's own: few of these apps escape it, and base64 has no space that it could stand for.
    packed = unquote_to_bytes(value).translate(*_BLANKS)
    try:
        unpacked = binascii.a2b_base64(packed, strict_mode=True)
    except ValueError as fault:
        raise _malformed(f"the value of pair {number} is no base64 ({fault})") from None
    if not unpacked:
        raise _malformed(f"the value of pair {number} is empty: there is nothing to print")
    return unpacked


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as fault:
        raise _malformed(f"it is not UTF-8 (byte {fault.start + 1})") from None


def _malformed(says: str) -> Refused:
    return Refused(f"The body was not understood: {says}. Nothing was done.", code="bad-request", status=400)
