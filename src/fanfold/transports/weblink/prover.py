"""Finds proof for a printer's jobs: alerts counted, the label counter read between jobs. Knows no visitor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fanfold.errors import NotReached
from fanfold.model import Evidence
from fanfold.transports.base import Report
from fanfold.transports.weblink.channel import Channel, Lost
from fanfold.transports.weblink.ledger import Entry, Ledger
from fanfold.transports.weblink.lines import Lines, RollCall
from fanfold.transports.weblink.pace import Pace
from fanfold.transports.weblink.proof import (
    LINES,
    OLD_STATUS,
    STATUS,
    Counted,
    NothingPrinted,
    Reading,
    Unknown,
    Verdict,
    judge,
    lines_in,
    quiet_in,
)
from fanfold.wire import Receipt

PROVEN = "the printer told that it was printed, and its label counter moved by just its labels"
MISSING = (
    "the printer was lost before it had printed all of it, and came back with an empty buffer and a label counter "
    "that says that labels are missing"
)
LATE = (
    "its label counter did not move, but it does not say that it has no other line open, over which bytes may come late"
)


class Prover:
    """For one printer. `raw` brings its raw channel or raises NotReached; `is_blocked` tells of faults that it told."""

    __slots__ = (
        "_came", "_is_blocked", "_is_mute", "_is_over", "_lines", "_looking", "_looks_on", "_pace", "_raw", "_round",
        "_seen", "_start", "_timer", "_until_status_s", "_was_lost", "ledger",
    )  # fmt: skip

    def __init__(
        self,
        lines: Lines,
        raw: Callable[[], Awaitable[Channel]],
        is_blocked: Callable[[], bool],
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        pace: Pace,
    ) -> None:
        self._lines, self._raw, self._is_blocked, self._start, self._pace = lines, raw, is_blocked, start, pace
        self.ledger: Ledger[Report] = Ledger()
        self._looking: asyncio.Task[None] | None = None
        self._looks_on = False
        """Though no reading is due."""
        self._round = 0
        """Readings since the last news."""
        self._timer: asyncio.TimerHandle | None = None
        self._came = asyncio.Event()
        self._seen = asyncio.Event()
        self._seen.set()
        """Not while it is looked what the printer has forgotten."""
        self._was_lost = self._is_mute = self._is_over = False
        self._until_status_s = 0.0

    # what happens

    def alert(self, *, may_have_forgotten: bool) -> None:
        """Note that a format was printed, whoever sent it; perhaps by a printer that was started anew."""
        if may_have_forgotten:
            self.ledger.shaken()
        self.ledger.alert()
        self._round = 0
        self._look()

    def counted(self, entry: Entry[Report], counter: int | None) -> None:
        """Note where the counter stood before a job; None: the printer does not say."""
        self.ledger.told(entry, counter)
        self._give_up()
        self._look()

    def delivered(self, entry: Entry[Report]) -> bool:
        """Note that the printer has all of a job; tell whether it may still be proven."""
        may_be_proven = self.ledger.close(entry)
        self._give_up()
        self._look()
        if self.ledger.waiting:
            self._look_later()
        return may_be_proven

    def withdraw(self, entry: Entry[Report]) -> None:
        """Note that a job was not delivered, as far as is known."""
        self.ledger.withdraw(entry)
        self._give_up()

    def returned(self, *, may_have_forgotten: bool) -> None:
        """Note that the raw channel is there anew; where it was started anew, what was in its buffer is lost."""
        self._came.set()
        self._is_mute = False
        if self.ledger.waiting and may_have_forgotten:
            self.ledger.shaken()
            self._was_lost = True
            self._seen.clear()
        self.mended()

    def mended(self) -> None:
        """Note that something is so no more which may have kept the printer from printing, or from saying so."""
        self._until_status_s = 0.0
        if self.ledger.waiting:
            self._looks_on, self._round = True, 0
            self._look()

    async def seen(self, within_s: float) -> None:
        """Return when it was looked what the printer has forgotten, if it was lost, or after so long.

        A job that is sent before would hide that labels of an earlier one are missing.
        """
        try:
            async with asyncio.timeout(within_s):
                await self._seen.wait()
        except TimeoutError:
            return

    def stop(self) -> None:
        """Nobody asks this printer any more."""
        self._is_over = True
        self._came.set()
        self._seen.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()
        self.ledger.drop()
        self._give_up()

    # jobs that the printer has

    def _look(self) -> None:
        """Read the counter soon, if that may prove something."""
        is_wanted = not self._is_over and (self.ledger.due or self._looks_on)
        if is_wanted and (self._looking is None or self._looking.done()):
            self._looking = self._start(self._look_on())

    def _look_later(self) -> None:
        if self._timer is None and not self._is_over:
            self._timer = asyncio.get_running_loop().call_later(self._pace.late_s, self._is_late)

    def _is_late(self) -> None:
        self._timer = None
        self.mended()

    async def _look_on(self) -> None:
        last: Reading | None = None
        self._round = 0
        while self._round < self._pace.readings and (self.ledger.due or (self._looks_on and self.ledger.waiting)):
            if not self._seen.is_set():
                await self._see_what_is_forgotten()
            reading = await self._read()
            self._round += 1
            if reading is None and self._seen.is_set():
                break
            if reading is not None:
                await self._learn(reading, last)
            last = reading
        self._looks_on = False
        self._seen.set()
        if self.ledger.waiting:
            self._look_later()

    async def _learn(self, reading: Reading, last: Reading | None) -> None:
        self._prove(reading)
        if self._round < self._pace.readings:
            if self.ledger.waiting:
                await asyncio.sleep(self._pause_s(reading))
        elif reading == last and reading.quiet:
            self._end(reading.counter)

    def _pause_s(self, reading: Reading) -> float:
        if reading.quiet is None:
            return self._pace.apart_s
        return self._pace.first_pause_s * (1 << self._round - 1)

    async def _see_what_is_forgotten(self) -> None:
        try:
            readings = await self._two_readings()
            if readings is not None and readings[0] == readings[1] and readings[1].quiet:
                self._prove(readings[1])
                self._disprove(readings[1].counter)
        finally:
            self._seen.set()

    def _prove(self, reading: Reading) -> None:
        for report in self.ledger.read(reading.counter, quiet=reading.quiet):
            self._start(report.proved(Receipt(Evidence.PRINTED, PROVEN)))
        self._give_up()

    def _disprove(self, counter: int) -> None:
        for report in self.ledger.lost(counter) if self._was_lost else ():
            self._start(report.disproved(MISSING))
        self._was_lost = False
        self._give_up()

    def _end(self, counter: int) -> None:
        """The printer has nothing more to print: what is not proven by now never will be."""
        self._disprove(counter)
        self.ledger.drop()
        self.ledger.emptied()
        self._give_up()

    def _give_up(self) -> None:
        """Tell those who wait for proof that none will come."""
        for report in self.ledger.given_up():
            self._start(report.proved(Receipt(Evidence.DELIVERED)))

    # a job that was broken off

    async def settle(self, counted: Counted) -> Verdict:
        """Say what the counter tells of it; waits for the printer, bounded."""
        verdict: Verdict = Unknown(f"it did not come back, or did not say, within {self._pace.return_s:g} s")
        try:
            async with asyncio.timeout(self._pace.return_s):
                while not self._is_over:
                    self._came.clear()
                    roll = await self._call_the_roll()  # first: what came over another line shows in the readings
                    readings = await self._two_readings() if roll else None
                    if readings is None and self._is_mute:
                        return Unknown("it does not tell its label counter")
                    if readings is None:
                        await self._until_it_comes()
                        continue
                    verdict = judge(counted, *readings)
                    if isinstance(verdict, NothingPrinted) and not (roll and roll.is_complete):
                        verdict = Unknown(LATE)
                    if not (isinstance(verdict, Unknown) and _is_at_work(*readings)):
                        break
        except TimeoutError:
            pass
        return verdict

    async def _two_readings(self) -> tuple[Reading, Reading] | None:
        first = await self._read()
        if first is None:
            return None
        await asyncio.sleep(self._pace.apart_s)
        second = await self._read()
        return None if second is None else (first, second)

    async def _until_it_comes(self) -> None:
        """Wait until the raw channel is there anew; not for long, as it may be there and have been deaf."""
        try:
            async with asyncio.timeout(self._pace.apart_s):
                await self._came.wait()
        except TimeoutError:
            return

    # readings

    async def _read(self) -> Reading | None:
        """Read counter and status between two jobs; None: the printer is away or does not say."""
        try:
            while True:
                raw = await self._raw()
                async with raw.turn:
                    if raw.is_live:
                        return await self._read_from(raw)
        except (NotReached, Lost, TimeoutError):
            return None

    async def _call_the_roll(self) -> RollCall | None:
        """Ask the printer how many lines it has, and each of them whether it is there; None: the printer is away."""
        try:
            raw = await self._raw()
            async with raw.turn:
                return await self._lines.call_the_roll(lines_in(await raw.converse(LINES, self._pace.status_s)))
        except (TimeoutError, ValueError):
            return await self._lines.call_the_roll(None)
        except (NotReached, Lost):
            return None

    async def _read_from(self, raw: Channel) -> Reading | None:
        quiet = await self._quiet(raw)  # first: what came out before it was quiet is in a count that is taken after
        async with asyncio.timeout(self._pace.answer_s):
            counter = await (await raw.count())
        self._is_mute = counter is None
        if quiet:
            self.ledger.emptied()
        return None if counter is None else Reading(counter, quiet)

    async def _quiet(self, raw: Channel) -> bool | None:
        """Tell whether the printer has nothing left to print; None: it does not say."""
        loop = asyncio.get_running_loop()
        quiet: bool | None = None
        if loop.time() >= self._until_status_s:
            try:
                answer = await raw.converse(STATUS, self._pace.status_s)
                if answer.strip() == b'"?"' and self._speaks_zpl():
                    answer = await raw.converse(OLD_STATUS, self._pace.status_s)
                quiet = quiet_in(answer)
            except (TimeoutError, ValueError):
                self._until_status_s = loop.time() + self._pace.status_rest_s
        # silence is what some printers have for a fault; what they have not printed then is still to come
        return False if quiet is None and self._is_blocked() else quiet

    def _speaks_zpl(self) -> bool:
        """Tell whether it said so itself: on another printer the question would come out as paper."""
        primary = self._lines.primary
        return primary is not None and primary.says.primary_language == "zpl"


def _is_at_work(first: Reading, second: Reading) -> bool:
    return first.counter != second.counter or first.quiet is False or second.quiet is False
