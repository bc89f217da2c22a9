"""Why a store says no, in words; the same for every store. Knows no disk."""

from __future__ import annotations

from fanfold.errors import Refused
from fanfold.model import Job
from fanfold.store.base import Limits

MEBIBYTE = 1024**2


def key_reused(job: Job) -> Refused:
    """Another request came under a key that named a job already."""
    says = (
        f"The idempotency key {job.key!r} already names another job: its printer, options or document differ. "
        "Use a new key for a new job."
    )
    return Refused(says, code="key-reused", status=409)


def too_many_waiting(job: Job, limits: Limits) -> Refused:
    """The printer's line is as long as it may get."""
    says = (
        f"{limits.waiting_jobs} jobs wait for the printer {job.printer} already, as many as may. "
        "See why it does not print, or cancel some, then send this job again."
    )
    return Refused(says, code="too-many-waiting", status=429)


def too_many_bytes(size_bytes: int, kept_bytes: int, limits: Limits) -> Refused:
    """The documents would take more room than they may."""
    says = (
        f"The store keeps {kept_bytes / MEBIBYTE:.1f} MiB of documents; {size_bytes / MEBIBYTE:.1f} MiB more would be "
        f"over its limit of {limits.store_bytes / MEBIBYTE:.1f} MiB. "
        "Wait until older documents are dropped, or raise the limit in the configuration."
    )
    return Refused(says, code="store-full", status=507)


def disk_full(says: str) -> Refused:
    """The disk has no room for a new job."""
    return Refused(says, code="store-full", status=507)


def bad_cursor(cursor: str) -> Refused:
    """A cursor that no page of jobs gave."""
    says = f"{cursor!r} is no cursor of a page of jobs. Use the `next` of the page before, or none for the first page."
    return Refused(says, code="bad-cursor", status=400)
