"""ESC/POS: cash-drawer pulses, and images that are cut off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.languages.base import FindsPulses
from fanfold.languages.escpos import EscPos
from tests.unit.languages.documents import ESCPOS_IMAGE, ESCPOS_RECEIPT, ESCPOS_WRAPPED_BYTES, PULSES


@pytest.mark.parametrize("document", PULSES)
def test_a_pulse_is_found(document: bytes) -> None:
    assert EscPos().pulse_only(document)
    assert EscPos().recognises(document)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\x1b@",
        b"\x1b@\x1ba\x01",
        b"\x1bp\x00\x19",  # no whole pulse
        b"\x1bp\x00\x19\xfa\n",  # feeds
        b"\x1bp\x00\x19\xfaThank you",
        b"Thank you\x1bp\x00\x19\xfa",
        b"\x1bp\x00\x19\xfa\x1dV\x00",  # cuts
        b"\x1bp\x00\x19\xfa\x1bd\x03",  # feeds
        ESCPOS_RECEIPT + b"\x1bp\x00\x19\xfa",
        b"\x10\x04\x01",  # asks for the status
    ],
)
def test_what_prints_feeds_cuts_or_moves_nothing_is_no_pulse(document: bytes) -> None:
    assert not EscPos().pulse_only(document)


@given(st.lists(st.sampled_from(PULSES), min_size=1, max_size=8))
def test_pulses_after_pulses_are_a_pulse(pulses: list[bytes]) -> None:
    assert EscPos().pulse_only(b"".join(pulses))


@given(st.sampled_from(PULSES), st.text(alphabet="abcdefgh 0123456789\n", min_size=1))
def test_a_pulse_with_text_around_it_is_none(pulse: bytes, text: str) -> None:
    assert not EscPos().pulse_only(text.encode() + pulse)
    assert not EscPos().pulse_only(pulse + text.encode())


def test_it_is_a_language_that_finds_pulses() -> None:
    assert isinstance(EscPos(), FindsPulses)


@pytest.mark.parametrize("document", [ESCPOS_RECEIPT, ESCPOS_IMAGE, ESCPOS_WRAPPED_BYTES, *PULSES])
def test_good_documents_have_no_faults(document: bytes) -> None:
    assert list(EscPos().check(document)) == []


@pytest.mark.parametrize(
    ("document", "missing"),
    [
        (b"\x1dv0\x00\x10\x00\x10\x00" + bytes(200), 56),
        (b"\x1b*\x21\x0a\x00" + bytes(29), 1),
        (b"\x1b*\x00\x0a\x00" + bytes(9), 1),
        (b"\x1d(L\x0c\x00" + bytes(2), 10),
        (b"\x1d8L\x00\x00\x01\x00" + bytes(65535), 1),
    ],
)
def test_an_image_that_is_cut_off_is_a_fault(document: bytes, missing: int) -> None:
    (problem,) = EscPos().check(b"\x1b@" + document)
    assert problem.offset == 2
    assert f"{missing} more bytes" in problem.says
