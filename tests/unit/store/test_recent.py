from __future__ import annotations

from dataclasses import replace

from fanfold.messages import Event, PrinterChanged
from fanfold.model import Job, JobState
from fanfold.store import recent
from fanfold.store.recent import Recent
from fanfold.wire import Document
from tests.contract.stores import LABEL, TILL, ids, new_job


def said(*numbers: int) -> list[Event]:
    return [PrinterChanged(number, new_job().created_at, TILL, "idle", (), "") for number in numbers]


def with_jobs(*jobs: Job) -> Recent:
    memory = Recent(0)
    memory.committed([], jobs, [])
    return memory


def test_events_before_the_first_one_are_not_here() -> None:
    memory = Recent(10)
    assert memory.events(9, 100) is None
    assert memory.events(10, 100) == []
    events = said(11, 12, 13)
    memory.committed(events, [], [])
    assert memory.events(9, 100) is None
    assert memory.events(10, 100) == events
    assert memory.events(11, 1) == events[1:2]
    assert memory.events(13, 100) == memory.events(99, 100) == []
    assert memory.last_event_id == 13


def test_the_oldest_events_give_way() -> None:
    memory = Recent(0)
    memory.committed(said(*range(1, recent.EVENTS + 3)), [], [])
    assert memory.events(1, 10) is None
    assert [event.id for event in memory.events(2, 2) or ()] == [3, 4]


def test_the_jobs_least_lately_changed_give_way() -> None:
    jobs = [new_job() for _ in range(recent.JOBS)]
    memory = with_jobs(*jobs)
    memory.committed([], [jobs[0], new_job()], [])
    assert memory.job(jobs[1].id) is None
    assert memory.job(jobs[0].id) == jobs[0]


def test_a_document_is_here_until_its_job_is_finished() -> None:
    job = new_job()
    memory = with_jobs(job)
    memory.keep_document(job.id, LABEL)
    assert memory.document(job.id) == LABEL
    memory.committed([], [replace(job, state=JobState.COMPLETED)], [])
    assert memory.document(job.id) is None
    memory.keep_document(job.id, LABEL)
    assert memory.document(job.id) is None


def test_documents_stay_within_their_bytes() -> None:
    jobs = [new_job() for _ in range(3)]
    memory = with_jobs(*jobs)
    half = Document.of(bytes(recent.DOCUMENT_BYTES // 2))
    for job in jobs:
        memory.keep_document(job.id, half)
    assert [memory.document(job) is None for job in ids(jobs)] == [True, False, False]


def test_what_lost_its_row_is_forgotten_with_its_events() -> None:
    job, other = new_job(), new_job()
    memory = with_jobs(job, other)
    memory.committed(said(1, 2), [], [])
    memory.keep_document(job.id, LABEL)
    memory.committed([], [], [job.id])
    assert memory.job(job.id) is None
    assert memory.document(job.id) is None
    assert memory.job(other.id) == other
    assert memory.events(1, 10) is None
    assert memory.events(2, 10) == []
