"""What becomes known of a job after its delivery ended well: more evidence, or a doubt. Knows no transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fanfold.engine.follow import Follow
from fanfold.model import Evidence, Job, JobState, Reason
from fanfold.store.base import Change
from fanfold.wire import Receipt


class Aftermath:
    """One delivery's later news. Whatever else was done with the job meanwhile stands."""

    def __init__(
        self,
        job: Job,
        settled: asyncio.Future[Job | None],
        follow: Follow,
        doubt: Callable[[Job, str], Change],
        again: Callable[[], None],
    ) -> None:
        self._id, self._attempt = job.id, job.attempt
        self._settled, self._follow, self._doubt, self._again = settled, follow, doubt, again
        self._turn = asyncio.Lock()
        """A proof and a disproof that come together: the second sees what the first made of the job."""

    async def proved(self, receipt: Receipt) -> None:
        """Raise the evidence of the completed job, where the receipt proves more than is known."""
        async with self._turn:
            job = await self._completed()
            if job is not None and receipt.evidence > job.evidence:
                await self._follow.settle(
                    Change(
                        job.id, job.state, job.attempt, job.state, job.reasons, receipt.message or job.message,
                        evidence=receipt.evidence,
                    )
                )  # fmt: skip
            if not receipt.may_rise:
                self._follow.rises_no_more(self._id)

    async def disproved(self, says: str) -> None:
        """Let the printer's rule for doubts decide, unless more is known, or a person or the rule said so already."""
        async with self._turn:
            job = await self._completed()
            if job is not None and job.evidence < Evidence.PRINTED and Reason.ASSUMED_PRINTED not in job.reasons:
                doubted = await self._follow.settle(self._doubt(job, says))
                if doubted is not None and doubted.state is JobState.PENDING:
                    self._again()
            self._follow.rises_no_more(self._id)

    async def _completed(self) -> Job | None:
        """The job, once its delivery's end is written, if that attempt completed it and nothing came after."""
        await asyncio.shield(self._settled)
        job = await self._follow.job(self._id)
        if job is None or job.state is not JobState.COMPLETED or job.attempt != self._attempt:
            return None
        return job
