"""The test pages: each in its own language, without a fault, whatever the printer is called."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.languages import samples
from fanfold.languages.detect import detect
from fanfold.registry import LANGUAGES

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
PAGED = ("tspl", "zpl", "epl", "cpcl", "escpos", "postscript", "pdf")


@pytest.mark.parametrize("name", PAGED)
def test_a_page_is_in_its_language_and_says_its_media_type(name: str) -> None:
    page, media_type = samples.test_page(name, "Front desk", NOW)
    language = next(language for language in LANGUAGES if language.name == name)
    assert detect(page, LANGUAGES) == name
    assert media_type == language.media_types[0]
    assert list(language.check(page)) == []


@pytest.mark.parametrize("name", [*PAGED, "png", "", "klingon"])
def test_a_page_says_that_it_is_a_test_by_whom_for_which_printer_and_when(name: str) -> None:
    page, _ = samples.test_page(name, "Front desk", NOW)
    for words in (b"Fanfold test page", b"Front desk", b"2026-02-03 04:05:06 UTC"):
        assert words in page


def test_a_printer_of_unknown_language_gets_plain_text() -> None:
    page, media_type = samples.test_page("", "Büro", NOW)
    assert media_type == "text/plain"
    assert page.decode() == "Fanfold test page\r\nBüro\r\n2026-02-03 04:05:06 UTC\r\n"


@given(st.sampled_from(PAGED), st.text())
def test_no_printer_name_breaks_a_page(name: str, printer: str) -> None:
    page, _ = samples.test_page(name, printer, NOW)
    language = next(language for language in LANGUAGES if language.name == name)
    assert detect(page[:4096], LANGUAGES) == name
    assert list(language.check(page)) == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("tspl", b'"a\'b ^XZ/"'),
        ("zpl", b'^FDa"b _5EXZ_5C^FS'),
        ("epl", b'"a\\"b ^XZ\\\\"'),
        ("postscript", b'(a"b ^XZ\\134)'),
    ],
)
def test_signs_that_mean_something_in_the_language_are_written_as_text(name: str, line: bytes) -> None:
    page, _ = samples.test_page(name, 'a"b ^XZ\\', NOW)
    assert line in page


def test_the_references_of_the_pdf_point_at_its_objects() -> None:
    page, _ = samples.test_page("pdf", "Front (desk)", NOW)
    table = page[page.rindex(b"xref\n0 6\n") :].splitlines()[3:8]
    for number, row in enumerate(table, 1):
        assert page[int(row[:10]) :].startswith(b"%d 0 obj" % number)
    assert page[int(page.split(b"startxref\n")[1].split()[0]) :].startswith(b"xref")
