"""One device, one spelling: what tells it from others, whoever wrote it down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold import marks


@pytest.mark.parametrize(
    ("uri", "same"),
    [
        ("socket://192.0.2.7", "socket://192.0.2.7:9100/"),
        ("socket://192.0.2.7:9100/?contimeout=3", "socket://192.0.2.7"),
        ("ipp://printer.example", "ipps://PRINTER.example.:631/ipp/print"),
        ("ipp://[fd00::2]/ipp/print", "ipp://[FD00:0::2]:631/ipp/print/"),
        ("lpd://192.0.2.7/q", "lpd://192.0.2.7:515/q?reserve=none"),
        ("socket://localhost:9101", "socket://127.0.0.1:9101"),
        ("usb://0A5F:0164/50J1", "usb://0a5f:0164/50j1?via=libusb"),
        ("usb://Zebra%20Technologies/ZD420?serial=50J1", "usb://ZEBRA/Other?serial=50j1"),
        ("hp:/usb/HP_LaserJet?serial=CN1234", "usb://Hewlett-Packard/LaserJet?serial=CN1234"),
    ],
)
def test_what_is_one_place_has_one_mark(uri: str, same: str) -> None:
    assert marks.of_uri(uri) == marks.of_uri(same) != ()


@pytest.mark.parametrize(
    ("uri", "other"),
    [
        ("socket://192.0.2.7:9100", "socket://192.0.2.7:9101"),
        ("socket://192.0.2.7", "socket://192.0.2.8"),
        ("ipp://192.0.2.7/printers/a", "ipp://192.0.2.7/printers/b"),
        ("lpd://192.0.2.7/a", "lpd://192.0.2.7/b"),
        ("socket://192.0.2.7:631", "ipp://192.0.2.7"),
        ("usb://0a5f:0164/50J1", "usb://0a5f:0164/50J2"),
        ("usb://0a5f:0164/50J1?port=1-1", "usb://0a5f:0164/50J1?port=1-2"),
    ],
)
def test_what_is_two_places_has_two_marks(uri: str, other: str) -> None:
    assert not set(marks.of_uri(uri)) & set(marks.of_uri(other))


def test_a_queue_to_a_service_has_the_services_marks() -> None:
    uuid = "4509a320-00ab-0020-00c0-112233445566"
    found = marks.of_uri(f"dnssd://Dock%204._ipp._tcp.local/?uuid={uuid.upper()}")
    assert found == (f"uuid:{uuid}", marks.service("Dock 4._ipp._tcp.local."))


@pytest.mark.parametrize("uri", ["cups:///q", "file:/dev/null", "implicitclass://x/", "cups-pdf:/", "socket://", ""])
def test_what_leads_to_no_device_has_none(uri: str) -> None:
    assert marks.of_uri(uri) == ()


@pytest.mark.parametrize("number", ["", "0", "000000", "XXXX", "1", "   "])
def test_a_filler_is_no_serial(number: str) -> None:
    assert marks.serial("Zebra", number) == ()


@pytest.mark.parametrize("text", ["", "none", "00000000-0000-0000-0000-000000000000", "4509a320"])
def test_what_nobody_gave_is_no_uuid(text: str) -> None:
    assert marks.uuid(text) == ()


def test_marks_of_others_are_read_in_the_one_spelling() -> None:
    assert marks.plain("serial:zebra technologies/50j1") == marks.serial("Zebra", "50J1")
    assert marks.plain("usb:0A5F:0164/50J%31") == marks.of_uri("usb://0a5f:0164/50J1")
    assert marks.plain("serial:zebra/0") == ()


def test_hosts_are_the_addresses_among_the_places() -> None:
    found = (*marks.of_uri("socket://192.0.2.7"), *marks.of_uri("ipp://[fd00::2]"), *marks.of_uri("ipp://zd.local"))
    assert marks.hosts((*found, "uuid:x")) == {"192.0.2.7", "fd00::2"}


@given(st.text() | st.builds("{}://{}/{}?{}".format, st.sampled_from(["socket", "usb", "dnssd"]), *[st.text()] * 3))
def test_nothing_that_is_written_makes_them_raise(text: str) -> None:
    for one in (*marks.of_uri(text), *marks.plain(text), *marks.uuid(text), *marks.serial(text, text)):
        assert len(one) <= marks.MARK_LENGTH
    assert marks.hosts([text, f"at:{text}", marks.service(text), marks.bonjour(text, text)]) is not None
