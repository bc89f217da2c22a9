"""What printers say of themselves, read from any bytes at all: nothing raises, nothing is made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.languages.base import Identifies
from fanfold.languages.cpcl import Cpcl
from fanfold.languages.epl import Epl
from fanfold.languages.escpos import EscPos
from fanfold.languages.tspl import Tspl
from fanfold.languages.zpl import Zpl
from fanfold.model import Traits

SPEAKERS: tuple[Identifies, ...] = (Zpl(), Tspl(), EscPos())
HI = b"\x02ZD420-203dpi,V84.20.10Z,8,8176KB\x03\r\n"
ID = b"\x20"
ALL = ID + b"_TM-T88V\0" + ID + b"_EPSON\0" + ID + b"_J5UF021234\0" + ID
PRINTER = ("printer",)


def zpl(answer: bytes) -> Traits | None:
    return Zpl().identity([answer])


def tspl(answer: bytes) -> Traits | None:
    return Tspl().identity([answer])


def escpos(*answers: bytes) -> Traits | None:
    return EscPos().identity(answers)


def test_languages_without_a_question_that_prints_nothing_have_none() -> None:
    assert all(isinstance(one, Identifies) for one in SPEAKERS)
    assert not any(isinstance(one, Identifies) for one in (Epl(), Cpcl()))


@pytest.mark.parametrize(
    ("answer", "model", "dpi"),
    [
        (HI, "ZD420-203dpi", 203),
        (b"\x02 GX430t-300dpi ,V56.17.5Z,12,2104KB\x03", "GX430t-300dpi", 300),
        (b"\x02110Xi4,V53.17.7Z,24 dots/mm,65536KB,A\x03\r\n", "110Xi4", 600),
        (b"\x02S4M-6,V1,6\x03", "S4M-6", 152),
        (b"\x02CLONE,1.0,7,1\x03", "CLONE", None),
        (b"\x02CLONE,1.0,,\x03", "CLONE", None),
        (b"\x02CLONE,1.0,888,\x03", "CLONE", None),
        (b"noise\x02030,0,0,1245\x03\r\n" + HI, "ZD420-203dpi", 203),
    ],
)
def test_the_answer_to_hi_gives_model_and_dots(answer: bytes, model: str, dpi: int | None) -> None:
    assert zpl(answer) == Traits(model=model, languages=("zpl",), dpi=dpi, told_by=PRINTER)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"~HI",
        b"ZD420-203dpi,V84.20.10Z,8,8176KB",
        b"\x02ZD420\x03",
        b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n\x02001,0,0,0,1,2,6,0,00000000,1,000\x03\r\n\x020000,0\x03\r\n",
        b"\x02Z\x1b[2J,V1,8\x03",
        HI[:-3],
    ],
)
def test_what_is_no_answer_to_hi_is_none(answer: bytes) -> None:
    assert zpl(answer) is None


@pytest.mark.parametrize("around", [(b"", b""), (b"", b"\r\n"), (b"\r\n", b"\r\n\0"), (b"", b"\0")])
def test_the_answer_in_tspl_is_the_model_on_a_line(around: tuple[bytes, bytes]) -> None:
    before, after = around
    told = Traits(model="TTP-244 Pro", languages=("tspl",), told_by=PRINTER)
    assert tspl(before + b"TTP-244 Pro" + after) == told


@pytest.mark.parametrize("answer", [b"", b"\r\n", b"\x00", b"42\r\n", b"a\r\nb", b"TTP\x1b[2J", b"\xff" * 9, b"x" * 65])
def test_what_is_no_line_of_text_is_no_answer_in_tspl(answer: bytes) -> None:
    assert tspl(answer) is None


@pytest.mark.parametrize(
    "answer",
    [b"~!T\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"220 mail.names.example ESMTP\r\n", b"HTTP/1.1 400 No\r\n", b"login: "],
)
def test_an_echo_or_another_services_greeting_is_no_answer_in_tspl(answer: bytes) -> None:
    assert tspl(answer) is None


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_a_cable_that_sends_back_what_it_gets_is_no_printer(speaker: Identifies) -> None:
    assert speaker.identity(speaker.questions) is None


def test_an_escpos_printer_tells_maker_model_and_serial() -> None:
    told = Traits("EPSON", "TM-T88V", "J5UF021234", ("escpos",), told_by=PRINTER)
    assert escpos(ID, ALL) == told
    noisy = b"\x11" + ALL.replace(b"_EPSON", b"\x14\x00\x00\x0f_EPSON") + b"\x13"
    assert escpos(b"\x11\x20", noisy) == told


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (b"", ("", "", "")),
        (ID * 4, ("", "", "")),
        (ID + b"_M\0" + ID * 3, ("", "M", "")),
        (ID * 2 + b"_EPSON\0" + ID * 2, ("EPSON", "", "")),
        (ID * 3 + b"_123\0" + ID, ("", "", "123")),
        (ID + b"_\0" + ID + b"_EPSON\0" + ID, ("EPSON", "", "")),
        (ID + b"_M\0" + ID + b"_EPS", ("", "M", "")),
        (b"_M\0" + ALL, ("", "", "")),
        (ID + b"_M\0_EPSON\0" + ID * 3, ("", "", "")),
        (ID * 5 + b"_M\0", ("", "", "")),
        (b"\xff" + ALL, ("", "", "")),
    ],
)
def test_a_text_of_which_nobody_knows_what_it_is_is_passed_over(second: bytes, told: tuple[str, str, str]) -> None:
    assert escpos(ID, second) == Traits(*told, languages=("escpos",), told_by=PRINTER)


@pytest.mark.parametrize("first", [b"", b"I", b"\x02\x02", b"HTTP/1.1 400 Bad Request\r\n", b"_M\0", b"\x92"])
def test_what_is_not_one_byte_is_no_answer_of_an_escpos_printer(first: bytes) -> None:
    told = escpos(first, ALL)
    assert told is None or first == b"I"  # a letter alone is a byte like another


def test_no_escpos_printer_is_asked_more_before_it_has_answered() -> None:
    assert EscPos.questions[0] == b"\x1dI\x01"
    assert set(EscPos.questions[1][2::3]) == {1, 66, 67, 68}


@given(st.sampled_from(SPEAKERS), st.lists(st.binary(max_size=200), max_size=3))
def test_whatever_comes_it_is_decoded_or_refused(speaker: Identifies, answers: list[bytes]) -> None:
    told = speaker.identity(answers)
    if told is None:
        return
    came = b"".join(answers).decode("latin-1")
    for said in (told.make, told.model, told.serial):
        assert said.isprintable()
        assert all(word in came or "\ufffd" in word for word in said.split())
    assert told.told_by == PRINTER
    assert len(told.languages) == 1
    assert told.dpi in (None, 152, 203, 300, 600)
    assert (told.width_mm, told.encoding) == (None, "")


@given(st.binary(max_size=20), st.integers(0, 60))
def test_answers_cut_anywhere_say_less_and_nothing_else(noise: bytes, at: int) -> None:
    assert zpl(noise.replace(b"\x02", b"") + HI[:at]) in (None, zpl(HI))
    whole, part = escpos(ID, ALL), escpos(ID, ALL[:at])
    assert whole is not None
    assert part is not None
    for said, all_of_it in ((part.make, whole.make), (part.model, whole.model), (part.serial, whole.serial)):
        assert said in ("", all_of_it)
