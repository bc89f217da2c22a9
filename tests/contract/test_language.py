"""What every language promises: it knows its own documents, and no bytes at all make it raise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.languages.base import HEAD_BYTES, FindsPulses, Language
from fanfold.registry import LANGUAGES
from tests.unit.languages.documents import DOCUMENTS

by_name = pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)

FRAGMENTS = (
    *(b"^XA", b"^XZ", b"^GFB,9,9,9,"),
    *(b"BITMAP 0,0,9,9,0,", b"PRINT 1\n", b'"'),
    *(b"GW0,0,9,9,", b'A1,1,1,"x"\n', b"P1\n"),
    *(b"! 0 1 1 1 1\n", b"CG 9 9 0 0 "),
    *(b"\x1b@", b"\x1bp", b"\x1dv0\x00", b"\x1b*\x21", b"\x1d8L", b"\xff\xff"),
)
"""What grammars are made of, so that chance finds their insides and not only their doors."""

anything = st.binary(max_size=400) | st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=5)).map(b"".join)


@by_name
def test_its_name_and_media_types_are_lower_case_words(language: Language) -> None:
    assert language.name.isalnum()
    assert language.name == language.name.lower()
    assert language.media_types
    assert all(kind == kind.lower() and kind.count("/") == 1 for kind in language.media_types)


def test_no_two_languages_share_a_name_or_a_media_type() -> None:
    names = [language.name for language in LANGUAGES]
    kinds = [kind for language in LANGUAGES for kind in language.media_types]
    assert len(set(names)) == len(names)
    assert len(set(kinds)) == len(kinds)


@by_name
def test_it_recognises_its_own_documents_by_their_heads(language: Language) -> None:
    own = [document for name, document in DOCUMENTS if name == language.name]
    assert own
    assert all(language.recognises(document[:HEAD_BYTES]) for document in own)


@by_name
@given(document=anything)
def test_no_bytes_make_it_raise(language: Language, document: bytes) -> None:
    assert language.recognises(document[:HEAD_BYTES]) in (True, False)
    for problem in language.check(document):
        assert 0 <= problem.offset <= len(document)
        assert problem.says


@by_name
@pytest.mark.parametrize("document", [document for _, document in DOCUMENTS])
def test_no_document_that_is_cut_anywhere_makes_it_raise(language: Language, document: bytes) -> None:
    for size in range(len(document)):
        language.recognises(document[:size])
        list(language.check(document[:size]))


@given(document=anything)
def test_no_bytes_make_the_finding_of_pulses_raise(document: bytes) -> None:
    for language in LANGUAGES:
        if isinstance(language, FindsPulses):
            assert language.pulse_only(document) in (True, False)
