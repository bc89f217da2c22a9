"""TSPL's plain faults."""

from __future__ import annotations

from fanfold.languages.tspl import Tspl
from tests.unit.languages.documents import TSPL_IMAGE, TSPL_LABEL, TSPL_QUESTION, TSPL_README


def test_good_documents_have_no_faults() -> None:
    for document in (TSPL_README, TSPL_LABEL, TSPL_IMAGE, TSPL_QUESTION, b"SELFTEST\r\n"):
        assert list(Tspl().check(document)) == []


def test_what_is_drawn_and_never_printed_is_a_fault_where_the_drawing_begins() -> None:
    document = b'SIZE 40 mm,20 mm\r\nCLS\r\nTEXT 1,1,"1",0,1,1,"PRINT 1"\r\n'
    (problem,) = Tspl().check(document)
    assert problem.offset == document.index(b"TEXT")
    assert "PRINT" in problem.says


def test_an_image_that_is_cut_off_is_a_fault() -> None:
    problems = list(Tspl().check(b"CLS\r\nBITMAP 0,0,10,10,0,abc"))
    assert "97 bytes are missing" in problems[0].says


def test_plain_text_with_its_words_is_not_taken_for_it() -> None:
    for text in (b"HOME DELIVERY", b"SET MENU", b"SIZE: 40", b"PRINT this", b"BAR and GRILL", b"CLSX"):
        assert not Tspl().recognises(text)


def test_escpos_print_modes_are_not_taken_for_its_questions() -> None:
    assert not Tspl().recognises(b"\x1b!PHello\n")
    assert Tspl().recognises(b"\x1b!S")
