"""What Fanfold's own webhooks say: each event as JSON, as Standard Webhooks shapes it. Knows no HTTP and no secret."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, assert_never

import msgspec
from msgspec import Struct

from fanfold.messages import (
    Event,
    JobChanged,
    PrinterChanged,
    PrinterConnected,
    PrinterDisconnected,
    PrinterScanned,
)
from fanfold.model import JobState, Printer
from fanfold.wire import Post

Kind = Literal["job.changed", "printer.changed", "printer.connected", "printer.disconnected", "printer.scanned"]


class Data(Struct, frozen=True, gc=False, kw_only=True):
    """What all events have: a number that rises within one gateway, a time, and the printer with its name now."""

    id: int
    at: datetime
    printer: str
    printer_name: str


class Job(Data, frozen=True, kw_only=True):
    """One transition of a job."""

    job: str
    state: JobState
    reasons: tuple[str, ...]
    message: str
    evidence: str
    attempt: int
    sent_bytes: int
    title: str
    owner: str
    external_id: str


class State(Data, frozen=True, kw_only=True):
    """What is known of a printer; `state` is a printer's state, or `removed`."""

    state: str
    reasons: tuple[str, ...]
    message: str


class Channel(Data, frozen=True, kw_only=True):
    """A printer that dials in opened or lost a channel."""

    channel: str
    message: str


class Scan(Data, frozen=True, kw_only=True):
    """Data that came through a printer; `source` is the setting that carried it."""

    data: str
    source: str


class Told(Struct, frozen=True, gc=False):
    """The body of a post. `timestamp` is when it happened, not when it is told."""

    type: Kind
    timestamp: datetime
    data: Job | State | Channel | Scan


_encoder = msgspec.json.Encoder()


class FanfoldEvents:
    """Tells every event. Neither documents nor printers' URIs are in it, which may hold passwords."""

    heeds_status = True

    def __init__(self, url: str) -> None:
        self._url = url

    def word(self, event: Event, printer: Printer | None) -> Post | None:
        """Word any event."""
        kind, data = _told(event, printer.name if printer else "")
        return Post(self._url, _encoder.encode(Told(kind, event.at, data)))

    def address(self, kind: str) -> str | None:
        """Return the one URL for all."""
        return self._url


def _told(event: Event, name: str) -> tuple[Kind, Job | State | Channel | Scan]:
    match event:
        case JobChanged():
            return "job.changed", _job(event, name)
        case PrinterChanged(id, at, printer, state, reasons, message):
            state_data = State(
                id=id, at=at, printer=printer, printer_name=name, state=state, reasons=reasons, message=message
            )
            return "printer.changed", state_data
        case PrinterConnected():
            return "printer.connected", _channel(event, name)
        case PrinterDisconnected():
            return "printer.disconnected", _channel(event, name)
        case PrinterScanned(id, at, printer, data, source):
            scan = Scan(id=id, at=at, printer=printer, printer_name=name, data=data, source=source)
            return "printer.scanned", scan
        case _:
            assert_never(event)


def _job(event: JobChanged, name: str) -> Job:
    return Job(
        id=event.id,
        at=event.at,
        printer=event.printer,
        printer_name=name,
        job=event.job,
        state=event.state,
        reasons=event.reasons,
        message=event.message,
        evidence=event.evidence.keyword,
        attempt=event.attempt,
        sent_bytes=event.sent_bytes,
        title=event.title,
        owner=event.owner,
        external_id=event.external_id,
    )


def _channel(event: PrinterConnected | PrinterDisconnected, name: str) -> Channel:
    return Channel(
        id=event.id,
        at=event.at,
        printer=event.printer,
        printer_name=name,
        channel=event.channel,
        message=event.message,
    )
