"""What a store promises: jobs, documents, printers and origins kept, by verbs. Whatever returns is synced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Protocol

from fanfold.messages import Event, JobChanged, ListJobs
from fanfold.model import Evidence, Job, JobId, JobState, OnLate, Printer, PrinterId
from fanfold.wire import Document

INLINE_BYTES = 256 * 1024
"""Documents up to this size lie in the store's own file; larger ones would block its writer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Over these a job is refused before it is accepted."""

    waiting_jobs: int = 10_000
    """Pending jobs per printer."""
    store_bytes: int = 4 * 1024**3
    """Bytes of all kept documents together."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """By what a waiting job is late: all on its printer's blocked time, which only runs while it is blocked or away.

    A job is late when `blocked_s - job.blocked_at_start_s >= (job.start_within_s or max_wait_s)`,
    unless its rule (`job.on_late`, else `on_late`) is PRINT.
    """

    blocked_s: float
    max_wait_s: float
    on_late: OnLate

    def left_s(self, job: Job) -> float | None:
        """Return how much more blocked time makes this waiting job late (0 or less: it is); None: it never will be."""
        left_s = (job.start_within_s or self.max_wait_s) - (self.blocked_s - job.blocked_at_start_s)
        if (job.on_late or self.on_late) is OnLate.PRINT or left_s == inf:
            return None
        return left_s


@dataclass(frozen=True, slots=True)
class Change:
    """One transition of one job, on condition that it still is in the state and attempt it starts from.

    None keeps what is there. Within one state (processing to processing, completed to completed) evidence may
    only rise: a change that would not raise it, and says nothing else new, still writes its row.
    """

    job: JobId
    from_state: JobState
    from_attempt: int
    to_state: JobState
    reasons: tuple[str, ...] = ()
    message: str = ""
    evidence: Evidence | None = None
    sent_bytes: int | None = None
    foreign: str | None = None
    reprints: int | None = None
    blocked_at_start_s: float | None = None
    start_within_s: float | None = None
    on_late: OnLate | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """The answer to `add`. `fresh` is False when the key's job was there already."""

    job: Job
    fresh: bool


@dataclass(frozen=True, slots=True)
class KeptPrinter:
    """A printer as the store has it, with its blocked time."""

    printer: Printer
    blocked_s: float = 0
    blocked_since_s: float | None = None
    """The store's age when it was last blocked, where it still was so when that was written."""


@dataclass(frozen=True, slots=True)
class JobsPage:
    """A page of jobs, newest first."""

    jobs: tuple[Job, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """What a webhook's receiver did not take yet: one event, as it is sent."""

    event: int
    kind: str
    """Which kind of event, as receivers know it: `job.changed`."""
    subject: str
    """What it is about (`job:ID`, `printer:ID`): letters of one subject keep their order."""
    url: str
    body: bytes
    first_at: datetime
    """When the event happened; with its number it tells it from all others."""
    since_s: float
    """When it was first tried or began to wait, as the store's age, for deciding."""
    next_s: float
    """The store's age at which it is tried again."""
    tries: int = 0
    last_at: datetime | None = None
    error: str = ""
    id: int = 0
    """Given by the store."""


@dataclass(frozen=True, slots=True)
class Postbox:
    """One webhook's outbox at a glance."""

    cursor: int | None
    """The last event that was delivered or put into the outbox; None: nothing yet, the webhook is new."""
    waiting: int = 0
    dead: int = 0


Watcher = Callable[[Sequence[Event]], None]


class Outbox(Protocol):
    """Where letters wait that webhooks' receivers did not take yet. All verbs may raise StoreFailed; synced."""

    @property
    def age_s(self) -> float:
        """As `Store.age_s`."""

    async def postbox(self, webhook: str) -> Postbox:
        """Return how a webhook's outbox stands."""

    async def post(self, webhook: str, cursor: int, letters: Sequence[Letter] = ()) -> None:
        """Move the webhook's cursor there and keep the letters that were not delivered, in one transaction.

        A webhook without a cursor is made. Letters get their ids in the order of their events. While the disk is full
        a post with letters raises StoreFailed; one that only moves the cursor goes on.
        """

    async def next_letters(self, webhook: str, limit: int = 100) -> Sequence[Letter]:
        """Return of each subject the oldest letter that waits, those first whose `next_s` is first."""

    async def waiting_subjects(self, webhook: str) -> frozenset[str]:
        """Return the subjects that have letters waiting: later ones of theirs must wait behind them."""

    async def taken(self, webhook: str, letters: Sequence[int]) -> None:
        """Forget letters that were delivered, by their ids."""

    async def put_off(self, letters: Sequence[Letter], *, dead: bool = False) -> None:
        """Keep these letters' `tries`, `last_at`, `next_s` and `error`; dead ones are not tried again by themselves.

        Letters that are not here any more are passed over; a dead one stays dead until `revive`.
        """

    async def dead_letters(self, webhook: str, limit: int = 100) -> Sequence[Letter]:
        """Return letters that were given up, newest first."""

    async def revive(self, webhook: str, next_s: float) -> int:
        """Let all dead letters wait again, as if new at that age (`since_s`, `next_s`, no `tries`); return how many.

        Each is at its old place among its subject's letters. Works in small steps, so that no other verb waits long:
        what was revived before a StoreFailed stays so.
        """

    async def drop_webhook(self, webhook: str) -> None:
        """Forget a webhook with its cursor and letters. Idempotent."""

    async def webhooks(self) -> Sequence[str]:
        """List the webhooks that have a cursor."""


class Store(Protocol):
    """Where jobs live. All verbs may raise StoreFailed; then nothing of that verb was done.

    One gateway owns a store. Verbs are called from the event loop and do not block it.
    """

    @property
    def age_s(self) -> float:
        """How long this store has lived: counts suspend, survives restarts, never jumps with the wall clock."""

    @property
    def incoming(self) -> Path:
        """Folder, on the same file system as the documents, in which bodies are written while they arrive."""

    @property
    def trouble(self) -> str:
        """Why new jobs are refused for now (a full disk), in words; empty when they are not."""

    def watch(self, watcher: Watcher) -> None:
        """Call this, in the loop's thread, with each commit's events in order of their ids."""

    def waiting(self, printer: PrinterId) -> int:
        """Count pending jobs, from memory."""

    def held(self, printer: PrinterId) -> int:
        """Count held jobs, from memory."""

    # jobs

    async def add(self, job: Job, document: Document, limits: Limits, fingerprint: str) -> Added:
        """Keep a new job (state pending) with its document, or find the one that (owner, key) names already.

        A document given as a file is moved, not copied; it must lie in `incoming`. It is removed when it is not kept.

        Raises:
            Refused: `key-reused` 409 (same key, other fingerprint), `too-many-waiting` 429, `store-full` 507.
        """

    async def claim(self, printer: PrinterId, lateness: Lateness) -> Job | None:
        """Take the printer's first pending job that is not late: pending to processing, attempt + 1.

        Its evidence, sent bytes and foreign id start afresh.
        """

    async def settle(self, change: Change) -> Job | None:
        """Make the change; None when its condition no longer holds (another change won)."""

    async def settle_and_claim(
        self, change: Change, printer: PrinterId, lateness: Lateness
    ) -> tuple[Job | None, Job | None]:
        """Both in one transaction: what `settle` returns, and what `claim` returns."""

    async def late(self, printer: PrinterId, lateness: Lateness) -> Sequence[Job]:
        """List pending jobs that are late, first come first, at most 1000."""

    async def next_late_s(self, printer: PrinterId, lateness: Lateness) -> float | None:
        """Return in how many seconds of blocked time the next pending job gets late (0: now); None: none will."""

    async def unsettled(self) -> Sequence[Job]:
        """List the jobs that are in processing: right after a start, those that the last run left in flight."""

    async def held_since(self, printer: PrinterId, age_s: float) -> Sequence[Job]:
        """List jobs held since that age of the store or earlier, at most 1000."""

    async def job(self, job: JobId) -> Job | None:
        """Return one job."""

    async def job_by_key(self, owner: str, key: str) -> Job | None:
        """Return the job that this idempotency key named."""

    async def jobs(self, query: ListJobs) -> JobsPage:
        """Return a page of jobs. `query.printer` is an id here. Raises Refused `bad-cursor` 400."""

    async def timeline(self, job: JobId) -> Sequence[JobChanged]:
        """Return all transitions of a job, oldest first."""

    async def document(self, job: JobId) -> Document | None:
        """Return the handle to a job's bytes; None when they are no longer kept."""

    # history

    async def events(self, after: int, limit: int = 1000) -> Sequence[Event]:
        """Return events whose ids are above `after`, in order."""

    def last_event_id(self) -> int:
        """Return the id of the newest committed event, from memory."""

    async def record(
        self, printer: PrinterId, state: str, reasons: tuple[str, ...], message: str, data: str = ""
    ) -> None:
        """Keep an event on a printer.

        `state` says which: `connected` and `disconnected` (`data` is the channel), `scanned` (`data` is what came,
        `reasons` holds its source alone), else a PrinterState or `removed`, which make a PrinterChanged.
        """

    # printers, origins, who is rejected

    async def printers(self) -> Sequence[KeptPrinter]:
        """List all printers ever kept and not dropped."""

    async def save_printer(self, printer: Printer) -> None:
        """Keep a printer (all but its blocked time), new or changed."""

    async def save_blocked(self, printer: PrinterId, blocked_s: float, since_s: float | None) -> None:
        """Keep a printer's blocked time."""

    async def drop_printer(self, printer: PrinterId) -> None:
        """Forget a printer; its jobs stay."""

    async def origins(self) -> Sequence[str]:
        """List the web origins that were allowed."""

    async def allow_origin(self, origin: str) -> None:
        """Keep a web origin. Idempotent."""

    async def revoke_origin(self, origin: str) -> None:
        """Forget a web origin. Idempotent."""

    async def rejected(self) -> Sequence[str]:
        """List the URIs of printers that were rejected, oldest first."""

    async def reject(self, uri: str) -> None:
        """Keep that this printer is not let in. Idempotent."""

    async def unreject(self, uri: str) -> None:
        """Forget that. Idempotent."""

    # upkeep

    async def sweep(self, keep_documents_s: float, keep_jobs_s: float) -> tuple[int, int]:
        """Drop documents, then rows with their history, of jobs finished so long ago; return how many of each.

        Events of printers and dead letters go after `keep_jobs_s` too; never an event that a webhook's cursor has not
        passed yet.

        Works in small steps, so that no other verb waits long.
        """

    async def close(self) -> None:
        """Finish what was asked, then let go. Idempotent."""
