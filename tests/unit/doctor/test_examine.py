"""Checks side by side: one that fails or hangs is told, and costs the others nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from fanfold.doctor.examine import examine
from fanfold.doctor.finding import SHAPE, Area, Finder, Finding, Severity
from fanfold.doctor.privacy import Privacy
from fanfold.doctor.surroundings import Surroundings

CLOCKS, STORE, PORTS = Finder(Area.CLOCKS), Finder(Area.STORE), Finder(Area.PORTS)


def well(around: Surroundings) -> Iterator[Finding]:
    yield CLOCKS.ok("clock", "It is late.")


def broken(around: Surroundings) -> Iterator[Finding]:
    yield STORE.problem("damaged", "It is damaged.", "Mend it.")
    raise ValueError("the password is hunter22")


def test_a_check_that_fails_is_a_finding_without_its_words_and_the_others_go_on() -> None:
    report = examine(Surroundings(), {Area.STORE: broken, Area.CLOCKS: well}, Privacy())
    assert [one.code for one in report.findings] == ["damaged", "check-failed", "clock"]
    failed = report.findings[1]
    assert failed.severity is Severity.WARNING
    assert failed.facts["error"] == "ValueError"
    assert "test_examine.py" in failed.facts["at"]
    assert "hunter22" not in str(report.shape())


def test_a_check_that_hangs_is_left_alone_and_what_it_found_is_kept() -> None:
    go_on = threading.Event()

    def hangs(around: Surroundings) -> Iterator[Finding]:
        yield PORTS.ok("port-free", "It is free.")
        go_on.wait()

    report = examine(Surroundings(), {Area.PORTS: hangs, Area.CLOCKS: well}, Privacy(), limit_s=0.2)
    go_on.set()
    assert [one.code for one in report.findings] == ["port-free", "check-hangs", "clock"]


def test_what_is_worst_comes_first_whatever_the_order_of_the_checks() -> None:
    shape = examine(Surroundings(), {Area.CLOCKS: well, Area.STORE: broken}, Privacy()).shape()
    assert [one["severity"] for one in shape["findings"]] == ["problem", "warning", "ok"]
    assert shape["shape"] == SHAPE
    assert shape["ok"] is False
    assert shape["counts"] == {"problem": 1, "warning": 1, "note": 0, "ok": 1}
    assert set(shape["findings"][0]) == {"area", "severity", "code", "says", "mend", "facts"}


def test_a_report_without_problems_is_well() -> None:
    report = examine(Surroundings(), {Area.CLOCKS: well}, Privacy())
    assert report.is_well
