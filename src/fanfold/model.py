"""The facts of printing, frozen: printers, jobs, states, evidence. Knows no protocol, no clock and no disk."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NewType

JobId = NewType("JobId", str)
PrinterId = NewType("PrinterId", str)

MAX_COPIES = 1000
"""More is taken for a slip of the finger: a roll of receipt paper ends before."""


class JobState(StrEnum):
    """Where a job stands (RFC 8011 §5.3.7, where `held` is pending-held)."""

    PENDING = "pending"
    PROCESSING = "processing"
    HELD = "held"
    COMPLETED = "completed"
    ABORTED = "aborted"
    CANCELED = "canceled"

    @property
    def finished(self) -> bool:
        """Whether nothing more happens to the job by itself or by a verb (but `reprint`, which makes a new one)."""
        return self in FINISHED


FINISHED = frozenset({JobState.COMPLETED, JobState.ABORTED, JobState.CANCELED})


class Evidence(IntEnum):
    """How much is known of a job's paper; it may rise after `completed`, never fall."""

    NONE = 0
    SENT = 1
    """Every byte left us; something between us and the printer has it."""
    DELIVERED = 2
    """The printer took every byte: it closed or answered after our end of data, or its spooler says so."""
    PRINTED = 3
    """The printer itself says that the pages came out."""

    @property
    def keyword(self) -> str:
        """The word for people and for the wire: `none`, `sent`, `delivered`, `printed`."""
        return self.name.lower()


class Reason:
    """Keywords that say why a job or a printer is in its state; IPP's names where IPP has one."""

    # jobs
    DELIVERY_UNCERTAIN = "delivery-uncertain"
    TOO_LATE = "too-late"
    CANCELED_BY_USER = "job-canceled-by-user"
    ABORTED_BY_PRINTER = "aborted-by-printer"
    COMPLETED_SUCCESSFULLY = "job-completed-successfully"
    ASSUMED_PRINTED = "assumed-printed"
    RELEASED = "released"
    REPRINTED_IN_DOUBT = "reprinted-in-doubt"
    HELD_TOO_LONG = "held-too-long"
    SHUTDOWN = "gateway-shutdown"
    RESTARTED = "gateway-restarted"
    STALLED = "printer-not-reading"
    SENT_ON = "queued-in-device"
    """The spooler or the printer's buffer has it (RFC 8011 names the reason so)."""
    # printers
    PAUSED = "paused"
    OFFLINE = "offline-error"
    BUSY_ELSEWHERE = "busy-elsewhere"
    INTERRUPTED_TWICE = "interrupted-twice"
    STORE_FAILED = "store-failed"
    BROKEN_DRIVER = "driver-error"


class OnDoubt(StrEnum):
    """What becomes of a job of which paper may or may not have come out."""

    HOLD = "hold"
    REPRINT = "reprint"
    ASSUME_PRINTED = "assume-printed"


class OnLate(StrEnum):
    """What becomes of a job that its printer could not take in time."""

    HOLD = "hold"
    CANCEL = "cancel"
    PRINT = "print"


class PrinterState(StrEnum):
    """RFC 8011 §5.4.11, with the honest `unknown`."""

    IDLE = "idle"
    PROCESSING = "processing"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class Reachable(StrEnum):
    """Whether the printer answered when we last turned to it."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Who told us of a printer; the first wins over the later ones where they claim one name."""

    CONFIGURED = "configured"
    ADDED = "added"
    DISCOVERED = "discovered"


@dataclass(frozen=True, slots=True)
class PrinterOptions:
    """What an owner may settle per printer. Durations in seconds."""

    language: str | None = None
    """Name of the printer's language (`zpl`, `tspl`, …); None: not known."""
    accepts: tuple[str, ...] | None = None
    """Kinds it takes: `raw`, `*`, or media types; None: what its transport or spooler takes."""
    encoding: str | None = None
    """Encoding of jobs given as text; None: supposed by what it is, else utf-8."""
    on_doubt: OnDoubt = OnDoubt.HOLD
    on_late: OnLate = OnLate.HOLD
    max_wait_s: float = 12 * 3600
    """How long a job may wait for a printer that is blocked or away."""
    hold_max_s: float = 72 * 3600
    """How long a held job waits for a person before it is canceled."""
    close_wait_s: float = 10
    """How long a network printer may take to close or answer after our end of data."""
    stall_after_s: float = 5
    """How long a printer may take nothing before its job is called stalled."""
    dpi: int | None = None
    """Dots per inch; None: what its traits say."""
    width_mm: float | None = None
    """How wide it can print; None: what its traits say."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a printer was found to be. Guesses: what its owner settles in its options wins. Empty or None: not known."""

    make: str = ""
    model: str = ""
    serial: str = ""
    languages: tuple[str, ...] = ()
    """Names of those that it is said to speak, its favourite first."""
    dpi: int | None = None
    width_mm: float | None = None
    encoding: str = ""
    told_by: tuple[str, ...] = ()
    """Who said so, such as `usb`, `mdns`, `ipp`, or `printer` itself when a person had it asked."""


@dataclass(frozen=True, slots=True)
class Printer:
    """One target. `id` is URL-safe and lasting; `name` and `aliases` are what people and web apps say."""

    id: PrinterId
    name: str
    uri: str
    aliases: tuple[str, ...] = ()
    source: Source = Source.ADDED
    options: PrinterOptions = field(default_factory=PrinterOptions)
    kinds: tuple[str, ...] = ("*",)
    """What it takes, all told: `options.accepts`, else what its transport or spooler takes."""
    paused: bool = False
    """A person (or two interruptions in a row) stopped it; jobs wait."""
    paused_because: str = ""
    info: str = ""
    """What its spooler says of it (make and model, location)."""
    is_default: bool = False
    identity: str = ""
    """Of one that dials in: what it proved when it was let in; empty: not bound yet."""
    traits: Traits = field(default_factory=Traits)

    @property
    def dpi(self) -> int | None:
        """Dots per inch, as far as known."""
        return self.options.dpi or self.traits.dpi

    @property
    def width_mm(self) -> float | None:
        """How wide it can print, as far as known."""
        return self.options.width_mm or self.traits.width_mm


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """What is known of a printer now; `at` is when it was learned, `source` by what (`lane`, `cups`, …)."""

    state: PrinterState = PrinterState.UNKNOWN
    reasons: tuple[str, ...] = ()
    message: str = ""
    reachable: Reachable = Reachable.UNKNOWN
    source: str = "none"
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One request to print one document on one printer, as the store last had it."""

    id: JobId
    printer: PrinterId
    state: JobState
    created_at: datetime
    changed_at: datetime
    reasons: tuple[str, ...] = ()
    message: str = ""
    """The reasons in words, for people."""
    evidence: Evidence = Evidence.NONE
    attempt: int = 0
    """How often it was claimed; 0 until first."""
    sent_bytes: int = 0
    """How many bytes left us in the latest attempt."""
    title: str = ""
    copies: int = 1
    media_type: str = "application/octet-stream"
    language: str = ""
    """Name of the language that the document is taken for; empty: not known."""
    size_bytes: int = 0
    sha256: str = ""
    document_kept: bool = True
    dialect: str = ""
    """By which protocol it came."""
    owner: str = ""
    """Who sent it: a web origin, `token`, `local` or `local:NAME`; also the scope of `key`."""
    key: str | None = None
    """The client's idempotency key."""
    external_id: str | None = None
    """The id that the document itself or the app gave to it."""
    start_within_s: float | None = None
    """How long it may wait for a printer that is blocked or away; None: the printer's `max_wait_s`."""
    on_late: OnLate | None = None
    """None: the printer's rule."""
    blocked_at_start_s: float = 0
    """The printer's blocked time (`Printer`'s lane keeps it) when the job was accepted or released."""
    foreign: str | None = None
    """What the next in line calls it (JSON of the transport that wrote it), written before it is followed."""
    reprint_of: JobId | None = None
    reprints: int = 0
    """How often the rule `on_doubt = reprint` sent it again by itself (at most once)."""
    pulse_only: bool = False
    """It prints nothing and only moves something (a cash drawer)."""
    user: str = ""
    """The user of this machine whose program or browser sent it, where that is another one than the gateway's own."""


def new_job_id() -> JobId:
    """Return a UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    # an id is no secret, and asking the system for each one's random bits costs 16 µs
    value = (time.time_ns() // 1_000_000) << 80 | random.getrandbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return JobId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")
