"""The shapes of the native API's answers, as they stand on the wire and in its OpenAPI document. Knows no logic."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from fanfold.model import JobState, OnLate, PrinterOptions, PrinterState, Reachable, Source

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

    `status_source` says by what the state was learned, `status_at` when; `unknown` is an honest state.
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


class Printers(Shape, frozen=True):
    """All printers, in a stable order."""

    printers: tuple[Printer, ...]


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


class PrinterChanged(Shape, frozen=True, tag_field="kind", tag="printer-changed"):
    """What is known of a printer changed; `state` is a printer's state, or `removed`."""

    id: int
    at: Time
    printer: str
    state: str
    reasons: tuple[str, ...]
    message: str


Event = JobChanged | PrinterChanged
Answer = Job | Jobs | Document | Printer | Printers | Clients | Origins | Log | Health | Done | Problem
