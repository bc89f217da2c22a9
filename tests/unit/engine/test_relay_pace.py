"""When receivers are tried again: answers and ages in, ages out."""

from __future__ import annotations

from math import inf

import pytest

from fanfold.engine.relay_pace import (
    DOWN_AFTER,
    FIRST_S,
    LONGEST_PROBE_S,
    LONGEST_S,
    Failed,
    Gone,
    Pace,
    Taken,
    Verdict,
    letter_wait_s,
    verdict,
)
from fanfold.engine.relay_post import Answer

REFUSED = Failed("it answered 500")


def middling() -> float:
    return 0.5


def down() -> Pace:
    pace = Pace(middling)
    for event in range(DOWN_AFTER):
        pace.failed(event, 100, REFUSED)
    return pace


@pytest.mark.parametrize(
    ("answer", "meant"),
    [
        (Answer(200), Taken()),
        (Answer(204, 5), Taken()),
        (Answer(302), Failed("it answered 302 (Found)")),
        (Answer(404), Failed("it answered 404 (Not Found)")),
        (Answer(408), Failed("it answered 408 (Request Timeout)")),
        (Answer(410), Gone("it answered 410 (Gone)")),
        (Answer(429), Failed("it answered 429 (Too Many Requests)", FIRST_S)),
        (Answer(429, 30), Failed("it answered 429 (Too Many Requests)", 30)),
        (Answer(500), Failed("it answered 500 (Internal Server Error)")),
        (Answer(502), Failed("it answered 502 (Bad Gateway)", is_away=True)),
        (Answer(503, 7), Failed("it answered 503 (Service Unavailable)", 7, is_away=True)),
        (Answer(799), Failed("it answered 799")),
    ],
)
def test_whatever_is_no_success_is_to_be_tried_again(answer: Answer, meant: Verdict) -> None:
    assert verdict(answer, heeds_status=True) == meant
    assert verdict(answer, heeds_status=False) == Taken()


def test_a_refused_letter_waits_twice_as_long_each_time_up_to_an_hour() -> None:
    waits_s = [letter_wait_s(tries, REFUSED, middling) for tries in range(1, 60)]
    assert waits_s[:4] == [1, 2, 4, 8]
    assert waits_s[-1] == LONGEST_S
    assert (letter_wait_s(1, REFUSED, lambda: 0.0), letter_wait_s(1, REFUSED, lambda: 1.0)) == (0.8, 1.2)


def test_one_that_nobody_answered_waits_a_minute_at_most_and_as_long_as_it_is_asked_to() -> None:
    assert letter_wait_s(50, Failed("refused", is_away=True), middling) == LONGEST_PROBE_S
    assert letter_wait_s(1, Failed("busy", 600), middling) == 600
    assert letter_wait_s(1, Failed("busy", 10**9), middling) == LONGEST_S
    assert letter_wait_s(50, Gone("gone"), middling) == LONGEST_S


def test_a_receiver_is_down_when_several_letters_in_a_row_failed() -> None:
    pace = Pace(middling)
    for _ in range(10):
        pace.failed(1, 100, REFUSED)
    assert not pace.is_down, "that may be the letter's own fault"
    pace.failed(2, 100, REFUSED)
    assert not pace.went_well()
    pace.failed(3, 100, REFUSED)
    assert not pace.is_down, "another was taken meanwhile"
    assert (down().is_down, down().probe_s) == (True, 101)


def test_probes_get_rarer_up_to_a_minute_and_end_with_a_success() -> None:
    pace, waits_s = down(), []
    for event in range(20):
        at_s = pace.probe_s
        pace.failed(event, at_s, REFUSED)
        waits_s.append(pace.probe_s - at_s)
    assert waits_s[:3] == [2, 4, 8]
    assert waits_s[-1] == LONGEST_PROBE_S
    assert pace.says == "it answered 500"
    assert pace.went_well()
    assert (pace.is_down, pace.probe_s, pace.says) == (False, 0, "")


def test_what_was_under_way_when_it_was_found_to_be_down_changes_nothing() -> None:
    pace = down()
    for event in range(5):
        pace.failed(event, 100.5, REFUSED)
    assert pace.probe_s == 101


def test_it_is_left_alone_for_as_long_as_it_asks_but_an_hour_at_most() -> None:
    pace = Pace(middling)
    pace.failed(1, 100, Failed("busy", 600))
    assert (pace.is_down, pace.probe_s) == (True, 700)
    pace.failed(2, 101, Failed("busy", 30))
    assert pace.probe_s == 700
    other = Pace(middling)
    other.failed(1, 100, Failed("busy", 10**9))
    assert other.probe_s == 100 + LONGEST_S


def test_one_that_is_gone_is_tried_when_a_person_says_so() -> None:
    pace = Pace(middling)
    pace.failed(1, 100, Gone("it answered 410"))
    pace.failed(2, 100, REFUSED)
    assert not pace.went_well()
    assert (pace.is_stopped, pace.is_down, pace.probe_s, pace.says) == (True, True, inf, "it answered 410")
    pace.start_afresh()
    assert (pace.is_stopped, pace.is_down) == (False, False)
