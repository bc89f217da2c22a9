"""One job on a printer's raw channel: sent in frames, acknowledged by a pong, weighed by the printer's own counter.

What proves what:

- The pong to a ping sent behind the last frame: the printer has read all of it (a proxy on the way cannot answer for
  it). That is `delivered`, and the lane is free.
- Its alerts and its label counter together: `printed`, later. See `ledger`.
- A channel lost with bytes of the job under way is a doubt, unless the counter settles it. See `proof`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Protocol

from fanfold.errors import Interrupted, NotReached
from fanfold.model import Evidence, PrinterOptions, Reason
from fanfold.transports.base import Report
from fanfold.transports.reading import read
from fanfold.transports.stall import StallWatch
from fanfold.transports.weblink.channel import FRAME_BYTES, Channel, Lost
from fanfold.transports.weblink.ledger import Entry
from fanfold.transports.weblink.proof import AllPrinted, Counted, NothingPrinted, Unknown, Verdict
from fanfold.wire import CHUNK_BYTES, Prints, Receipt, Work


class Tally(Protocol):
    """Counts what a document asks for, fed in pieces."""

    def feed(self, chunk: bytes) -> None:
        """Take the next piece."""

    def total(self) -> Prints | None:
        """Return the count; None: it cannot be told."""


class Device(Protocol):
    """The printer, as far as its link needs it."""

    @property
    def words(self) -> str:
        """What it is called in sentences."""

    def begin(self, report: Report) -> Entry[Report]:
        """Note that a job's first byte is about to leave."""

    def counted(self, entry: Entry[Report], counter: int | None) -> None:
        """Note where its label counter stood before that job; None: it does not say."""

    def before(self, entry: Entry[Report]) -> int | None:
        """Return where its label counter stands when all earlier jobs are out; None: not known."""

    def delivered(self, entry: Entry[Report]) -> bool:
        """Note that the printer has all of it; tell whether it may still be proven to be printed."""

    def withdraw(self, entry: Entry[Report]) -> None:
        """Note that it was not delivered, as far as is known."""

    def let_go(self, channel: Channel) -> None:
        """Hang up: bytes of a job that was given up must not trickle out."""

    async def settle_by_counter(self, counted: Counted) -> Verdict:
        """Ask the printer, when it is back, what its counter says of a job; bounded."""


class WeblinkLink:
    """The raw channel, taken for one document. `tally` makes what counts its labels; None: they cannot be counted."""

    def __init__(
        self,
        device: Device,
        raw: Channel,
        options: PrinterOptions,
        tally: Callable[[], Tally] | None,
        note_after_s: float,
    ) -> None:
        self._device, self._raw, self._options, self._tally = device, raw, options, tally
        self._note_after_s = note_after_s
        self._given = self._total = self._left = 0
        self._is_over = False

    @property
    def sent_bytes(self) -> int:
        """How many bytes left our own memory; 0 only if none did."""
        if not self._is_over and self._raw.is_live:
            self._left = max(self._left, min(self._given, 1), self._given - self._raw.line.unsent_bytes)
        return self._left

    @property
    def held_up(self) -> bool:
        """Whether there is something that the printer does not take, or has not said to have read."""
        return not self._is_over

    @property
    def standing(self) -> str:
        """How far it is, in words."""
        return f"{self.sent_bytes} of {self._total} bytes"

    async def deliver(self, work: Work, report: Report) -> Receipt:
        """Send all copies, then wait until the printer says that it has read to the end.

        Raises NotReached or Interrupted.
        """
        self._total = work.document.size_bytes * work.copies
        entry = self._device.begin(report)
        watch = StallWatch(self, self._device.words, self._options.stall_after_s, report)
        self._raw.busy = True
        try:
            await self._send(work, report, entry)
            may_rise = await self._acknowledged(report, entry)
        except Lost as lost:
            watch.stop()
            self._end()
            return await self._weigh(lost, entry, report)
        finally:
            watch.stop()
            self._end()
            if not entry.closed:
                self._device.withdraw(entry)
                if self._given:
                    self._device.let_go(self._raw)
        return Receipt(Evidence.DELIVERED, "the printer has read all of it", may_rise=may_rise)

    def _end(self) -> None:
        if not self._is_over:
            self._left = max(self.sent_bytes, min(self._given, 1))
            self._is_over = True
            self._raw.busy = False

    async def _send(self, work: Work, report: Report, entry: Entry[Report]) -> None:
        tally = self._tally() if self._tally and work.language == "zpl" else None
        if tally is not None:
            # right before the document: the printer's parser answers before it reads on
            self._note_when_it_comes(entry, await self._raw.count())
        for _ in range(work.copies):
            async with aclosing(read(work.document, self._unreadable)) as chunks:
                async for chunk in chunks:
                    await self._give(chunk, report)
                    if tally is not None:
                        tally.feed(chunk)
        entry.prints = tally.total() if tally else None

    async def _give(self, chunk: bytes, report: Report) -> None:
        for start in range(0, len(chunk), FRAME_BYTES):
            frame = chunk[start : start + FRAME_BYTES]
            self._given += len(frame)  # before it is sent: what breaks off in the middle may have left
            await self._raw.send(frame)
            report.progress(self.sent_bytes)
        if len(chunk) >= CHUNK_BYTES:
            await asyncio.sleep(0)  # a line that takes all at once must not keep the loop from others

    async def _acknowledged(self, report: Report, entry: Entry[Report]) -> bool:
        pong = await self._raw.acknowledged()
        if not pong.done() and entry.prints is not None:
            await asyncio.wait({pong}, timeout=self._note_after_s)
        if not pong.done():
            counted = self._counted(entry)
            await report.sent(counted.written() if counted else None)
        await pong
        self._left = self._given
        report.progress(self.sent_bytes)
        return self._device.delivered(entry)

    def _note_when_it_comes(self, entry: Entry[Report], count: asyncio.Future[int | None]) -> None:
        def note(done: asyncio.Future[int | None]) -> None:
            is_known = not done.cancelled() and done.exception() is None
            self._device.counted(entry, done.result() if is_known else None)

        count.add_done_callback(note)

    def _counted(self, entry: Entry[Report]) -> Counted | None:
        before = None if entry.is_behind else self._device.before(entry)
        return None if before is None else Counted(before, entry.prints, is_alone=before == entry.baseline)

    async def _weigh(self, lost: Lost, entry: Entry[Report], report: Report) -> Receipt:
        """Say what a channel lost under way means: asked of the printer's counter where that can tell.

        What was not all sent cannot be all printed, whatever the counter says: then it is not asked for that.
        """
        if not self._given:
            raise NotReached(f"{self._device.words}: {lost}; nothing was sent", reasons=(Reason.OFFLINE,)) from lost
        says = f"{lost} after {self.standing}"
        counted = self._counted(entry)
        if counted is None:
            raise Interrupted(f"{self._device.words}: {says}", reasons=(Reason.OFFLINE,)) from lost
        self._device.withdraw(entry)  # before the printer is asked: its word on its buffer is for this job too
        report.stalled(Reason.OFFLINE, f"{self._device.words}: {says}; its label counter is asked when it is back")
        match await self._device.settle_by_counter(counted):
            case AllPrinted():
                return Receipt(Evidence.PRINTED, f"{says}, but its label counter moved by all its labels")
            case NothingPrinted():
                words = f"{says}, and by its label counter and empty buffer nothing of it was printed"
                raise NotReached(f"{self._device.words}: {words}", reasons=(Reason.OFFLINE,)) from lost
            case Unknown(why):
                raise Interrupted(f"{self._device.words}: {says}, and {why}", reasons=(Reason.OFFLINE,)) from lost

    def _unreadable(self, error: OSError) -> NotReached | Interrupted:
        why = f"the document could not be read from our disk ({error.strerror or error})"
        if not self._given:
            return NotReached(f"{why}; nothing of it was sent to {self._device.words}")
        return Interrupted(f"{why} after {self.standing} had left for {self._device.words}")
