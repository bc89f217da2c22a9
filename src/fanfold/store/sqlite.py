"""The store on disk: SQLite, one writer thread with group commit, and documents beside it. Knows no engine.

The parts: `opening` makes it ready; `writer` runs `verbs`, `printers`, `outbox` and `upkeep` in groups; `readers` run
`queries` and `letters`; `recent` spares reading what was just written; `adding` brings documents to where they belong
first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from fanfold.errors import StoreFailed
from fanfold.messages import Event, JobChanged, ListJobs
from fanfold.model import Job, JobId, JobState, Printer, PrinterId
from fanfold.store import outbox, printers, queries, upkeep, verbs
from fanfold.store.adding import Adding
from fanfold.store.base import INLINE_BYTES, Added, Change, JobsPage, KeptPrinter, Lateness, Limits, Watcher
from fanfold.store.history import News
from fanfold.store.opening import Opened, open_parts
from fanfold.store.recent import Recent
from fanfold.store.sqlite_outbox import SqliteOutbox
from fanfold.store.transaction import Transaction
from fanfold.store.writer import Urgency, Writer
from fanfold.wire import Document

T = TypeVar("T")


class SqliteStore(SqliteOutbox):
    """Keeps the promises of `Store` and of `Outbox`. Lives in one event loop; `open` makes it, `close` ends it."""

    def __init__(self, opened: Opened) -> None:
        """Take over what `open_parts` returned; within a running loop. Use `open`."""
        super().__init__(Writer(opened.db, opened.ledger, self._committed), opened.readers)
        self._parts = opened.parts
        self._files = opened.files
        self._ledger = opened.ledger
        self._tally = opened.ledger.tally.copy()
        self._recent = Recent(opened.ledger.last_event_id)
        self._watchers: list[Watcher] = []
        self._errands: set[asyncio.Task[Any]] = set()
        self._adding = Adding(self._writer, self._readers, self._files, self._recent)

    @classmethod
    async def open(cls, directory: Path) -> SqliteStore:
        """Open the store in this directory, which is made when it is missing.

        Raises:
            CannotStart: the directory or the store in it cannot be used, or another gateway has it; says what to do.
        """
        return cls(await asyncio.to_thread(open_parts, directory))

    @property
    def age_s(self) -> float:
        """How long this store has lived: counts suspend, survives restarts, never jumps with the wall clock."""
        return self._ledger.age.now_s()

    @property
    def incoming(self) -> Path:
        """Folder, on the same file system as the documents, in which bodies are written while they arrive."""
        return self._files.incoming

    @property
    def trouble(self) -> str:
        """Why new jobs are refused for now (a full disk, no file), in words; empty when they are not."""
        if gone := self._ledger.place.says:
            return f"The store cannot keep anything: {gone}."
        return self._ledger.reserve.says

    def watch(self, watcher: Watcher) -> None:
        """Call this, in the loop's thread, with each commit's events in order of their ids."""
        self._watchers.append(watcher)

    def waiting(self, printer: PrinterId) -> int:
        """Count pending jobs, from memory."""
        return self._tally.pending[printer]

    def held(self, printer: PrinterId) -> int:
        """Count held jobs, from memory."""
        return self._tally.held[printer]

    # jobs

    async def add(self, job: Job, document: Document, limits: Limits, fingerprint: str) -> Added:
        """Keep a new job with its document, or find the one that (owner, key) names already.

        Raises:
            Refused: `key-reused` 409, `too-many-waiting` 429, `store-full` 507.
        """
        if document.path is not None or document.size_bytes > INLINE_BYTES:
            return await self._see_through(self._adding.large(job, document, limits, fingerprint))
        new = verbs.NewJob(job, document.data or b"", document.size_bytes, document.sha256, limits, fingerprint)
        return await self._adding.small(new)

    async def claim(self, printer: PrinterId, lateness: Lateness) -> Job | None:
        """Take the printer's first pending job that is not late. If who asked goes away meanwhile, it is given back."""
        asked = self._settle(partial(verbs.claim, printer=printer, lateness=lateness))
        return await self._claimed(asked, lambda job: job)

    async def settle(self, change: Change) -> Job | None:
        """Make the change, also if who asked goes away meanwhile; None when its condition no longer holds."""
        return await self._settle(partial(verbs.settle, change=change))

    async def settle_and_claim(
        self, change: Change, printer: PrinterId, lateness: Lateness
    ) -> tuple[Job | None, Job | None]:
        """Both in one transaction: what `settle` returns, and what `claim` returns."""
        asked = self._settle(partial(verbs.settle_and_claim, change=change, printer=printer, lateness=lateness))
        return await self._claimed(asked, lambda both: both[1])

    async def late(self, printer: PrinterId, lateness: Lateness) -> Sequence[Job]:
        """List pending jobs that are late, first come first, at most 1000."""
        return await self._readers.ask(partial(queries.late, printer=printer, lateness=lateness))

    async def next_late_s(self, printer: PrinterId, lateness: Lateness) -> float | None:
        """Return in how many seconds of blocked time the next pending job gets late (0: now); None: none will."""
        return await self._readers.ask(partial(queries.next_late_s, printer=printer, lateness=lateness))

    async def unsettled(self) -> Sequence[Job]:
        """List the jobs that are in processing: right after a start, those that the last run left in flight."""
        return await self._readers.ask(queries.unsettled)

    async def held_since(self, printer: PrinterId, age_s: float) -> Sequence[Job]:
        """List jobs held since that age of the store or earlier, at most 1000."""
        return await self._readers.ask(partial(queries.held_since, printer=printer, age_s=age_s))

    async def job(self, job: JobId) -> Job | None:
        """Return one job."""
        return self._recent.job(job) or await self._readers.ask(partial(queries.job, job=job))

    async def job_by_key(self, owner: str, key: str) -> Job | None:
        """Return the job that this idempotency key named."""
        found = await self._readers.ask(partial(queries.job_by_key, owner=owner, key=key))
        return None if found is None else found[0]

    async def jobs(self, query: ListJobs) -> JobsPage:
        """Return a page of jobs. Raises Refused `bad-cursor` 400."""
        return await self._readers.ask(partial(queries.jobs, query=query))

    async def timeline(self, job: JobId) -> Sequence[JobChanged]:
        """Return all transitions of a job, oldest first."""
        return await self._readers.ask(partial(queries.timeline, job=job))

    async def document(self, job: JobId) -> Document | None:
        """Return the handle to a job's bytes; None when they are no longer kept."""
        if (recent := self._recent.document(job)) is not None:
            return recent
        found = await self._readers.ask(partial(queries.document, job=job))
        if found is None:
            return None
        document, is_file = found
        return replace(document, path=self._files.path_of(job)) if is_file else document

    # history

    async def events(self, after: int, limit: int = 1000) -> Sequence[Event]:
        """Return events whose ids are above `after`, in order."""
        recent = self._recent.events(after, limit)
        return (
            recent if recent is not None else await self._readers.ask(partial(queries.events, after=after, limit=limit))
        )

    def last_event_id(self) -> int:
        """Return the id of the newest committed event, from memory."""
        return self._recent.last_event_id

    async def record(
        self, printer: PrinterId, state: str, reasons: tuple[str, ...], message: str, data: str = ""
    ) -> None:
        """Keep an event on a printer."""
        await self._settle(partial(printers.record, news=News(printer, state, reasons, message, data)))

    # printers, origins, who is rejected

    async def printers(self) -> Sequence[KeptPrinter]:
        """List all printers ever kept and not dropped."""
        return await self._readers.ask(queries.printers)

    async def save_printer(self, printer: Printer) -> None:
        """Keep a printer (all but its blocked time), new or changed."""
        await self._settle(partial(printers.save_printer, printer=printer))

    async def save_blocked(self, printer: PrinterId, blocked_s: float, since_s: float | None) -> None:
        """Keep a printer's blocked time."""
        await self._settle(partial(printers.save_blocked, printer=printer, blocked_s=blocked_s, since_s=since_s))

    async def drop_printer(self, printer: PrinterId) -> None:
        """Forget a printer; its jobs stay."""
        await self._settle(partial(printers.drop_printer, printer=printer))

    async def origins(self) -> Sequence[str]:
        """List the web origins that were allowed."""
        return await self._readers.ask(queries.origins)

    async def allow_origin(self, origin: str) -> None:
        """Keep a web origin. Idempotent."""
        await self._settle(partial(printers.allow_origin, origin=origin))

    async def revoke_origin(self, origin: str) -> None:
        """Forget a web origin. Idempotent."""
        await self._settle(partial(printers.revoke_origin, origin=origin))

    async def rejected(self) -> Sequence[str]:
        """List the URIs of printers that were rejected, oldest first."""
        return await self._readers.ask(queries.rejected)

    async def reject(self, uri: str) -> None:
        """Keep that this printer is not let in. Idempotent."""
        await self._settle(partial(printers.reject, uri=uri))

    async def unreject(self, uri: str) -> None:
        """Forget that. Idempotent."""
        await self._settle(partial(printers.unreject, uri=uri))

    # upkeep

    async def sweep(self, keep_documents_s: float, keep_jobs_s: float) -> tuple[int, int]:
        """Drop documents, then rows with their history, of jobs finished so long ago; return how many of each."""
        age_s = self.age_s
        documents = await self._drop(upkeep.drop_documents, age_s - keep_documents_s)
        rows = await self._drop(upkeep.drop_jobs, age_s - keep_jobs_s)
        await self._drop(upkeep.drop_printer_events, age_s - keep_jobs_s)
        await self._drop(outbox.drop_dead, age_s - keep_jobs_s)
        await self._drop_forgotten()
        await self._writer.ask(Urgency.STEP, Transaction.save_age)
        await self._adding.room()
        return documents, rows

    async def close(self) -> None:
        """Finish what was asked, then let go. Idempotent."""
        while self._errands:
            await asyncio.wait(self._errands)
        with suppress(StoreFailed):  # closed already; or the disk fails: then the age goes on from what was last saved
            await self._writer.ask(Urgency.STEP, Transaction.save_age)
        await self._writer.close()
        await asyncio.to_thread(self._parts.close)

    # how

    def _committed(self, tx: Transaction) -> None:
        self._tally.redo(tx.moves)
        self._recent.committed(tx.events, tx.jobs, tx.gone)
        if tx.events:
            for watcher in self._watchers:
                watcher(tx.events)

    def _settle(self, verb: Callable[[Transaction], T]) -> asyncio.Future[T]:
        return self._writer.ask(Urgency.SETTLE, verb)

    async def _drop(self, step: upkeep.Drop, until_s: float) -> int:
        count = 0
        while dropped := await self._see_through(self._drop_some(step, until_s)):
            count += dropped
        return count

    async def _drop_some(self, step: upkeep.Drop, until_s: float) -> int:
        dropped = await self._writer.ask(Urgency.STEP, partial(step, until_s=until_s))
        if dropped.files:
            await asyncio.to_thread(self._files.drop, dropped.files)
        return dropped.count

    async def _claimed(self, asked: asyncio.Future[T], job_in: Callable[[T], Job | None]) -> T:
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            self._errand(self._give_back(asked, job_in))
            raise

    async def _give_back(self, asked: asyncio.Future[T], job_in: Callable[[T], Job | None]) -> None:
        """Let a job that was claimed for nobody go back to the line: nothing of it has left us."""
        with suppress(StoreFailed):  # then it was not claimed, or the next start finds it in doubt and says so
            if job := job_in(await asked):
                await self.settle(Change(job.id, JobState.PROCESSING, job.attempt, JobState.PENDING))

    async def _see_through(self, work: Coroutine[Any, Any, T]) -> T:
        """Await work that goes on to its end when who asked goes away."""
        return await asyncio.shield(self._errand(work))

    def _errand(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
        return task
