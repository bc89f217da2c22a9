"""EPL's plain faults."""

from __future__ import annotations

import pytest

from fanfold.languages.epl import Epl
from tests.unit.languages.documents import EPL_IMAGE, EPL_LABEL


@pytest.mark.parametrize(
    "document",
    [EPL_LABEL, EPL_IMAGE, EPL_LABEL.replace(b"\n", b"\r\n"), b"UQ\n", b'\nFK"A"\nFS"A"\nA1,1,0,1,1,1,N,"x"\nFE\n'],
)
def test_good_documents_have_no_faults(document: bytes) -> None:
    assert list(Epl().check(document)) == []


def test_what_is_drawn_and_never_printed_is_a_fault() -> None:
    (problem,) = Epl().check(b'\nN\nA50,50,0,3,1,1,N,"P1"\n')
    assert problem.offset == 3
    assert "P1" in problem.says


def test_an_image_that_is_cut_off_is_a_fault() -> None:
    problems = list(Epl().check(b"\nN\nGW0,0,4,4,abc"))
    assert "13 bytes are missing" in problems[0].says


def test_the_letters_of_plain_text_are_not_taken_for_it() -> None:
    for text in (b"No", b"Question 1", b"Apple,1", b"P. S.", b"Ordinary"):
        assert not Epl().recognises(text)
