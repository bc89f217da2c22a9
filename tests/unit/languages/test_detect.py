"""Each document is taken for its own language and for no earlier one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.languages.base import HEAD_BYTES
from fanfold.languages.detect import detect, entered, peel
from fanfold.registry import LANGUAGES
from tests.unit.languages.documents import DOCUMENTS, FOREIGN, PDF, PNG, ZPL_LABEL


@pytest.mark.parametrize(("name", "document"), DOCUMENTS)
def test_a_document_is_taken_for_its_own_language(name: str, document: bytes) -> None:
    assert detect(document[:HEAD_BYTES], LANGUAGES) == name


@pytest.mark.parametrize("document", FOREIGN)
def test_a_document_in_no_language_of_ours_is_taken_for_none(document: bytes) -> None:
    assert detect(document, LANGUAGES) == ""


@pytest.mark.parametrize("cover", [b"\xef\xbb\xbf", b"\r\n \t\n", bytes(12), b"\x1b%-12345X@PJL COMMENT x\r\n"])
@pytest.mark.parametrize(("name", "document"), [("zpl", ZPL_LABEL), ("pdf", PDF), ("png", PNG)])
def test_what_a_document_is_wrapped_in_does_not_hide_it(cover: bytes, name: str, document: bytes) -> None:
    assert detect(cover + document, LANGUAGES) == name


def test_a_document_that_is_cut_in_its_cover_is_taken_for_none() -> None:
    assert detect(b"\x1b%-12345X@PJL COMM", LANGUAGES) == ""
    assert detect(b"<xpml><page quan", LANGUAGES) == ""


def test_postscript_that_only_pjl_names_is_taken_for_postscript() -> None:
    head = b"\x1b%-12345X@PJL ENTER LANGUAGE=PostScript\n/x 1 def"
    assert entered(head) == "postscript"
    assert detect(head, LANGUAGES) == "postscript"


def test_a_long_run_of_nuls_is_left_on_because_it_tells_a_brother_printer() -> None:
    assert peel(bytes(200) + b"\x1b@") == bytes(200) + b"\x1b@"
    assert peel(bytes(20) + b"\x1b@") == b"\x1b@"


@pytest.mark.parametrize(("name", "document"), DOCUMENTS)
def test_a_truncated_head_is_taken_for_its_language_or_for_none_or_for_what_it_then_says(
    name: str, document: bytes
) -> None:
    for size in range(len(document)):
        assert detect(document[:size], LANGUAGES) in {language.name for language in LANGUAGES} | {"", name}


@given(st.binary(max_size=600))
def test_any_bytes_are_taken_for_something_or_nothing_without_an_error(head: bytes) -> None:
    assert isinstance(detect(head, LANGUAGES), str)


@given(
    st.lists(
        st.sampled_from([b"\x1b", b"^XA", b"! ", b"0 ", b"@PJL", b"\n", b"<xpml>", b"SIZE 1", b"\x1d", b"~", b"N"])
    )
)
def test_fragments_of_languages_in_any_order_raise_nothing(parts: list[bytes]) -> None:
    assert isinstance(detect(b"".join(parts), LANGUAGES), str)
