"""Secrets are masked wherever they turn up, and so is what only looks like one."""

from __future__ import annotations

import pytest

from fanfold.doctor.finding import Area, Finder
from fanfold.doctor.privacy import Privacy

FIND = Finder(Area.GATEWAY)


@pytest.mark.parametrize(
    ("says", "shown"),
    [
        ("ipp://anna:hunter22@printer.example/x", "ipp://***@printer.example/x"),
        ("ipp://anna:hun@ter22@printer.example/x", "ipp://***@printer.example/x"),
        ("posting to https://hooks.example/T0/B1/s3cr3t fails", "posting to https://hooks.example/*** fails"),
        ("https://hooks.example?key=s3cr3t", "https://hooks.example/***"),
        ("serial:/dev/ttyUSB0?key=s3cr3t, they say", "serial:/dev/ttyUSB0?***, they say"),
        ("Fanfold answers at http://127.0.0.1:8765.", "Fanfold answers at http://127.0.0.1:8765."),
        ("pages of https://shop.example may print", "pages of https://shop.example may print"),
    ],
)
def test_what_looks_like_a_secret_is_masked_and_the_rest_is_not(says: str, shown: str) -> None:
    assert Privacy().masked(FIND.note("x", says)).says == shown


def test_known_secrets_are_masked_in_words_mends_and_facts_however_deep() -> None:
    secret = "correct-horse"
    finding = FIND.note("x", f"a {secret}", f"b {secret}", deep=[{"c": [f"d {secret}"], f"e {secret}": None}], n=1)
    masked = Privacy([secret]).masked(finding)
    assert secret not in repr(masked)
    assert masked.facts == {"deep": [{"c": ["d ***"], "e ***": None}], "n": 1}


def test_secrets_of_the_environment_are_known() -> None:
    environment = {
        "FANFOLD_TOKEN": "correct-horse",
        "FANFOLD_PRINTER": "till=ipp://anna:battery%21@printer.example/x",
        "FANFOLD_URL": "http://bert:staple@127.0.0.1:8765",
    }
    masked = Privacy.of(None, environment).masked(FIND.note("x", "correct-horse battery! battery%21 staple"))
    assert masked.says == "*** *** *** ***"


def test_letters_that_stand_in_every_sentence_are_no_secrets() -> None:
    assert Privacy(["", "e"]).masked(FIND.note("x", "These are words.")).says == "These are words."
