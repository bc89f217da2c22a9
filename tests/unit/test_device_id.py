"""IEEE 1284 ids, as printers send them and as strangers might."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold import device_id
from fanfold.device_id import TEXT_LENGTH, VALUE_LENGTH, DeviceId, clean, language_of, read, read_bytes, text_of

ZEBRA = "MANUFACTURER:Zebra Technologies ;COMMAND SET:ZPL;MODEL:ZTC ZD420-203dpi ZPL;CLASS:PRINTER;OPTIONS:XML;"
EPSON = "MFG:EPSON;CMD:ESC/POS;MDL:TM-T88V;CLS:PRINTER;"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ZEBRA, DeviceId("Zebra Technologies", "ZTC ZD420-203dpi ZPL", commands=("ZPL",))),
        (EPSON, DeviceId("EPSON", "TM-T88V", commands=("ESC/POS",))),
        (" mfg : TSC ;\r\nmdl:TE200;cmd: TSPL2 , ZPL,,", DeviceId("TSC", "TE200", commands=("TSPL2", "ZPL"))),
        ("MFG:first;MFG:second;SN:1;SERN:2", DeviceId("first", serial="1")),
        ("MFG;MDL:;:x;;CLS:PRINTER", DeviceId()),
        ("DES:a:b", DeviceId(description="a:b")),
        ("", DeviceId()),
    ],
)
def test_an_id_is_read_by_its_keys(text: str, says: DeviceId) -> None:
    assert read(text) == says


@pytest.mark.parametrize(
    "before", [b"\x00\x31", b"\x00\x2f", b"\x31\x00", b"\x00\x00", b""], ids=["", "less", "little", "zero", "none"]
)
def test_the_length_before_it_may_be_counted_in_any_way_or_be_left_out(before: bytes) -> None:
    assert read_bytes(before + EPSON.encode()) == read(EPSON)
    assert read_bytes(before + EPSON.encode() + bytes(500)) == read(EPSON)


def test_a_long_list_of_commands_is_not_cut_within_a_word() -> None:
    names = [f"LANGUAGE-{number}" for number in range(20)]
    assert read(f"CMD:{','.join(names)},ZPL;").languages == ("zpl",)


@pytest.mark.parametrize(
    ("command", "language"),
    [
        ("ZPL", "zpl"), ("zplii", "zpl"), ("ZPL II", "zpl"), ("EPL2", "epl"), ("TSPL2", "tspl"), ("CPCL", "cpcl"),
        ("ESC/POS", "escpos"), ("ESCPOS", "escpos"), ("POSTSCRIPT Level 3", "postscript"), ("PDF", "pdf"),
        ("PCL", ""), ("EZPL", ""), ("ESCPL2", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_command_set_is_one_of_our_languages_or_none(command: str, language: str) -> None:
    assert language_of(command) == language


@given(st.text())
def test_no_text_makes_it_raise_and_what_it_returns_fits_a_line(text: str) -> None:
    says = read(text)
    for value in (says.make, says.model, says.serial, says.description, *says.commands):
        assert value.isprintable()
        assert len(value) <= VALUE_LENGTH
    assert len(says.commands) <= device_id.MOST_COMMANDS
    assert all(language_of(command) == "" or command for command in says.commands)


@given(st.lists(st.sampled_from(["MFG:", "MDL:", "SN:", "DES:", "CMD:", ";", ",", ":", "\0", "\x1b", "ü", " ", "ZPL"])))
def test_no_heap_of_keys_makes_it_raise(pieces: list[str]) -> None:
    assert all(command == clean(command) for command in read("".join(pieces)).commands)


@given(st.binary())
def test_no_bytes_make_it_raise(data: bytes) -> None:
    assert read_bytes(data) == read(text_of(data))


def test_a_text_without_end_is_read_in_part() -> None:
    assert read("MFG:" + "x" * 10 * TEXT_LENGTH).make == "x" * VALUE_LENGTH
    assert read(";" * TEXT_LENGTH + "MFG:late").make == ""
