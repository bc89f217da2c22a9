"""URIs of USB printers: what they mean, and what they cannot be."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import Refused
from fanfold.transports.usb.address import Address, Via, address_of, usb_uri


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("usb://0a5f:0164", Address("0a5f", "0164")),
        ("USB://0A5F:0164/", Address("0a5f", "0164")),
        ("usb://0a5f:0164/50J123", Address("0a5f", "0164", "50J123")),
        ("usb://0a5f:0164/a%20b%2Fc", Address("0a5f", "0164", "a b/c")),
        ("usb://0a5f:0164?port=1-1.2", Address("0a5f", "0164", port="1-1.2")),
        ("usb://0a5f:0164?via=libusb", Address("0a5f", "0164", via=Via.LIBUSB)),
        ("usb://0a5f:0164/1?via=usblp&status=ignore", Address("0a5f", "0164", "1", via=Via.USBLP, heeds_status=False)),
        ("usb:/dev/usb/lp0", Address(file="usb/lp0")),
        ("usb:///dev/usblp12?status=ignore", Address(file="usblp12", heeds_status=False)),
    ],
)
def test_a_uri_means_one_printer(uri: str, address: Address) -> None:
    assert address_of(uri) == address


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("usb://0a5f", "no USB printer's numbers"),
        ("usb://0a5f:016", "no USB printer's numbers"),
        ("usb://0a5f:0164/a/b", "no USB printer's numbers"),
        ("usb:/dev/sda", "no file of one"),
        ("usb:/dev/usb/../sda", "no file of one"),
        ("usb:/dev/usb/lp0?via=libusb", "neither a port nor another way"),
        ("usb://0a5f:0164?via=cups", "via=cups"),
        ("usb://0a5f:0164?status=believe", "status=believe"),
        ("usb://0a5f:0164?port=../1", "port=../1"),
        ("usb://0a5f:0164?speed=12", "'speed'"),
        ("usb://0a5f:0164?status", "is no setting"),
        ("usb://0a5f:0164?port=1-1&port=1-2", "a setting twice"),
        ("usb://0a5f:0164/\ud800", "a serial that is no text"),
        ("usb:/dev/usb/lp٣", "no file of one"),
    ],
)
def test_what_is_no_uri_of_ours_is_refused_with_an_example(uri: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        address_of(uri)
    assert (refused.value.code, refused.value.status) == ("bad-uri", 422)
    assert why in refused.value.says
    assert "usb://0a5f:0164/50J123" in refused.value.says


@given(st.text(st.characters(codec="utf-8")))
def test_any_serial_finds_its_way_into_a_uri_and_back(serial: str) -> None:
    assert address_of(usb_uri("0a5f", "0164", serial)) == Address("0a5f", "0164", serial)


@given(
    st.text(st.characters(exclude_categories=[])),
    st.sampled_from(["", "usb:", "usb://", "usb://0a5f:0164", "usb://0a5f:0164/", "usb://0a5f:0164?"]),
)
def test_any_text_is_a_uri_or_refused(text: str, before: str) -> None:
    with suppress(Refused):
        address = address_of(before + text)
        assert address.file or re.fullmatch("[0-9a-f]{4}", address.vendor)
        assert str(address).isprintable()
