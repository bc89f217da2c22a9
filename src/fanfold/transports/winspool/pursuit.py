"""A job that Windows has: followed to its end, and what that end proves. Knows no engine; its desk asks Windows."""

from __future__ import annotations

from typing import assert_never

from fanfold.errors import Declined, Interrupted
from fanfold.model import Evidence, Reason
from fanfold.transports.ipp.pursuit import Teller
from fanfold.transports.winspool.desk import Desk
from fanfold.transports.winspool.eye import Absent, Seen, Sight, Silence, Verdict
from fanfold.transports.winspool.mark import Mark
from fanfold.transports.winspool.spooler import JobFacts, JobStatus
from fanfold.transports.winspool.words import BEGUN, DONE, GOING, queue_trouble, short, stall
from fanfold.wire import Receipt


class Pursuit:
    """Following one job, which is whole in its queue.

    `witness` is a sight of it there, from when it could not have been gone: only a list that showed it then can show
    later that it is.
    """

    def __init__(self, desk: Desk, mark: Mark, teller: Teller, witness: Seen) -> None:
        self._desk, self._mark, self._teller = desk, mark, teller
        self._last = witness
        self._begun = self._is_begun(witness.job(mark.job_id))
        """It was seen on its way to the printer."""
        self._job = name_of(mark, desk)

    async def to_its_end(self) -> Receipt:
        """Return when it has left the queue well. Raises Declined, Interrupted, and what the teller raises."""
        with self._desk.watched() as look:
            while True:
                if (receipt := self._weigh(await look())) is not None:
                    return receipt

    def _weigh(self, sight: Sight) -> Receipt | None:
        match sight:
            case Seen(jobs=None):
                return untold(self._job)
            case Seen():
                job = sight.job(self._mark.job_id)
                return self._gone(sight) if job is None else self._there(job, sight)
            case Absent(says):
                raise Interrupted(f"{self._desk.who} was deleted while it had the job: {says}")
            case Silence(says):
                self._teller.silent(says)
                return None
            case _:
                assert_never(sight)

    def _there(self, job: JobFacts, sight: Seen) -> Receipt | None:
        if not self._mark.names(job):
            raise Interrupted(
                f"{self._desk.who} has another job under number {job.id}, {short(job.title)!r}, which was ours"
            )
        self._begun = self._begun or self._is_begun(job)
        if GOING & job.status:
            raise self._deleted()
        if DONE & job.status:
            return Receipt(Evidence.DELIVERED, f"{self._job}: Windows keeps it, and calls it printed")
        self._last = sight
        found = stall(job, sight.facts, sight.jobs or ())
        self._teller.stalled(found[0], f"{self._job}: {found[1]}") if found else self._teller.goes_on()
        return None

    @staticmethod
    def _is_begun(job: JobFacts | None) -> bool:
        return job is not None and (bool(BEGUN & job.status) or job.pages_printed > 0)

    def _gone(self, sight: Seen) -> Receipt:
        if self._mark.token in self._desk.verdicts:
            raise self._deleted()
        if self._last.handle != sight.handle:
            raise Interrupted(f"{self._job} is not there any more, and the spooler was started anew or away meanwhile")
        job = self._last.job(self._mark.job_id)
        if job is not None and JobStatus.ERROR in job.status:
            raise Interrupted(f"{self._job} left it while Windows called it failed")
        if job is not None and _stood_still(job, self._last) and queue_trouble(sight.facts):
            raise Interrupted(f"{self._job} left it while nothing could be printed; somebody may have deleted it")
        return Receipt(Evidence.DELIVERED, f"{self._job}: handed over to the printer")

    def _deleted(self) -> Declined | Interrupted:
        match self._desk.verdicts.pop(self._mark.token, None):
            case Verdict.TAKEN:
                return Declined(f"{self._job} was taken back; nothing of it had gone to the printer")
            case Verdict.DELETED:
                return Interrupted(f"{self._job} was deleted, and some of it may have gone to the printer before")
            case _ if self._begun:
                return Interrupted(f"somebody deleted {self._job} while it was being printed")
            case _:
                says = f"somebody deleted {self._job} before it went to the printer"
                return Declined(says, reasons=(Reason.CANCELED_BY_USER,))


def name_of(mark: Mark, desk: Desk) -> str:
    """Return what the job is called in sentences."""
    return f"job {mark.job_id} in {desk.who}"


def untold(job: str) -> Receipt:
    """Return what is known of a whole job of which Windows tells no more."""
    return Receipt(Evidence.SENT, f"{job}; Windows does not tell what becomes of it")


def _stood_still(job: JobFacts, seen: Seen) -> bool:
    return stall(job, seen.facts, seen.jobs or ()) is not None
