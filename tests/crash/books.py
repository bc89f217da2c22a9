"""What the store says, read from its file by plain SQL, as a stranger would; nothing of Fanfold's code is used."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FINISHED = frozenset({"completed", "aborted", "canceled", "held"})


@dataclass(frozen=True, slots=True)
class Step:
    """One row of history."""

    id: int
    state: str
    attempt: int
    evidence: int
    reasons: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """One job and its history, oldest first."""

    id: str
    printer: str
    state: str
    sha256: str
    steps: tuple[Step, ...]

    @property
    def finished(self) -> bool:
        return self.state in FINISHED

    @property
    def reasons(self) -> frozenset[str]:
        """All that it ever had."""
        return frozenset(reason for step in self.steps for reason in step.reasons)

    @property
    def evidence(self) -> int:
        """How much is known of its paper at last; 2 is delivered, 3 printed."""
        return self.steps[-1].evidence if self.steps else 0

    @property
    def in_doubt(self) -> bool:
        return "delivery-uncertain" in self.reasons


@dataclass(frozen=True, slots=True)
class Books:
    """The whole store."""

    jobs: tuple[Kept, ...]

    def count(self, state: str) -> int:
        """Count the jobs in that state."""
        return sum(job.state == state for job in self.jobs)


def read_books(data: Path) -> Books:
    """Read the store in that data directory, also while a gateway runs on it."""
    with _reading(data / "fanfold.db") as db:
        steps: dict[int, list[Step]] = {}
        rows = db.execute(
            "SELECT job, id, state, attempt, evidence, reasons, message FROM events WHERE job NOT NULL ORDER BY rowid"
        )
        for job, number, state, attempt, evidence, reasons, message in rows:
            step = Step(number, state, attempt, evidence, tuple(reasons.split()), message)
            steps.setdefault(job, []).append(step)
        jobs = db.execute(
            "SELECT seq, jobs.id, coalesce(printers.name, printer), state, sha256 FROM jobs "
            "LEFT JOIN printers ON printers.id = printer ORDER BY seq"
        )
        return Books(
            tuple(
                Kept(job, printer, state, sha256, tuple(steps.get(seq, ())))
                for seq, job, printer, state, sha256 in jobs
            )
        )


def open_jobs(data: Path) -> int:
    """Count the jobs that are not finished; quicker by far than reading all books."""
    with _reading(data / "fanfold.db") as db:
        counts = db.execute("SELECT state, count(*) FROM jobs GROUP BY state")
        return sum(count for state, count in counts if state not in FINISHED)


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        db.execute("BEGIN")  # jobs and history of one moment
        yield db
    finally:
        db.close()
