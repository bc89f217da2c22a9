"""Waiting for a job to get somewhere: everyone who changes a job tells it here. Knows no transport."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from fanfold.model import Evidence, Job, JobId, JobState, PrinterId
from fanfold.store.base import Change, Lateness, Store

RECENT_JOBS = 4096
"""Jobs whose latest state is at hand without a read of the store."""


def arrived(job: Job, until: Evidence) -> bool:
    """Tell whether there is nothing more to wait for: the evidence is there, or the job is finished or held."""
    return job.state.finished or job.state is JobState.HELD or job.evidence >= until


class Follow:
    """The jobs' latest states, and who waits for them. All changes of jobs go through here to the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recent: OrderedDict[JobId, Job] = OrderedDict()
        self._waiters: dict[JobId, list[tuple[Evidence, asyncio.Future[Job]]]] = {}

    def tell(self, job: Job) -> None:
        """Note a job's new state and let those go who waited for it."""
        self._recent[job.id] = job
        self._recent.move_to_end(job.id)
        if len(self._recent) > RECENT_JOBS:
            self._recent.popitem(last=False)
        if waiters := self._waiters.get(job.id):
            self._let_go(job, waiters)

    async def settle(self, change: Change) -> Job | None:
        """`Store.settle`, told to those who wait."""
        job = await self._store.settle(change)
        if job is not None:
            self.tell(job)
        return job

    async def claim(self, printer: PrinterId, lateness: Lateness) -> Job | None:
        """`Store.claim`, told to those who wait."""
        job = await self._store.claim(printer, lateness)
        if job is not None:
            self.tell(job)
        return job

    async def settle_and_claim(
        self, change: Change, printer: PrinterId, lateness: Lateness
    ) -> tuple[Job | None, Job | None]:
        """`Store.settle_and_claim`, told to those who wait."""
        settled, claimed = await self._store.settle_and_claim(change, printer, lateness)
        for changed in (settled, claimed):
            if changed is not None:
                self.tell(changed)
        return settled, claimed

    async def now(self, job_id: JobId) -> Job | None:
        """Return the job as it is now; None when there is none of that id."""
        return self._recent.get(job_id) or await self._store.job(job_id)

    async def until(self, job_id: JobId, until: Evidence, within_s: float | None) -> Job | None:
        """Wait until the job has arrived there or the time is over; return it as it then is."""
        waiter: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        entry = (until, waiter)
        self._waiters.setdefault(job_id, []).append(entry)  # before the look, so that no change falls between
        try:
            job = await self.now(job_id)
            if job is None or arrived(job, until):
                return job
            async with asyncio.timeout(within_s):
                return await waiter
        except TimeoutError:
            return await self.now(job_id)
        finally:
            self._leave(job_id, entry)

    def _let_go(self, job: Job, waiters: list[tuple[Evidence, asyncio.Future[Job]]]) -> None:
        for until, waiter in waiters:
            if not waiter.done() and arrived(job, until):
                waiter.set_result(job)

    def _leave(self, job_id: JobId, entry: tuple[Evidence, asyncio.Future[Job]]) -> None:
        waiters = self._waiters.get(job_id, [])
        if entry in waiters:
            waiters.remove(entry)
        if not waiters:
            self._waiters.pop(job_id, None)
