"""What receivers of Fanfold's own webhooks read, event by event."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from fanfold.config.words import EventKind
from fanfold.dialects.webhook import FanfoldEvents
from fanfold.messages import (
    Event,
    JobChanged,
    PrinterChanged,
    PrinterConnected,
    PrinterDisconnected,
    PrinterScanned,
)
from fanfold.model import Evidence, JobId, JobState, Printer, PrinterId

AT = datetime(2026, 5, 4, 12, 30, 15, 123456, UTC)
TILL = PrinterId("till")
PRINTER = Printer(TILL, "Zebra at the till", "socket://user:secret@192.0.2.7")
JOB = JobChanged(
    7, AT, JobId("j"), TILL, JobState.COMPLETED, ("job-completed-successfully",), "done", Evidence.PRINTED, 1, 99,
    "Order 17", "https://shop.example", "4711",
)  # fmt: skip
COMMON = {"at": "2026-05-04T12:30:15.123456Z", "printer": "till", "printer_name": "Zebra at the till"}
EVENTS: dict[str, tuple[Event, dict[str, Any]]] = {
    "job.changed": (
        JOB,
        {
            "id": 7, "job": "j", "state": "completed", "reasons": ["job-completed-successfully"], "message": "done",
            "evidence": "printed", "attempt": 1, "sent_bytes": 99, "title": "Order 17",
            "owner": "https://shop.example", "external_id": "4711",
        },
    ),
    "printer.changed": (
        PrinterChanged(8, AT, TILL, "stopped", ("cover-open-error",), "The cover is open."),
        {"id": 8, "state": "stopped", "reasons": ["cover-open-error"], "message": "The cover is open."},
    ),
    "printer.connected": (PrinterConnected(9, AT, TILL, "raw"), {"id": 9, "channel": "raw", "message": ""}),
    "printer.disconnected": (
        PrinterDisconnected(10, AT, TILL, "main", "it hung up"),
        {"id": 10, "channel": "main", "message": "it hung up"},
    ),
    "printer.scanned": (
        PrinterScanned(11, AT, TILL, "4006381\n☃", "capture.channel1.data.raw"),
        {"id": 11, "data": "4006381\n☃", "source": "capture.channel1.data.raw"},
    ),
}  # fmt: skip
WORDS = FanfoldEvents("https://shop.example/hook")


def test_every_kind_of_event_is_worded() -> None:
    assert set(EVENTS) == set(EventKind)


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_is_told_as_type_time_and_data(kind: str) -> None:
    event, data = EVENTS[kind]
    post = WORDS.word(event, PRINTER)
    assert post is not None
    assert post.url == WORDS.address(kind) == "https://shop.example/hook"
    assert json.loads(post.body) == {"type": kind, "timestamp": COMMON["at"], "data": {**COMMON, **data}}
    assert b"secret" not in post.body
    assert WORDS.word(event, PRINTER) == post


@pytest.mark.parametrize("kind", EVENTS)
def test_nothing_that_an_event_says_is_left_out(kind: str) -> None:
    event, _ = EVENTS[kind]
    post = WORDS.word(event, None)
    assert post is not None
    data = json.loads(post.body)["data"]
    assert set(data) == {one.name for one in fields(event)} | {"printer_name"}
    assert data["printer_name"] == ""
