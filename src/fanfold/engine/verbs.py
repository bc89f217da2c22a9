"""What people may do with a job: cancel, release, assume printed, print again. One winner each time."""

from __future__ import annotations

import asyncio
import os
import uuid
from dataclasses import replace
from pathlib import Path

from fanfold import clock
from fanfold.engine.follow import Follow
from fanfold.engine.lane import Lane
from fanfold.engine.roster import Roster
from fanfold.errors import Refused
from fanfold.messages import Caller
from fanfold.model import Evidence, Job, JobId, JobState, Reason, new_job_id
from fanfold.store.base import Change, Store
from fanfold.wire import Document

CANCEL_TRIES, CANCEL_RETRY_S = 50, 0.02


class Verbs:
    """Each raises Refused: `unknown-job` 404, or with the state that stands in its way."""

    def __init__(self, store: Store, follow: Follow, roster: Roster) -> None:
        self._store, self._follow, self._roster = store, follow, roster

    async def job(self, job_id: JobId) -> Job:
        """Return that job as it is now."""
        job = await self._store.job(job_id)
        if job is None:
            raise Refused(f"There is no job {job_id[:60]!r} (or no longer).", code="unknown-job", status=404)
        return job

    def live(self, job: Job) -> Job:
        """Return the job with what is not on disk: the bytes that left so far, and what its printer waits for."""
        lane = self._roster.by_id(job.printer)
        if lane is None:
            return job
        if job.state is JobState.PROCESSING and lane.flight and lane.flight.job.id == job.id:
            return replace(job, sent_bytes=max(job.sent_bytes, lane.flight.sent_bytes))
        if job.state is JobState.PENDING and lane.standing.status.reasons:
            waits_for = lane.standing.hindrance
            reasons = tuple(dict.fromkeys((*job.reasons, *waits_for.reasons)))
            return replace(job, reasons=reasons, message=job.message or waits_for.message)
        return job

    async def cancel(self, job_id: JobId) -> Job:
        """Cancel a job that is not finished, also one that is being sent."""
        for _ in range(CANCEL_TRIES):
            job = await self.job(job_id)
            if job.state.finished:
                raise _finished(job, "canceled")
            if job.state is JobState.PROCESSING:
                settled = await self._call_off(job)
            else:
                settled = await self._follow.settle(_canceled(job, doubt=await self._follow.was_in_doubt(job)))
            if settled is not None:
                return _if_canceled(settled)
        says = f"Job {job_id} is between two states; nothing was changed. Try again in a moment."
        raise Refused(says, code="too-late", status=409)

    async def give_up(self, job: Job) -> Job:
        """Cancel a job whose printer was removed while it was accepted; return it as it then is."""
        says = "its printer was removed before any of it was sent"
        change = Change(job.id, job.state, job.attempt, JobState.CANCELED, (Reason.CANCELED_BY_USER,), says)
        return await self._follow.settle(change) or await self.job(job.id)

    async def release(self, job_id: JobId) -> Job:
        """Let a held job print again; how long it may wait starts afresh."""
        job = await self._held(job_id, "released")
        lane = self._lane_of(job)
        change = Change(
            job.id, JobState.HELD, job.attempt, JobState.PENDING, (Reason.RELEASED,), "released by a person",
            evidence=Evidence.NONE, blocked_at_start_s=lane.patience.blocked_s,
        )  # fmt: skip
        released = await self._follow.settle(change)
        if released is None:
            raise _not_held(await self.job(job_id), "released")
        lane.wake()
        return released

    async def assume_printed(self, job_id: JobId) -> Job:
        """Take a held job for printed, on a person's word; its evidence stays what it was."""
        job = await self._held(job_id, "assumed printed")
        change = Change(
            job.id, JobState.HELD, job.attempt, JobState.COMPLETED, (Reason.ASSUMED_PRINTED,),
            "a person says that it was printed",
        )  # fmt: skip
        settled = await self._follow.settle(change)
        if settled is None:
            raise _not_held(await self.job(job_id), "assumed printed")
        return settled

    async def reprint(self, job_id: JobId, caller: Caller) -> tuple[Job, Document]:
        """Return a new job, not yet kept, for the same document."""
        job = await self.job(job_id)
        check_seen(job, caller)
        if not job.state.finished:
            says = (
                f"Job {job.id} is {job.state}: only a finished job is printed again by a new one. Release a held one."
            )
            raise Refused(says, code="not-finished", status=409)
        document = await self._store.document(job_id)
        if document is None:
            says = f"The document of job {job.id} is no longer kept. Send it again."
            raise Refused(says, code="document-gone", status=410)
        lane = self._lane_of(job)
        at = clock.now()
        again = replace(
            job, id=new_job_id(), state=JobState.PENDING, created_at=at, changed_at=at, reasons=(), message="",
            evidence=Evidence.NONE, attempt=0, sent_bytes=0, document_kept=True, dialect=caller.dialect,
            owner=caller.owner, key=None, start_within_s=job.start_within_s if job.pulse_only else None,
            on_late=job.on_late if job.pulse_only else None, blocked_at_start_s=lane.patience.blocked_s,
            foreign=None, reprint_of=job.id, reprints=0, user=caller.user,
        )  # fmt: skip
        return again, await asyncio.to_thread(_apart, document, self._store.incoming)

    def _lane_of(self, job: Job) -> Lane:
        lane = self._roster.by_id(job.printer)
        if lane is None:
            says = (
                f"The printer of job {job.id} ({job.printer}) is not there any more. Add it again, or cancel the job."
            )
            raise Refused(says, code="unknown-printer", status=404)
        return lane

    async def _call_off(self, job: Job) -> Job | None:
        lane = self._roster.by_id(job.printer)
        if lane is None:  # nobody sends it any more, and nobody will ask after it
            return await self._follow.settle(_canceled(job, doubt=True))
        settled = await lane.cancel(job.id)
        if settled is None:
            await asyncio.sleep(CANCEL_RETRY_S)  # it is just being claimed or settled, or waits to be asked after
        return settled

    async def _held(self, job_id: JobId, what: str) -> Job:
        job = await self.job(job_id)
        if job.state is not JobState.HELD:
            raise _not_held(job, what)
        return job


def check_seen(job: Job, caller: Caller) -> None:
    """Refuse another user's document, on the screen as on paper. Raises Refused `another-users` 403."""
    if caller.sees_all or (caller.user and caller.user == job.user):
        return
    says = (
        f"Job {job.id} was not sent by {caller.user or 'a user who is known'}: its document is shown or printed again "
        "only for who sent it, for administrators, and with the gateway's token (`--token-file FILE`)."
    )
    raise Refused(says, code="another-users", status=403)


def _canceled(job: Job, *, doubt: bool) -> Change:
    reasons = (Reason.CANCELED_BY_USER, Reason.DELIVERY_UNCERTAIN) if doubt else (Reason.CANCELED_BY_USER,)
    says = "canceled by a person; it may have printed before" if doubt else "canceled before any of it was sent"
    return Change(job.id, job.state, job.attempt, JobState.CANCELED, reasons, says)


def _if_canceled(job: Job) -> Job:
    if job.state is JobState.CANCELED:
        return job
    if job.state is JobState.HELD:
        says = f"Job {job.id} could not be called back and is held: {job.message}."
        raise Refused(says, code="too-late", status=409)
    raise Refused(f"Too late: job {job.id} is {job.state}. {job.message}".strip(), code="too-late", status=409)


def _finished(job: Job, what: str) -> Refused:
    says = f"Job {job.id} is {job.state} already, so it cannot be {what}."
    return Refused(says, code="already-finished", status=409)


def _not_held(job: Job, what: str) -> Refused:
    says = f"Job {job.id} is {job.state}, not held, so it cannot be {what}."
    return Refused(says, code="not-held", status=409)


def _apart(document: Document, incoming: Path) -> Document:
    """A second name for a document's file, for the new job: the store moves what it is given."""
    if document.path is None:
        return document
    second = incoming / f"again-{uuid.uuid4().hex}"
    os.link(document.path, second)
    return replace(document, path=second)
