"""One transaction and what becomes known when it is committed. Knows no verb and no thread."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime

from fanfold import clock
from fanfold.messages import Event
from fanfold.model import Job, JobId, JobState
from fanfold.store import inserts
from fanfold.store.age import Age, Reading
from fanfold.store.history import News, told, transition
from fanfold.store.place import Place
from fanfold.store.reserve import Reserve
from fanfold.store.rows import FILE, INLINE, Row, event_row, job_row, news_row
from fanfold.store.tally import Move, Tally


@dataclass(slots=True)
class Ledger:
    """What the writer knows by heart, and every transaction reads and moves on."""

    tally: Tally
    age: Age
    reserve: Reserve
    place: Place
    last_event_id: int
    last_seq: int


@dataclass(slots=True)
class Transaction:
    """What verbs are given to work with, and what they leave to be told. Begun and ended by the writer."""

    db: sqlite3.Connection
    ledger: Ledger
    at: datetime = field(default_factory=clock.now)
    events: list[Event] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    """Jobs as they became, in order."""
    gone: list[JobId] = field(default_factory=list)
    """Jobs that lost their row or their document."""
    moves: list[Move] = field(default_factory=list)
    new_bytes: int = 0
    named: dict[tuple[str, str], tuple[Job, str]] = field(default_factory=dict)
    """Jobs added in this transaction by owner and key, with their fingerprints."""
    _job_rows: list[Row] = field(default_factory=list)
    _document_rows: list[Row] = field(default_factory=list)
    _event_rows: list[Row] = field(default_factory=list)
    _reading: Reading | None = None

    def insert(self, job: Job, document: bytes | None, fingerprint: str) -> None:
        """Take note of a new job; `document` is None where it is a file. Its rows are written at the end."""
        seq = self.ledger.last_seq + len(self._job_rows) + 1
        place = FILE if document is None else INLINE
        self._job_rows.append((seq, *job_row(job, place), fingerprint, self.ledger.age.now_s()))
        if document is not None:
            self._document_rows.append((seq, document))
        if job.key is not None:
            self.named[job.owner, job.key] = job, fingerprint
        self.keep_bytes(job.size_bytes)
        self.became(seq, job, None)

    def became(self, seq: int, job: Job, from_state: JobState | None) -> None:
        """Take note of a job's transition; its row of history is written with the others, at the end."""
        event = transition(self._next_id(), job)
        self.events.append(event)
        self._event_rows.append(event_row(event, seq))
        self.jobs.append(job)
        self.move((job.printer, from_state, job.state))

    def recorded(self, news: News) -> None:
        """Write an event on a printer."""
        event = told(self._next_id(), self.at, news)
        inserts.NEWS.run(self.db, [news_row(event, news, self.ledger.age.now_s())])
        self.events.append(event)

    def move(self, move: Move) -> None:
        """Count a job's way."""
        self.ledger.tally.move(*move)
        self.moves.append(move)

    def keep_bytes(self, size_bytes: int) -> None:
        """Count bytes of documents that are kept from now on, or no longer (below 0)."""
        self.ledger.tally.kept_bytes += size_bytes
        self.new_bytes += size_bytes

    def finish(self) -> None:
        """Write all rows noted so far and, when it is time, the store's age."""
        inserts.JOBS.run(self.db, self._job_rows)
        inserts.DOCUMENTS.run(self.db, self._document_rows)
        inserts.EVENTS.run(self.db, self._event_rows)
        if self.ledger.age.due():
            self.save_age()

    def save_age(self) -> None:
        """Write the store's age."""
        self._reading = reading = self.ledger.age.reading()
        self.db.execute(
            "INSERT OR REPLACE INTO life (only, age_s, boot_id, uptime_s, wall_s) VALUES (1, ?, ?, ?, ?)",
            (reading.age_s, reading.boot_id, reading.uptime_s, reading.wall_s),
        )

    def undo(self) -> None:
        """Count back what was counted."""
        self.ledger.tally.undo(self.moves)
        self.ledger.tally.kept_bytes -= self.new_bytes

    def stands(self) -> None:
        """Take note that the transaction is committed: what it numbered is given, its age is saved."""
        self.ledger.last_seq += len(self._job_rows)
        self.ledger.last_event_id += len(self.events)
        if self._reading is not None:
            self.ledger.age.saved(self._reading)

    def _next_id(self) -> int:
        return self.ledger.last_event_id + len(self.events) + 1
