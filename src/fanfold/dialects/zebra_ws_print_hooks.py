"""What zebra_ws_print told its apps by call-back, to the byte. Knows no HTTP, and no printer but those that dial in."""

from __future__ import annotations

import json
from urllib.parse import unquote

from fanfold.messages import (
    Event,
    JobChanged,
    PrinterChanged,
    PrinterConnected,
    PrinterDisconnected,
    PrinterScanned,
)
from fanfold.model import Evidence, JobState, Printer
from fanfold.wire import Post

SCANNED = "printer.scanned"
NO_ID = "custom"
"""What it called a job whose ZPL carries no id."""
_CONNECTS = ("RAW", "CONFIG")
_DISCONNECTS = ("MAIN", "RAW", "CONFIG")


class ZebraWsPrintHooks:
    """Tells of printed jobs, channels and scans of `weblink:` printers. Its apps answer as they like."""

    heeds_status = False

    def __init__(self, print_job_done: str, scan_data_url: str | None) -> None:
        self._done_url, self._scan_url = print_job_done, scan_data_url

    def address(self, kind: str) -> str | None:
        """Return where scans go, or all else."""
        return self._scan_url if kind == SCANNED else self._done_url

    def word(self, event: Event, printer: Printer | None) -> Post | None:
        """Word what the original told; None for all else."""
        serial = _serial(printer)
        if not serial:
            return None
        match event:
            case PrinterScanned(data=data):
                return self._scanned(data, serial)
            # evidence only rises, so that a job comes to this row once
            case JobChanged(state=JobState.COMPLETED, evidence=Evidence.PRINTED):
                return self._done(serial, event.external_id or NO_ID, "RAW")
            case PrinterConnected(channel=channel) if channel.upper() in _CONNECTS:
                return self._done(serial, "connected", channel.upper())
            case PrinterDisconnected(channel=channel) if channel.upper() in _DISCONNECTS:
                return self._done(serial, "disconnected", channel.upper())
            case JobChanged() | PrinterChanged() | PrinterConnected() | PrinterDisconnected():
                return None

    def _done(self, serial: str, job_id: str, channel: str) -> Post:
        return Post(self._done_url, _json({"sn": serial, "job_id": job_id, "channel": channel}))

    def _scanned(self, data: str, serial: str) -> Post | None:
        return Post(self._scan_url, _json({"data": data, "sn": serial})) if self._scan_url else None


def _serial(printer: Printer | None) -> str:
    scheme, _, serial = printer.uri.partition(":") if printer else ("", "", "")
    return unquote(serial) if scheme.lower() == "weblink" else ""


def _json(said: dict[str, str]) -> bytes:
    return json.dumps(said).encode()
