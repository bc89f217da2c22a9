"""Where `socket:` URIs point."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import Refused
from fanfold.transports.socket.address import Address, address_of


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("socket://192.0.2.7", Address("192.0.2.7", 9100, socket.AF_INET)),
        ("socket://192.0.2.7:9101/", Address("192.0.2.7", 9101, socket.AF_INET)),
        ("SOCKET://Printer.Example:515", Address("Printer.Example", 515)),
        ("socket://localhost", Address("localhost", 9100)),
        ("socket://[::1]", Address("::1", 9100, socket.AF_INET6)),
        ("socket://[fe80::1%25eth0]:9100", Address("fe80::1%eth0", 9100)),
        ("socket://[fe80::1%eth0]:9100", Address("fe80::1%eth0", 9100)),
        ("socket://drucker-büro", Address("drucker-büro", 9100)),
    ],
)
def test_a_uri_is_a_host_and_a_port(uri: str, address: Address) -> None:
    assert address_of(uri) == address


@pytest.mark.parametrize(
    "uri",
    [
        "socket:",
        "socket://",
        "socket://:9100",
        "socket://host:",
        "socket://host:0",
        "socket://host:65536",
        "socket://host:123456",
        "socket://host:port",
        "socket://user@host",
        "socket://host/queue",
        "socket://host?contimeout=3",
        "socket://::1",
        "socket://[::1",
        "socket://[192.0.2.7]",
        "socket://[fe80::1%25]",
        "socket://192.0.2.300",
        "socket://192.0.2",
        "socket://two words",
        f"socket://{'x' * 64}",
        "socket://a..b",
    ],
)
def test_anything_else_is_refused_with_an_example(uri: str) -> None:
    with pytest.raises(Refused, match=r"write it like socket://192\.0\.2\.7") as refused:
        address_of(uri)
    assert refused.value.code == "bad-uri"


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for uri in (text, f"socket://{text}", f"socket://[{text}]", f"socket://host:{text}"):
        with suppress(Refused):
            assert 0 < address_of(uri).port < 65536


def test_an_address_is_said_as_people_write_it() -> None:
    assert str(Address("::1", 9100)) == "[::1]:9100"
    assert str(Address("printer", 9100)) == "printer:9100"
