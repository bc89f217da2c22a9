"""The way to one printer: opened for each job, tried again later and later while there is none. Knows no job."""

from __future__ import annotations

import asyncio
import logging
import time

from fanfold.engine.patience import Patience
from fanfold.engine.pause import until_set
from fanfold.engine.retry import FIRST_S, LONGEST_S, LONGEST_TOLD_S, Backoff
from fanfold.engine.standing import Standing
from fanfold.engine.way import Way
from fanfold.errors import NotReached
from fanfold.model import Printer, PrinterState, Reachable, Reason
from fanfold.transports.base import Transport

log = logging.getLogger(__name__)

QUICK_S = 0.05
"""A printer reached faster than this is reached again before its last job is settled: one transaction serves both."""


class Approach:
    """Reaches the printer for its lane, and notes for patience and standing when it cannot."""

    def __init__(self, patience: Patience, standing: Standing, news: asyncio.Event, stopped: asyncio.Event) -> None:
        self._patience, self._standing = patience, standing
        self._news, self._stopped = news, stopped
        self._came = asyncio.Event()
        self._backoff = Backoff()
        self._retry_s = 0.0
        self._took_s = 0.0

    @property
    def is_barred(self) -> bool:
        """Whether the last try did not end with a printer that took its job."""
        return self._backoff.failures > 0

    def reset(self) -> None:
        """Note that the printer took a job, or is another one now."""
        self._backoff.reset()

    def tells_when_it_comes(self, *, tells: bool) -> None:
        """Note whether the printer reaches us, so that trying is a mere precaution."""
        self._backoff.longest_s = LONGEST_TOLD_S if tells else LONGEST_S

    def came(self) -> None:
        """Note that the printer is there by its own word: what is waited for is over, at once."""
        self._backoff.reset()
        self._came.set()
        self._news.set()

    async def pause(self, wait_s: float) -> None:
        """Wait so long, or until the printer comes."""
        self._came.clear()
        await until_set(self._came, wait_s)

    def barred(self, absence: NotReached, since_s: float | None = None) -> None:
        """Note that the printer is away, or there and takes no job, since that age of the store (None: now)."""
        self._patience.start(since_s)
        self._came.clear()
        is_there = absence.reasons and Reason.OFFLINE not in absence.reasons  # it says itself what it lacks
        reachable = Reachable.UP if is_there else Reachable.DOWN
        self._standing.tell(PrinterState.STOPPED, reachable, absence.reasons or (Reason.OFFLINE,), absence.says)
        self._retry_s = self._backoff.next_s(busy=Reason.BUSY_ELSEWHERE in absence.reasons)

    async def way(self, transport: Transport, printer: Printer, age_s: float) -> Way | None:
        """Return an open way, or None: then `wait` before the next try. `age_s` is the store's age now."""
        started_s = time.perf_counter()
        try:
            way = await Way.open(transport, printer)
        except NotReached as absence:
            self.barred(absence, age_s)
            self._news.clear()
            return None
        self._took_s = time.perf_counter() - started_s
        return way

    async def quick_way(self, transport: Transport, printer: Printer) -> Way | None:
        """Return an open way if that is as good as certain to be quick, else None."""
        if self.is_barred or self._took_s > QUICK_S / 2:
            return None
        try:
            async with asyncio.timeout(QUICK_S):
                return await Way.open(transport, printer)
        except (NotReached, TimeoutError):
            return None
        except Exception:  # the last job's end is not written yet; who reaches for the next one meets the fault
            log.exception("the driver for %s failed while the next job was prepared", printer.uri)
            return None

    async def wait(self) -> None:
        """Wait before the next try. News shortens it, but not to a hammering; that the printer came ends it."""
        earliest_s = time.perf_counter() + min(self._retry_s, FIRST_S)
        await until_set(self._news, self._retry_s)
        while not (self._stopped.is_set() or self._came.is_set()):
            self._news.clear()
            if (left_s := earliest_s - time.perf_counter()) <= 0:
                return
            await until_set(self._news, left_s)
