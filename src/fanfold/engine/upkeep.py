"""What has to happen by itself: queues looked for, old documents dropped, held jobs ended, drawers kept shut."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping

from fanfold.config import Settings
from fanfold.engine.background import Background
from fanfold.engine.follow import Follow
from fanfold.engine.intake import PULSE_WAIT_S
from fanfold.engine.roster import Roster
from fanfold.errors import NotReached, StoreFailed
from fanfold.messages import ListJobs
from fanfold.model import Job, JobId, JobState, Reason
from fanfold.store.base import Change, Store
from fanfold.transports.base import Discovers, Transport

log = logging.getLogger(__name__)

SHORTEST_ROUND_S, LONGEST_ROUND_S = 0.5, 30.0


class Upkeep:
    """The engine's rounds."""

    def __init__(self, store: Store, follow: Follow, roster: Roster, background: Background) -> None:
        self._store, self._follow, self._roster, self._background = store, follow, roster, background
        self.settings = Settings()

    def start(self) -> None:
        """Begin the rounds."""
        self._background.start(self._go_round(), "upkeep")

    def start_discovery(self, transports: Mapping[str, Transport]) -> None:
        """Begin to look for printers through the transports, by scheme, that know theirs."""
        for scheme, transport in transports.items():
            if isinstance(transport, Discovers):
                self._background.start(self._look_for_printers(scheme, transport), f"discovery {scheme}")

    def watch_pulse(self, job: JobId) -> None:
        """Cancel a job that only opens a drawer when it has waited too long, whatever it waits for."""
        self._background.start(self._end_pulse(job, PULSE_WAIT_S), f"pulse {job}")

    async def end_old_pulses(self) -> None:
        """Cancel the pulses of an earlier run, before anything is printed: nobody knows how long ago that was.

        One that its spooler may have is asked back as soon as its lane follows it.
        """
        for state in (JobState.PENDING, JobState.PROCESSING):
            for job in [job async for job in self._all(state) if job.pulse_only]:
                if state is JobState.PENDING:
                    says = "it only opens a drawer, and the gateway was started anew before it was sent"
                    await self._follow.settle(_too_late(job, says))
                else:
                    self._background.start(self._end_pulse(job.id, 0), f"pulse {job.id}")

    async def _all(self, state: JobState) -> AsyncIterator[Job]:
        cursor: str | None = None
        while True:
            page = await self._store.jobs(ListJobs((state,), cursor=cursor, limit=1000))
            for job in page.jobs:
                yield job
            cursor = page.next
            if cursor is None:
                return

    async def _end_pulse(self, job: JobId, left_s: float) -> None:
        await asyncio.sleep(left_s)
        while True:
            if await self._pulse_is_over(job):
                return
            await asyncio.sleep(SHORTEST_ROUND_S)  # also while the disk fails: a drawer must not open later by itself

    async def _pulse_is_over(self, job_id: JobId) -> bool:
        try:
            job = await self._store.job(job_id)
            if job is None or job.state not in (JobState.PENDING, JobState.PROCESSING):
                return True
            if job.state is JobState.PENDING:
                says = f"it only opens a drawer and could not be sent within {PULSE_WAIT_S:g} s; nothing was sent"
                return await self._follow.settle(_too_late(job, says)) is not None
        except StoreFailed:
            return False
        if lane := self._roster.by_id(job.printer):
            await lane.call_off_late(job_id)
        return False

    async def _look_for_printers(self, scheme: str, finder: Discovers) -> None:
        answered = True
        while True:
            rule = self.settings.discovery
            try:
                await self._roster.discovered(scheme, await finder.discover(), rule)
                answered = True
            except NotReached as absence:
                if answered:
                    log.info("printers of %s are not looked for now: %s", scheme, absence.says)
                answered = False
            except StoreFailed as failure:
                log.warning("printers that %s found could not be kept: %s", scheme, failure.says)
            except Exception as fault:  # noqa: BLE001  # told; whatever it was, the next look may go well
                self._background.fault(f"discovery {scheme}", fault)
            await asyncio.sleep(rule.interval_s)

    async def _go_round(self) -> None:
        while True:
            retention = self.settings.retention
            try:
                await self._store.sweep(retention.keep_documents_s, retention.keep_jobs_s)
                await self._end_held()
            except StoreFailed as failure:
                log.warning("upkeep is put off: %s", failure.says)
            except Exception as fault:  # noqa: BLE001  # told; what is to be dropped is found again at the next round
                self._background.fault("upkeep", fault)
            await asyncio.sleep(self._round_s())

    async def _end_held(self) -> None:
        for lane in self._roster:
            if not self._store.held(lane.printer.id):
                continue  # counted in memory: of thousands of printers few have held jobs
            hold_max_s = lane.printer.options.hold_max_s
            for job in await self._store.held_since(lane.printer.id, self._store.age_s - hold_max_s):
                says = f"held for {hold_max_s:g} s and nobody decided; {job.message}"
                reasons = tuple(dict.fromkeys((Reason.HELD_TOO_LONG, *job.reasons)))
                await self._follow.settle(Change(job.id, JobState.HELD, job.attempt, JobState.CANCELED, reasons, says))

    def _round_s(self) -> float:
        """Often enough that the shortest rule is kept to about a quarter of itself."""
        retention = self.settings.retention
        rules = [retention.keep_documents_s, retention.keep_jobs_s]
        rules += [lane.printer.options.hold_max_s for lane in self._roster]
        return min(max(min(rules) / 4, SHORTEST_ROUND_S), LONGEST_ROUND_S)


def _too_late(job: Job, says: str) -> Change:
    return Change(job.id, JobState.PENDING, job.attempt, JobState.CANCELED, (Reason.TOO_LATE,), says)
