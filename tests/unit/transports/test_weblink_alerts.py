"""What a Zebra's alerts mean."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.transports.weblink.alerts import (
    NOTES,
    REASONS,
    WORDS,
    Alert,
    Clears,
    Effect,
    JobDone,
    NotAlert,
    Noted,
    Restarting,
    Scanned,
    Sets,
    alert,
    effect_of,
)

DONE = {
    "alert": {
        "unique_id": "50J0123456789",
        "time_stamp": "2018-03-15 12:27:34",
        "type_id": "ALERT",
        "condition_id": "PQ JOB COMPLETED",
        "condition_state": "SET",
        "type": "ALERT",
        "condition": "PQ JOB COMPLETED",
    }
}
CONDITIONS = """
    PAPER OUT; RIBBON OUT; HEAD OPEN; HEAD TOO HOT; HEAD COLD; SUPPLY TOO HOT; CUTTER JAM; REWIND; HEAD ELEMENT BAD;
    REPLACE HEAD; CLEAN PRINTHEAD; RIBBON IN; MEDIA LOW; RIBBON LOW; BATTERY LOW; PRINTER PAUSED; PQ JOB COMPLETED;
    LABEL READY; LABEL TAKEN; BASIC RUNTIME; BASIC FORCED; POWER ON; COLD START; RFID ERROR; SGD SET; ALL MESSAGES; MED;
    INVALID HEAD; COUNTRY CODE ERROR; MCR RESULT READY; NO READER PRESENT; PMCU DOWNLOAD; MOTOR OVERTEMP;
    PRINTHEAD SHUTDOWN; THERMISTOR FAULT; RESTARTING; SHUTTING DOWN
"""
"""Every row of the reference."""
ROWS = [" ".join(row.split()) for row in CONDITIONS.split(";")]


def effect(condition: str, *, is_set: bool = True, setting: str = "", value: str = "") -> Effect:
    return effect_of(Alert("A", condition, is_set, setting_name=setting, setting_value=value))


def told(**changes: object) -> Alert:
    return alert({"alert": DONE["alert"] | changes})


def test_an_alert_is_read_as_it_came() -> None:
    assert alert(DONE) == Alert("50J0123456789", "PQ JOB COMPLETED", True, "ALERT", "", "", "2018-03-15 12:27:34")


def test_half_a_letter_in_an_alert_is_replaced_so_that_it_can_be_told_on() -> None:
    scanned = told(condition_id="SGD SET", setting_name="capture", setting_value="a\ud800b")
    assert scanned.setting_value.encode() == b"a?b"


def test_keys_with_id_are_believed_before_those_in_the_displays_language() -> None:
    assert told(condition="印刷完了", type="アラート").condition == "PQ JOB COMPLETED"
    assert told(condition_id=None, condition="Paper  out").condition == "PAPER OUT"
    assert told(type_id="", type="error cleared").type_id == "ERROR CLEARED"


@pytest.mark.parametrize(
    ("changes", "is_set"),
    [
        ({"condition_state": "SET"}, True),
        ({"condition_state": None}, True),
        ({"condition_state": "CLEAR"}, False),
        ({"condition_state": "Cleared"}, False),
        ({"condition_state": None, "type_id": "ERROR CLEARED"}, False),
        ({"condition_state": "SET", "type_id": "ALERT CLEARED"}, False),
        ({"type_id": "ERROR CONDITION"}, True),
        ({"type_id": "whatever"}, True),
    ],
)
def test_all_ways_to_say_that_it_is_over_are_known(changes: dict[str, object], is_set: bool) -> None:
    assert told(**changes).is_set is is_set


@pytest.mark.parametrize(
    "message",
    [None, [], {}, {"alert": None}, {"alert": {}}, {"alert": {"unique_id": "A"}}, {"alert": {"condition_id": "X"}}],
)
def test_what_is_no_alert_is_refused(message: object) -> None:
    with pytest.raises(NotAlert, match="no alert"):
        alert(message)


def test_every_condition_of_the_reference_has_a_meaning_of_its_own() -> None:
    unnamed = {row for row in ROWS if effect(row) == Noted("other-warning", f'the printer says "{row}"')}
    assert unnamed == {"ALL MESSAGES", "MED"}
    assert set(ROWS) >= {*REASONS, *NOTES}


@pytest.mark.parametrize(("condition", "reason"), REASONS.items())
def test_what_lasts_is_set_and_cleared_by_the_same_reason(condition: str, reason: str) -> None:
    assert effect(condition) == Sets(reason)
    assert effect(condition, is_set=False) == Clears(reason)


def test_each_reason_has_a_severity_and_words() -> None:
    assert set(REASONS.values()) | set(NOTES.values()) <= set(WORDS)
    for reason in WORDS:
        assert reason == "paused" or reason.rpartition("-")[2] in {"error", "warning", "report"}


@pytest.mark.parametrize(
    ("condition", "meant"),
    [
        ("HEAD OPEN", Sets("cover-open-error")),
        ("PRINTER PAUSED", Sets("paused")),
        ("PQ JOB COMPLETED", JobDone()),
        ("LABEL READY", Sets("label-waiting-report")),
        ("LABEL TAKEN", Clears("label-waiting-report")),
        ("POWER ON", Restarting(is_up=True)),
        ("COLD START", Restarting(is_up=True)),
        ("RESTARTING", Restarting(is_up=False)),
        ("SHUTTING DOWN", Restarting(is_up=False)),
        ("BASIC FORCED", Noted("program-stopped-report", "a program in the printer was stopped")),
        ("SGD SET", Noted("settings-changed-report", "a setting has changed")),
        ("NEW THING\x07", Noted("other-warning", 'the printer says "NEW THING "')),
    ],
)
def test_each_kind_of_condition_has_its_effect(condition: str, meant: Effect) -> None:
    assert effect(condition) == meant


def test_the_end_of_a_moment_is_not_counted_as_the_moment() -> None:
    for condition in ("PQ JOB COMPLETED", "LABEL TAKEN", "POWER ON", "SGD SET", "RESTARTING"):
        assert isinstance(effect(condition, is_set=False), Noted)


def test_a_scan_keeps_its_data_as_it_is() -> None:
    setting = "capture.channel1.data.raw"
    scan = told(condition_id="SGD SET", setting_name=setting, setting_value=" 4006381333931\r\n")
    assert effect_of(scan) == Scanned(setting, " 4006381333931\r\n")


keys = st.sampled_from([*DONE["alert"], "setting_name", "setting_value"])
anything = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(ROWS) | st.lists(st.text())
)


@given(st.dictionaries(keys, anything))
def test_any_alert_means_something_or_is_none(inner: dict[str, object]) -> None:
    with suppress(NotAlert):
        found = alert({"alert": inner})
        found.setting_value.encode()
        effect_of(found)
