"""A store that lives in memory and forgets all at its end: for tests, held to the contract of every store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fanfold import clock
from fanfold.errors import StoreFailed
from fanfold.messages import Event, JobChanged, ListJobs
from fanfold.model import Job, JobId, JobState, PrinterId
from fanfold.store import refusals
from fanfold.store.base import Added, Change, JobsPage, Lateness, Limits, Watcher
from fanfold.store.history import News, told, transition
from fanfold.store.memory_outbox import MemoryOutbox
from fanfold.store.memory_printers import MemoryPrinters
from fanfold.store.paging import before_of, size_of
from fanfold.store.transitions import changed, claimed, is_late, matches
from fanfold.wire import Document

MOST = 1000
"""How many jobs `late` and `held_since` list at most."""


@dataclass(slots=True)
class _Kept:
    """A job with what only the store knows of it."""

    seq: int
    job: Job
    fingerprint: str
    data: bytes | None
    since_s: float
    """The store's age when the job entered its state."""


class MemoryStore(MemoryPrinters, MemoryOutbox):
    """Keeps the promises of `Store` and of `Outbox`, but for the lasting: what it holds ends with it."""

    def __init__(self, incoming: Path) -> None:
        """Take documents given as files from the folder `incoming`."""
        super().__init__()
        self._incoming = incoming
        self._jobs: dict[JobId, _Kept] = {}
        self._keys: dict[tuple[str, str], JobId] = {}
        self._events: list[Event] = []
        self._recorded_s: dict[int, float] = {}
        """The store's age at each event of a printer."""
        self._last_event_id = 0
        self._last_seq = 0
        self._watchers: list[Watcher] = []

    @property
    def incoming(self) -> Path:
        """Folder in which bodies are written while they arrive."""
        return self._incoming

    @property
    def trouble(self) -> str:
        """Always empty: memory has no disk to fill."""
        return ""

    def watch(self, watcher: Watcher) -> None:
        """Call this with each verb's events in order of their ids."""
        self._watchers.append(watcher)

    def waiting(self, printer: PrinterId) -> int:
        """Count pending jobs."""
        return sum(1 for _ in self._of(printer, JobState.PENDING))

    def held(self, printer: PrinterId) -> int:
        """Count held jobs."""
        return sum(1 for _ in self._of(printer, JobState.HELD))

    # jobs

    async def add(self, job: Job, document: Document, limits: Limits, fingerprint: str) -> Added:
        """Keep a new job with its document, or find the one that (owner, key) names already."""
        self._check_open()
        data = await self._bytes_of(document)
        if job.key is not None and (job.owner, job.key) in self._keys:
            return self._replay(job, fingerprint)
        self._check_limits(job, len(data), limits)
        job = replace(job, state=JobState.PENDING, size_bytes=len(data), sha256=document.sha256, document_kept=True)
        self._last_seq += 1
        self._jobs[job.id] = _Kept(self._last_seq, job, fingerprint, data, self.age_s)
        if job.key is not None:
            self._keys[job.owner, job.key] = job.id
        self._tell(self._event_of(job))
        return Added(job, fresh=True)

    async def claim(self, printer: PrinterId, lateness: Lateness) -> Job | None:
        """Take the printer's first pending job that is not late."""
        self._check_open()
        return self._claim(printer, lateness, self._tell)

    async def settle(self, change: Change) -> Job | None:
        """Make the change; None when its condition no longer holds."""
        self._check_open()
        return self._settle(change, self._tell)

    async def settle_and_claim(
        self, change: Change, printer: PrinterId, lateness: Lateness
    ) -> tuple[Job | None, Job | None]:
        """Both at once."""
        self._check_open()
        events: list[Event] = []
        both = (self._settle(change, events.append), self._claim(printer, lateness, events.append))
        self._tell(*events)
        return both

    async def late(self, printer: PrinterId, lateness: Lateness) -> Sequence[Job]:
        """List pending jobs that are late, first come first."""
        self._check_open()
        return [kept.job for kept in self._of(printer, JobState.PENDING) if is_late(kept.job, lateness)][:MOST]

    async def next_late_s(self, printer: PrinterId, lateness: Lateness) -> float | None:
        """Return in how many seconds of blocked time the next pending job gets late."""
        self._check_open()
        left = (lateness.left_s(kept.job) for kept in self._of(printer, JobState.PENDING))
        soonest = min((left_s for left_s in left if left_s is not None), default=None)
        return None if soonest is None else max(0, soonest)

    async def unsettled(self) -> Sequence[Job]:
        """List the jobs that are in processing."""
        self._check_open()
        return [kept.job for kept in self._jobs.values() if kept.job.state is JobState.PROCESSING]

    async def held_since(self, printer: PrinterId, age_s: float) -> Sequence[Job]:
        """List jobs held since that age of the store or earlier."""
        self._check_open()
        return [kept.job for kept in self._of(printer, JobState.HELD) if kept.since_s <= age_s][:MOST]

    async def job(self, job: JobId) -> Job | None:
        """Return one job."""
        self._check_open()
        kept = self._jobs.get(job)
        return kept.job if kept else None

    async def job_by_key(self, owner: str, key: str) -> Job | None:
        """Return the job that this idempotency key named."""
        self._check_open()
        found = self._keys.get((owner, key))
        return self._jobs[found].job if found else None

    async def jobs(self, query: ListJobs) -> JobsPage:
        """Return a page of jobs, newest first."""
        self._check_open()
        before, size = before_of(query.cursor), size_of(query.limit)
        newest_first = reversed(self._jobs.values())
        found = [kept for kept in newest_first if kept.seq < before and matches(kept.job, query)]
        page = found[:size]
        return JobsPage(tuple(kept.job for kept in page), str(page[-1].seq) if len(found) > size else None)

    async def timeline(self, job: JobId) -> Sequence[JobChanged]:
        """Return all transitions of a job, oldest first."""
        self._check_open()
        return [event for event in self._events if isinstance(event, JobChanged) and event.job == job]

    async def document(self, job: JobId) -> Document | None:
        """Return the handle to a job's bytes; None when they are no longer kept."""
        self._check_open()
        kept = self._jobs.get(job)
        if kept is None or kept.data is None:
            return None
        return Document(kept.job.size_bytes, kept.job.sha256, kept.job.media_type, kept.data)

    # history

    async def events(self, after: int, limit: int = 1000) -> Sequence[Event]:
        """Return events whose ids are above `after`, in order."""
        self._check_open()
        return [event for event in self._events if event.id > after][:limit]

    def last_event_id(self) -> int:
        """Return the id of the newest event."""
        return self._last_event_id

    async def record(
        self, printer: PrinterId, state: str, reasons: tuple[str, ...], message: str, data: str = ""
    ) -> None:
        """Keep an event on a printer."""
        self._check_open()
        event = told(self._next_event_id(), clock.now(), News(printer, str(state), reasons, message, data))
        self._recorded_s[event.id] = self.age_s
        self._tell(event)

    # upkeep

    async def sweep(self, keep_documents_s: float, keep_jobs_s: float) -> tuple[int, int]:
        """Drop documents, then rows with their history, of jobs finished so long ago."""
        self._check_open()
        documents = [kept for kept in self._finished(keep_documents_s) if kept.data is not None]
        for kept in documents:
            kept.data, kept.job = None, replace(kept.job, document_kept=False)
        missed = {event.job for event in self._missed() if isinstance(event, JobChanged)}
        rows = [kept.job for kept in self._finished(keep_jobs_s) if kept.job.id not in missed]
        for job in rows:
            self._forget(job)
        self._drop_events({job.id for job in rows}, self.age_s - keep_jobs_s)
        self._drop_dead(self.age_s - keep_jobs_s)
        return len(documents), len(rows)

    # how

    def _of(self, printer: PrinterId, state: JobState) -> Iterator[_Kept]:
        return (kept for kept in self._jobs.values() if kept.job.printer == printer and kept.job.state is state)

    def _finished(self, ago_s: float) -> Iterable[_Kept]:
        since_s = self.age_s - ago_s
        return [kept for kept in self._jobs.values() if kept.job.state.finished and kept.since_s <= since_s]

    def _missed(self) -> Sequence[Event]:
        """Return the events that a webhook has not passed yet."""
        heard = self._heard()
        return [] if heard is None else [event for event in self._events if event.id > heard]

    def _drop_events(self, jobs: Collection[JobId], until_s: float) -> None:
        """Drop the events of these jobs, and those of printers that were recorded at that age or before."""
        missed = {event.id for event in self._missed()}
        old = {number for number, at_s in self._recorded_s.items() if at_s <= until_s} - missed
        for number in old:
            del self._recorded_s[number]
        self._events = [
            event
            for event in self._events
            if event.id not in old and not (isinstance(event, JobChanged) and event.job in jobs)
        ]

    async def _bytes_of(self, document: Document) -> bytes:
        if document.path is None:
            return document.data or b""
        try:
            return await asyncio.to_thread(document.path.read_bytes)
        finally:
            document.path.unlink(missing_ok=True)

    def _replay(self, job: Job, fingerprint: str) -> Added:
        there = self._jobs[self._keys[job.owner, str(job.key)]]
        if there.fingerprint != fingerprint:
            raise refusals.key_reused(job)
        return Added(there.job, fresh=False)

    def _check_limits(self, job: Job, size_bytes: int, limits: Limits) -> None:
        if self.waiting(job.printer) >= limits.waiting_jobs:
            raise refusals.too_many_waiting(job, limits)
        kept_bytes = sum(kept.job.size_bytes for kept in self._jobs.values() if kept.data is not None)
        if kept_bytes + size_bytes > limits.store_bytes:
            raise refusals.too_many_bytes(size_bytes, kept_bytes, limits)
        if job.id in self._jobs:
            raise StoreFailed(f"There is a job {job.id} already: every job needs an id of its own.")

    def _claim(self, printer: PrinterId, lateness: Lateness, tell: Callable[[Event], None]) -> Job | None:
        for kept in self._of(printer, JobState.PENDING):
            if not is_late(kept.job, lateness):
                return self._claimed(kept, tell)
        return None

    def _claimed(self, kept: _Kept, tell: Callable[[Event], None]) -> Job:
        kept.since_s = self.age_s
        kept.job = claimed(kept.job, clock.now())
        tell(self._event_of(kept.job))
        return kept.job

    def _settle(self, change: Change, tell: Callable[[Event], None]) -> Job | None:
        kept = self._jobs.get(change.job)
        if kept is None or (kept.job.state, kept.job.attempt) != (change.from_state, change.from_attempt):
            return None
        if change.to_state is not change.from_state:
            kept.since_s = self.age_s
        kept.job = changed(kept.job, change, clock.now())
        tell(self._event_of(kept.job))
        return kept.job

    def _forget(self, job: Job) -> None:
        del self._jobs[job.id]
        if job.key is not None:
            del self._keys[job.owner, job.key]

    def _next_event_id(self) -> int:
        self._last_event_id += 1
        return self._last_event_id

    def _event_of(self, job: Job) -> JobChanged:
        return transition(self._next_event_id(), job)

    def _tell(self, *events: Event) -> None:
        self._events.extend(events)
        if events:
            for watcher in self._watchers:
                watcher(events)
