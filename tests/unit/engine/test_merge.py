from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.engine.merge import by_itself, hinders, merged
from fanfold.model import PrinterState, PrinterStatus, Reachable

EARLY, LATE = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 13, tzinfo=UTC)
IDLE = PrinterStatus(PrinterState.IDLE, (), "", Reachable.UP, "lane", EARLY)
BUSY = PrinterStatus(PrinterState.PROCESSING, (), "", Reachable.UP, "lane", EARLY)
AWAY = PrinterStatus(PrinterState.STOPPED, ("offline-error",), "unplugged", Reachable.DOWN, "lane", EARLY)
THERE = PrinterStatus(reachable=Reachable.UP, source="weblink", at=LATE)
OPEN = by_itself(THERE, {"cover-open-error": "the head is open"})
LOW = by_itself(THERE, {"media-low-warning": "little paper"})


def test_an_idle_printer_whose_cover_is_open_is_stopped_by_its_own_word() -> None:
    status = merged(IDLE, OPEN)
    assert (status.state, status.reasons, status.source) == (PrinterState.STOPPED, ("cover-open-error",), "weblink")
    assert (status.message, status.at) == ("the head is open", LATE)


def test_a_printer_that_prints_and_warns_goes_on_printing() -> None:
    status = merged(BUSY, LOW)
    assert (status.state, status.reasons) == (PrinterState.PROCESSING, ("media-low-warning",))


def test_both_words_are_seen_where_both_have_something_to_say() -> None:
    status = merged(AWAY, OPEN)
    assert status.reasons == ("offline-error", "cover-open-error")
    assert status.message == "unplugged; the head is open"
    assert (status.source, status.reachable, status.at) == ("lane, weblink", Reachable.DOWN, LATE)


def test_one_word_alone_stands_as_it_is_and_none_is_unknown() -> None:
    assert merged(AWAY, PrinterStatus()) is AWAY
    assert merged(PrinterStatus(), OPEN) is OPEN
    assert merged(PrinterStatus(), PrinterStatus()) == PrinterStatus() == merged()


def test_a_printer_that_is_there_and_names_no_fault_is_idle_as_far_as_it_says() -> None:
    assert by_itself(THERE, {}).state is PrinterState.IDLE
    assert by_itself(PrinterStatus(source="weblink"), {}).state is PrinterState.UNKNOWN


@pytest.mark.parametrize(("reason", "stops"), [("paused", True), ("media-low-warning", False), ("x-report", False)])
def test_warnings_and_reports_hinder_nothing(reason: str, stops: bool) -> None:
    assert hinders(reason) is stops


WORDS = st.builds(
    PrinterStatus,
    state=st.sampled_from(PrinterState),
    reasons=st.lists(st.sampled_from(["a-error", "b-warning", "c"]), unique=True).map(tuple),
    message=st.sampled_from(["", "one", "two"]),
    reachable=st.sampled_from(Reachable),
    source=st.sampled_from(["lane", "weblink", "snmp"]),
    at=st.sampled_from([None, EARLY, LATE]),
)


@given(st.lists(WORDS, max_size=4))
def test_no_word_is_lost(words: list[PrinterStatus]) -> None:
    status = merged(*words)
    assert set(status.reasons) == {reason for word in words for reason in word.reasons}
    assert len(status.reasons) == len(set(status.reasons))
    assert all(word.message in status.message for word in words)
    assert merged(status) == status
