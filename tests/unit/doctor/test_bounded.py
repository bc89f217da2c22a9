"""Calls that may take only so long."""

from __future__ import annotations

import threading

import pytest

from fanfold.doctor.bounded import bounded


def test_what_comes_in_time_is_returned_or_raised_as_it_is() -> None:
    assert bounded(lambda: 7, 5) == 7
    assert bounded(lambda: None, 5) is None
    with pytest.raises(ZeroDivisionError):
        bounded(lambda: 1 / 0, 5)


def test_who_hangs_is_left_behind() -> None:
    go_on = threading.Event()
    with pytest.raises(TimeoutError):
        bounded(go_on.wait, 0.05)
    go_on.set()
