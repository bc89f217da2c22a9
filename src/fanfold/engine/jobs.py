"""Commands on jobs: submit, follow, list, show, and the verbs. Stored before answered."""

from __future__ import annotations

from dataclasses import replace

from fanfold.config import Limits
from fanfold.engine.intake import Intake, cut_title, fingerprint
from fanfold.engine.lane import Desk
from fanfold.engine.roster import Roster
from fanfold.engine.upkeep import Upkeep
from fanfold.engine.verbs import Verbs, check_seen
from fanfold.errors import Refused
from fanfold.languages.base import Language
from fanfold.messages import Accepted, Caller, DocumentFetched, Jobs, JobShown, ListJobs, Submit
from fanfold.messages import Follow as FollowCommand
from fanfold.model import Job, JobId
from fanfold.store import base as store
from fanfold.wire import Document


class JobDesk:
    """The engine's hand for jobs. Methods raise Refused."""

    def __init__(self, desk: Desk, roster: Roster, upkeep: Upkeep, languages: tuple[Language, ...]) -> None:
        self._store, self._follow = desk.store, desk.follow
        self._roster, self._upkeep = roster, upkeep
        self._languages = languages
        self.verbs = Verbs(desk.store, desk.follow, roster)
        self.limits = Limits()

    async def submit(self, ask: Submit, caller: Caller) -> Accepted:
        """Keep a new job, or find the one that its key names."""
        lane = self._roster.meant(ask.printer)
        if lane is None:
            return await self._as_before(ask, caller) or self._unknown(ask.printer)
        intake = Intake(self._languages, self.limits.document_bytes)
        try:
            job, document = await intake.job(
                ask, lane.printer, caller, lane.patience.blocked_s, speaks=lane.language, supposed=lane.encoding
            )
        except Refused:  # it may have been taken before its printer was set up otherwise
            if before := await self._as_before(ask, caller):
                return before
            raise
        return await self._keep(job, document, fingerprint(ask, job))

    async def reprint(self, job_id: JobId, caller: Caller) -> Accepted:
        """Print a finished job again, by a new one."""
        job, document = await self.verbs.reprint(job_id, caller)
        return await self._keep(job, document, "")

    async def _keep(self, job: Job, document: Document, print_of_it: str) -> Accepted:
        limits = store.Limits(self.limits.waiting_jobs, self.limits.store_bytes)
        added = await self._store.add(job, document, limits, print_of_it)
        name = self._roster.name_of(job.printer)
        if not added.fresh:
            return Accepted(added.job, name, fresh=False)
        if job.pulse_only:
            self._upkeep.watch_pulse(added.job.id)
        lane = self._roster.by_id(job.printer)
        if lane is None:
            return Accepted(await self.verbs.give_up(added.job), name)
        lane.wake()
        return Accepted(added.job, name)

    async def _as_before(self, ask: Submit, caller: Caller) -> Accepted | None:
        """The job that the key named while its printer was still there, or still took such documents."""
        job = await self._store.job_by_key(caller.owner, ask.key) if ask.key else None
        if job is None or ask.printer not in {job.printer, self._roster.name_of(job.printer)}:
            return None
        if not isinstance(ask.document, Document) or job.sha256 != ask.document.sha256:
            return None
        if (job.copies, job.title) != (ask.copies, cut_title(ask.title)):
            return None
        return Accepted(job, self._roster.name_of(job.printer), fresh=False)

    def _unknown(self, said: str) -> Accepted:
        self._roster.find(said)
        raise Refused(f"There is no printer {said[:80]!r}.", code="unknown-printer", status=404)

    async def follow(self, ask: FollowCommand) -> JobShown:
        """Wait for a job to get somewhere."""
        job = await self._follow.until(ask.job, ask.until, ask.within_s)
        return self._shown(job if job is not None else await self.verbs.job(ask.job))

    async def list(self, ask: ListJobs) -> Jobs:
        """List jobs, newest first."""
        lane = self._roster.get(ask.printer) if ask.printer else None
        printer = lane.printer.id if lane else ask.printer
        query = ListJobs(ask.states, printer, ask.owner, ask.reason, ask.cursor, ask.limit)
        page = await self._store.jobs(query)
        names = {job.printer: self._roster.name_of(job.printer) for job in page.jobs}
        return Jobs(tuple(self.verbs.live(job) for job in page.jobs), page.next, names)

    async def show(self, job_id: JobId) -> JobShown:
        """Show a job with its timeline."""
        job = await self.verbs.job(job_id)
        return replace(self._shown(job), timeline=tuple(await self._store.timeline(job_id)))

    async def document(self, job_id: JobId, caller: Caller) -> DocumentFetched:
        """Return a job's bytes."""
        job = await self.verbs.job(job_id)
        check_seen(job, caller)
        document = await self._store.document(job_id)
        if document is None:
            says = f"The document of job {job_id} is no longer kept."
            raise Refused(says, code="document-gone", status=410)
        return DocumentFetched(job, document)

    async def cancel(self, job_id: JobId) -> JobShown:
        """Cancel a job."""
        return self._shown(await self.verbs.cancel(job_id))

    async def release(self, job_id: JobId) -> JobShown:
        """Release a held job."""
        job = await self.verbs.release(job_id)
        if job.pulse_only:
            self._upkeep.watch_pulse(job.id)
        return self._shown(job)

    async def assume_printed(self, job_id: JobId) -> JobShown:
        """Take a held job for printed."""
        return self._shown(await self.verbs.assume_printed(job_id))

    def _shown(self, job: Job) -> JobShown:
        return JobShown(self.verbs.live(job), self._roster.name_of(job.printer))
