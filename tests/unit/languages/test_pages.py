"""The page formats' plain faults."""

from __future__ import annotations

import pytest

from fanfold.languages.base import Language
from fanfold.languages.pages import Jpeg, Pdf, Png, PostScript
from tests.unit.languages.documents import JPEG, PDF, PDF_IN_PJL, PNG, POSTSCRIPT


@pytest.mark.parametrize(
    ("language", "document"),
    [(Pdf(), PDF), (Pdf(), PDF_IN_PJL), (PostScript(), POSTSCRIPT), (Png(), PNG), (Jpeg(), JPEG)],
)
def test_whole_documents_have_no_faults(language: Language, document: bytes) -> None:
    assert list(language.check(document)) == []


@pytest.mark.parametrize(("language", "document"), [(Pdf(), PDF), (Png(), PNG), (Jpeg(), JPEG)])
def test_a_document_without_its_end_is_cut_off(language: Language, document: bytes) -> None:
    (problem,) = language.check(document[:-12])
    assert "cut off" in problem.says


def test_a_pdf_after_some_garbage_lines_is_still_one() -> None:
    assert Pdf().recognises(b"HTTP/1.1 200 OK\r\n\r\n" + PDF)
    assert not Pdf().recognises(b"this text speaks of %PDF- headers")


def test_a_driver_must_draw_pages_and_none_is_raw() -> None:
    assert not any(language.raw for language in (Pdf(), PostScript(), Png(), Jpeg()))
