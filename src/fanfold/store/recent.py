"""What was lately committed, kept in memory within bounds, so that it need not be read. Knows no disk."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence

from fanfold.messages import Event
from fanfold.model import Job, JobId
from fanfold.wire import Document

JOBS = 2048
"""About 3 MB: more than are under way at once on a busy gateway."""

EVENTS = 4096
"""About 2 MB: how far a listener may lag behind before it reads from the disk."""

DOCUMENT_BYTES = 8 * 1024**2
"""Of small documents, so that a lane need not read back what came a moment ago."""


class Recent:
    """Jobs, events and documents of late; only ever what is committed. Lives in the loop's thread."""

    def __init__(self, last_event_id: int) -> None:
        """Begin with nothing, after this event."""
        self.last_event_id = last_event_id
        self._from_id = last_event_id
        self._events: deque[Event] = deque()
        self._jobs: OrderedDict[JobId, Job] = OrderedDict()
        self._documents: OrderedDict[JobId, Document] = OrderedDict()
        self._document_bytes = 0

    def job(self, job: JobId) -> Job | None:
        """Return the job, if it is here."""
        return self._jobs.get(job)

    def document(self, job: JobId) -> Document | None:
        """Return the job's document, if it is here."""
        return self._documents.get(job)

    def events(self, after: int, limit: int) -> Sequence[Event] | None:
        """Return the events after that id, if all of them are here."""
        if after < self._from_id:
            return None
        if after >= self.last_event_id or limit <= 0:
            return []
        newest_first = []
        for event in reversed(self._events):
            if event.id <= after:
                break
            newest_first.append(event)
        return newest_first[::-1][:limit]

    def keep_document(self, job: JobId, document: Document) -> None:
        """Keep a small document until its job is finished, or others push it out."""
        known = self._jobs.get(job)
        if known is None or known.state.finished:
            return
        self._documents[job] = document
        self._document_bytes += document.size_bytes
        while self._document_bytes > DOCUMENT_BYTES:
            self._document_bytes -= self._documents.popitem(last=False)[1].size_bytes

    def committed(self, events: Iterable[Event], jobs: Iterable[Job], gone: Sequence[JobId]) -> None:
        """Take in what a commit changed."""
        self._take_events(events)
        for job in jobs:
            self._jobs[job.id] = job
            self._jobs.move_to_end(job.id)
            if job.state.finished:
                self._drop_document(job.id)
        while len(self._jobs) > JOBS:
            self._jobs.popitem(last=False)
        if gone:
            self._forget(gone)

    def _take_events(self, events: Iterable[Event]) -> None:
        for event in events:
            self._events.append(event)
            self.last_event_id = event.id
        while len(self._events) > EVENTS:
            self._from_id = self._events.popleft().id

    def _forget(self, gone: Sequence[JobId]) -> None:
        for job in gone:
            self._jobs.pop(job, None)
            self._drop_document(job)
        self._events.clear()
        self._from_id = self.last_event_id

    def _drop_document(self, job: JobId) -> None:
        if (document := self._documents.pop(job, None)) is not None:
            self._document_bytes -= document.size_bytes
