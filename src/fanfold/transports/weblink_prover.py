"""Finds proof for a printer's jobs: alerts counted, the label counter read between jobs. Knows the raw channel only."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fanfold.errors import NotReached
from fanfold.model import Evidence
from fanfold.transports.base import Report
from fanfold.transports.weblink_channel import Channel, Lost
from fanfold.transports.weblink_ledger import Entry, Ledger
from fanfold.transports.weblink_proof import (
    STATUS,
    AllPrinted,
    Counted,
    NothingPrinted,
    Reading,
    Unknown,
    Verdict,
    judge,
    quiet_in,
)
from fanfold.wire import Receipt

log = logging.getLogger(__name__)

ANSWER_S = 3.0
"""It holds up jobs; and a printer that is asked has just answered, or told of a label."""
STATUS_S = 1.5
"""The printer has just answered; one that keeps silent on its status has a fault (Zebra's guide)."""
READINGS, FIRST_PAUSE_S = 5, 0.3
"""How often the counter is read for one alert, ever more slowly: it may be written a moment after."""
APART_S = 2.0
"""Between two readings that must agree."""
RETURN_S = 45.0
"""How long a printer that was lost under a job may take to come back and say what it printed."""
AT_WORK_TRIES = 10
STATUS_REST_S = 30.0
"""How long a printer that did not tell its status is not asked for it: the question holds up its jobs."""
MISSING = (
    "the printer was lost before it had printed all of it, and came back with an empty buffer and a label counter "
    "that says that labels are missing"
)


class Prover:
    """For one printer. `raw` brings its raw channel or raises NotReached."""

    __slots__ = ("_raw", "_reading", "_start", "_until_status_s", "ledger")

    def __init__(
        self,
        raw: Callable[[], Awaitable[Channel]],
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._raw, self._start = raw, start
        self.ledger: Ledger[Report] = Ledger()
        self._reading: asyncio.Task[None] | None = None
        self._until_status_s = 0.0

    def alert(self) -> None:
        """Note that a format was printed, whoever sent it."""
        self.ledger.alert()
        self.look()

    def delivered(self, entry: Entry[Report]) -> None:
        """Note that the printer has all of a job."""
        self.ledger.close(entry)
        self._give_up()
        self.look()

    def look(self) -> None:
        """Read the counter soon, if that may prove something."""
        if self.ledger.due and (self._reading is None or self._reading.done()):
            self._reading = self._start(self._read_on())

    def returned(self) -> None:
        """Note that the raw channel is there anew: what was in the printer's buffer may be lost."""
        if self.ledger.waiting:
            self._start(self._see_what_is_left())

    async def settle(self, counted: Counted) -> Verdict:
        """Say what the counter tells of a job that was broken off; waits for the printer, bounded."""
        try:
            async with asyncio.timeout(RETURN_S):
                return await self._settle(counted)
        except TimeoutError:
            return Unknown(f"it did not come back, or did not say, within {RETURN_S:g} s")

    async def _settle(self, counted: Counted) -> Verdict:
        verdict: Verdict = Unknown("its label counter cannot be read")
        for _ in range(AT_WORK_TRIES):
            first, second = await self._two_readings()
            if first is None or second is None:
                return verdict
            verdict = judge(counted, first, second)
            if isinstance(verdict, AllPrinted | NothingPrinted) or first.quiet is not False:
                return verdict
        return verdict

    async def _read_on(self) -> None:
        for number in range(READINGS):
            reading = await self._read()
            if reading is None:
                return
            for report in self.ledger.read(reading.counter, quiet=reading.quiet):
                says = "the printer told that it was printed, and its label counter moved by just its labels"
                self._start(report.proved(Receipt(Evidence.PRINTED, says)))
            self._give_up()
            if not self.ledger.due:
                return
            await asyncio.sleep(APART_S if reading.quiet is None else FIRST_PAUSE_S * 2**number)

    async def _see_what_is_left(self) -> None:
        for _ in range(AT_WORK_TRIES):
            first, second = await self._two_readings()
            if first is None or second is None:
                return
            if first.counter == second.counter and first.quiet and second.quiet:
                for report in self.ledger.lost(second.counter):
                    self._start(report.disproved(MISSING))
                self._give_up()
                return
        self.ledger.clear()
        self._give_up()

    def _give_up(self) -> None:
        """Tell those who wait for proof that none will come."""
        for report in self.ledger.given_up():
            self._start(report.proved(Receipt(Evidence.DELIVERED)))

    async def _two_readings(self) -> tuple[Reading | None, Reading | None]:
        first = await self._read()
        await asyncio.sleep(APART_S)
        return first, await self._read()

    async def _read(self) -> Reading | None:
        """Read counter and status between two jobs; None: the printer is away or does not say."""
        try:
            raw = await self._raw()
            async with raw.turn:
                async with asyncio.timeout(ANSWER_S):
                    counter = await (await raw.count())
                return None if counter is None else Reading(counter, await self._quiet(raw))
        except (NotReached, Lost, TimeoutError):
            return None

    async def _quiet(self, raw: Channel) -> bool | None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._until_status_s:
            return None
        try:
            return quiet_in(await raw.converse(STATUS, STATUS_S))
        except (TimeoutError, ValueError):
            self._until_status_s = loop.time() + STATUS_REST_S
            return None
