"""One document on its way to an IPP server: handed over, busy or not, and then followed. Knows no engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from fanfold.errors import Declined, Interrupted, NotReached
from fanfold.model import Reason
from fanfold.transports.base import Report
from fanfold.transports.ipp import codec as ipp
from fanfold.transports.ipp.client import ASK_S, Away, Lost, Refusal, Unreadable
from fanfold.transports.ipp.codec import Attributes
from fanfold.transports.ipp.pursuit import Back, Destination, Pursuit, Teller, search
from fanfold.transports.ipp.watch import Seen, look_at
from fanfold.transports.ipp.words import (
    PRINT_JOB,
    TRY_AGAIN,
    Mark,
    job_name,
    named,
    refused,
    token,
)
from fanfold.wire import Receipt, Work

BUSY_S, BUSY_PAUSE_S = 10, 0.5
"""How long, and how often, a busy server is asked before the job goes back to wait in our own line."""
SEARCH_S, SEARCH_PAUSE_S = 30, 0.5
"""How long a job is searched whose acknowledgement was lost: a cupsd that crashed is back in seconds."""
SEARCH_ANSWERS = 2
"""So many answers without it end the search: it may be listed a moment after its connection broke."""


Prepare = Callable[[Work], tuple[str, Attributes]]
"""Gives a document's format and more job attributes there. Raises Declined."""


class IppLink:
    """A way to one destination, for one document; offers `Recalls`."""

    def __init__(self, to: Destination, prepare: Prepare, stall_after_s: float) -> None:
        self._to, self._prepare, self._stall_after_s = to, prepare, stall_after_s
        self._sent_bytes = 0
        self._whole = False
        """Every byte left us, so that the server's answer says more than breaking off."""
        self._sending: asyncio.Future[ipp.Message] | None = None
        self._back = Back()

    @property
    def sent_bytes(self) -> int:
        """How many bytes of the document left us."""
        return self._sent_bytes

    async def deliver(self, work: Work, report: Report) -> Receipt:
        """Hand the document over, write down what the server calls it, and follow it to its end."""
        breaks = self._to.client.breaks
        try:
            mark = await self._hand_over(work, report)
            sight = await look_at(self._to.client, self._to.jobs_path, mark.job_id)
            if isinstance(sight, Seen) and mark.names(sight.job):
                mark = mark.learned(sight.job)
            await report.sent(mark.dump())
            return await Pursuit(self._to, mark, self._back, Teller(report), breaks).to_its_end(sight)
        finally:
            self._back.answered.set()

    async def recall(self) -> None:
        """Ask for the job back; before the whole document has left, by breaking off."""
        self._back.wanted.set()
        self._to.watch.nudge()
        if not self._whole:
            self._break_off()
        with suppress(TimeoutError):
            async with asyncio.timeout(ASK_S):
                await self._back.answered.wait()
        self._break_off()

    def _break_off(self) -> None:
        if self._sending is not None:
            self._sending.cancel()

    async def _hand_over(self, work: Work, report: Report) -> Mark:
        name = job_name(work.title, token(work.job, work.attempt))
        document_format, job_attributes = self._prepare(work)
        try:
            reply = await self._send_patiently(work, (named(name, document_format), job_attributes), report)
        except (Lost, _BrokenOff) as broken:
            return await self._search(work, broken, report)
        job_id = reply.first(ipp.JOB).number("job-id")
        if job_id is None:
            raise Interrupted(f"{self._to.who} took the document and gave it no job id")
        return Mark(str(self._to.client.server), self._to.path, job_id, name if self._to.keeps_names else "")

    async def _send_patiently(self, work: Work, groups: tuple[Attributes, Attributes], report: Report) -> ipp.Message:
        loop = asyncio.get_running_loop()
        until = loop.time() + BUSY_S
        while not self._back.wanted.is_set():
            try:
                return await self._send(work, groups, report)
            except Away as away:
                raise NotReached(str(away), reasons=(Reason.OFFLINE,)) from away
            except Refusal as refusal:
                if refusal.status not in TRY_AGAIN or loop.time() > until:
                    raise refused(refusal) from refusal
                report.stalled(Reason.BUSY_ELSEWHERE, str(refusal))
            except Unreadable as unreadable:
                raise self._unreadable(unreadable) from unreadable
            await self._back.within(BUSY_PAUSE_S)
        raise Declined(f"taken back before {self._to.who} took it; nothing of it was printed")

    async def _send(self, work: Work, groups: tuple[Attributes, Attributes], report: Report) -> ipp.Message:
        """Send once, and say so when nothing moves."""

        def moved(sent_bytes: int) -> None:
            self._sent_bytes, self._whole = sent_bytes, 0 < sent_bytes >= work.document.size_bytes
            report.progress(sent_bytes)

        moved(0)
        sending = self._sending = asyncio.ensure_future(
            self._to.client.send(PRINT_JOB, self._to.path, groups, work.document, moved)
        )
        try:
            while not sending.done():
                before = self._sent_bytes
                await asyncio.wait({sending}, timeout=self._stall_after_s)
                if not sending.done() and self._sent_bytes == before:
                    report.stalled(Reason.STALLED, f"{self._to.who} takes nothing more of the document now")
            if sending.cancelled():
                raise _BrokenOff("the sending was broken off", whole=self._whole)
            return sending.result()
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    def _unreadable(self, unreadable: Unreadable) -> Declined | Interrupted:
        if self._to.half_is_nothing or not unreadable.begun:
            return Declined(str(unreadable))
        return Interrupted(str(unreadable))

    async def _search(self, work: Work, broken: Lost, report: Report) -> Mark:
        """Find the job whose acknowledgement did not come."""
        if self._to.half_is_nothing and not broken.whole:
            if self._back.wanted.is_set():
                raise Declined(f"taken back before {self._to.who} had the whole document; nothing of it prints")
            raise NotReached(f"{broken}; the document was not whole there", reasons=(Reason.OFFLINE,))
        loop = asyncio.get_running_loop()
        until, answers = loop.time() + SEARCH_S, 0
        while answers < SEARCH_ANSWERS and loop.time() < until:
            try:
                if (found := await search(self._to, token(work.job, work.attempt))) is not None:
                    return found
                answers += 1
            except Away as away:
                report.stalled(Reason.OFFLINE, f"{broken}; {away}")
            except Refusal:
                break
            await asyncio.sleep(SEARCH_PAUSE_S)
        raise Interrupted(f"{broken}, and {self._to.who} shows no job of ours")


class _BrokenOff(Lost):
    """We stopped the sending ourselves, to take the job back."""
