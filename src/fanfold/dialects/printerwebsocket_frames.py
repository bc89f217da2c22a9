"""The frames that a PrinterWebSocket page is sent, and their words. Knows no request and no order of frames."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from fanfold import __version__
from fanfold.messages import JobChanged, PrinterChanged, PrinterView
from fanfold.model import Evidence, Job, JobState, PrinterState, Reason

STATUS_CODES: Mapping[str, int] = {"IDLE": 0, "PRINTING": 1, "OUT_OF_PAPER": 2, "ERROR": 3}
"""The original's table, which its users changed in its source and ours in `fanfold.toml`."""

ORIGINAL_VERSION = "0.1.0"
"""What the original answers to `server.version`; pages written by hand may compare it."""

_SAID = ("nothing", "before any of it was sent", "may have printed")
"""Where a job's own words say one of these, they tell already what is known of its paper."""

INVALID = "Invalid printer or TSPL data"
NAMELESS = "PrinterName not provided"


@dataclass(frozen=True, slots=True)
class PrinterWebSocketSettings:
    """What an owner may settle for all PrinterWebSocket pages."""

    start_within_s: float = 120
    """How long a page's job may wait for a printer that is blocked or away; 0: for ever."""
    status_codes: Mapping[str, int] = field(default_factory=lambda: STATUS_CODES)
    version: str = __version__

    def code(self, name: str) -> int:
        """Return the number for IDLE, PRINTING, OUT_OF_PAPER or ERROR; the original's where none is set."""
        return self.status_codes.get(name, STATUS_CODES[name])


@dataclass(frozen=True, slots=True)
class Frames:
    """Words frames by one set of status codes. Each method returns a frame; `uid` is echoed as it came."""

    settings: PrinterWebSocketSettings

    def found(self, uid: msgspec.Raw, names: Sequence[str]) -> str:
        """The list of printers: besides the version, the only frame with a `result`."""
        return _frame({"uid": uid, "result": names, "status_code": self.settings.code("IDLE")})

    def version(self, uid: msgspec.Raw) -> str:
        """The original's version, and ours."""
        code = self.settings.code("IDLE")
        fields = {"uid": uid, "result": ORIGINAL_VERSION, "info": "serverVersion", "status_code": code}
        return _frame({**fields, "gateway": self.settings.version})

    def started(self, uid: msgspec.Raw, name: str, job: Job | None = None) -> str:
        """The first frame of every print whose fields are in order."""
        code = self.settings.code("PRINTING")
        fields = {"uid": uid, "status": f"Printing job started on {name}", "status_code": code}
        return _frame(fields | (_truth(job) if job else {}))

    def outcome(self, uid: msgspec.Raw, name: str, job: Job) -> str:
        """The last frame of a print: what became of its job."""
        if not (job.state is JobState.COMPLETED or job.evidence >= Evidence.DELIVERED):
            return self.error(uid, outcome_in_words(job), **_truth(job))
        code = self.settings.code("IDLE")
        fields = {"uid": uid, "status": "success", "message": f"Printed on {name}", "status_code": code}
        return _frame(fields | _truth(job))

    def status(self, uid: msgspec.Raw, name: str, view: PrinterView) -> str:
        """A printer's status. The code is the original's constant; the truth stands beside it."""
        head = {"uid": uid, "status": "Printer status retrieved", "PrinterName": name}
        at = view.status.at.isoformat() if view.status.at else None
        truth = {"state": view.status.state, "reasons": view.status.reasons, "reachable": view.status.reachable}
        return _frame({**head, "status_code": self.settings.code("IDLE"), **truth, "at": at})

    def error(self, uid: msgspec.Raw, message: str, **more: Any) -> str:
        """An error: what was asked for will not happen later by itself."""
        return _frame(
            {"uid": uid, "status": "error", "message": message, **more, "status_code": self.settings.code("ERROR")}
        )

    def subscribed(self, uid: msgspec.Raw) -> str:
        """The answer to a peer that asks for events."""
        return _frame({"uid": uid, "status": "Events subscribed", "status_code": self.settings.code("IDLE")})

    def told(self, event: JobChanged | PrinterChanged, printer_name: str | None) -> str:
        """The broadcast frame for an event: the original's two fields, then the truth."""
        match event:
            case PrinterChanged():
                status, code, truth = "Printer status changed", _printer_code(event), {}
            case JobChanged():
                status, code = "Job status changed", _job_code(event.state)
                truth = {"job_id": event.job, "evidence": event.evidence.keyword, "sent_bytes": event.sent_bytes}
        said = {"state": event.state, "reasons": event.reasons, "message": event.message}
        whence = {"event": event.id, "at": event.at.isoformat(), "printer": event.printer, "PrinterName": printer_name}
        return _frame({"status": status, "status_code": self.settings.code(code), **whence, **truth, **said})


def outcome_in_words(job: Job) -> str:
    """Say why a job did not print, and what is known of its paper."""
    words = job.message or f"The job is {job.state}"
    if job.state is JobState.HELD:
        fact = "It may have printed and waits for a decision: look at the paper first"
    else:
        fact = "Nothing was printed" if _is_untouched(job) else "A part of it may have printed"
    is_said = any(known in words.lower() for known in _SAID)
    return words if is_said else f"{words.rstrip('. ')}. {fact}."


def _is_untouched(job: Job) -> bool:
    """Whether nothing can be on paper; that no byte is known to have left proves it not alone."""
    if job.sent_bytes or job.reprints or job.evidence is not Evidence.NONE or Reason.DELIVERY_UNCERTAIN in job.reasons:
        return False
    return job.attempt == 0 or job.state is JobState.ABORTED or Reason.TOO_LATE in job.reasons


def _truth(job: Job) -> dict[str, Any]:
    truth = {"job_id": job.id, "state": job.state, "evidence": job.evidence.keyword, "reasons": job.reasons}
    return {**truth, "sent_bytes": job.sent_bytes} if job.sent_bytes else truth


def _printer_code(event: PrinterChanged) -> str:
    if any(reason.startswith("media-empty") for reason in event.reasons):
        return "OUT_OF_PAPER"
    if event.state in {PrinterState.STOPPED, "removed"} or any(map(_is_error, event.reasons)):
        return "ERROR"
    return "PRINTING" if event.state == PrinterState.PROCESSING else "IDLE"


def _is_error(reason: str) -> bool:
    return reason.endswith("-error") or reason == Reason.PAUSED


def _job_code(state: JobState) -> str:
    if state in {JobState.PENDING, JobState.PROCESSING}:
        return "PRINTING"
    return "IDLE" if state is JobState.COMPLETED else "ERROR"


def _frame(fields: dict[str, Any]) -> str:
    try:
        return msgspec.json.encode(fields).decode()
    except UnicodeEncodeError:  # half a character in a name or a message: an escape can say it
        return msgspec.json.encode({name: _escaped(value) for name, value in fields.items()}).decode()


def _escaped(value: Any) -> msgspec.Raw:
    return value if isinstance(value, msgspec.Raw) else msgspec.Raw(json.dumps(value).encode())
