"""One document on its way through Windows: written by a thread that may hang, and then followed. Knows no engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from fanfold.errors import Declined, DeliveryError, Interrupted, NotReached
from fanfold.model import Reason
from fanfold.transports.base import Report
from fanfold.transports.ipp.pursuit import Back, Teller
from fanfold.transports.ipp.words import token
from fanfold.transports.reading import read
from fanfold.transports.winspool.desk import Desk
from fanfold.transports.winspool.eye import Seen, Verdict
from fanfold.transports.winspool.hand import Hand
from fanfold.transports.winspool.mark import Mark
from fanfold.transports.winspool.pursuit import Pursuit, name_of, untold
from fanfold.transports.winspool.spooler import Attribute, CallFailed
from fanfold.transports.winspool.words import title_of, unreached
from fanfold.wire import Receipt, Work

T = TypeVar("T")

WRITE_BYTES = 64 * 1024
"""One WritePrinter: into a spool file it takes less than a millisecond, and a stalled one is told to the byte or so."""
LET_GO_S = 5.0
"""How long throwing away may take."""


class WinspoolLink:
    """A way into one queue, for one document; offers `Recalls`. `refusal` says why the queue prints no raw bytes."""

    def __init__(
        self, desk: Desk, seen: Seen, datatypes: Sequence[str], stall_after_s: float,
        refusal: Callable[[Work], str],
    ) -> None:  # fmt: skip
        self._desk, self._seen, self._datatypes = desk, seen, datatypes
        self._stall_after_s, self._refusal = stall_after_s, refusal
        self._hand = Hand(desk.spooler, desk.queue)
        self._back = Back()
        self._mark: Mark | None = None
        self._has_offered = False
        """Windows was asked to take a byte, whatever it said."""

    @property
    def sent_bytes(self) -> int:
        """How many bytes Windows took."""
        return self._hand.written_bytes

    async def deliver(self, work: Work, report: Report) -> Receipt:
        """Write all copies, one after another, as one job; write down its id, and follow it to its end."""
        if says := self._refusal(work):
            raise Declined(f"{self._desk.who} {says}; nothing was sent")
        teller = Teller(report)
        try:
            self._mark, witness = await self._hand_over(work, report, teller)
            await report.sent(self._mark.dump())
            if witness is None:
                return untold(name_of(self._mark, self._desk))
            return await Pursuit(self._desk, self._mark, teller, witness).to_its_end()
        finally:
            self._desk.hand.post(self._hand.let_go)
            if self._mark is not None:
                self._desk.verdicts.pop(self._mark.token, None)

    async def recall(self) -> None:
        """Ask for the job back: before its end by breaking off, after it by having Windows delete it."""
        self._back.wanted.set()
        if self._mark is not None:
            await self._desk.take_back(self._mark)

    # handing over

    async def _hand_over(self, work: Work, report: Report, teller: Teller) -> tuple[Mark, Seen | None]:
        """Write the document; return the sight of its job from before its end, where Windows shows it."""
        async with aclosing(_pieces(work)) as pieces:
            piece = await anext(pieces, b"")  # a document that cannot be read is known before there is a job
            mark = self._mark = await self._begin(work, teller)
            try:
                while piece:
                    await self._write(piece, report, teller)
                    piece = await anext(pieces, b"")
                mark, witness = await self._witness(mark)
                self._mark = mark
                await self._step(self._hand.end, teller)
            except (CallFailed, OSError, _BreakOff, NotReached) as because:
                raise await self._broken_off(work, mark, because) from because
        return mark, witness

    async def _begin(self, work: Work, teller: Teller) -> Mark:
        title = title_of(work)
        if self._back.wanted.is_set():
            raise Declined(f"taken back before {self._desk.who} had anything of it")
        try:
            job_id = await self._step(partial(self._hand.begin, title, self._datatypes), teller)
        except (CallFailed, OSError) as failed:
            raise unreached(self._desk.who, failed) from failed
        return Mark(self._desk.queue, job_id, token(work.job, work.attempt))

    async def _write(self, piece: bytes, report: Report, teller: Teller) -> None:
        if self._back.wanted.is_set():
            raise _BreakOff("it was taken back")
        self._has_offered = True
        taken = await self._step(partial(self._hand.write, piece), teller)
        report.progress(self._hand.written_bytes)
        if taken != len(piece):
            raise _BreakOff(f"Windows took {taken} of the last {len(piece)} bytes, and called that well")

    async def _step(self, call: Callable[[], T], teller: Teller) -> T:
        """Have the thread do it; say so when nothing comes of it for a while."""
        step = self._desk.hand.run(call)
        await asyncio.wait({step}, timeout=self._stall_after_s)
        if not step.done():
            says = f"{self._desk.who} has {self.sent_bytes} bytes and takes no more now; see to the printer"
            teller.stalled(Reason.STALLED, says)
            await asyncio.wait({step})
            teller.goes_on()
        return step.result()

    async def _witness(self, mark: Mark) -> tuple[Mark, Seen | None]:
        """Look at the job while it certainly is there: what Windows shows now is how it is known again."""
        if self._seen.jobs is None:
            return mark, None
        sight = await self._desk.look()
        if isinstance(sight, Seen) and (job := sight.job(mark.job_id)) is not None and job.title:
            return mark.learned(job), sight
        return mark, None

    async def _broken_off(self, work: Work, mark: Mark, because: Exception) -> DeliveryError:
        """Throw the job away; return what that means for the paper."""
        await self._desk.take_back(mark)
        verdict = self._desk.verdicts.get(mark.token)  # of whoever asked first
        await asyncio.wait({self._desk.hand.run(self._hand.let_go)}, timeout=LET_GO_S)
        how_far = f"{self._desk.who} had {self.sent_bytes} of {work.document.size_bytes * work.copies} bytes"
        if not self._nothing_printed(verdict, because):
            return Interrupted(f"{how_far}, which may print, when it broke off: {because}")
        if self._back.wanted.is_set():
            return Declined(f"taken back when {how_far}; nothing of it prints")
        return unreached(f"{how_far}, which do not print", because)

    def _nothing_printed(self, verdict: Verdict | None, because: Exception) -> bool:
        """Whether nothing of it can: the job was seen to have gone unprinted, or never had a byte."""
        empty = self._hand.written_bytes == 0 and isinstance(because, CallFailed)
        is_spooled = empty and Attribute.DIRECT not in self._seen.facts.attributes
        return verdict is Verdict.TAKEN or not self._has_offered or is_spooled


class _BreakOff(Exception):
    """We stop in the middle, ourselves."""


async def _pieces(work: Work) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of all copies. Raises NotReached when the document cannot be read."""
    for _ in range(work.copies):
        async with aclosing(read(work.document, _unreadable)) as chunks:
            async for chunk in chunks:
                for start in range(0, len(chunk), WRITE_BYTES):
                    yield chunk[start : start + WRITE_BYTES]


def _unreadable(error: OSError) -> NotReached:
    return NotReached(f"the document cannot be read: {error}")
