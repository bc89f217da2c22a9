"""One printer's blocked time, and the watch over jobs that wait too long by it. Knows no transport.

The clock runs only while the printer is blocked or away, so a job is never late because of the queue ahead of it.
"""

from __future__ import annotations

import asyncio
import logging

from fanfold.engine.background import Background
from fanfold.engine.follow import Follow
from fanfold.engine.pause import until_set
from fanfold.errors import StoreFailed
from fanfold.model import Job, JobState, OnLate, Reason
from fanfold.store.base import Change, KeptPrinter, Lateness, Store

log = logging.getLogger(__name__)

LONGEST_LOOK_S = 3600.0
STORE_RETRY_S = 2.0


class Patience:
    """Starts and stops with the lane's word; while it runs, late jobs are held or canceled the moment they are."""

    def __init__(self, kept: KeptPrinter, store: Store, follow: Follow, background: Background) -> None:
        self.printer = kept.printer
        self._store, self._follow, self._background = store, follow, background
        self._blocked_s = kept.blocked_s
        self._since_s = kept.blocked_since_s
        self._kept = (self._blocked_s, self._since_s)
        self._look = asyncio.Event()
        self._watching = False
        self._watch_if_blocked()

    @property
    def running(self) -> bool:
        """Whether the printer counts as blocked or away now."""
        return self._since_s is not None

    @property
    def blocked_s(self) -> float:
        """How long the printer has been blocked or away, all told."""
        return self._blocked_s + (self._store.age_s - self._since_s if self._since_s is not None else 0)

    @property
    def lateness(self) -> Lateness:
        """By what a job is late now."""
        options = self.printer.options
        return Lateness(self.blocked_s, options.max_wait_s, options.on_late)

    def start(self, since_s: float | None = None) -> None:
        """The printer is blocked or away, from that age of the store on (None: now). Idempotent."""
        if self._since_s is None:
            self._since_s = self._store.age_s if since_s is None else since_s
            self._watch_if_blocked()

    def stop(self) -> None:
        """The printer takes jobs again. Idempotent."""
        if self._since_s is not None:
            self._blocked_s = self.blocked_s
            self._since_s = None
            self._look.set()

    def look(self) -> None:
        """A job was added or released: see whether it is the next to get late."""
        self._look.set()

    async def expire(self) -> int:
        """Hold or cancel the jobs that are late now; return how many."""
        count = 0
        while late := await self._store.late(self.printer.id, self.lateness):
            for job in late:
                count += 1
                await self._follow.settle(self._too_late(job, doubt=await self._follow.was_in_doubt(job)))
        return count

    def _watch_if_blocked(self) -> None:
        if self.running and not self._watching:
            self._watching = True
            self._background.start(self._watching_over(), f"patience {self.printer.id}")

    async def _watching_over(self) -> None:
        kept = False
        while self.running or not kept:
            try:
                self._look.clear()
                kept = await self._keep()
                if self.running:
                    await self.expire()
                    await self._until_next()
            except StoreFailed as failure:
                log.warning("late jobs of %s wait for the disk: %s", self.printer.name, failure.says)
                await until_set(self._look, STORE_RETRY_S)
            except Exception as fault:  # noqa: BLE001  # told; without this watch jobs would never be late again
                self._background.fault(f"patience {self.printer.id}", fault)
                await until_set(self._look, STORE_RETRY_S)
        self._watching = False

    async def _keep(self) -> bool:
        """Write the clock where it started or stopped since; return whether what is written now stands still."""
        clock = (self._blocked_s, self._since_s)
        if clock != self._kept:
            await self._store.save_blocked(self.printer.id, *clock)
            self._kept = clock
        return self._kept == (self._blocked_s, None)

    async def _until_next(self) -> None:
        left_s = await self._store.next_late_s(self.printer.id, self.lateness)
        await until_set(self._look, min(left_s if left_s is not None else LONGEST_LOOK_S, LONGEST_LOOK_S))

    def _too_late(self, job: Job, *, doubt: bool) -> Change:
        rule = job.on_late or self.printer.options.on_late
        limit_s = job.start_within_s if job.start_within_s is not None else self.printer.options.max_wait_s
        nothing = "it may have printed before, and nothing more of it" if doubt else "nothing of it was printed"
        reasons = (Reason.TOO_LATE, Reason.DELIVERY_UNCERTAIN) if doubt else (Reason.TOO_LATE,)
        words = f"{self.printer.name} could not take it within {limit_s:g} s; {nothing}"
        if rule is OnLate.CANCEL:
            return Change(job.id, job.state, job.attempt, JobState.CANCELED, reasons, words)
        return Change(job.id, job.state, job.attempt, JobState.HELD, reasons, words + ". Release or cancel it")
