"""CPCL's plain faults."""

from __future__ import annotations

from fanfold.languages.cpcl import Cpcl
from tests.unit.languages.documents import CPCL_LABEL, CPCL_SETTING


def test_good_documents_have_no_faults() -> None:
    for document in (CPCL_LABEL, CPCL_SETTING, CPCL_LABEL * 3, b"! 0 200 200 10 1\r\nCG 1 2 0 0 \nP\r\nPRINT\r\n"):
        assert list(Cpcl().check(document)) == []


def test_a_session_that_is_never_printed_is_a_fault() -> None:
    (problem,) = Cpcl().check(CPCL_LABEL + b"! 0 200 200 210 1\r\nTEXT 4 0 0 0 PRINT\r\n")
    assert problem.offset == len(CPCL_LABEL)


def test_an_image_that_is_cut_off_is_a_fault() -> None:
    problems = list(Cpcl().check(b"! 0 200 200 210 1\r\nCG 10 10 0 0 abc"))
    assert "97 bytes are missing" in problems[0].says


def test_an_exclamation_is_not_taken_for_it() -> None:
    for text in (b"! Attention", b"!", b"! 0 200", b"!important"):
        assert not Cpcl().recognises(text)
