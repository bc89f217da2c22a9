"""What a service's records say, whoever wrote them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import Refused
from fanfold.scouts.mdns_reading import TYPES, Service, best, pairs, read
from fanfold.transports.base import Transport
from fanfold.transports.ipp.transport import IppTransport
from fanfold.transports.socket.transport import SocketTransport

IPP, IPPS, SOCKET, LPD = "_ipp._tcp.local.", "_ipps._tcp.local.", "_pdl-datastream._tcp.local.", "_printer._tcp.local."
UUID = "4509a320-00ab-0020-00c0-112233445566"
CHECKS: dict[str, Transport] = {"socket": SocketTransport(), "ipp": IppTransport(), "ipps": IppTransport()}
PORTS = {IPP: 631, IPPS: 631, SOCKET: 9100, LPD: 515}


def text(**told: str | bytes) -> bytes:
    items = [
        key.encode() + b"=" + (value if isinstance(value, bytes) else value.encode()) for key, value in told.items()
    ]
    return b"".join(bytes((len(item),)) + item for item in items)


def service(kind: str = SOCKET, *, port: int = 0, name: str = "Dock 4", at: str = "192.0.2.7", **told: str) -> Service:
    return Service(kind, f"{name}.{kind}", "zd420.local.", port or PORTS[kind], (at,) if at else (), text(**told))


@pytest.mark.parametrize(
    ("seen", "uri"),
    [
        (service(SOCKET), "socket://192.0.2.7"),
        (service(SOCKET, port=9101), "socket://192.0.2.7:9101"),
        (service(IPP, rp="ipp/print"), "ipp://192.0.2.7/ipp/print"),
        (service(IPP), "ipp://192.0.2.7/ipp/print"),
        (service(IPPS, port=443, rp="/ipp/print"), "ipps://192.0.2.7:443/ipp/print"),
        (service(IPP, rp="printers/Büro 1"), "ipp://192.0.2.7/printers/B%C3%BCro%201"),
        (service(LPD, rp="q/1"), "lpd://192.0.2.7/q%2F1"),
        (service(LPD), "lpd://192.0.2.7/auto"),
        (service(SOCKET, at="fd00::2"), "socket://[fd00::2]"),
        (service(SOCKET, at="fe80::1%2"), "socket://[fe80::1%252]"),
    ],
)
def test_its_uri_is_where_it_says(seen: Service, uri: str) -> None:
    found = read(seen)
    assert found is not None
    assert found.uri == uri


def test_it_is_named_where_the_name_lasts() -> None:
    found = read(service(), "zd420.local")
    assert found is not None
    assert found.uri == "socket://zd420.local"
    assert {"at:socket://192.0.2.7:9100", "at:socket://zd420.local:9100"} <= set(found.marks)


@pytest.mark.parametrize("nowhere", [service(LPD, port=-1), service(at=""), service(at="0.0.0.0"), service(port=70000)])
def test_what_leads_nowhere_is_no_printer(nowhere: Service) -> None:
    assert read(nowhere) is None


def test_port_0_holds_a_name_and_is_no_printer() -> None:
    held = Service(LPD, f"Dock.{LPD}", "zd420.local.", 0, ("192.0.2.7",))
    assert read(held) is None


def test_what_it_says_of_itself_is_read() -> None:
    found = read(
        service(
            IPP, ty="Zebra ZD420", note="At the door", usb_MFG="Zebra Technologies", usb_MDL="ZD420-203dpi",
            usb_CMD="ZPL,EPL", pdl="application/octet-stream,application/pdf,image/urf", UUID=UUID,
        )
    )  # fmt: skip
    assert found is not None
    assert (found.name, found.info) == ("Dock 4", "Zebra ZD420, At the door")
    traits = found.traits
    assert (traits.make, traits.model, traits.told_by) == ("Zebra Technologies", "ZD420-203dpi", ("mdns",))
    assert traits.languages == ("zpl", "epl", "pdf")
    assert f"uuid:{UUID}" in found.marks


def test_the_product_is_the_model_where_nothing_better_is_said() -> None:
    found = read(service(product="(Brother QL-820NWB)", ty="QL"))
    assert found is not None
    assert found.traits.model == "Brother QL-820NWB"


def test_services_of_one_name_on_one_host_have_a_mark_in_common() -> None:
    ipp, socket = read(service(IPP)), read(service(SOCKET))
    assert ipp is not None
    assert socket is not None
    assert set(ipp.marks) & set(socket.marks) == {"bonjour:zd420.local/dock 4"}


def test_control_signs_and_escapes_are_taken_out() -> None:
    found = read(service(name="\x1b[2J\x07Evil\r\n\u202egpj", ty="\x1b]0;x\x07 Bad", note="a\x00b"))
    assert found is not None
    for words in (found.name, found.info, found.traits.model, found.uri):
        assert words.isprintable()


def test_a_path_cannot_leave_its_place() -> None:
    found = read(service(IPP, rp="../x?y#z@evil.example\r\nHost: a"))
    assert found is not None
    assert found.uri.startswith("ipp://192.0.2.7/")
    assert not set("?#@\r\n ") & set(found.uri)


def test_addresses_that_last_longest_come_first() -> None:
    assert best(("fe80::1%2", "169.254.1.1", "fd00::2", "192.0.2.7")) == "192.0.2.7"
    assert best(("fe80::1%2", "169.254.1.1", "fd00::2")) == "fd00::2"
    assert best(("224.0.0.1", "nonsense", "0.0.0.0")) == ""


def test_of_doubled_keys_the_first_counts_and_their_case_does_not() -> None:
    assert pairs(text(TY="a") + text(ty="b") + b"\x04flag" + b"\xffshort") == {"ty": "a"}


def test_a_text_of_64_kilobytes_is_read_as_far_as_it_is_sensible() -> None:
    told = pairs(b"".join(text(**{f"k{number}": "x" * 240}) for number in range(270)))
    assert 0 < len(told) <= 64
    assert "late" not in pairs(b"".join([*(text(**{f"k{number}": "x" * 240}) for number in range(34)), text(late="x")]))


@given(
    st.sampled_from([*TYPES, "_http._tcp.local."]),
    st.text(),
    st.text(),
    st.integers(),
    st.lists(st.sampled_from(["192.0.2.7", "fe80::1%2", "fd00::1", "x", ""]) | st.text(), max_size=5),
    st.binary(max_size=9000) | st.dictionaries(st.sampled_from(["rp", "ty", "pdl", "UUID"]), st.text(max_size=60)),
)
def test_no_records_make_it_raise_and_what_comes_out_is_fit_to_show(
    kind: str, name: str, host: str, port: int, addresses: list[str], said: bytes | dict[str, str]
) -> None:
    data = said if isinstance(said, bytes) else text(**{key: value.encode()[:200] for key, value in said.items()})
    found = read(Service(kind, name, host, port, tuple(addresses), data))
    if found is not None:
        assert found.name == "" or found.name.isprintable()
        assert found.uri.isascii()
        assert found.uri.isprintable()
        assert len(found.uri) < 2048
        if transport := CHECKS.get(found.uri.partition(":")[0]):
            with suppress(Refused):  # in words, and nothing else
                transport.check(found.uri)
