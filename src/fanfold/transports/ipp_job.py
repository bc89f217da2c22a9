"""One job at an IPP server: handed over, followed to its end, asked back, found after a crash. Knows no engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

from fanfold.errors import Declined, Interrupted, NotReached
from fanfold.model import Evidence, Job, Reason
from fanfold.transports import ipp_codec as ipp
from fanfold.transports.base import Found, Report
from fanfold.transports.ipp_client import ASK_S, Away, IppClient, Lost, Refusal, Unreadable
from fanfold.transports.ipp_codec import Attributes, Group
from fanfold.transports.ipp_watch import Missing, Seen, Sight, Silence, Watch, look_at
from fanfold.transports.ipp_words import (
    ABORTED,
    CANCEL_JOB,
    CANCELED,
    COMPLETED,
    GET_JOBS,
    JOB_KEYWORDS,
    PRINT_JOB,
    TOO_LATE,
    TRY_AGAIN,
    Mark,
    integers,
    job_name,
    keywords,
    named,
    refused,
    stall,
    token,
)
from fanfold.wire import Receipt, Work

BUSY_S, BUSY_PAUSE_S = 10, 0.5
"""How long, and how often, a busy server is asked before the job goes back to wait in our own line."""
SEARCH_S, SEARCH_PAUSE_S = 30, 0.5
"""How long a job is searched whose acknowledgement was lost: a cupsd that crashed is back in seconds."""
SEARCH_ANSWERS = 2
"""So many answers without it end the search: it may be listed a moment after its connection broke."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One queue or printer at one server."""

    client: IppClient
    watch: Watch
    path: str
    """Of its URI: where documents go and jobs are listed."""
    jobs_path: str
    """Where single jobs are asked for."""
    who: str
    """What people call it, in sentences."""
    if_missing: str = ""
    """What to look at when it does not show a job that it took."""
    half_is_nothing: bool = False
    """It makes no job of a document that did not come whole (CUPS; a printer prints what it gets)."""
    keeps_names: bool = False
    """It keeps job names as they were given (CUPS; printers shorten and change them)."""
    lists_all: bool = False
    """What is not in its list of unfinished jobs is finished, whatever else it says (CUPS)."""


ENDS = (CANCELED, ABORTED, COMPLETED)

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
        self._back = _Back()

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
            return await _Pursuit(self._to, mark, self._back, _Teller(report), breaks).to_its_end(sight)
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


async def search(to: Destination, mark: str) -> Mark | None:
    """Find the job whose name carries the mark, unfinished or finished. Raises Away, Refusal."""
    for which in ("not-completed", "completed"):  # in this order: a job that ends meanwhile is in the second
        wanted = {"which-jobs": keywords(which), "requested-attributes": keywords(*JOB_KEYWORDS)}
        reply = await to.client.ask(GET_JOBS, to.path, wanted)
        for job in reply.of(ipp.JOB):
            job_id = job.number("job-id")
            if job_id is not None and mark in job.text("job-name"):
                return Mark(str(to.client.server), to.path, job_id).learned(job)
    return None


async def find_again(to: Destination, job: Job, mark: Mark | None) -> Found:
    """Tell what became of a job of an earlier run, following it to its end. Raises NotReached."""
    try:
        if mark is None:
            mark = await _by_name(to, job)
        pursuit = _Pursuit(to, mark, _Back(), _Listener())
        return Found(receipt=await pursuit.to_its_end())
    except Declined as declined:
        return Found(declined=declined.says)
    except Interrupted as interrupted:
        return Found(uncertain=interrupted.says)


async def ask_back(to: Destination, job: Job, mark: Mark | None) -> None:
    """Ask for a job of an earlier run back, if it can be found and is ours."""
    with suppress(NotReached, Interrupted, Away, Refusal):  # `find`, which goes on, tells what is so
        mark = mark or await _by_name(to, job)
        sight = await look_at(to.client, to.jobs_path, mark.job_id)
        if isinstance(sight, Seen) and mark.names(sight.job):
            await _cancel(to, mark.job_id)
            to.watch.nudge()


async def _by_name(to: Destination, job: Job) -> Mark:
    try:
        found = await search(to, token(job.id, job.attempt))
    except Away as away:
        raise NotReached(str(away), reasons=(Reason.OFFLINE,)) from away
    except Refusal as refusal:
        raise Interrupted(f"{to.who} does not list its jobs: {refusal}") from refusal
    if found is None:
        raise Interrupted(f"{to.who} shows no job that carries its mark")
    return found


async def _is_listed(to: Destination, mark: Mark) -> bool:
    """Whether the job is among the unfinished ones; true where that cannot be asked."""
    wanted = {"which-jobs": keywords("not-completed"), "requested-attributes": keywords("job-id")}
    try:
        reply = await to.client.ask(GET_JOBS, to.jobs_path, wanted)
    except (Away, Refusal):
        return True
    return any(job.number("job-id") == mark.job_id for job in reply.of(ipp.JOB))


async def _cancel(to: Destination, job_id: int) -> None:
    await to.client.ask(CANCEL_JOB, to.jobs_path, {"job-id": integers(job_id)})


class _Back:
    """Whether the job is wanted back, and whether the server has answered to that."""

    def __init__(self) -> None:
        self.wanted, self.answered = asyncio.Event(), asyncio.Event()

    async def within(self, pause_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self.wanted.wait()


class _Listener:
    """Who follows a job after our restart: nobody to tell of stalls, and silence is for asking again later."""

    def goes_on(self) -> None:
        """Nothing is known to be wrong."""

    def stalled(self, reason: str, message: str) -> None:
        """Something is wrong."""

    def silent(self, says: str) -> None:
        """The server does not answer."""
        raise NotReached(says, reasons=(Reason.OFFLINE,))


class _Teller(_Listener):
    """Who follows a job for its lane, for as long as it takes."""

    def __init__(self, report: Report) -> None:
        self._report, self._told = report, ("", "")

    def goes_on(self) -> None:
        if self._told[0]:
            self._told = ("", "")
            self._report.resumed()

    def stalled(self, reason: str, message: str) -> None:
        if self._told != (reason, message):
            self._told = (reason, message)
            self._report.stalled(reason, message)

    def silent(self, says: str) -> None:
        self.stalled(Reason.OFFLINE, says)


@dataclass(frozen=True, slots=True)
class _Pursuit:
    """Following one job. Its state is the truth; its reasons lag behind (CUPS 2.4.2)."""

    to: Destination
    mark: Mark
    back: _Back
    teller: _Listener
    breaks: int = -1
    """Of the client when the job was handed over; -1: by an earlier run of ours."""

    async def to_its_end(self, sight: Sight | None = None) -> Receipt:
        """Return when it is completed. Raises Declined, Interrupted, and what the teller raises on silence."""
        with self.to.watch.on(self.mark.job_id) as look:
            while True:
                receipt = await self._weigh(sight or await look())
                if receipt is not None:
                    return receipt
                sight = await self._lost_from_the_list()

    async def _lost_from_the_list(self) -> Sight | None:
        """Look once more at a job that has not ended and is not listed any more; None where it is listed.

        A cupsd that is killed when it has noted a job's end in its list, but not yet with the job (2.4.2), calls it
        pending ever after, and neither prints nor ends it.
        """
        if not self.to.lists_all or self.breaks == self.to.client.breaks or await _is_listed(self.to, self.mark):
            return None
        sight = await look_at(self.to.client, self.to.jobs_path, self.mark.job_id)
        if isinstance(sight, Seen) and self.mark.names(sight.job) and sight.job.number("job-state") not in ENDS:
            raise Interrupted(
                f"{self.to.who} was started anew, and neither lists our job {self.mark.job_id} nor says that it ended"
            )
        return sight

    async def _weigh(self, sight: Sight) -> Receipt | None:
        match sight:
            case Seen(job):
                return await self._weigh_job(job)
            case Missing(says):
                advice = f". {self.to.if_missing}" if self.to.if_missing else ""
                raise Interrupted(f"{self.to.who} does not show our job {self.mark.job_id} any more: {says}{advice}")
            case Silence(says):
                self.teller.silent(says)
                return None
            case _:
                assert_never(sight)

    async def _weigh_job(self, job: Group) -> Receipt | None:
        number = self.mark.job_id
        if not self.mark.names(job):
            raise Interrupted(f"{self.to.who} now has another job under number {number}, which was ours")
        said = job.text("job-state-message") or job.text("job-printer-state-message")
        words = f"{self.to.who}, job {number}{f': {said}' if said else ''}"
        state = job.number("job-state")
        if state == COMPLETED:
            return Receipt(Evidence.DELIVERED, f"completed by {words}")
        if state == CANCELED:
            raise Declined(f"canceled at {words}", reasons=(Reason.CANCELED_BY_USER,))
        if state == ABORTED and self.breaks != self.to.client.breaks:
            # A cupsd that was killed between a job's end and its note of it finds no file of it, and aborts it.
            raise Interrupted(f"aborted by {words}, but it may have printed before that server was started anew")
        if state == ABORTED:
            raise Declined(f"aborted by {words}", reasons=(Reason.ABORTED_BY_PRINTER,))
        await self._ask_back_if_wanted()
        found = stall(job)
        self.teller.stalled(*found) if found else self.teller.goes_on()
        return None

    async def _ask_back_if_wanted(self) -> None:
        if not self.back.wanted.is_set() or self.back.answered.is_set():
            return
        try:
            await _cancel(self.to, self.mark.job_id)
        except Away:
            return  # asked again at the next look
        except Refusal as refusal:
            if refusal.status != TOO_LATE:
                self.teller.stalled("cancel-refused", str(refusal))
        self.back.answered.set()
        self.to.watch.nudge()
