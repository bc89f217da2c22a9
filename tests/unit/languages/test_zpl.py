"""ZPL's plain faults."""

from __future__ import annotations

import pytest

from fanfold.languages.zpl import Zpl
from tests.unit.languages.documents import ZPL_AFTER_SETTING, ZPL_DRIVER, ZPL_GRAPHIC, ZPL_LABEL


@pytest.mark.parametrize("document", [ZPL_LABEL, ZPL_DRIVER, ZPL_GRAPHIC, ZPL_AFTER_SETTING, b"~HS", b"^xa^fdx^fs^xz"])
def test_good_documents_have_no_faults(document: bytes) -> None:
    assert list(Zpl().check(document)) == []


def test_a_label_that_never_ends_is_a_fault_where_it_begins() -> None:
    (problem,) = Zpl().check(b"^XA^FDone^FS^XZ^XA^FDtwo^FS")
    assert problem.offset == 15
    assert "^XZ" in problem.says


def test_a_label_within_a_label_is_a_fault() -> None:
    (problem,) = Zpl().check(b"^XA^FDone^FS^XA^FDtwo^FS^XZ")
    assert problem.offset == 12


def test_an_end_without_a_beginning_is_a_fault() -> None:
    (problem,) = Zpl().check(b"^FDone^FS^XZ")
    assert "never began" in problem.says


def test_marks_within_a_binary_image_do_not_count() -> None:
    assert list(Zpl().check(b"^XA^FO0,0^GFB,6,6,1,^XA^XZ^FS^XZ")) == []


def test_a_binary_image_that_is_cut_off_is_a_fault() -> None:
    cut, unended = Zpl().check(b"^XA^FO0,0^GFB,600,600,10,abc")
    assert "597 bytes are missing" in cut.says
    assert unended.offset == 0


def test_a_document_that_changes_the_prefix_is_not_judged() -> None:
    assert list(Zpl().check(b"^XA^CC+\n+XZ")) == []
