"""What a Zebra printer says of itself when it dials in: the packet behind `discovery_b64`. Knows no channel.

Layout: the advanced packet, version 5, 422 bytes, big-endian, texts padded by NUL.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from enum import IntFlag
from ipaddress import IPv4Address
from typing import Literal

Suffix = Literal["right", "wrong", "none"]
SIZE_BYTES = 422


class Errors(IntFlag):
    """Faults in the third error word."""

    PAPER_OUT = 1
    RIBBON_OUT = 2
    HEAD_OPEN = 4
    HEAD_SHUTDOWN = 0x10
    MOTOR_HOT = 0x20
    INVALID_HEAD = 0x80
    THERMISTOR = 0x200
    PAPER_FEED = 0x4000
    PAUSED = 0x10000
    ZBI_RUNTIME = 0x100000
    ZBI_FORCED = 0x200000


class Warnings(IntFlag):
    """Warnings in the third warning word."""

    HEAD_COLD = 0x1000
    RIBBON_IN = 0x2000
    BATTERY_LOW = 0x4000
    RFID = 0x8000


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Every field of the packet. Lengths are in dots; `errors` and `warnings` are their three words."""

    serial: str = "50J164800001"
    name: str = "50J164800001"
    product: str = "ZTC ZD420-203dpi ZPL"
    firmware: str = "V84.20.23Z"
    company: str = "ZBR"
    location: str = ""
    version: int = 4
    advanced_version: int = 5
    errors: tuple[int, int, int] = (0, 0, 0)
    warnings: tuple[int, int, int] = (0, 0, 0)
    interfaces: int = 1 | 64
    domain: str = ""
    active_interface: int = 1
    mac: bytes = bytes.fromhex("00074d0a0b0c")
    ip_acquisition: int = 4
    address: str = "192.0.2.20"
    mask: str = "255.255.255.0"
    gateway: str = "192.0.2.1"
    raw_port: int = 9100
    protocols: int = 4 | 512 | 1024
    primary_language: int = 1
    languages: int = 1 | 4
    secondary_languages: int = 1 | 2
    dots_per_mm: int = 8
    dots_per_row: int = 832
    label_length: int = 1218
    label_width: int = 812
    darkness: int = 20
    media_type: int = 2
    print_method: int = 0
    print_mode: int = 1
    odometer: int = 0
    marker_1: int = 0
    marker_2: int = 0
    labels_left: int = 0
    labels_queued: int = 0
    zbi: bytes = bytes([1, 0, 2, 1])
    head_width: int = 832
    json_port: int = 9200
    link_os: tuple[int, int] = (6, 3)
    avs_version: str = "1.0"
    processor: bytes = bytes(8)
    tls_raw_port: int = 9143
    tls_json_port: int = 9243
    wired_802_1x: int = 0
    length_bytes: int = SIZE_BYTES
    """Older firmware sends less of it."""

    def packet(self) -> bytes:
        """Return the packet."""
        return b"".join((*self._names(), *self._network(), *self._printing(), *self._later()))[: self.length_bytes]

    def text(self, suffix: Suffix = "right") -> str:
        """Return the packet as base64, with the check sum behind it that the printer puts there, or does not."""
        body = base64.b64encode(self.packet())
        match suffix:
            case "right":
                return f"{body.decode()}:{crc16(body):04x}"
            case "wrong":
                return f"{body.decode()}:{crc16(body) ^ 0xFFFF:04x}"
            case "none":
                return body.decode()

    def _names(self) -> tuple[bytes, ...]:
        return (
            bytes([0x3A, 0x2C, 0x2E, self.version, self.advanced_version, 1, 0, 1]),
            _text(self.company, 5),
            _text(self.name, 63),
            _text(self.product, 32),
            _text(self.firmware, 16),
            _text(self.location, 36),
            _numbers(4, *self.errors, *self.warnings, self.interfaces),
            _text(self.serial, 32),
        )

    def _network(self) -> tuple[bytes, ...]:
        return (
            _text(self.domain, 100),
            _numbers(4, self.active_interface),
            self.mac[:6].ljust(6, b"\0"),
            _numbers(2, self.ip_acquisition),
            *(IPv4Address(one).packed for one in (self.address, self.mask, self.gateway)),
            _numbers(2, self.raw_port, self.protocols),
        )

    def _printing(self) -> tuple[bytes, ...]:
        return (
            _numbers(4, self.primary_language, self.languages, self.secondary_languages),
            _numbers(2, self.dots_per_mm, self.dots_per_row, self.label_length, self.label_width, self.darkness),
            _numbers(2, self.media_type, self.print_method, self.print_mode),
            _numbers(4, self.odometer, self.marker_1, self.marker_2),
            _numbers(2, min(self.labels_left, 0xFFFF), min(self.labels_queued, 0xFFFF)),
            self.zbi[:4].ljust(4, b"\0"),
        )

    def _later(self) -> tuple[bytes, ...]:
        return (
            _numbers(2, self.head_width, self.json_port),
            bytes(self.link_os),
            _text(self.avs_version, 6),
            self.processor[:8].ljust(8, b"\0"),
            _numbers(2, self.tls_raw_port, self.tls_json_port),
            bytes([self.wired_802_1x, 0]),
        )


def _text(text: str, size: int) -> bytes:
    return text.encode("ascii", "replace")[:size].ljust(size, b"\0")


def _numbers(size: int, *numbers: int) -> bytes:
    return b"".join(number.to_bytes(size) for number in numbers)


def crc16(data: bytes) -> int:
    """Return CRC-16/XMODEM: polynomial 0x1021, from 0, nothing reflected."""
    return binascii.crc_hqx(data, 0)
