"""What the simulated printer makes of a stream of ZPL, SGD, JSON and files, however it is cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.simulate.weblink.zpl import Command, Format, Immediate, Json, Sgd, Stored, Stream, read_format

MIXED: list[tuple[bytes, Command | None]] = [
    (b"noise \x00\xff", None),
    (b"~HS", Immediate("HS")),
    (b"^XA^FO1,1^FDHello^FS^PQ3^XZ", Format(b"^XA^FO1,1^FDHello^FS^PQ3^XZ", prints=True, quantity=3)),
    (b"\r\n~HQES\r\n", Immediate("HQES")),
    (b'! U1 getvar "device.unique_id"\r\n', Sgd("getvar", "device.unique_id")),
    (b'! U1 setvar "a.b" "c d"\r\n', Sgd("setvar", "a.b", "c d")),
    (b'! U1 do "device.reset" "" ', Sgd("do", "device.reset")),
    (b"! U1 SETLP 7 0 14\r\n", None),
    (b'{}{"a":null,"b":"}\\"{"}', Json({"a": None, "b": '}"{'})),
    (b'{} {"n":{"m":1}}', Json({"n": {"m": 1}})),
    (b"{}no object", None),
    (b"{}{broken}", None),
    (b"~DYE:WEBLINK1_CA,B,NRD,9,,^XA~HS^XZ", Stored("E:WEBLINK1_CA.NRD", b"^XA~HS^XZ")),
    (b"! CISDFCRC16\r\n0000\r\nLOGO.GRF\r\n00000004\r\n0000\r\n^XA~", Stored("E:LOGO.GRF", b"^XA~")),
    (b"~DGR:A.GRF,8,1,FF00FF00FF00FF00", Immediate("DG")),
    (b"^XA^GFB,6,6,2,^XZ~HS^FS^XZ", Format(b"^XA^GFB,6,6,2,^XZ~HS^FS^XZ", prints=True)),
    (b"^xa^fda^fs^xz", Format(b"^xa^fda^fs^xz", prints=True)),
]


@given(st.lists(st.sampled_from(MIXED), max_size=12), st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_a_stream_means_the_same_however_it_is_cut(parts: list[tuple[bytes, Command | None]], cuts: list[int]) -> None:
    data = b"\r\n".join(part for part, _ in parts) + b"\r\n"
    stream, got = Stream(), list[Command]()
    for cut in itertools.cycle(cuts):
        got += stream.feed(data[:cut])
        data = data[cut:]
        if not data:
            break
    assert got == [command for _, command in parts if command is not None]
    assert not stream.partial


def test_a_block_of_text_commands_is_done_at_its_end() -> None:
    stream = Stream()
    assert list(stream.feed(b'! U getvar "a"\r\nsetvar "b" "c" do "d" ""')) == []
    assert list(stream.feed(b" END \r\n")) == [Sgd("getvar", "a"), Sgd("setvar", "b", "c"), Sgd("do", "d")]


def test_an_immediate_command_is_done_while_its_format_goes_on() -> None:
    stream = Stream()
    assert list(stream.feed(b"^XA^FDa")) == []
    assert stream.partial
    assert list(stream.feed(b"~HSb^FS")) == [Immediate("HS")]
    assert list(stream.feed(b"^XZ")) == [Format(b"^XA^FDa~HSb^FS^XZ", prints=True)]


@pytest.mark.parametrize(
    ("data", "meant"),
    [
        (b"^XA^XZ", (False, None, "", "")),
        (b"^XA^PW800^JUS^XZ", (False, None, "", "")),
        (b"^XA^FDx^FS^PQ2^PQ5,0,1,Y^XZ", (True, 5, "", "")),
        (b"^XA^DFR:ONE.ZPL^FS^FN1^FS^XZ", (False, None, "R:ONE.ZPL", "")),
        (b"^XA^XFone^FS^FN1^FDx^FS^XZ", (True, None, "", "R:ONE.ZPL")),
        (b"^XA^PQ4^XFE:A.ZPL^FS^XZ", (True, 4, "", "E:A.ZPL")),
    ],
)
def test_a_format_is_read_for_what_comes_of_it(data: bytes, meant: tuple[bool, int | None, str, str]) -> None:
    read = read_format(data)
    assert (read.prints, read.quantity, read.stores, read.recalls) == meant


def test_a_format_may_ask_for_the_configuration_or_a_listing() -> None:
    assert read_format(b"^XA^HH^XZ").asks_config
    assert read_format(b"^XA^HWE:*.*^XZ").lists == "E:*.*"
    assert not read_format(b"^XA^HWE:*.*^XZ").prints


@given(st.binary(max_size=400))
def test_no_bytes_upset_it(data: bytes) -> None:
    stream = Stream()
    for part in (data, b'^XZ ~HS {} {} "', data):
        list(stream.feed(part))


def test_noise_is_not_kept() -> None:
    stream = Stream()
    list(stream.feed(bytes(1 << 20)))
    assert stream.waiting_bytes < 16
