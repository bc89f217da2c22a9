"""What the verbs make of a job, and which jobs they are for: the same that SQL says, in Python. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from fanfold.messages import ListJobs
from fanfold.model import Evidence, Job, JobState
from fanfold.store.base import Change, Lateness

_KEPT_UNLESS_GIVEN = ("sent_bytes", "foreign", "reprints", "blocked_at_start_s", "start_within_s", "on_late")


def is_late(job: Job, lateness: Lateness) -> bool:
    """Tell whether a waiting job is late."""
    left_s = lateness.left_s(job)
    return left_s is not None and left_s <= 0


def matches(job: Job, query: ListJobs) -> bool:
    """Tell whether a list that is asked for so has the job in it."""
    return (
        (not query.states or job.state in query.states)
        and query.printer in (None, job.printer)
        and query.owner in (None, job.owner)
        and (query.reason is None or query.reason in job.reasons)
    )


def claimed(job: Job, at: datetime) -> Job:
    """Return a waiting job as a claim makes it: a fresh attempt."""
    return replace(
        job,
        state=JobState.PROCESSING,
        changed_at=at,
        reasons=(),
        message="",
        evidence=Evidence.NONE,
        attempt=job.attempt + 1,
        sent_bytes=0,
        foreign=None,
    )


def changed(job: Job, change: Change, at: datetime) -> Job:
    """Return a job as a change makes it, whose condition holds. Within one state evidence never falls."""
    evidence = job.evidence if change.evidence is None else change.evidence
    if change.to_state is job.state:
        evidence = max(evidence, job.evidence)
    given = {name: value for name in _KEPT_UNLESS_GIVEN if (value := getattr(change, name)) is not None}
    return replace(
        job,
        state=change.to_state,
        changed_at=at,
        reasons=change.reasons,
        message=change.message,
        evidence=evidence,
        **given,
    )
