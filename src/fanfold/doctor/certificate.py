"""Reads of an X.509 certificate how long it holds and for which names: plain DER (RFC 5280 §4.1), no trust in it."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_SEQUENCE, _UTC_TIME, _GENERAL_TIME, _OID, _OCTETS = 0x30, 0x17, 0x18, 0x06, 0x04
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_DNS_NAME, _ADDRESS = 0x82, 0x87
_ALT_NAME = bytes.fromhex("551d11")
"""2.5.29.17, subjectAltName (RFC 5280 §4.2.1.6)."""
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the first certificate of a chain says."""

    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    """Host names and addresses that it is for."""


def read(file: Path) -> Certificate:
    """Return the first certificate of a PEM file. Raises OSError; ValueError where there is none that can be read."""
    text = file.read_text("ascii", "replace")
    _, begin, rest = text.partition(_BEGIN)
    body, end, _ = rest.partition(_END)
    if not begin or not end:
        raise ValueError("there is no certificate in it")
    try:
        return _certificate(ssl.PEM_cert_to_DER_cert(f"{begin}{body}{end}\n"))
    except (IndexError, ValueError) as error:
        raise ValueError("its certificate cannot be read") from error


def _certificate(der: bytes) -> Certificate:
    ((_, outer),) = _items(der)
    fields = [one for one in _items(next(_items(outer))[1]) if one[0] != _VERSION]
    begins, ends = (_time(tag, value) for tag, value in _items(fields[3][1]))  # serial, algorithm, issuer, validity
    names = [name for tag, value in fields if tag == _EXTENSIONS for name in _names(value)]
    return Certificate(begins, ends, tuple(names))


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and value of each item that stands in the data."""
    place = 0
    while place < len(data):
        tag, length, place = data[place], data[place + 1], place + 2
        if length & 0x80:
            count = length & 0x7F
            length, place = int.from_bytes(data[place : place + count]), place + count
        if place + length > len(data):
            raise ValueError("it ends too early")
        yield tag, data[place : place + length]
        place += length


def _time(tag: int, value: bytes) -> datetime:
    if tag not in (_UTC_TIME, _GENERAL_TIME):
        raise ValueError("there is no time where one must be")
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(value.decode("ascii"), form).replace(tzinfo=UTC)


def _names(extensions: bytes) -> Iterator[str]:
    for _, extension in _items(next(_items(extensions))[1]):
        parts = list(_items(extension))
        if parts[0] == (_OID, _ALT_NAME):
            for tag, value in _items(next(_items(parts[-1][1]))[1]):
                if tag == _DNS_NAME:
                    yield value.decode("ascii", "replace")
                elif tag == _ADDRESS:
                    yield str(ipaddress.ip_address(value))
