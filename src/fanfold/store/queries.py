"""What is read from the store, in SQL, on a connection that cannot write. Knows no thread and no file."""

# ruff: noqa: S608  # only this house's own constants are put into statements; values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from math import isinf

from fanfold.messages import Event, JobChanged, ListJobs
from fanfold.model import FINISHED as FINISHED_STATES
from fanfold.model import Job, JobId, JobState, PrinterId
from fanfold.store.base import JobsPage, KeptPrinter, Lateness
from fanfold.store.paging import before_of, size_of
from fanfold.store.rows import (
    DROPPED,
    EVENT,
    INLINE,
    JOB,
    OPEN,
    PRINTER,
    UNPRINTED,
    event_of,
    job_event_of,
    job_of,
    printer_of,
)
from fanfold.wire import Document

MOST = 1000
"""How many jobs `late` and `held_since` list at most."""

_OPEN = frozenset(JobState) - FINISHED_STATES
_UNPRINTED = FINISHED_STATES - {JobState.COMPLETED}

_WAITING = f"FROM jobs INDEXED BY jobs_open WHERE {OPEN} AND printer = :printer AND state = 'pending'"
_LEFT_S = "coalesce(nullif(start_within_s, 0), :max_wait_s) - (:blocked_s - blocked_at_start_s)"
_MAY_BE_LATE = "coalesce(on_late, :on_late) <> 'print'"


def job(db: sqlite3.Connection, job: JobId) -> Job | None:
    """Return one job."""
    row = db.execute(f"SELECT {JOB} FROM jobs WHERE id = ?", (job,)).fetchone()
    return None if row is None else job_of(row)


def job_by_key(db: sqlite3.Connection, owner: str, key: str) -> tuple[Job, str] | None:
    """Return the job that this key named, and its fingerprint."""
    row = db.execute(f"SELECT fingerprint, {JOB} FROM jobs WHERE owner = ? AND client_key = ?", (owner, key)).fetchone()
    return None if row is None else (job_of(row[1:]), row[0])


def jobs(db: sqlite3.Connection, query: ListJobs) -> JobsPage:
    """Return a page of jobs, newest first.

    States lie in three groups, each with the way that leads to its jobs without a walk through the long history;
    their pages are merged.
    """
    before, size = before_of(query.cursor), size_of(query.limit)
    found: list[tuple[int, Job]] = []
    for source, states in _sources(query):
        found += _newest(db, query, source, states, (before, size + 1))
    found.sort(key=lambda place: place[0], reverse=True)
    page = found[:size]
    return JobsPage(tuple(job for _, job in page), str(page[-1][0]) if len(found) > size else None)


def late(db: sqlite3.Connection, printer: PrinterId, lateness: Lateness) -> Sequence[Job]:
    """List pending jobs that are late, first come first."""
    sql = f"SELECT {JOB} {_WAITING} AND {_MAY_BE_LATE} AND {_LEFT_S} <= 0 ORDER BY seq LIMIT {MOST}"
    return [job_of(row) for row in db.execute(sql, _lateness(printer, lateness))]


def next_late_s(db: sqlite3.Connection, printer: PrinterId, lateness: Lateness) -> float | None:
    """Return in how many seconds of blocked time the next pending job gets late."""
    sql = f"SELECT min({_LEFT_S}) {_WAITING} AND {_MAY_BE_LATE}"
    (left_s,) = db.execute(sql, _lateness(printer, lateness)).fetchone()
    return None if left_s is None or isinf(left_s) else max(0.0, left_s)


def unsettled(db: sqlite3.Connection) -> Sequence[Job]:
    """List the jobs that are in processing, in their order."""
    sql = f"SELECT {JOB} FROM jobs INDEXED BY jobs_open WHERE {OPEN} AND state = 'processing' ORDER BY seq"
    return [job_of(row) for row in db.execute(sql)]


def held_since(db: sqlite3.Connection, printer: PrinterId, age_s: float) -> Sequence[Job]:
    """List jobs held since that age or earlier."""
    sql = (
        f"SELECT {JOB} FROM jobs INDEXED BY jobs_open WHERE {OPEN} AND printer = ? AND state = 'held' "
        f"AND since_s <= ? ORDER BY seq LIMIT {MOST}"
    )
    return [job_of(row) for row in db.execute(sql, (printer, age_s))]


def timeline(db: sqlite3.Connection, job: JobId) -> Sequence[JobChanged]:
    """Return all transitions of a job, oldest first."""
    sql = f"SELECT {EVENT} FROM jobs j JOIN events e ON e.job = j.seq WHERE j.id = ? ORDER BY e.id"
    return [job_event_of(row) for row in db.execute(sql, (job,))]


def document(db: sqlite3.Connection, job: JobId) -> tuple[Document, bool] | None:
    """Return the handle to a job's bytes, and whether they lie in a file (whose path the handle lacks here)."""
    sql = (
        "SELECT j.size_bytes, j.sha256, j.media_type, d.data, j.document "
        "FROM jobs j LEFT JOIN documents d ON d.job = j.seq WHERE j.id = ?"
    )
    row = db.execute(sql, (job,)).fetchone()
    if row is None or row[4] == DROPPED:
        return None
    return Document(*row[:4]), row[4] != INLINE


def events(db: sqlite3.Connection, after: int, limit: int) -> Sequence[Event]:
    """Return events whose ids are above `after`, in order."""
    sql = f"SELECT {EVENT} FROM events e LEFT JOIN jobs j ON j.seq = e.job WHERE e.id > ? ORDER BY e.id LIMIT ?"
    return [event_of(row) for row in db.execute(sql, (after, limit))]


def printers(db: sqlite3.Connection) -> Sequence[KeptPrinter]:
    """List all printers, in the order in which they came."""
    sql = f"SELECT {PRINTER}, blocked_s, blocked_since_s FROM printers ORDER BY place"
    return [printer_of(row) for row in db.execute(sql)]


def origins(db: sqlite3.Connection) -> Sequence[str]:
    """List the web origins that were allowed, the first allowed first."""
    return [origin for (origin,) in db.execute("SELECT origin FROM origins ORDER BY rowid")]


def rejected(db: sqlite3.Connection) -> Sequence[str]:
    """List the URIs of printers that were rejected, oldest first."""
    return [uri for (uri,) in db.execute("SELECT uri FROM rejected ORDER BY place")]


def _sources(query: ListJobs) -> list[tuple[str, frozenset[JobState]]]:
    """Return where to look: an index (or all jobs) with the condition that it stands for, and which states there."""
    everything = "INDEXED BY jobs_by_printer WHERE true" if query.printer is not None else "NOT INDEXED WHERE true"
    states = frozenset(query.states)
    if not states:
        return [(everything, frozenset())]
    groups = [
        (f"INDEXED BY jobs_open WHERE {OPEN}", states & _OPEN),
        (f"INDEXED BY jobs_unprinted WHERE {UNPRINTED}", states & _UNPRINTED),
        (everything, states & {JobState.COMPLETED}),
    ]
    return [(source, chosen) for source, chosen in groups if chosen]


def _newest(
    db: sqlite3.Connection, query: ListJobs, source: str, states: frozenset[JobState], window: tuple[int, int]
) -> list[tuple[int, Job]]:
    before, size = window
    sql = [f"SELECT seq, {JOB} FROM jobs {source} AND seq < ?"]
    values: list[object] = [before]
    if states:
        sql.append(f"AND state IN ({', '.join('?' * len(states))})")
        values += sorted(state.value for state in states)
    for condition, value in _conditions(query):
        if value is not None:
            sql.append(condition)
            values.append(value)
    sql.append("ORDER BY seq DESC LIMIT ?")
    return [(row[0], job_of(row[1:])) for row in db.execute(" ".join(sql), [*values, size])]


def _conditions(query: ListJobs) -> list[tuple[str, str | None]]:
    return [
        ("AND printer = ?", query.printer),
        ("AND owner = ?", query.owner),
        ("AND instr(char(10) || reasons || char(10), char(10) || ? || char(10)) > 0", query.reason),
    ]


def _lateness(printer: PrinterId, lateness: Lateness) -> dict[str, object]:
    return {
        "printer": printer,
        "blocked_s": lateness.blocked_s,
        "max_wait_s": lateness.max_wait_s,
        "on_late": lateness.on_late.value,
    }
