"""The discovery packet, byte by byte at the offsets of the reference."""

from __future__ import annotations

import base64
import struct
from dataclasses import replace

import pytest

from fanfold.simulate.weblink.discovery import SIZE_BYTES, Discovery, Errors, crc16

FULL = Discovery(
    serial="XXZKJ181100170",
    name="Dock",
    product="ZTC ZT411-300dpi ZPL",
    firmware="V92.21.39Z",
    location="Hall 3",
    errors=(0, 0, Errors.PAPER_OUT | Errors.PAUSED),
    warnings=(0, 0, 0x4000),
    domain="shop.example",
    address="192.0.2.7",
    dots_per_mm=12,
    label_length=1800,
    label_width=1200,
    odometer=70_000,
    labels_queued=3,
    link_os=(6, 8),
)
FIELDS: dict[str, tuple[int, int, object]] = {
    "head": (0, 8, bytes.fromhex("3a2c2e0405010001")),
    "company": (8, 5, "ZBR"),
    "name": (13, 63, "Dock"),
    "product": (76, 32, "ZTC ZT411-300dpi ZPL"),
    "firmware": (108, 16, "V92.21.39Z"),
    "location": (124, 36, "Hall 3"),
    "errors": (168, 4, 0x10001),
    "warnings": (180, 4, 0x4000),
    "serial": (188, 32, "XXZKJ181100170"),
    "domain": (220, 100, "shop.example"),
    "mac": (324, 6, bytes.fromhex("00074d0a0b0c")),
    "address": (332, 4, bytes([192, 0, 2, 7])),
    "raw port": (344, 2, 9100),
    "languages": (352, 4, 5),
    "dots per mm": (360, 2, 12),
    "length": (364, 2, 1800),
    "width": (366, 2, 1200),
    "darkness": (368, 2, 20),
    "print mode": (374, 2, 1),
    "odometer": (376, 4, 70_000),
    "queued": (390, 2, 3),
    "zbi": (392, 4, bytes([1, 0, 2, 1])),
    "head width": (396, 2, 832),
    "json port": (398, 2, 9200),
    "link-os": (400, 2, bytes([6, 8])),
    "tls raw port": (416, 2, 9143),
    "802.1x": (420, 1, 0),
}


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_stands_where_the_reference_has_it(field: str) -> None:
    offset, length, meant = FIELDS[field]
    there = FULL.packet()[offset : offset + length]
    match meant:
        case str():
            assert there == meant.encode().ljust(length, b"\0")
        case int():
            assert int.from_bytes(there) == meant
        case _:
            assert there == meant


def test_it_has_its_length_and_older_firmware_sends_less() -> None:
    assert len(FULL.packet()) == SIZE_BYTES
    short = replace(FULL, advanced_version=1, length_bytes=398)
    assert short.packet() == FULL.packet()[:4] + b"\1" + FULL.packet()[5:398]


def test_the_check_sum_is_xmodems() -> None:
    assert crc16(b"123456789") == 0x31C3


def test_its_text_is_base64_with_the_check_sum_over_that_or_a_wrong_one_or_none() -> None:
    body, _, suffix = FULL.text().partition(":")
    assert base64.b64decode(body) == FULL.packet()
    assert suffix == f"{crc16(body.encode()):04x}"
    assert FULL.text("none") == body
    wrong = FULL.text("wrong").partition(":")[2]
    assert len(wrong) == 4
    assert wrong != suffix


def test_texts_that_are_too_long_are_cut_and_numbers_stay_in_their_place() -> None:
    packet = replace(FULL, name="x" * 100, product="y" * 100).packet()
    assert len(packet) == SIZE_BYTES
    assert struct.unpack_from(">H", packet, 360) == (12,)
