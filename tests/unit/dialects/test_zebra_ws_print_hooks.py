"""The call-backs of zebra_ws_print, byte for byte, and of what its apps were never told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fanfold.dialects.zebra_ws_print_hooks import ZebraWsPrintHooks
from fanfold.messages import (
    Event,
    JobChanged,
    PrinterChanged,
    PrinterConnected,
    PrinterDisconnected,
    PrinterScanned,
)
from fanfold.model import Evidence, JobId, JobState, Printer, PrinterId
from fanfold.wire import Post

AT = datetime(2026, 5, 4, tzinfo=UTC)
ZEBRA = PrinterId("gate-3")
PRINTER = Printer(ZEBRA, "Gate 3", "weblink:XXZKJ182201234")
DONE, SCANS = "http://127.0.0.1/done?sn=", "http://127.0.0.1/scans?sn="
HOOKS = ZebraWsPrintHooks(DONE, SCANS)


def job(state: JobState, evidence: Evidence, external_id: str = "") -> JobChanged:
    return JobChanged(1, AT, JobId("j"), ZEBRA, state, (), "", evidence, 1, 9, external_id=external_id)


@pytest.mark.parametrize(
    ("event", "body"),
    [
        (job(JobState.COMPLETED, Evidence.PRINTED, "81"), b'"job_id": "81", "channel": "RAW"}'),
        (job(JobState.COMPLETED, Evidence.PRINTED), b'"job_id": "custom", "channel": "RAW"}'),
        (PrinterConnected(1, AT, ZEBRA, "raw"), b'"job_id": "connected", "channel": "RAW"}'),
        (PrinterConnected(1, AT, ZEBRA, "config"), b'"job_id": "connected", "channel": "CONFIG"}'),
        (PrinterDisconnected(1, AT, ZEBRA, "main"), b'"job_id": "disconnected", "channel": "MAIN"}'),
        (PrinterDisconnected(1, AT, ZEBRA, "raw"), b'"job_id": "disconnected", "channel": "RAW"}'),
        (PrinterDisconnected(1, AT, ZEBRA, "config", "lost"), b'"job_id": "disconnected", "channel": "CONFIG"}'),
    ],
)
def test_what_it_told_is_told_to_print_job_done(event: Event, body: bytes) -> None:
    assert HOOKS.word(event, PRINTER) == Post(DONE, b'{"sn": "XXZKJ182201234", ' + body)


def test_scans_are_told_to_their_own_url_if_there_is_one() -> None:
    scanned = PrinterScanned(1, AT, ZEBRA, '4006381"\n', "capture.channel1.data.raw")
    assert HOOKS.word(scanned, PRINTER) == Post(SCANS, b'{"data": "4006381\\"\\n", "sn": "XXZKJ182201234"}')
    assert (HOOKS.address("printer.scanned"), HOOKS.address("job.changed")) == (SCANS, DONE)
    without = ZebraWsPrintHooks(DONE, None)
    assert without.word(scanned, PRINTER) is None
    assert without.address("printer.scanned") is None


@pytest.mark.parametrize(
    "event",
    [
        PrinterConnected(1, AT, ZEBRA, "main"),
        PrinterChanged(1, AT, ZEBRA, "idle", (), ""),
        job(JobState.PENDING, Evidence.NONE),
        job(JobState.PROCESSING, Evidence.SENT),
        job(JobState.COMPLETED, Evidence.DELIVERED),
        job(JobState.HELD, Evidence.DELIVERED),
        job(JobState.CANCELED, Evidence.NONE),
    ],
)
def test_of_what_it_never_told_nothing_is_told(event: Event) -> None:
    assert HOOKS.word(event, PRINTER) is None


@pytest.mark.parametrize("uri", ["socket://192.0.2.7", "cups://localhost/zebra", "weblink:"])
def test_of_other_printers_nothing_is_told(uri: str) -> None:
    for event in (job(JobState.COMPLETED, Evidence.PRINTED), PrinterConnected(1, AT, ZEBRA, "raw")):
        assert HOOKS.word(event, Printer(ZEBRA, "x", uri)) is None
        assert HOOKS.word(event, None) is None


def test_its_apps_answer_as_they_like() -> None:
    assert not HOOKS.heeds_status


def test_a_serial_is_told_as_the_printer_says_it() -> None:
    odd = Printer(ZEBRA, "Odd", "weblink:A%20B%25C")
    assert HOOKS.word(PrinterConnected(1, AT, ZEBRA, "raw"), odd) == Post(
        DONE, b'{"sn": "A B%C", "job_id": "connected", "channel": "RAW"}'
    )
