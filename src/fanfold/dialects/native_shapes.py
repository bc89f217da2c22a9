"""The shapes of the native API's answers, as they stand on the wire and in its OpenAPI document. Knows no logic."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from fanfold.model import JobState, OnLate, PrinterOptions, PrinterState, Reachable, Source, Traits

Time = Annotated[datetime, Meta(tz=True)]
"""On the wire RFC 3339, UTC."""
EvidenceWord = Literal["none", "sent", "delivered", "printed"]


class Shape(Struct, frozen=True, gc=False):
    """What all shapes share; answers only grow, so that a client must ignore fields it does not know."""


class Problem(Shape, frozen=True):
    """Why it was not done (RFC 9457). Programs read `code`, people read `detail`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    job: str | UnsetType = UNSET


class Transition(Shape, frozen=True):
    """One step in a job's history; `id` is also the id of its event."""

    id: int
    at: Time
    state: JobState
    reasons: tuple[str, ...]
    message: str
    evidence: EvidenceWord
    attempt: int
    sent_bytes: int


class Job(Shape, frozen=True, kw_only=True):
    """One request to print one document on one printer. `evidence_means` says how much `evidence` proves.

    `timeline` is there where one job is shown.
    """

    id: str
    printer: str
    printer_name: str
    state: JobState
    reasons: tuple[str, ...]
    message: str
    evidence: EvidenceWord
    evidence_means: str
    attempt: int
    sent_bytes: int
    title: str
    copies: int
    media_type: str
    language: str
    size_bytes: int
    sha256: str
    document_kept: bool
    created_at: Time
    changed_at: Time
    dialect: str
    owner: str
    key: str | None
    external_id: str | None
    start_within_s: float | None
    on_late: OnLate | None
    reprint_of: str | None
    pulse_only: bool
    timeline: tuple[Transition, ...] | UnsetType = UNSET


class Jobs(Shape, frozen=True):
    """A page of jobs, newest first; `next` is the cursor of the page after, null at the end."""

    jobs: tuple[Job, ...]
    next: str | None


class Document(Shape, frozen=True):
    """A job's bytes, in base64, as a WebSocket frame carries them."""

    media_type: str
    size_bytes: int
    sha256: str
    data: bytes


class Printer(Shape, frozen=True):
    """One printer, with what is known of it now. A user and a password in its URI are masked (`***@`).

    `status_source` says by what the state was learned, `status_at` when; `unknown` is an honest state. Of one that
    dials in, `channels` are those open now, and `identity` is what it proved when it was let in, empty until then.
    `traits` is what it was found to be, and who said so. `language`, `encoding`, `dpi` and `width_mm` are what counts:
    its `options` where they say it, else what was found out; empty or null: not known.
    """

    id: str
    name: str
    aliases: tuple[str, ...]
    uri: str
    source: Source
    state: PrinterState
    reasons: tuple[str, ...]
    message: str
    reachable: Reachable
    status_source: str
    status_at: Time | None
    paused: bool
    paused_because: str
    info: str
    is_default: bool
    kinds: tuple[str, ...]
    options: PrinterOptions
    waiting_jobs: int
    held_jobs: int
    channels: tuple[str, ...] = ()
    identity: str = ""
    traits: Traits = field(default_factory=Traits)
    language: str = ""
    encoding: str = ""
    dpi: int | None = None
    width_mm: float | None = None


class Printers(Shape, frozen=True):
    """All printers, in a stable order."""

    printers: tuple[Printer, ...]


class Newcomer(Shape, frozen=True):
    """A printer that dialled in and waits to be let in, with what it says of itself: nobody has checked that.

    `identity` is what it proved (`certificate:NAME`, `user:NAME`, `secret:NAME`); `none`: nothing was asked of it.
    """

    uri: str
    serial: str
    name: str
    info: str
    peer: str
    identity: str
    since: Time


class Unadopted(Shape, frozen=True):
    """Who waits to be let in, the longest waiting first; and the URIs of those who were rejected."""

    newcomers: tuple[Newcomer, ...]
    rejected: tuple[str, ...]


class Adopted(Shape, frozen=True):
    """The printers that were let in, in the order asked for; `fresh` tells of each whether it was no printer before.

    `notes` says what their owner should know.
    """

    printers: tuple[Printer, ...]
    fresh: tuple[bool, ...]
    notes: tuple[str, ...]


class PrinterSaid(Shape, frozen=True):
    """What a printer answered: `data` as it came, in base64; `text` read as UTF-8, with U+FFFD for what is none."""

    text: str
    data: bytes


class DeviceWay(Shape, frozen=True):
    """One way to a device, and who showed it: `mdns`, `usb`, `cups`, `winspool`."""

    uri: str
    seen_by: str


class Device(Shape, frozen=True):
    """A device that showed itself, however many `ways` lead to it, the best first; nobody has checked what it says.

    `printers` are the ids of those that it is already. Its `id` stays the same as long as it calls itself the same.
    """

    id: str
    name: str
    info: str
    traits: Traits
    ways: tuple[DeviceWay, ...]
    printers: tuple[str, ...]


class Devices(Shape, frozen=True):
    """All devices that showed themselves, by name; `notes` say in words where nobody could look."""

    devices: tuple[Device, ...]
    notes: tuple[str, ...]


class Traced(Shape, frozen=True):
    """The lines written down so far; never a document."""

    lines: tuple[str, ...]


class Webhook(Shape, frozen=True):
    """How one webhook stands. A user and a password in its URL are masked (`***@`).

    `behind` counts events that its receiver has not taken yet, `dead` those given up; `trouble` says in words why it
    does not get on, and is empty when it does.
    """

    name: str
    url: str
    behind: int
    dead: int
    last_success_at: Time | None
    trouble: str


class Webhooks(Shape, frozen=True):
    """All webhooks of the configuration."""

    webhooks: tuple[Webhook, ...]


class DeadLetter(Shape, frozen=True):
    """One event that a receiver never took; `event` is its id, `subject` the printer or job it is about."""

    event: int
    kind: str
    subject: str
    tries: int
    first_at: Time
    last_at: Time
    error: str


class DeadLetters(Shape, frozen=True):
    """What a webhook's receiver never took, newest first."""

    letters: tuple[DeadLetter, ...]


class Client(Shape, frozen=True):
    """A connection that is open now; `jobs` counts those it submitted."""

    id: str
    address: str
    origin: str
    dialect: str
    since: Time
    jobs: int


class Clients(Shape, frozen=True):
    """Who is connected now."""

    clients: tuple[Client, ...]


class Origins(Shape, frozen=True):
    """Web origins that are let in: by the configuration, and by the access list."""

    configured: tuple[str, ...]
    allowed: tuple[str, ...]


class LogLine(Shape, frozen=True):
    """One line of the gateway's log; never a payload."""

    number: int
    at: Time
    level: str
    text: str


class Log(Shape, frozen=True):
    """Lines of the log; `last` is the newest line's number, the `after` of the next reading."""

    lines: tuple[LogLine, ...]
    last: int


class Health(Shape, frozen=True):
    """Whether the gateway takes work; `problems` in words."""

    ok: bool
    version: str
    uptime_s: float
    problems: tuple[str, ...]


class Done(Shape, frozen=True):
    """It is done; `notes` say what changed."""

    notes: tuple[str, ...]


class JobChanged(Shape, frozen=True, tag_field="kind", tag="job-changed"):
    """One transition of a job, as it happens."""

    id: int
    at: Time
    job: str
    printer: str
    state: JobState
    reasons: tuple[str, ...]
    message: str
    evidence: EvidenceWord
    attempt: int
    sent_bytes: int
    title: str
    owner: str
    external_id: str = ""


class PrinterChanged(Shape, frozen=True, tag_field="kind", tag="printer-changed"):
    """What is known of a printer changed; `state` is a printer's state, or `removed`."""

    id: int
    at: Time
    printer: str
    state: str
    reasons: tuple[str, ...]
    message: str


class PrinterConnected(Shape, frozen=True, tag_field="kind", tag="printer-connected"):
    """A printer that dials in opened a channel (`main`, `raw`, `config`)."""

    id: int
    at: Time
    printer: str
    channel: str
    message: str


class PrinterDisconnected(Shape, frozen=True, tag_field="kind", tag="printer-disconnected"):
    """A printer that dials in lost or closed a channel; why, in words."""

    id: int
    at: Time
    printer: str
    channel: str
    message: str


class PrinterScanned(Shape, frozen=True, tag_field="kind", tag="printer-scanned"):
    """Data came through a printer: a barcode scanner on its port. `source` is its setting that carried it."""

    id: int
    at: Time
    printer: str
    data: str
    source: str


Event = JobChanged | PrinterChanged | PrinterConnected | PrinterDisconnected | PrinterScanned
Answer = (
    Job
    | Jobs
    | Document
    | Printer
    | Printers
    | Unadopted
    | Adopted
    | PrinterSaid
    | Traced
    | Devices
    | Webhooks
    | DeadLetters
    | Clients
    | Origins
    | Log
    | Health
    | Done
    | Problem
)
