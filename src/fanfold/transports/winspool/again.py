"""Jobs of an earlier run that Windows may still have: found by mark or by title, followed, asked back. No engine."""

from __future__ import annotations

from fanfold.errors import Declined, Interrupted, NotReached
from fanfold.model import Job, Reason
from fanfold.transports.base import Found, Report
from fanfold.transports.ipp.pursuit import Asker
from fanfold.transports.ipp.words import token
from fanfold.transports.winspool.desk import Desk
from fanfold.transports.winspool.eye import Absent, Seen, Silence, Verdict
from fanfold.transports.winspool.mark import Mark
from fanfold.transports.winspool.pursuit import Pursuit
from fanfold.transports.winspool.spooler import JobFacts, JobStatus


async def find_again(desk: Desk, job: Job, mark: Mark | None, report: Report) -> Found:
    """Tell what became of a job of an earlier run, following it to its end. Raises NotReached."""
    async with desk.visited():
        try:
            seen = await _seen(desk)
            there = _listed(seen, job, mark)
            if there is None:
                return Found(uncertain=f"{desk.who} does not have it any more, and Windows keeps no record of it")
            if mark is None and not _is_whole(there, job):
                return await _without_its_end(desk, Mark(desk.queue, there.id, token(job.id, job.attempt)))
            mark = (mark or Mark(desk.queue, there.id, token(job.id, job.attempt))).learned(there)
            return Found(receipt=await Pursuit(desk, mark, Asker(report), seen).to_its_end())
        except Declined as declined:
            return Found(declined=declined.says)
        except Interrupted as interrupted:
            return Found(uncertain=interrupted.says)


async def ask_back(desk: Desk, job: Job, mark: Mark | None) -> None:
    """Ask for such a job back, if it is there; who follows it learns what came of that."""
    async with desk.visited():
        sight = await desk.look()
        if isinstance(sight, Seen) and sight.jobs is not None:
            there = _by_title(sight, job) if mark is None else sight.job(mark.job_id)
            if there is not None:
                await desk.take_back(mark or Mark(desk.queue, there.id, token(job.id, job.attempt)))


async def _seen(desk: Desk) -> Seen:
    match await desk.look():
        case Silence(says):
            raise NotReached(f"{desk.who} cannot be asked: {says}", reasons=(Reason.OFFLINE,))
        case Absent(says):
            raise Interrupted(f"{desk.who}, which had it, is not there any more: {says}")
        case Seen(jobs=None):
            raise Interrupted(f"{desk.who} does not tell what becomes of its jobs")
        case Seen() as seen:
            return seen


def _listed(seen: Seen, job: Job, mark: Mark | None) -> JobFacts | None:
    if mark is None:
        return _by_title(seen, job)
    there = seen.job(mark.job_id)
    if there is not None and not mark.names(there):
        raise Interrupted(f"{seen.facts.name} has another job under number {there.id}, which was ours")
    return there


def _by_title(seen: Seen, job: Job) -> JobFacts | None:
    return next((one for one in seen.jobs or () if token(job.id, job.attempt) in one.title), None)


def _is_whole(there: JobFacts, job: Job) -> bool:
    """Whether every byte had left us: we died between the last one and writing so down."""
    return JobStatus.SPOOLING not in there.status and there.size_bytes == job.size_bytes * job.copies


async def _without_its_end(desk: Desk, mark: Mark) -> Found:
    """A part of a document is of use to nobody: delete it, and tell whether anything of it can have come out."""
    verdict = await desk.take_back(mark)
    desk.verdicts.pop(mark.token, None)
    if verdict is Verdict.TAKEN:
        return Found(untouched=f"{desk.who} had only a part of it, which was deleted before it went to the printer")
    return Found(uncertain=f"{desk.who} has only a part of it, some of which may have gone to the printer")
