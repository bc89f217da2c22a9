"""What is asked of the Windows spooler, in plain facts: the seam between this driver and `winspool.drv`. Calls nothing.

Names of functions and bits are those of the Windows print API (Print Spooler API Reference, winspool.h).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Protocol


class QueueStatus(IntFlag):
    """PRINTER_STATUS_*. Many drivers and ports never set one: 0 means that nothing is known."""

    PAUSED = 0x1
    ERROR = 0x2
    PENDING_DELETION = 0x4
    PAPER_JAM = 0x8
    PAPER_OUT = 0x10
    MANUAL_FEED = 0x20
    PAPER_PROBLEM = 0x40
    OFFLINE = 0x80
    OUTPUT_BIN_FULL = 0x800
    NOT_AVAILABLE = 0x1000
    NO_TONER = 0x40000
    USER_INTERVENTION = 0x100000
    DOOR_OPEN = 0x400000
    SERVER_UNKNOWN = 0x800000


class Attribute(IntFlag):
    """PRINTER_ATTRIBUTE_*."""

    QUEUED = 0x1
    """Nothing is printed before the last byte is spooled."""
    DIRECT = 0x2
    """Nothing is spooled: bytes go to the printer as they are written."""
    KEEP_PRINTED_JOBS = 0x100
    WORK_OFFLINE = 0x400
    """Set by a person, and by the USB port monitor while nobody is plugged in."""
    FAX = 0x4000
    TS = 0x8000
    """Redirected by a remote desktop session."""


class JobStatus(IntFlag):
    """JOB_STATUS_*."""

    PAUSED = 0x1
    ERROR = 0x2
    DELETING = 0x4
    SPOOLING = 0x8
    PRINTING = 0x10
    OFFLINE = 0x20
    PAPEROUT = 0x40
    PRINTED = 0x80
    DELETED = 0x100
    BLOCKED_DEVQ = 0x200
    USER_INTERVENTION = 0x400
    COMPLETE = 0x1000


NO_ATTRIBUTE, NOTHING_KNOWN, NO_JOB_STATUS = Attribute(0), QueueStatus(0), JobStatus(0)


class JobControl(IntEnum):
    """JOB_CONTROL_*, for `set_job`."""

    PAUSE = 1
    RESUME = 2
    CANCEL = 3
    DELETE = 5


class CallFailed(Exception):
    """Windows refused a call. `code` is its GetLastError; `written` counts what WritePrinter took all the same."""

    def __init__(self, call: str, code: int, words: str = "", *, written: int = 0) -> None:
        said = f": {words}" if words else ""
        super().__init__(f"{call} failed with Windows error {code}{said}")
        self.call, self.code, self.written = call, code, written


@dataclass(frozen=True, slots=True)
class Listed:
    """One queue of the quick list (level 4)."""

    name: str
    server: str = ""
    """Empty for a queue of this machine."""
    attributes: Attribute = NO_ATTRIBUTE
    """Of these only what tells local from connected is sure to be right here."""


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """One queue (level 2)."""

    name: str
    port: str = ""
    driver: str = ""
    location: str = ""
    attributes: Attribute = NO_ATTRIBUTE
    status: QueueStatus = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class JobFacts:
    """One job in a queue (level 2)."""

    id: int
    title: str
    status: JobStatus = NO_JOB_STATUS
    says: str = ""
    """The words of its driver or port for its status."""
    size_bytes: int = 0
    pages_printed: int = 0
    position: int = 0
    submitted: str = ""
    """When it was begun, UTC, in ISO 8601 to the millisecond; empty where it is not known."""


class Spooler(Protocol):
    """Windows. Every call may block for as long as it likes, and may raise CallFailed; a handle is one thread's."""

    def queues(self) -> Sequence[Listed]:
        """EnumPrinters: the queues of this machine and the connections of this user."""

    def default(self) -> str:
        """GetDefaultPrinter: its name; empty when there is none."""

    def usb_devices(self) -> Mapping[str, str]:
        """Of each USB port (`USB001`) the instance of the device that it was made for (`USB#VID_…&PID_…#…`)."""

    def in_service_session(self) -> bool:
        """Whether we run where services do, and so see no user's own connections."""

    def open(self, queue: str) -> int:
        """OpenPrinter: return a handle."""

    def close(self, handle: int) -> None:
        """ClosePrinter."""

    def facts(self, handle: int) -> QueueFacts:
        """GetPrinter."""

    def driver_takes_xps(self, handle: int) -> bool:
        """GetPrinterDriver: whether its driver is one of those (v4) that are fed XPS."""

    def jobs(self, handle: int) -> Sequence[JobFacts]:
        """EnumJobs. Where it cannot tell (Wine) it fails with code 0."""

    def set_job(self, handle: int, job: int, control: JobControl) -> None:
        """SetJob."""

    def start_doc(self, handle: int, title: str, datatype: str) -> int:
        """StartDocPrinter and StartPagePrinter: return the new job's id."""

    def write(self, handle: int, data: bytes) -> int:
        """WritePrinter: return how many bytes were taken."""

    def end_doc(self, handle: int) -> None:
        """EndPagePrinter and EndDocPrinter: from here on the job is the spooler's."""

    def abort(self, handle: int) -> None:
        """AbortPrinter: throw away what was written since `start_doc`."""
