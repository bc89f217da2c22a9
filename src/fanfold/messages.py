"""Command, Reply and Event: closed unions, the only words that dialects and engine share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fanfold.model import (
    Evidence,
    Job,
    JobId,
    JobState,
    OnLate,
    Printer,
    PrinterId,
    PrinterStatus,
    Traits,
)
from fanfold.reception import Newcomer
from fanfold.wire import Document

# --- who asks --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the one access check found: no command is done without."""

    client: str
    """Id of the connection, for the list of clients."""
    owner: str
    """Web origin, `token`, `local` or `local:NAME`: the scope of idempotency keys."""
    address: str = ""
    dialect: str = ""
    user: str = ""
    """The user of this machine whose program or browser asks, where that is another one than the gateway's own."""
    sees_all: bool = True
    """Whether it may have any job's document; else only those of jobs that its user sent."""


@dataclass(frozen=True, slots=True)
class Client:
    """A connection that is open now. `jobs` counts those it submitted."""

    id: str
    address: str
    origin: str
    dialect: str
    since: datetime
    jobs: int = 0


# --- commands --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submit:
    """Print a document. `printer` is an id, a name or an alias. Answers Accepted when the job is on disk."""

    printer: str
    document: Document | str
    """The bytes; or text, put into the printer's encoding unless `encoding` names another."""
    title: str = ""
    copies: int = 1
    key: str | None = None
    start_within_s: float | None = None
    on_late: OnLate | None = None
    external_id: str | None = None
    is_typed: bool = False
    """The caller named the media type itself, so that it is not guessed."""
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Follow:
    """Wait until a job has this evidence, or is finished or held, or the time is over. Answers JobShown."""

    job: JobId
    until: Evidence
    within_s: float | None = None


@dataclass(frozen=True, slots=True)
class ListPrinters:
    """Answers Printers."""


@dataclass(frozen=True, slots=True)
class ShowPrinter:
    """Answers PrinterShown. `printer` is an id, a name or an alias (so in all commands on printers)."""

    printer: str


@dataclass(frozen=True, slots=True)
class AddPrinter:
    """Add a printer and keep it. Answers PrinterShown; a taken name is refused (409)."""

    name: str
    uri: str
    aliases: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    """By the names of model.PrinterOptions; checked by the engine."""


@dataclass(frozen=True, slots=True)
class ChangePrinter:
    """Change what is given of an added printer. Answers PrinterShown; a configured one is refused (409)."""

    printer: str
    uri: str | None = None
    name: str | None = None
    aliases: tuple[str, ...] | None = None
    options: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RemovePrinter:
    """Forget an added printer; its jobs that are not finished are canceled. Answers Done."""

    printer: str


@dataclass(frozen=True, slots=True)
class PausePrinter:
    """Let jobs wait. What is being sent goes on. Answers PrinterShown."""

    printer: str


@dataclass(frozen=True, slots=True)
class ResumePrinter:
    """Let jobs go again. Answers PrinterShown."""

    printer: str


@dataclass(frozen=True, slots=True)
class PrintTestPage:
    """Print a small page in the printer's language. Answers Accepted."""

    printer: str


@dataclass(frozen=True, slots=True)
class ListJobs:
    """Newest first. Answers Jobs; `cursor` is the `next` of the answer before."""

    states: tuple[JobState, ...] = ()
    printer: str | None = None
    owner: str | None = None
    reason: str | None = None
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ShowJob:
    """Answers JobShown with its timeline."""

    job: JobId


@dataclass(frozen=True, slots=True)
class FetchDocument:
    """Answers DocumentFetched; 410 when it is no longer kept, `another-users` 403."""

    job: JobId


@dataclass(frozen=True, slots=True)
class CancelJob:
    """Cancel a job that is not finished. Answers JobShown; too late is refused (409)."""

    job: JobId


@dataclass(frozen=True, slots=True)
class ReleaseJob:
    """Let a held job print (again). Answers JobShown; one that is not held is refused (409)."""

    job: JobId


@dataclass(frozen=True, slots=True)
class AssumePrinted:
    """Take a held job for printed. Answers JobShown; one that is not held is refused (409)."""

    job: JobId


@dataclass(frozen=True, slots=True)
class ReprintJob:
    """Make a new job of a finished one. Answers Accepted; 410 when its document is no longer kept, `another-users`
    403."""

    job: JobId


@dataclass(frozen=True, slots=True)
class ListClients:
    """Answers Clients."""


@dataclass(frozen=True, slots=True)
class DisconnectClient:
    """End a client's connection. Answers Done."""

    client: str


@dataclass(frozen=True, slots=True)
class ListOrigins:
    """Answers Origins."""


@dataclass(frozen=True, slots=True)
class AllowOrigin:
    """Let pages of this web origin in. Answers Origins; only a caller that is no foreign page may ask."""

    origin: str


@dataclass(frozen=True, slots=True)
class RevokeOrigin:
    """Let pages of this web origin in no longer; its connections end. Answers Origins."""

    origin: str


@dataclass(frozen=True, slots=True)
class ReadLog:
    """Answers LogLines after line `after`."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class AskHealth:
    """Answers Health."""


@dataclass(frozen=True, slots=True)
class ListUnadopted:
    """Answers Unadopted."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """One printer to let in. `device` is its serial or its URI (`weblink:SERIAL`); it need not be there yet."""

    device: str
    name: str = ""
    """Empty: what it calls itself where it is there and that is free, else its serial."""
    identity: str = ""
    """Which of several claimants is meant; empty: the only one, or the first to come."""


@dataclass(frozen=True, slots=True)
class AdoptPrinters:
    """Let printers in that dial in to us: all of them, or none. Answers Adopted.

    Refused: `identity-needed` 409, `bad-identity` 422, `name-taken` 409, `bad-uri` 422.
    """

    adoptions: tuple[Adoption, ...]


@dataclass(frozen=True, slots=True)
class RejectPrinter:
    """Let a newcomer in never, until it is adopted after all. Answers Done. `device` as in Adoption."""

    device: str


@dataclass(frozen=True, slots=True)
class AskPrinter:
    """Put a question to a printer, such as `! U1 getvar "device.friendly_name"`. Answers PrinterSaid.

    Refused: `cannot-ask` 422 (its transport has no way back), `printer-away` 503, `no-answer` 504.
    """

    printer: str
    question: bytes
    channel: str = ""
    """Where there are several: `raw`, `config`; empty: the usual one."""
    within_s: float = 10


@dataclass(frozen=True, slots=True)
class IdentifyPrinter:
    """Have a printer say what it is, in its language, and keep what it says as its traits. Answers PrinterShown.

    Refused as AskPrinter, and `language-unknown` 422: a question in the wrong language would be printed as text;
    `bad-answer` 502.
    """

    printer: str
    language: str = ""
    """In which to ask; empty: in the one that it is known to speak."""
    within_s: float = 5


@dataclass(frozen=True, slots=True)
class ListDiscovered:
    """List the devices that showed themselves, added or not. Answers Devices."""

    wait_s: float = 0
    """How long to wait for first answers where nobody looked before."""


@dataclass(frozen=True, slots=True)
class AddDiscovered:
    """Make a printer of a device that showed itself. Answers PrinterShown.

    Refused: `unknown-device` 404, `name-taken` 409, `printer-known` 409, `bad-uri` 422.
    """

    device: str
    """Its id in Devices."""
    name: str = ""
    """Empty: what it calls itself."""
    uri: str = ""
    """By which of its ways; empty: the best."""


@dataclass(frozen=True, slots=True)
class ReopenChannel:
    """Have a printer that dials in open a channel anew. Answers Done; Refused `printer-away` 503."""

    printer: str
    channel: str


@dataclass(frozen=True, slots=True)
class TracePrinter:
    """Write down headers and first frames of what `device` (serial, URI, name) opens from now on. Answers Traced.

    `frames` per line; 0: end it and forget; None: only show what was written.
    """

    device: str
    frames: int | None = None


@dataclass(frozen=True, slots=True)
class ListWebhooks:
    """Answers Webhooks."""


@dataclass(frozen=True, slots=True)
class ListDeadLetters:
    """What a webhook's receiver did not take for so long that it was given up, newest first. Answers DeadLetters."""

    webhook: str
    limit: int = 100


@dataclass(frozen=True, slots=True)
class RetryDeadLetters:
    """Try all dead letters of a webhook again. Answers Done."""

    webhook: str


@dataclass(frozen=True, slots=True)
class Reload:
    """Read the configuration again, dropping no job, and no client that may still come in.

    Answers Done with what changed.
    """


Command = (
    Submit
    | Follow
    | ListPrinters
    | ShowPrinter
    | AddPrinter
    | ChangePrinter
    | RemovePrinter
    | PausePrinter
    | ResumePrinter
    | PrintTestPage
    | ListJobs
    | ShowJob
    | FetchDocument
    | CancelJob
    | ReleaseJob
    | AssumePrinted
    | ReprintJob
    | ListClients
    | DisconnectClient
    | ListOrigins
    | AllowOrigin
    | RevokeOrigin
    | ReadLog
    | AskHealth
    | ListUnadopted
    | AdoptPrinters
    | RejectPrinter
    | AskPrinter
    | IdentifyPrinter
    | ReopenChannel
    | TracePrinter
    | ListDiscovered
    | AddDiscovered
    | ListWebhooks
    | ListDeadLetters
    | RetryDeadLetters
    | Reload
)

# --- events ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JobChanged:
    """One transition of a job, as its row of history has it; `id` is the row's and the event's id."""

    id: int
    at: datetime
    job: JobId
    printer: PrinterId
    state: JobState
    reasons: tuple[str, ...]
    message: str
    evidence: Evidence
    attempt: int
    sent_bytes: int
    title: str = ""
    owner: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class PrinterChanged:
    """What is known of a printer changed. `state` is a PrinterState, or `removed`."""

    id: int
    at: datetime
    printer: PrinterId
    state: str
    reasons: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class PrinterConnected:
    """A printer that dials in opened a channel (`main`, `raw`, `config`)."""

    id: int
    at: datetime
    printer: PrinterId
    channel: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class PrinterDisconnected:
    """A printer that dials in lost or closed a channel; why, in words."""

    id: int
    at: datetime
    printer: PrinterId
    channel: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class PrinterScanned:
    """Data came through a printer: a barcode scanner on its port. `source` is the setting that carried it."""

    id: int
    at: datetime
    printer: PrinterId
    data: str
    source: str


Event = JobChanged | PrinterChanged | PrinterConnected | PrinterDisconnected | PrinterScanned

# --- replies ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accepted:
    """The job is on disk. `fresh` is False when the key's job was there already."""

    job: Job
    printer_name: str
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class PrinterView:
    """A printer with what is known of it now."""

    printer: Printer
    status: PrinterStatus
    waiting_jobs: int = 0
    held_jobs: int = 0
    channels: tuple[str, ...] = ()
    """Which channels of one that dials in are open now."""
    language: str = ""
    """What it speaks, by its owner or as far as was found out; empty: not known."""
    encoding: str = ""
    """Into which jobs given as text are put."""


@dataclass(frozen=True, slots=True)
class Printers:
    """All printers, in a stable order."""

    printers: tuple[PrinterView, ...]


@dataclass(frozen=True, slots=True)
class PrinterShown:
    """One printer."""

    view: PrinterView


@dataclass(frozen=True, slots=True)
class JobShown:
    """One job; `timeline` only where it was asked for."""

    job: Job
    printer_name: str
    timeline: tuple[JobChanged, ...] = ()


@dataclass(frozen=True, slots=True)
class Jobs:
    """A page of jobs; `next` is the cursor of the page after, None at the end."""

    jobs: tuple[Job, ...]
    next: str | None = None
    printer_names: Mapping[PrinterId, str] = field(default_factory=dict)
    """What people call the printers of these jobs."""


@dataclass(frozen=True, slots=True)
class DocumentFetched:
    """A job's bytes."""

    job: Job
    document: Document


@dataclass(frozen=True, slots=True)
class Clients:
    """Who is connected now."""

    clients: tuple[Client, ...]


@dataclass(frozen=True, slots=True)
class Origins:
    """Web origins that are let in: by the configuration, and by `fanfold access allow`."""

    configured: tuple[str, ...]
    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogLines:
    """Lines as (number, time, level, text); never a payload. `last` is the newest line's number."""

    lines: tuple[tuple[int, datetime, str, str], ...]
    last: int


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the gateway takes work; `problems` in words."""

    ok: bool
    version: str
    uptime_s: float
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unadopted:
    """Who dialled in and waits to be let in; and the URIs of those who were rejected."""

    newcomers: tuple[Newcomer, ...]
    rejected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adopted:
    """The printers that were let in, in the order asked for; `fresh` tells which were not printers before."""

    views: tuple[PrinterView, ...]
    fresh: tuple[bool, ...]
    notes: tuple[str, ...] = ()
    """What the owner should know of them, in words."""


@dataclass(frozen=True, slots=True)
class DeviceWay:
    """One way to a device: its URI, and who showed it (`mdns`, `usb`, `cups`, `winspool`)."""

    uri: str
    seen_by: str


@dataclass(frozen=True, slots=True)
class Device:
    """A device that showed itself, however many ways lead to it."""

    id: str
    """The same for as long as it calls itself the same."""
    name: str
    info: str
    traits: Traits
    ways: tuple[DeviceWay, ...]
    """The best first."""
    printers: tuple[PrinterId, ...] = ()
    """Which printers it is already."""


@dataclass(frozen=True, slots=True)
class Devices:
    """All devices that showed themselves, by name; `notes` say in words where nobody could look."""

    devices: tuple[Device, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrinterSaid:
    """What the printer answered, as it came."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class Traced:
    """The lines written down so far."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WebhookView:
    """How one webhook stands. `behind` counts events that its receiver has not taken yet, `dead` those given up."""

    name: str
    url: str
    behind: int
    dead: int
    last_success_at: datetime | None
    trouble: str
    """Why it does not get on, in words; empty when it does."""


@dataclass(frozen=True, slots=True)
class Webhooks:
    """All webhooks of the configuration."""

    webhooks: tuple[WebhookView, ...]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One event that a receiver never took; `first_at` is when it happened."""

    event: int
    kind: str
    subject: str
    tries: int
    first_at: datetime
    last_at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Newest first."""

    letters: tuple[DeadLetter, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """It is done; `notes` say what changed."""

    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """It was not done. `code` is stable, `says` is for people, `status` is HTTP's."""

    code: str
    says: str
    status: int
    job: JobId | None = None
    """The job concerned, where one is known."""


Reply = (
    Accepted
    | Printers
    | PrinterShown
    | JobShown
    | Jobs
    | DocumentFetched
    | Clients
    | Origins
    | LogLines
    | Health
    | Unadopted
    | Adopted
    | PrinterSaid
    | Traced
    | Devices
    | Webhooks
    | DeadLetters
    | Done
    | Refusal
)
