"""What several tellers say of one printer: who stands nearer is believed, and hearing it twice changes nothing."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.engine.tongues import Tongues
from fanfold.engine.traits import learned
from fanfold.languages.base import Language
from fanfold.model import Printer, PrinterId, Traits
from fanfold.registry import LANGUAGES

USB = Traits("Zebra Technologies", "ZTC ZD420-203dpi ZPL", "50J1", ("zpl", "epl"), told_by=("usb",))
CUPS = Traits("Zebra", "ZD420", languages=("pdf",), dpi=300, width_mm=104.0, told_by=("cups",))
ITSELF = Traits(model="ZD421-300dpi", languages=("zpl",), dpi=300, told_by=("printer",))

tellers = st.sampled_from(["printer", "usb", "ipp", "mdns", "cups", "winspool"])
words = st.sampled_from(["", "a", "b", "ZD-300dpi"])
traits = st.builds(
    Traits, words, words, words,
    st.lists(st.sampled_from(["zpl", "epl", "pdf"]), max_size=2, unique=True).map(tuple),
    st.sampled_from([None, 203, 300]), st.sampled_from([None, 58.0]), st.sampled_from(["", "cp437"]),
    st.lists(tellers, min_size=1, max_size=2, unique=True).map(lambda told: tuple(sorted(told))),
)  # fmt: skip


def test_who_stands_nearer_is_believed_and_the_others_fill_the_gaps() -> None:
    told = Traits(
        "Zebra Technologies", "ZTC ZD420-203dpi ZPL", "50J1", ("zpl", "epl", "pdf"), 203, 104.0, "", ("usb", "cups")
    )
    first = learned(learned(Traits(), USB), CUPS)
    assert first == told
    assert learned(learned(Traits(), replace(CUPS, dpi=None)), USB) == told
    asked = learned(first, ITSELF)
    assert (asked.model, asked.dpi, asked.serial) == ("ZD421-300dpi", 300, "50J1")
    assert asked.told_by == ("printer", "usb", "cups")
    assert asked.languages[0] == "zpl"


def test_who_is_the_only_teller_may_take_back_what_he_said() -> None:
    known = learned(Traits(), CUPS)
    moved = Traits("Brother", "QL", told_by=("cups",))
    assert learned(known, moved) == moved


def test_who_says_nothing_changes_nothing() -> None:
    assert learned(USB, Traits()) == USB
    assert learned(USB, Traits(told_by=("cups",))) == USB


@given(traits, traits)
def test_told_twice_it_says_the_same(first: Traits, second: Traits) -> None:
    known = learned(learned(Traits(), first), second)
    assert learned(known, second) == known


@given(traits, traits, tellers, tellers)
def test_two_who_contradict_each_other_do_not_take_turns(a: Traits, b: Traits, one: str, other: str) -> None:
    a, b = replace(a, told_by=(one,)), replace(b, told_by=(other,))
    known = learned(learned(Traits(), a), b)
    if one != other:
        assert learned(known, a) == known
    assert learned(known, b) == known


@given(traits, traits)
def test_nothing_is_known_that_nobody_said_but_the_dots_in_a_name(first: Traits, second: Traits) -> None:
    known = learned(learned(Traits(), first), second)
    for name, value in asdict(known).items():
        if name in ("make", "model", "serial", "width_mm", "encoding"):
            assert value in (getattr(first, name), getattr(second, name))
    assert set(known.languages) <= {*first.languages, *second.languages}
    assert known.dpi in (first.dpi, second.dpi, 300 if "300dpi" in first.model + second.model else None)


@pytest.mark.parametrize(
    ("model", "dpi"),
    [
        ("GK420d-200dpi", 203),
        ("ZD420-203dpi", 203),
        ("ZTC GX430t-300dpi ZPL", 300),
        ("ZT411-600DPI", 600),
        ("Receipts 180 dpi", 180),
        ("S4M-150dpi", 152),
        ("TM-T20", None),
        ("x1200dpi", None),
        ("LaserJet 1200dpi", None),
    ],
)
def test_dots_are_read_from_names_that_say_them(model: str, dpi: int | None) -> None:
    assert learned(Traits(), Traits(model=model, told_by=("usb",))).dpi == dpi
    assert learned(Traits(), Traits(model=model, dpi=111, told_by=("usb",))).dpi == 111


def speaker(*languages: str, kinds: tuple[str, ...] = ("raw",), told_by: str = "usb") -> Printer:
    found = Traits(languages=languages, told_by=(told_by,))
    return Printer(PrinterId("p"), "p", "socket://192.0.2.7", kinds=kinds, traits=found)


@pytest.mark.parametrize(
    ("printer", "guess"),
    [
        (speaker("zpl"), "zpl"),
        (speaker("pdf", "zpl", "postscript"), "zpl"),
        (speaker("zpl", "epl"), ""),
        (speaker("pdf"), ""),
        (speaker("klingon"), ""),
        (speaker(), ""),
        (speaker("zpl", kinds=("*",)), ""),
        (speaker("zpl", kinds=("raw", "application/pdf")), ""),
    ],
)
def test_a_language_is_guessed_where_only_one_can_be_meant(printer: Printer, guess: str) -> None:
    assert Tongues.of(LANGUAGES).guessed(printer) == guess


def test_what_a_printer_answered_in_is_its_own_word() -> None:
    tongues = Tongues.of(LANGUAGES)
    assert tongues.said_by(speaker("zpl", "epl", told_by="printer").traits) == "zpl"
    assert tongues.said_by(speaker("zpl").traits) == ""
    assert tongues.said_by(Traits(told_by=("printer",))) == ""


def test_languages_are_asked_what_they_can() -> None:
    none: tuple[Language, ...] = ()
    assert Tongues.of(none) == Tongues()
    tongues = Tongues.of(LANGUAGES)
    assert tongues.encodings == {"escpos": "cp437"}
    assert set(tongues.questions) == {"escpos", "tspl", "zpl"}
    assert tongues.raw == {"zpl", "epl", "tspl", "cpcl", "escpos"}
