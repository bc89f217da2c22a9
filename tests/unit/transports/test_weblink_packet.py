"""What a Zebra tells of itself when it dials in."""

from __future__ import annotations

from base64 import b64encode
from binascii import crc_hqx
from contextlib import suppress
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.transports.weblink.alerts import WORDS
from fanfold.transports.weblink.packet import BadPacket, Discovery, discovery

REAL = {
    0: bytes.fromhex("3a2c2e0405010001"),
    8: b"ZBR",
    13: b"D3J193206722",
    76: b"ZTC ZD620-203dpi ZPL",
    108: b"V84.20.23",
    184: bytes.fromhex("0000006d"),
    188: b"D3J193206722",
    220: b"home",
    320: bytes.fromhex("00000001 00074d9d1814 0000 c0a8014c ffffff00 c0a80101 17d5 0eff 00000001 00000005 00000003"),
    360: bytes.fromhex("0008 11f0 04d0 0340 0064 0002 0000 0001 000000fb 00000fe5 00000fe5 0000 0000 01000201"),
    396: bytes.fromhex("0340 23f0 0604"),
    402: b"0.13",
    408: bytes.fromhex("1b29080002d2b01a 23b7 241b 00"),
}
"""A ZD620's packet (source: tests of github.com/dalosy-projecten-bv/zebra_discovery_b64, MIT), by offset."""
REAL_CRC = "c0cb"


def packet(changes: dict[int, bytes] | None = None, size_bytes: int = 422) -> bytes:
    data = bytearray(422)
    for at, value in (REAL | (changes or {})).items():
        data[at : at + len(value)] = value
    return bytes(data[:size_bytes])


def text(data: bytes) -> str:
    return b64encode(data).decode()


def read(changes: dict[int, bytes] | None = None, size_bytes: int = 422) -> Discovery:
    return discovery(text(packet(changes, size_bytes)))


def test_a_real_printers_packet_is_read_whole() -> None:
    assert discovery(f"{text(packet())}:{REAL_CRC}") == Discovery(
        serial="D3J193206722",
        version=5,
        company="ZBR",
        name="D3J193206722",
        product="ZTC ZD620-203dpi ZPL",
        firmware="V84.20.23",
        location="",
        reasons=(),
        interfaces=("wired", "wireless", "bluetooth", "serial", "usb"),
        dns_domain="home",
        active_interface="wired",
        mac="00:07:4d:9d:18:14",
        ip_acquisition="all",
        address="192.168.1.76",
        netmask="255.255.255.0",
        gateway="192.168.1.1",
        raw_port=6101,
        protocols=("ftp", "lpd", "tcp", "udp", "http", "smtp", "pop3", "snmp", "weblink", "tls", "https"),
        primary_language="zpl",
        languages=("zpl", "epl"),
        secondary_languages=("sgd", "snmp"),
        dots_per_mm=8,
        row_dots=4592,
        label_length_dots=1232,
        label_width_dots=832,
        darkness=100,
        media="gap",
        print_method="direct-thermal",
        print_mode="tear-off",
        odometer_labels=251,
        odometer_marker_1=4069,
        odometer_marker_2=4069,
        labels_left_in_batch=0,
        labels_queued=0,
        zbi_enabled=True,
        zbi_state="disabled",
        zbi_version="2.1",
        head_width_dots=832,
        json_port=9200,
        link_os="6.4",
        avs_version="0.13",
        processor_id="1b29080002d2b01a",
        tls_raw_port=9143,
        tls_json_port=9243,
        wired_security="none",
        crc_ok=True,
    )


@pytest.mark.parametrize(
    ("at", "data", "field", "value"),
    [
        (384, b"\0\0\x01\x02", "odometer_marker_2", 258),
        (388, b"\0\x05", "labels_left_in_batch", 5),
        (390, b"\0\x06", "labels_queued", 6),
        (393, b"\x02", "zbi_state", "running"),
        (420, b"\x02", "wired_security", "eap-tls"),
    ],
)
def test_what_that_packet_has_none_or_two_of_is_read_from_its_own_place(
    at: int, data: bytes, field: str, value: object
) -> None:
    before, found = read(), read({at: data})
    assert getattr(found, field) == value
    assert replace(found, **{field: getattr(before, field), "crc_ok": before.crc_ok}) == before


def test_model_and_resolution_are_told_as_people_say_them() -> None:
    found = read()
    assert (found.model, found.dpi) == ("ZD620-203dpi", 203)
    assert read({360: b"\x00\x0c"}).dpi == 300
    assert read({360: b"\x00\x63"}).dpi is None


@pytest.mark.parametrize(
    ("tail", "crc_ok"), [("", None), (":C0CB", True), (":0000", False), (":", False), (":c0cb:x", False)]
)
def test_a_checksum_that_is_missing_or_wrong_refuses_nothing(tail: str, crc_ok: bool | None) -> None:
    assert discovery(text(packet()) + tail).crc_ok is crc_ok


def test_blanks_and_missing_padding_do_no_harm() -> None:
    coded = text(packet())
    found = discovery("\r\n".join((coded[:100], coded[100:].rstrip("="))) + "\n")
    assert found.serial == "D3J193206722"


@pytest.mark.parametrize(
    ("field", "serial"),
    [
        (b"D3J193206722\0", "D3J193206722"),
        (b"XXZKJ181100170\0", "XXZKJ181100170"),
        (b"50J0123456789\0left over", "50J0123456789"),
        (b" 50J01 \0", "50J01"),
        (b"A" * 32, "A" * 32),
    ],
)
def test_the_serial_goes_to_the_first_nul(field: bytes, serial: str) -> None:
    assert read({188: field.ljust(32, b"\0")}).serial == serial


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ("", "begins with nothing"),
        ("***", "no base64"),
        ("é", "no base64"),
        (text(b"hello"), "begins with 68 65 6c 6c"),
        (text(packet({3: b"\x03"})), "begins with 3a 2c 2e 03"),
        (text(packet(size_bytes=188)), "ends after 188 bytes"),
        (text(packet(size_bytes=200)), "ends after 200 bytes"),
        (text(packet({188: bytes(32)})), "no serial"),
        (text(packet({188: b"\xff\xfe"})), "no serial"),
        (text(packet({188: b"A\nB"})), "no serial"),
        ("A" * 70_000, "70000 letters"),
    ],
)
def test_a_packet_without_a_serial_is_refused_in_words(told: str, says: str) -> None:
    if told == text(packet(size_bytes=200)):
        told = text(packet({188: b"D3J1932067221234"}, size_bytes=200))
    with pytest.raises(BadPacket, match=says):
        discovery(told)


def test_fields_that_came_with_later_versions_are_not_read_from_earlier_ones() -> None:
    since = {
        "head_width_dots": 1,
        "json_port": 2,
        "link_os": 2,
        "avs_version": 3,
        "processor_id": 4,
        "tls_raw_port": 4,
        "tls_json_port": 4,
        "wired_security": 4,
    }
    for version in range(6):
        found = read({4: bytes([version])})
        assert found.version == version
        for name, first in since.items():
            assert (getattr(found, name) is None) == (version < first), (name, version)


def test_a_packet_cut_short_tells_what_it_has() -> None:
    found = read(size_bytes=331)
    assert (found.serial, found.mac) == ("D3J193206722", "00:07:4d:9d:18:14")
    none = {one.name for one in fields(found) if getattr(found, one.name) is None}
    assert none >= {"address", "protocols", "languages", "odometer_labels", "link_os", "wired_security", "zbi_enabled"}
    assert "dns_domain" not in none


@pytest.mark.parametrize(
    ("at", "bits", "reasons"),
    [
        (168, 0x1, ("media-empty-error",)),
        (168, 0x10006, ("marker-supply-empty-error", "cover-open-error", "paused")),
        (168, 0x290, ("head-shutdown-error", "invalid-head-error", "thermistor-fault-error")),
        (168, 0x304000, ("media-jam-error", "program-failed-warning", "program-stopped-report")),
        (168, 0x48, ("cutter-jam-error", "head-element-bad-warning")),
        (168, 0x20, ("motor-too-hot-error",)),
        (180, 0xF000, ("head-cold-warning", "ribbon-in-warning", "battery-low-warning", "rfid-failed-warning")),
        (168, 0x80000001, ("media-empty-error", "other-warning")),
        (160, 0x1, ("other-warning",)),
        (176, 0x8, ("other-warning",)),
    ],
)
def test_present_faults_are_told_in_the_words_of_alerts(at: int, bits: int, reasons: tuple[str, ...]) -> None:
    found = read({at: bits.to_bytes(4)}).reasons
    assert found == reasons
    assert set(found) <= set(WORDS)


def test_codes_that_nobody_has_described_are_told_as_such() -> None:
    found = read({184: b"\x80\0\0\x01", 320: bytes(4), 370: b"\0\x07", 372: b"\0\x02"})
    assert found.interfaces == ("wired", "unknown-0x80000000")
    assert found.active_interface is None
    assert (found.media, found.print_method) == ("unknown-7", "unknown-2")


def test_names_are_shown_as_well_as_can_be() -> None:
    found = read({13: "Büro\t1".encode() + b"\0", 124: b"B\xfcro\0"})
    assert (found.name, found.location) == ("Büro 1", "B\ufffdro")


@given(st.text(max_size=700) | st.binary(max_size=500).map(text))
def test_any_text_is_a_packet_or_a_clear_error(told: str) -> None:
    with suppress(BadPacket):
        discovery(told)


@given(st.data())
def test_a_packet_with_some_bytes_changed_is_a_packet_or_a_clear_error(data: st.DataObject) -> None:
    spoiled = bytearray(packet())
    for _ in range(data.draw(st.integers(0, 8))):
        spoiled[data.draw(st.integers(0, 421))] = data.draw(st.integers(0, 255))
    cut = bytes(spoiled[: data.draw(st.integers(0, 422))])
    crc = crc_hqx(b64encode(cut), 0)
    with suppress(BadPacket):
        assert discovery(f"{text(cut)}:{crc:04x}").crc_ok is True
