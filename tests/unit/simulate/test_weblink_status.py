"""Status replies of the simulated printer, byte by byte as the reference has them."""

from __future__ import annotations

from typing import Any

import pytest

from fanfold.simulate.weblink.discovery import Discovery
from fanfold.simulate.weblink.status import Look, answer, configuration, system_error, system_status

MADE = Discovery(product="ZTC ZT411-203dpi ZPL", firmware="V92.21.39Z", label_length=308, print_method=0, print_mode=1)


def look(*conditions: str, **more: Any) -> Look:
    return Look(MADE, frozenset(conditions), **more)


def test_an_idle_host_status_is_the_captured_one() -> None:
    assert answer("HS", look()) == (
        b"\x02030,0,0,0308,000,0,0,0,000,0,0,0\x03\r\n\x02001,0,0,0,0,2,6,0,00000000,1,000\x03\r\n\x020000,0\x03\r\n"
    )


@pytest.mark.parametrize(
    ("seen", "line", "place", "value"),
    [
        (look("PAPER OUT"), 0, 1, "1"),
        (look("PRINTER PAUSED"), 0, 2, "1"),
        (look(formats=12), 0, 4, "012"),
        (look(full=1), 0, 5, "1"),
        (look(partial=1), 0, 7, "1"),
        (look("HEAD COLD"), 0, 10, "1"),
        (look("HEAD TOO HOT"), 0, 11, "1"),
        (look("HEAD OPEN"), 1, 2, "1"),
        (look("RIBBON OUT"), 1, 3, "1"),
        (look(left=7), 1, 8, "00000007"),
    ],
)
def test_each_place_of_the_host_status(seen: Look, line: int, place: int, value: str) -> None:
    lines = answer("HS", seen).decode().split("\r\n")
    assert lines[line].strip("\x02\x03").split(",")[place] == value


def test_the_status_query_has_its_characters_where_others_count_them() -> None:
    said = answer("HQES", look("PRINTER PAUSED")).decode()
    assert said == (
        "\x02\r\n\r\n"
        + "  PRINTER STATUS".ljust(44)
        + "\r\n   ERRORS:         1 00000000 00010000      \r\n   WARNINGS:       0 00000000 00000000      \r\n\x03"
    )
    assert (said[70], said[84]) == ("1", "1")
    fault = answer("HQES", look("PAPER OUT", "HEAD OPEN", "CLEAN PRINTHEAD")).decode()
    assert (fault[70], fault[84], fault[88]) == ("1", "0", "5")
    assert "WARNINGS:       1 00000000 00000002" in fault


def test_the_settings_say_the_same_as_the_query() -> None:
    seen = look("PAPER OUT", "PRINTER PAUSED", "REPLACE HEAD")
    assert system_status(seen) == "1,1,00000000,00010001,1,00000000,00000004"
    assert system_error(seen) == "1,1,00000000,00010001"
    assert system_status(look()) == "0,0,00000000,00000000,0,00000000,00000000"


def test_who_it_is() -> None:
    assert answer("HI", look()) == b"\x02ZT411-200dpi,V92.21.39Z,8,8176KB\x03\r\n"
    assert MADE.serial.encode() in answer("HQSN", look())
    assert b"\x028176,8176," in answer("HM", look())
    assert b"               1515 " in answer("HQOD", look(odometer=1000)).replace(
        b"         1515", b"               1515"
    )


def test_the_configuration_has_values_in_twenty_columns_and_then_their_names() -> None:
    lines = configuration(look()).decode().strip("\x02\x03\r\n").split("\r\n")
    found = {line[22:]: line[2:22].strip() for line in lines}
    assert found["FIRMWARE"] == "V92.21.39Z"
    assert found["SERIAL NUMBER"] == MADE.serial
    assert found["LABEL LENGTH"] == "308"


def test_what_has_no_answer_gets_none() -> None:
    assert answer("JA", look()) == b""
