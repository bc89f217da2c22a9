"""The steps of the sweep, each within a transaction. Know no thread and no file."""

# ruff: noqa: S608  # only this house's own constants are put into statements; values are always bound

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fanfold.model import JobId, PrinterId
from fanfold.store.rows import DROPPED, FILE, FINISHED, INLINE
from fanfold.store.transaction import Transaction

STEP_ROWS = 250
"""Jobs in one step: their rows, history and indexes take about 10 ms here."""

STEP_BYTES = 4 * 1024**2
"""Bytes of documents in one step: SQLite frees a blob page by page."""

_NEVER = 2**63 - 1
"""Above any event's id."""

_DUE = f"""
    SELECT seq, id, printer, size_bytes, document, (SELECT max(id) FROM events WHERE job = seq)
    FROM jobs INDEXED BY jobs_finished
    WHERE {FINISHED} AND document = ? AND since_s <= ? ORDER BY since_s LIMIT {STEP_ROWS}"""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step dropped. `files` are jobs whose document is a file that no row names now."""

    count: int
    files: tuple[JobId, ...] = ()


class Drop(Protocol):
    """A step of the sweep: drops some of what ended at that age of the store or before."""

    def __call__(self, tx: Transaction, until_s: float) -> Step:
        """Return what was dropped; a count of 0: nothing is left."""


@dataclass(frozen=True, slots=True)
class _Due:
    seq: int
    id: JobId
    printer: PrinterId
    size_bytes: int
    place: int
    last_event: int


def drop_documents(tx: Transaction, until_s: float) -> Step:
    """Drop some documents of jobs that finished at that age of the store or before."""
    due = _due(tx, until_s, (INLINE, FILE))
    _forget_documents(tx, due)
    tx.db.executemany("UPDATE jobs SET document = 0 WHERE seq = ?", [(job.seq,) for job in due])
    return _dropped(tx, due)


def drop_jobs(tx: Transaction, until_s: float) -> Step:
    """Drop some jobs, all of them, that finished at that age of the store or before.

    The oldest go first; at one of whom a webhook has not heard all it stops, for what finished later has later news.
    """
    due = _due(tx, until_s, (DROPPED, INLINE, FILE), _heard(tx))
    _forget_documents(tx, due)
    seqs = [(job.seq,) for job in due]
    tx.db.executemany("DELETE FROM events WHERE job = ?", seqs)
    tx.db.executemany("DELETE FROM jobs WHERE seq = ?", seqs)
    return _dropped(tx, due)


def drop_printer_events(tx: Transaction, until_s: float) -> Step:
    """Drop some events of printers that were recorded at that age of the store or before."""
    some = f"SELECT id FROM events WHERE job IS NULL AND since_s <= ? AND id <= ? LIMIT {STEP_ROWS}"
    return Step(tx.db.execute(f"DELETE FROM events WHERE id IN ({some})", (until_s, _heard(tx))).rowcount)


def _heard(tx: Transaction) -> int:
    """Return the last event that every webhook has passed; without webhooks, one that never comes."""
    row = tx.db.execute("SELECT min(cursor) FROM webhooks WHERE name IS NOT NULL").fetchone()
    return _NEVER if row[0] is None else int(row[0])


def _due(tx: Transaction, until_s: float, places: Sequence[int], heard: int = _NEVER) -> Sequence[_Due]:
    due: list[_Due] = []
    room = STEP_BYTES
    for place in places:
        for row in tx.db.execute(_DUE, (place, until_s)).fetchall():
            job = _Due(*row)
            if job.last_event > heard:
                break
            room -= job.size_bytes if place == INLINE else 0
            if due and (room < 0 or len(due) == STEP_ROWS):
                return due
            due.append(job)
    return due


def _forget_documents(tx: Transaction, due: Sequence[_Due]) -> None:
    tx.db.executemany("DELETE FROM documents WHERE job = ?", [(job.seq,) for job in due if job.place == INLINE])
    tx.keep_bytes(-sum(job.size_bytes for job in due if job.place != DROPPED))


def _dropped(tx: Transaction, due: Sequence[_Due]) -> Step:
    tx.gone.extend(job.id for job in due)
    return Step(len(due), tuple(job.id for job in due if job.place == FILE))
