"""What Windows' bits and error codes mean to a job: IPP's reasons, and words for people. Pure; asks nothing."""

from __future__ import annotations

from collections.abc import Iterable

from fanfold.errors import Declined, NotReached
from fanfold.model import JobId, Reason
from fanfold.transports.ipp.words import token
from fanfold.transports.winspool.spooler import (
    Attribute,
    CallFailed,
    JobFacts,
    JobStatus,
    QueueFacts,
    QueueStatus,
)
from fanfold.wire import Work

INVALID_PARAMETER, NOT_SUPPORTED, INVALID_DATATYPE = 87, 50, 1804
ACCESS_DENIED, DISK_FULL, SPOOLER_AWAY, NO_SUCH_QUEUE, DELETED_QUEUE = 5, 112, 1722, 1801, 1905
_GONE = frozenset({NO_SUCH_QUEUE, DELETED_QUEUE})
_REFUSES_DATATYPE = frozenset({INVALID_PARAMETER, NOT_SUPPORTED, INVALID_DATATYPE})

TITLE_LENGTH = 200
"""What Windows shows in a queue's window has room for more; print servers were seen to cut at 255."""

_OTHER = "other-error"
_QUEUE = (
    (QueueStatus.PENDING_DELETION, Reason.OFFLINE, "somebody is deleting its queue"),
    (QueueStatus.PAUSED, Reason.PAUSED, "its queue is paused; resume it in Windows"),
    (QueueStatus.PAPER_OUT, "media-empty-error", "out of paper"),
    (QueueStatus.PAPER_JAM, "media-jam-error", "the paper is jammed"),
    (QueueStatus.DOOR_OPEN, "cover-open-error", "a cover is open"),
    (QueueStatus.NO_TONER, "marker-supply-empty-error", "out of ink, toner or ribbon"),
    (QueueStatus.OUTPUT_BIN_FULL, "output-area-full-error", "its output bin is full"),
    (QueueStatus.MANUAL_FEED, "media-needed-error", "it waits for paper to be fed by hand"),
    (QueueStatus.PAPER_PROBLEM, _OTHER, "something is wrong with its paper"),
    (QueueStatus.OFFLINE, Reason.OFFLINE, "it is offline"),
    (QueueStatus.NOT_AVAILABLE, Reason.OFFLINE, "it is not there"),
    (QueueStatus.SERVER_UNKNOWN, Reason.OFFLINE, "its print server is not known"),
    (QueueStatus.USER_INTERVENTION, _OTHER, "somebody must see to it"),
    (QueueStatus.ERROR, _OTHER, "Windows says that it has an error"),
)  # fmt: skip
"""What keeps paper from coming out, the plainest reason first. Other bits (toner low, warming up, busy) do not."""

_JOB = (
    (JobStatus.PAPEROUT, "media-empty-error", "out of paper"),
    (JobStatus.OFFLINE, Reason.OFFLINE, "it is offline"),
    (JobStatus.USER_INTERVENTION, _OTHER, "somebody must see to it"),
    (JobStatus.BLOCKED_DEVQ, _OTHER, "its driver cannot print the job"),
    (JobStatus.ERROR, _OTHER, "Windows says that printing it failed, and may try again"),
)  # fmt: skip

STUCK = JobStatus.PAPEROUT | JobStatus.OFFLINE | JobStatus.USER_INTERVENTION | JobStatus.BLOCKED_DEVQ | JobStatus.ERROR
BEGUN = JobStatus.PRINTING | JobStatus.PRINTED | JobStatus.COMPLETE
DONE = JobStatus.PRINTED | JobStatus.COMPLETE
GOING = JobStatus.DELETING | JobStatus.DELETED

Trouble = tuple[str, str]
"""A reason and words for it."""


def title_of(work: Work) -> str:
    """Return the job's title with our mark behind it: by that it is known again."""
    mark = token(JobId(work.job), work.attempt)
    plain = "".join(sign if sign.isprintable() else " " for sign in work.title).strip()
    return f"{plain[: TITLE_LENGTH - len(mark) - 1].rstrip()} {mark}".strip()


def queue_trouble(facts: QueueFacts) -> Trouble | None:
    """Return why the queue prints nothing now, by its status and its attributes; None: nothing is known against it."""
    for bit, reason, says in _QUEUE:
        if bit in facts.status:
            return reason, says
    if Attribute.WORK_OFFLINE in facts.attributes:
        return Reason.OFFLINE, "Windows uses it offline: it is switched off, unplugged, or somebody chose so"
    return None


def job_trouble(job: JobFacts) -> Trouble | None:
    """Return why a job does not go on; None: nothing is known against it."""
    for bit, reason, says in _JOB:
        if bit in job.status:
            return reason, f"{says}: {job.says}" if job.says else says
    if JobStatus.PAUSED in job.status and not BEGUN & job.status:
        return "job-held-in-device", "somebody paused the job in Windows"
    return None


def stuck_ahead(jobs: Iterable[JobFacts], of: JobFacts | None = None) -> Trouble | None:
    """Return what is wrong with a job that is stuck before ours (`None`: before whichever comes next)."""
    for job in jobs:
        ahead = of is None or (job.id != of.id and job.position <= of.position)
        if ahead and STUCK & job.status and (why := job_trouble(job)):
            return why[0], f"another job, {short(job.title)!r}, is stuck before it ({why[1]})"
    return None


def blocked(who: str, facts: QueueFacts, jobs: Iterable[JobFacts]) -> NotReached | None:
    """Return why the queue shall be given no job now; None when it may."""
    found = queue_trouble(facts) or stuck_ahead(jobs)
    return NotReached(f"{who}: {found[1]}", reasons=(found[0],)) if found else None


def stall(job: JobFacts, facts: QueueFacts, jobs: Iterable[JobFacts]) -> Trouble | None:
    """Return why our job does not go on: by itself, by its queue, by those before it."""
    return job_trouble(job) or queue_trouble(facts) or stuck_ahead(jobs, job)


def refuses_datatype(failed: CallFailed) -> bool:
    """Whether it was the kind of the bytes that StartDocPrinter did not like."""
    return failed.code in _REFUSES_DATATYPE


def is_gone(failed: CallFailed) -> bool:
    """Whether Windows says that there is no such queue."""
    return failed.code in _GONE


def unreached(who: str, failed: Exception) -> NotReached | Declined:
    """Return what a failed call means of which nothing prints."""
    if isinstance(failed, CallFailed) and failed.code == INVALID_DATATYPE:
        return Declined(f"{who} takes no raw bytes ({failed}); give it its maker's driver, or Generic / Text Only")
    advice = {
        ACCESS_DENIED: ". This account may not print there; allow it in the queue's security settings",
        DISK_FULL: ". Free space on the disk that Windows spools to",
        SPOOLER_AWAY: ". See that the service Print Spooler runs",
    }.get(failed.code if isinstance(failed, CallFailed) else 0, "")
    return NotReached(f"{who}: {failed}{advice}", reasons=(Reason.OFFLINE,))


def missing(who: str, *, in_service_session: bool) -> NotReached:
    """Return the words for a queue that is not there, or cannot be seen from here."""
    says = f"Windows has no queue {who}"
    if in_service_session:
        says += (
            " that this service can see. A printer that a user connected is only there for that user: "
            "add it for all users (rundll32 printui.dll,PrintUIEntry /ga /n\\\\server\\share), give it a local queue, "
            "or run Fanfold as that user"
        )
    else:
        says += "; see that it is installed, and how it is written"
    return NotReached(says, reasons=(Reason.OFFLINE,))


def short(words: str, length: int = 60) -> str:
    """Return a stranger's words, printable and bounded."""
    shown = "".join(sign if sign.isprintable() else " " for sign in words[: 2 * length])
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"
