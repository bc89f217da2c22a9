"""What is seen of one queue and its jobs, and the taking back of a job. Blocks; knows no loop, no thread, no lane.

While jobs are followed it keeps one handle open: a handle does not outlive the spooler that gave it, so a job that is
gone from a list got by the same handle is gone by what the spooler did, and not because it was started anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from fanfold.transports.winspool.mark import Mark
from fanfold.transports.winspool.spooler import (
    Attribute,
    CallFailed,
    JobControl,
    JobFacts,
    JobStatus,
    QueueFacts,
    Spooler,
)
from fanfold.transports.winspool.words import BEGUN, GOING, is_gone

CANNOT_TELL = frozenset({0, 5, 50, 120})
"""EnumJobs fails so where it is not built (Wine: 0), not supported, or not allowed: it says nothing of the jobs."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The queue as it is now."""

    facts: QueueFacts
    jobs: tuple[JobFacts, ...] | None
    """None: Windows does not tell."""
    handle: int
    """Counts the handles by which it was looked at."""

    def job(self, job_id: int) -> JobFacts | None:
        """Return the job under that id."""
        return next((job for job in self.jobs or () if job.id == job_id), None)


@dataclass(frozen=True, slots=True)
class Absent:
    """Windows answers and has no such queue."""

    says: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Windows does not answer, or not with facts."""

    says: str


Sight = Seen | Absent | Silence


class Verdict(Enum):
    """What became of a job that was asked back."""

    TAKEN = "taken"
    """It was deleted, and nothing of it had gone to the printer."""
    DELETED = "deleted"
    """It was deleted; nobody knows that nothing of it had gone to the printer."""
    KEPT = "kept"
    """It is still there, goes on, or was gone before."""


class Eye:
    """Looks at one queue. Everything of it runs in one thread."""

    def __init__(self, spooler: Spooler, queue: str) -> None:
        self._spooler, self._queue = spooler, queue
        self._handle: int | None = None
        self._handles = 0

    def look(self) -> Sight:
        """Look at the queue and at its jobs."""
        try:
            handle = self._opened()
            return Seen(self._spooler.facts(handle), self._jobs(handle), self._handles)
        except (CallFailed, OSError) as failed:
            self.blink()
            absent = isinstance(failed, CallFailed) and is_gone(failed)
            return Absent(str(failed)) if absent else Silence(str(failed))

    def facts(self) -> QueueFacts | None:
        """Look at the queue without its jobs; None where that cannot be."""
        try:
            return self._spooler.facts(self._opened())
        except (CallFailed, OSError):
            self.blink()
            return None

    def takes_xps(self) -> bool:
        """Whether its driver is fed XPS; False where that cannot be known, which is the common case."""
        try:
            return self._spooler.driver_takes_xps(self._opened())
        except (CallFailed, OSError):
            return False

    def blink(self) -> None:
        """Let go of the handle: Windows cannot delete a queue while somebody has one."""
        handle, self._handle = self._handle, None
        if handle is not None:
            with suppress(CallFailed, OSError):  # one of a spooler that is gone cannot be closed either
                self._spooler.close(handle)

    def take_back(self, mark: Mark) -> Verdict:
        """Delete the job. It is paused first: one that is paused and not printing by then cannot have begun."""
        with suppress(CallFailed, OSError):
            handle = self._opened()
            if not self._is_there(mark, handle):
                return Verdict.KEPT
            untouched = self._paused_before_it_began(mark, handle)
            self._delete(mark, handle)
            left = self._find(mark, self._jobs(handle))
            if left is None or GOING & left.status:
                printed = left is not None and (BEGUN & left.status or left.pages_printed)
                return Verdict.TAKEN if untouched and not printed else Verdict.DELETED
            self._spooler.set_job(handle, mark.job_id, JobControl.RESUME)
        return Verdict.KEPT

    def _opened(self) -> int:
        if self._handle is None:
            self._handle = self._spooler.open(self._queue)
            self._handles += 1
        return self._handle

    def _jobs(self, handle: int) -> tuple[JobFacts, ...] | None:
        try:
            return tuple(self._spooler.jobs(handle))
        except CallFailed as failed:
            if failed.code in CANNOT_TELL:
                return None
            raise

    def _is_there(self, mark: Mark, handle: int) -> bool:
        jobs = self._jobs(handle)
        return jobs is None or self._find(mark, jobs) is not None

    def _find(self, mark: Mark, jobs: Sequence[JobFacts] | None) -> JobFacts | None:
        return next((job for job in jobs or () if job.id == mark.job_id and mark.names(job)), None)

    def _paused_before_it_began(self, mark: Mark, handle: int) -> bool:
        try:
            self._spooler.set_job(handle, mark.job_id, JobControl.PAUSE)
        except CallFailed:
            return False  # it may be deleted all the same, but nobody will know whether it had begun
        job = self._find(mark, self._jobs(handle))
        if job is None or JobStatus.PAUSED not in job.status or BEGUN & job.status or job.pages_printed:
            return False
        return Attribute.DIRECT not in self._spooler.facts(handle).attributes  # there pausing keeps nothing back

    def _delete(self, mark: Mark, handle: int) -> None:
        try:
            self._spooler.set_job(handle, mark.job_id, JobControl.DELETE)
        except CallFailed:
            self._spooler.set_job(handle, mark.job_id, JobControl.CANCEL)
