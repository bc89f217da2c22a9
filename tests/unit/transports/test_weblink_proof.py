"""What a label counter says of a job that was broken off, and what it cannot say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.transports.weblink.proof import (
    AllPrinted,
    Counted,
    NothingPrinted,
    Reading,
    Unknown,
    Verdict,
    judge,
    lines_in,
    quiet_in,
)
from fanfold.wire import Prints

IDLE = b'"030,0,0,0308,000,0,0,0,000,0,0,0\r\n001,0,0,0,1,2,6,0,00000000,1,000\r\n0000,0"'
THREE = Counted(100, Prints(1, 3))


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (Reading(103, True), Reading(103, True), AllPrinted()),
        (Reading(103, None), Reading(103, None), AllPrinted()),
        (Reading(100, True), Reading(100, True), NothingPrinted()),
    ],
)
def test_two_readings_that_agree_prove(first: Reading, second: Reading, verdict: Verdict) -> None:
    assert judge(THREE, first, second) == verdict


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Reading(100, None), Reading(100, None)),  # its buffer may hold all of it
        (Reading(100, True), Reading(100, None)),
        (Reading(100, False), Reading(100, True)),
        (Reading(100, True), Reading(101, True)),
        (Reading(102, None), Reading(103, None)),
        (Reading(103, None), Reading(100, None)),
        (Reading(102, True), Reading(102, True)),
        (Reading(104, True), Reading(104, True)),
        (Reading(99, True), Reading(99, True)),
    ],
)
def test_all_else_is_a_doubt(first: Reading, second: Reading) -> None:
    assert isinstance(judge(THREE, first, second), Unknown)


def test_a_job_whose_labels_cannot_be_told_is_never_called_printed() -> None:
    counted = Counted(100, None)
    assert isinstance(judge(counted, Reading(101, True), Reading(101, True)), Unknown)
    assert judge(counted, Reading(100, True), Reading(100, True)) == NothingPrinted()


def test_a_job_that_prints_nothing_is_not_called_printed_because_nothing_moved() -> None:
    assert judge(Counted(100, Prints(0, 0)), Reading(100, True), Reading(100, True)) == NothingPrinted()


def test_a_buffer_is_quiet_when_nothing_is_in_it() -> None:
    assert quiet_in(IDLE) is True
    assert quiet_in(b"\x02030,0,0,0308,000,0,0,0,000,0,0,0\x03\r\n\x02001,0,0,0,1,2,6,0,00000000,1,000\x03\r\n") is True


@pytest.mark.parametrize(
    "busy",
    [
        IDLE.replace(b"0308,000,", b"0308,001,"),
        IDLE.replace(b"000,0,0,0,000,0,0,0", b"000,0,0,1,000,0,0,0"),
        IDLE.replace(b"00000000", b"00000004"),
    ],
)
def test_a_buffer_with_something_in_it_is_not(busy: bytes) -> None:
    assert quiet_in(busy) is False


@given(st.binary(max_size=200))
def test_no_answer_says_anything_by_accident(answer: bytes) -> None:
    quiet_in(answer)


@pytest.mark.parametrize("answer", [b'"?"', b"", b'"1"', IDLE[:30]])
def test_what_is_no_status_says_nothing(answer: bytes) -> None:
    assert quiet_in(answer) is None


def test_what_is_kept_beside_a_job_is_read_again() -> None:
    for counted in (THREE, Counted(0, None)):
        assert Counted.read(counted.written()) == counted


@pytest.mark.parametrize("kept", [None, "", "{}", "[]", "12", '{"counter": "x", "prints": null}', '{"uuid": "a"}', "{"])
def test_what_another_kept_is_not(kept: str | None) -> None:
    assert Counted.read(kept) is None


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        (b'"3""0"', 3),
        (b'"2"\r\n"3"\r\n', 5),
        (b'"2""?"', 2),
        (b'"?""?"', None),
        (b'"3"', None),
        (b"", None),
        (b'"3""a few"', None),
    ],
)
def test_a_printer_says_of_both_its_clients_how_many_lines_they_have(answer: bytes, lines: int | None) -> None:
    assert lines_in(answer) == lines
