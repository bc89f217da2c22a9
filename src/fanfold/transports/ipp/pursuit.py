"""A job that an IPP server has: followed to its end, searched, asked back, found after a crash. Knows no engine."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

from fanfold.errors import Declined, Interrupted, NotReached
from fanfold.model import Evidence, Job, Reason
from fanfold.transports.base import Found, Report
from fanfold.transports.ipp import codec as ipp
from fanfold.transports.ipp.client import Away, IppClient, Refusal
from fanfold.transports.ipp.codec import Group
from fanfold.transports.ipp.watch import Missing, Seen, Sight, Silence, Watch, look_at
from fanfold.transports.ipp.words import (
    ABORTED,
    CANCEL_JOB,
    CANCELED,
    COMPLETED,
    GET_JOBS,
    JOB_KEYWORDS,
    TOO_LATE,
    Mark,
    integers,
    keywords,
    stall,
    token,
)
from fanfold.wire import Receipt


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
ALL_HANDED_ON = "cups-waiting-for-job-completed"
"""What CUPS's backends report when they have handed on every byte; it stays with a job that was never ended."""
LOOKS_ALONE = 8
"""So many looks (1.5 s) at a job, before each is joined by one at the list: most jobs have ended by then."""


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


async def find_again(to: Destination, job: Job, mark: Mark | None, report: Report) -> Found:
    """Tell what became of a job of an earlier run, following it to its end. Raises NotReached."""
    try:
        if mark is None:
            mark = await _by_name(to, job)
        pursuit = Pursuit(to, mark, Back(), Asker(report))
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


class Back:
    """Whether the job is wanted back, and whether the server has answered to that."""

    def __init__(self) -> None:
        self.wanted, self.answered = asyncio.Event(), asyncio.Event()

    async def within(self, pause_s: float) -> None:
        """Return when it is wanted back or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self.wanted.wait()


class Teller:
    """Who follows a job for its lane, for as long as it takes."""

    def __init__(self, report: Report) -> None:
        self._report, self._told = report, ("", "")

    def goes_on(self) -> None:
        """Tell so where a stall was told."""
        if self._told[0]:
            self._told = ("", "")
            self._report.resumed()

    def stalled(self, reason: str, message: str) -> None:
        """Tell each stall once."""
        if self._told != (reason, message):
            self._told = (reason, message)
            self._report.stalled(reason, message)

    def silent(self, says: str) -> None:
        """Tell it as a stall: the job is with the server, which will be back."""
        self.stalled(Reason.OFFLINE, says)


class Asker(Teller):
    """Who follows a job of an earlier run: silence is for asking again later, and the first answer ends one."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self._told = (Reason.OFFLINE, "")

    def silent(self, says: str) -> None:
        """Give up for now."""
        raise NotReached(says, reasons=(Reason.OFFLINE,))


@dataclass(frozen=True, slots=True)
class Pursuit:
    """Following one job. Its state is the truth; its reasons lag behind (CUPS 2.4.2)."""

    to: Destination
    mark: Mark
    back: Back
    teller: Teller
    breaks: int = -1
    """Of the client when the job was handed over; -1: by an earlier run of ours."""

    async def to_its_end(self, sight: Sight | None = None) -> Receipt:
        """Return when it is completed. Raises Declined, Interrupted, and what the teller raises on silence."""
        with self.to.watch.on(self.mark.job_id) as look:
            looks = 0
            while True:
                receipt = await self._weigh(sight or await look())
                if receipt is not None:
                    return receipt
                looks += 1
                sight = await self._lost_from_the_list() if self.to.lists_all and looks > LOOKS_ALONE else None

    async def _lost_from_the_list(self) -> Sight | None:
        """Look once more at a job that has not ended and is not listed any more; None where it is listed.

        A cupsd that is killed when it has noted a job's end in its list, but not yet with the job (2.4.2), calls it
        pending ever after, and neither prints nor ends it.
        """
        if await _is_listed(self.to, self.mark):
            return None
        sight = await look_at(self.to.client, self.to.jobs_path, self.mark.job_id)
        if isinstance(sight, Seen) and self.mark.names(sight.job) and sight.job.number("job-state") not in ENDS:
            raise Interrupted(
                f"{self.to.who} neither lists our job {self.mark.job_id} as unfinished nor says that it ended"
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
        # A cupsd that was killed between a job's end and its note of it finds no file of it, and aborts it.
        if state == ABORTED and self.breaks != self.to.client.breaks:
            raise Interrupted(f"aborted by {words}, but it may have printed before that server was started anew")
        if state == ABORTED and ALL_HANDED_ON in job.texts("job-printer-state-reasons"):
            raise Interrupted(f"aborted by {words}, but its printer had the whole document by then")
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
