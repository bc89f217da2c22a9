"""Waiting for a job to get somewhere: everyone who changes a job does it through here. Knows no transport."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from fanfold.model import Evidence, Job, JobId, JobState, PrinterId, Reason
from fanfold.store.base import Change, Lateness, Store

Waiter = tuple[Evidence, asyncio.Future[Job]]

MOST_RISING = 4096
"""A printer proves its labels within seconds or minutes; what is older than so many jobs is waited for no longer."""


def arrived(job: Job, until: Evidence) -> bool:
    """Tell whether there is nothing more to wait for: the evidence is there, or the job is finished or held."""
    return job.state.finished or job.state is JobState.HELD or job.evidence >= until


class Follow:
    """Who waits for which job. All changes of jobs go through here to the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiters: dict[JobId, list[Waiter]] = {}
        self._rising: OrderedDict[JobId, Job] = OrderedDict()
        """Jobs whose printer may still prove more than it did when they were completed."""

    async def job(self, job_id: JobId) -> Job | None:
        """Return the job as it is now."""
        return await self._store.job(job_id)

    async def settle(self, change: Change) -> Job | None:
        """`Store.settle`, told to those who wait."""
        return self._told(await self._store.settle(change))

    async def settle_and_claim(
        self, change: Change, printer: PrinterId, lateness: Lateness
    ) -> tuple[Job | None, Job | None]:
        """`Store.settle_and_claim`, told to those who wait."""
        settled, claimed = await self._store.settle_and_claim(change, printer, lateness)
        return self._told(settled), claimed

    async def was_in_doubt(self, job: Job) -> bool:
        """Tell by a job's history whether some of it may be on paper already, whatever its latest attempt did."""
        if not job.attempt:
            return False
        doubts = {Reason.DELIVERY_UNCERTAIN, Reason.REPRINTED_IN_DOUBT}
        return any(not doubts.isdisjoint(row.reasons) for row in await self._store.timeline(job.id))

    async def until(self, job_id: JobId, until: Evidence, within_s: float | None) -> Job | None:
        """Wait until the job has arrived there or the time is over; return it as it then is.

        A completed job has not arrived while its printer may still prove more.
        """
        waiter: Waiter = (until, asyncio.get_running_loop().create_future())
        self._waiters.setdefault(job_id, []).append(waiter)  # before the look, so that no change falls between
        try:
            job = await self._store.job(job_id)
            if job is None or self._arrived(job, until):
                return job
            async with asyncio.timeout(within_s):
                return await waiter[1]
        except TimeoutError:
            return await self._store.job(job_id)
        finally:
            self._leave(job_id, waiter)

    def may_rise(self, job: Job) -> None:
        """Note, before its end is written, that more may become known of a job than its end proves."""
        self._rising[job.id] = job
        if len(self._rising) > MOST_RISING:
            self.rises_no_more(next(iter(self._rising)))

    def rises_no_more(self, job_id: JobId) -> None:
        """Note that no more will become known of that job by itself. Idempotent."""
        if job := self._rising.pop(job_id, None):
            self._told(job)

    def _told(self, job: Job | None) -> Job | None:
        if job is not None:
            if job.id in self._rising:
                self._rising[job.id] = job
            for until, waiter in self._waiters.get(job.id, ()):
                if not waiter.done() and self._arrived(job, until):
                    waiter.set_result(job)
        return job

    def _arrived(self, job: Job, until: Evidence) -> bool:
        if job.state is JobState.COMPLETED and job.id in self._rising:
            return job.evidence >= until
        return arrived(job, until)

    def _leave(self, job_id: JobId, waiter: Waiter) -> None:
        waiters = self._waiters[job_id]
        waiters.remove(waiter)
        if not waiters:
            del self._waiters[job_id]
