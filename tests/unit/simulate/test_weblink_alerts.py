"""Alerts of the simulated printer: who hears of what, and how one reads."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from fanfold.simulate.weblink.alerts import CONDITIONS, Alert, addressed, entries, goes_to, removes, subject, written

NOW = datetime(2026, 3, 15, 12, 27, 34)  # noqa: DTZ001 - a printer's own local time
ALL = "ALL MESSAGES,SDK,Y,Y,WEBLINK.IP.CONN1,0,N,"


@pytest.mark.parametrize(
    ("alert", "entry", "wanted"),
    [
        (Alert("PAPER OUT"), ALL, True),
        (Alert("PAPER OUT", "CLEAR"), ALL, True),
        (Alert("PAPER OUT", "CLEAR"), "PAPER OUT,SDK,Y,N,,,N", False),
        (Alert("PAPER OUT"), "PAPER OUT,SDK,N,Y,,,N", False),
        (Alert("PAPER OUT"), "PAPER OUT,SNMP,Y,Y,,,N", False),
        (Alert("PAPER OUT"), "HEAD OPEN,SDK,Y,Y,,,N", False),
        (Alert("SGD SET", name="a.b", value="1"), ALL, False),
        (Alert("SGD SET", name="a.b", value="1"), "SGD SET,SDK,Y,Y,,,N,a.b", True),
        (Alert("SGD SET", name="a.b", value="1"), "SGD SET,SDK,Y,Y,,,N,a.c", False),
    ],
)
def test_an_alert_is_said_to_whom_an_entry_wants_it(alert: Alert, entry: str, wanted: bool) -> None:
    assert alert.wanted([entry]) is wanted
    assert not alert.wanted([])


def test_an_alert_reads_as_a_captured_one_does() -> None:
    said = Alert("PQ JOB COMPLETED").text("50J1", NOW, "ERROR", localised=False)
    assert json.loads(written(said)) == {
        "alert": {
            "unique_id": "50J1",
            "time_stamp": "2026-03-15 12:27:34",
            "type_id": "ALERT",
            "condition_id": "PQ JOB COMPLETED",
            "condition_state": "SET",
            "type": "ALERT",
            "condition": "PQ JOB COMPLETED",
        }
    }


def test_a_captured_setting_says_its_name_and_value() -> None:
    said = Alert("SGD SET", name="capture.channel1.data.raw", value="4006381333931").text("1", NOW, "ERROR", False)
    assert (said["setting_name"], said["setting_value"]) == ("capture.channel1.data.raw", "4006381333931")


@pytest.mark.parametrize("condition", CONDITIONS)
def test_in_another_language_the_ids_stay(condition: str) -> None:
    plain = Alert(condition).text("1", NOW, "ERROR CONDITION", localised=False)
    foreign = Alert(condition).text("1", NOW, "ERROR CONDITION", localised=True)
    for key in ("type_id", "condition_id", "condition_state"):
        assert plain[key] == foreign[key]
    assert plain["condition"] == condition
    assert foreign["type"] != plain["type"]
    assert foreign["condition"] != condition


def test_entries_are_parted_named_addressed_and_removed() -> None:
    both = entries("ALL MESSAGES,SDK,Y,Y,,,N|SGD SET,SDK,Y,Y,,,N,capture.channel1.data.raw")
    assert [subject(one) for one in both] == [
        ("ALL MESSAGES", "SDK", ""),
        ("SGD SET", "SDK", "capture.channel1.data.raw"),
    ]
    assert addressed(both[0], 1) == ALL
    assert goes_to(ALL, 1)
    assert not goes_to(ALL, 2)
    assert goes_to(both[0], 2)
    assert removes("PAPER OUT,SDK,N,N,,,N")
    assert not removes(ALL)
