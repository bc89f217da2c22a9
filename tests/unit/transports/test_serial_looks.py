"""How far a line was a while ago."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fanfold.transports.serial.looks import EVERY, Looks


def test_what_was_seen_just_now_does_not_count() -> None:
    looks = Looks(0.3)
    looks.note(10.0, 100)
    looks.note(10.2, 200)
    assert looks.before(10.25) == 0
    assert looks.before(10.35) == 100
    assert looks.before(10.6) == 200


@given(st.lists(st.floats(0, 0.5), max_size=60))
def test_nothing_counts_that_was_not_seen_a_while_ago_and_little_is_kept(pauses: list[float]) -> None:
    looks, now_s, seen = Looks(0.3), 0.0, [(float("-inf"), 0)]
    for count, pause_s in enumerate(pauses, 1):
        now_s += pause_s
        looks.note(now_s, count)
        seen.append((now_s, count))
        assert looks.before(now_s) <= max(count for at_s, count in seen if now_s - at_s >= 0.3)
        assert looks.before(now_s + 0.31) == count
    assert len(looks._looks) <= EVERY + 2
