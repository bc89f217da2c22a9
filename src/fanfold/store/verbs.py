"""The verbs that change jobs, in SQL, each within a transaction. Know no thread and no file."""

# ruff: noqa: S608  # only this house's own constants are put into statements; values are always bound

from __future__ import annotations

from dataclasses import dataclass, replace

from fanfold.errors import Refused
from fanfold.model import Job, JobState, PrinterId
from fanfold.store import refusals
from fanfold.store.base import Added, Change, Lateness, Limits
from fanfold.store.rows import JOB, OPEN, Row, job_of, lines, micros
from fanfold.store.transaction import Transaction

_BY_KEY = f"SELECT fingerprint, {JOB} FROM jobs WHERE owner = ? AND client_key = ?"

_CLAIM = f"""
    UPDATE jobs SET state = 'processing', attempt = attempt + 1, evidence = 0, sent_bytes = 0, foreign_id = NULL,
        reasons = '', message = '', changed_at = ?, since_s = ?
    WHERE seq = (
        SELECT seq FROM jobs INDEXED BY jobs_open
        WHERE {OPEN} AND printer = ? AND state = 'pending'
            AND (coalesce(on_late, ?) = 'print' OR ? - blocked_at_start_s < coalesce(nullif(start_within_s, 0), ?))
        ORDER BY seq LIMIT 1)
    RETURNING seq, {JOB}"""

_SETTLE = f"""
    UPDATE jobs SET state = ?1, reasons = ?2, message = ?3, changed_at = ?4,
        since_s = CASE WHEN state = ?1 THEN since_s ELSE ?5 END,
        evidence = max(coalesce(?6, evidence), CASE WHEN state = ?1 THEN evidence ELSE 0 END),
        sent_bytes = coalesce(?7, sent_bytes),
        foreign_id = coalesce(?8, foreign_id),
        reprints = coalesce(?9, reprints),
        blocked_at_start_s = coalesce(?10, blocked_at_start_s),
        start_within_s = coalesce(?11, start_within_s),
        on_late = coalesce(?12, on_late)
    WHERE id = ?13 AND state = ?14 AND attempt = ?15
    RETURNING seq, {JOB}"""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to add: what `Store.add` was asked. `data` is None when the document is a file in its place already."""

    job: Job
    data: bytes | None
    size_bytes: int
    sha256: str
    limits: Limits
    fingerprint: str


def add(tx: Transaction, new: NewJob) -> Added | Refused:
    """Keep a new job; or say which one its key names; or why it is refused. A key's job wins over all limits."""
    if (there := by_key(tx, new)) is not None:
        return there
    if (refused := _over_limits(tx, new)) is not None:
        return refused
    job = _as_accepted(new)
    tx.insert(job, new.data, new.fingerprint)
    return Added(job, fresh=True)


def by_key(tx: Transaction, new: NewJob) -> Added | Refused | None:
    """Return the answer that the key's job gives, if there is one.

    It spares the constraint on (owner, key) from having to decide, which then costs the whole group a second try.
    """
    if new.job.key is None:
        return None
    there = tx.named.get((new.job.owner, new.job.key)) or _kept(tx, new.job.owner, new.job.key)
    if there is None:
        return None
    job, fingerprint = there
    return Added(job, fresh=False) if fingerprint == new.fingerprint else refusals.key_reused(new.job)


def claim(tx: Transaction, printer: PrinterId, lateness: Lateness) -> Job | None:
    """Take the printer's first pending job that is not late."""
    values = (
        micros(tx.at),
        tx.ledger.age.now_s(),
        printer,
        lateness.on_late.value,
        lateness.blocked_s,
        lateness.max_wait_s,
    )
    return _changed(tx, tx.db.execute(_CLAIM, values).fetchone(), JobState.PENDING)


def settle(tx: Transaction, change: Change) -> Job | None:
    """Make the change, if its condition still holds."""
    values = (
        change.to_state.value,
        lines(change.reasons),
        change.message,
        micros(tx.at),
        tx.ledger.age.now_s(),
        None if change.evidence is None else change.evidence.value,
        change.sent_bytes,
        change.foreign,
        change.reprints,
        change.blocked_at_start_s,
        change.start_within_s,
        None if change.on_late is None else change.on_late.value,
        change.job,
        change.from_state.value,
        change.from_attempt,
    )
    return _changed(tx, tx.db.execute(_SETTLE, values).fetchone(), change.from_state)


def settle_and_claim(
    tx: Transaction, change: Change, printer: PrinterId, lateness: Lateness
) -> tuple[Job | None, Job | None]:
    """Both, in this order."""
    return settle(tx, change), claim(tx, printer, lateness)


def _kept(tx: Transaction, owner: str, key: str) -> tuple[Job, str] | None:
    row = tx.db.execute(_BY_KEY, (owner, key)).fetchone()
    return None if row is None else (job_of(row[1:]), row[0])


def _changed(tx: Transaction, row: Row | None, from_state: JobState) -> Job | None:
    if row is None:
        return None
    job = job_of(row[1:])
    tx.became(row[0], job, from_state)
    return job


def _over_limits(tx: Transaction, new: NewJob) -> Refused | None:
    tally, reserve, limits = tx.ledger.tally, tx.ledger.reserve, new.limits
    if not reserve.restore():
        return refusals.disk_full(reserve.says)
    if tally.pending[new.job.printer] >= limits.waiting_jobs:
        return refusals.too_many_waiting(new.job, limits)
    if tally.kept_bytes + new.size_bytes > limits.store_bytes:
        return refusals.too_many_bytes(new.size_bytes, tally.kept_bytes, limits)
    return None


def _as_accepted(new: NewJob) -> Job:
    """Return the job as it is kept: its document's size and sum are what the document says, and it waits."""
    job = new.job
    if job.state is JobState.PENDING and (job.size_bytes, job.sha256, job.document_kept) == (
        new.size_bytes,
        new.sha256,
        True,
    ):
        return job  # as it always is from the engine; a copy would cost as much as its row
    return replace(job, state=JobState.PENDING, size_bytes=new.size_bytes, sha256=new.sha256, document_kept=True)
