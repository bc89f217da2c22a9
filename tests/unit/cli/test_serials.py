"""Lists of serials as people write them, and as spreadsheets do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.cli.serials import LIST_BYTES, MOST, BadList, Entry, read

TWO: list[Entry] = [("50J1", "Dock 1"), ("50J2", "Dock 2")]


@pytest.mark.parametrize(
    "text",
    [
        "50J1,Dock 1\n50J2,Dock 2\n",
        "50J1,Dock 1\r\n50J2,Dock 2",
        "50J1;Dock 1\r\n50J2;Dock 2\r\n",
        "50J1\tDock 1\n50J2\tDock 2\n",
        "\ufeff50J1,Dock 1\n50J2,Dock 2\n",
        "Serial,Name\n50J1,Dock 1\n50J2,Dock 2\n",
        "Serial number;Name;Place\n50J1;Dock 1;Hall\n50J2;Dock 2;\n",
        "S/N,Name\n50J1,Dock 1\n50J2,Dock 2\n",
        "Seriennummer;Name\n50J1;Dock 1\n50J2;Dock 2\n",
        "sep=;\r\nSerial;Name\r\n50J1;Dock 1\r\n50J2;Dock 2\r\n",
        "# all of the dock\n\nserial\n50J1,Dock 1\n   # the new one\n50J2,Dock 2\n\n\n",
        '"50J1","Dock 1"\n"50J2","Dock 2"\n',
        " 50J1 , Dock 1 \n\t50J2\t,\tDock 2\n",
        '50J1, "Dock 1"\n50J2 ; "Dock 2"\n',
        ";;\n50J1;Dock 1;;\n,,\n50J2;Dock 2;;\n;\n",
        "50J1,Dock 1\n50J2,Dock 2\n50J1,Dock 1\n50J2\n",
        "50J1\n50J2,Dock 2\n50J1,Dock 1\n",
        "50J1,Dock 1\r50J2,Dock 2\r",
    ],
)
def test_a_list_is_read_however_it_was_saved(text: str) -> None:
    assert read(text.encode()) == TWO


def test_what_a_spreadsheet_calls_unicode_text_is_read() -> None:
    assert read("Serial\tName\r\n50J1\tDock 1\r\n50J2\tDock 2\r\n".encode("utf-16")) == TWO


def test_serials_alone_are_enough() -> None:
    assert read(b"50J1\nXXZKJ181100170\nweblink:50J3\n") == [("50J1", ""), ("XXZKJ181100170", ""), ("weblink:50J3", "")]


def test_a_name_may_hold_signs_of_other_columns_and_quotes() -> None:
    assert read("50J1;Küche, links\n".encode()) == [("50J1", "Küche, links")]
    assert read(b'50J1,"Dock ""4"", left"\n') == [("50J1", 'Dock "4", left')]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no serial in it"),
        (b"# nothing\n\n", "no serial in it"),
        (b"Serial,Name\n", "no serial in it"),
        (b"50J1\n,Dock 2\n", "line 2: the first column"),
        (b'50J1\n"";Dock 2\n', "line 2: the first column"),
        (b"50J1\n\n50 J2\n", "line 3: '50 J2' is no serial"),
        ("50J1\nÄ50\n".encode(), "line 2: 'Ä50' is no serial"),
        (b"Printer at the dock\n50J1\n", "line 1: 'Printer at the dock' is no serial"),
        (b"1,23E+11;Dock\n", "line 1: a spreadsheet"),
        (b"123456789012\n1.23457E+11,Dock\n", "line 2: a spreadsheet"),
        (b'50J1,"Dock\n50J2\n', "line 1: the quotes are wrong"),
        (b'50"J1,Dock\n', "line 1: the quotes are wrong"),
        (b"50J1,A\n50J1,B\n", "line 2: 50J1 is called 'B' here, but 'A' in line 1"),
        (b"50J1,A\n50J2,A\n", "line 2: the name 'A' is given to 50J1 already, in line 1"),
        (b"50J1," + b"n" * 256, "line 1: the name is longer"),
        (b"50J1,a\x1bb", "line 1: the name"),
        (b"50J1,ok\n50J2,K\xfcche\n", "line 2: it is not UTF-8"),
    ],
)
def test_what_is_wrong_is_told_by_its_line(data: bytes, words: str) -> None:
    with pytest.raises(BadList) as wrong:
        read(data)
    assert words in str(wrong.value)


def test_all_wrong_lines_are_told_but_not_without_end() -> None:
    with pytest.raises(BadList) as wrong:
        read(b"a b\n" * 12 + b"50J1\n")
    told = str(wrong.value).splitlines()
    assert told[0].startswith("line 1: ")
    assert told[9].startswith("line 10: ")
    assert told[10:] == ["and 2 more"]


def test_more_than_the_gateway_takes_at_once_is_told_before_it_is_asked() -> None:
    data = b"".join(b"S%d\n" % number for number in range(MOST))
    assert len(read(data)) == MOST
    with pytest.raises(BadList, match=f"it has {MOST + 1} serials"):
        read(data + b"ONE-MORE\n")


@pytest.mark.parametrize(
    "line", [" " * 100_000 + '"', " \t" * 50_000 + 'x"', '"' * 100_001, '"' + " " * 100_000 + "x", "1" * 100_000 + "E"]
)
def test_a_long_line_with_a_fault_is_refused_at_once(line: str) -> None:
    with pytest.raises(BadList, match="line 2: "):
        read(b"50J1\n" + line.encode())


def test_what_is_no_list_is_refused_by_its_size() -> None:
    with pytest.raises(BadList, match="no list of serials"):
        read(b"\n" * (LIST_BYTES + 1))


@given(st.binary(max_size=60) | st.text("50JA;,\t\"'# \n\r", max_size=40).map(str.encode))
def test_any_bytes_are_a_list_or_are_refused(data: bytes) -> None:
    try:
        found = read(data)
    except BadList:
        return
    assert found
    assert len({serial for serial, _ in found}) == len(found)
    for serial, name in found:
        assert serial.isascii()
        assert not any(sign.isspace() for sign in serial)
        assert name == name.strip()
