"""How a job's transition reads as an event, the same for every store. Knows no disk."""

from __future__ import annotations

from fanfold.messages import JobChanged
from fanfold.model import Job


def transition(number: int, job: Job) -> JobChanged:
    """Return the event of the transition that made the job what it is."""
    return JobChanged(
        number,
        job.changed_at,
        job.id,
        job.printer,
        job.state,
        job.reasons,
        job.message,
        job.evidence,
        job.attempt,
        job.sent_bytes,
        job.title,
        job.owner,
    )
