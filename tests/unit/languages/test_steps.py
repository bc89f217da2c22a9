"""Walking over commands and their binary bodies."""

from __future__ import annotations

import re

from fanfold.languages.steps import Step, steps, unprinted

GRAMMAR = re.compile(rb"(?P<draw>D)|(?P<print>P)|(?P<body>B(?P<wide>\d)x(?P<high>\d):)")


def test_a_body_is_stepped_over_whatever_it_contains() -> None:
    assert list(steps(b"DB2x2:PPPPP", GRAMMAR)) == [Step("draw", 0), Step("body", 1), Step("print", 10)]


def test_a_body_that_is_too_short_tells_how_much_is_missing() -> None:
    assert list(steps(b"B3x3:12345", GRAMMAR)) == [Step("body", 0, missing_bytes=4)]


def test_only_what_comes_after_the_last_print_is_unprinted() -> None:
    assert list(unprinted(steps(b"DPDP", GRAMMAR), "lost")) == []
    (problem,) = unprinted(steps(b"DP.D", GRAMMAR), "lost")
    assert (problem.offset, problem.says) == (3, "lost")
