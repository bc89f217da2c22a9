"""How a store is opened: checked, owned, brought to the newest schema, counted. Knows no verb and no thread."""

# ruff: noqa: S608  # only this house's own constants are put into statements

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from fanfold.errors import CannotStart
from fanfold.model import JobState, PrinterId
from fanfold.store import migrations
from fanfold.store.age import Age, Reading, carried_on, read_clocks
from fanfold.store.documents import DOCUMENTS, DocumentFiles
from fanfold.store.owner import own
from fanfold.store.place import Place
from fanfold.store.readers import Readers
from fanfold.store.reserve import Reserve, is_disk_fault
from fanfold.store.rows import DROPPED, FILE, FINISHED, INLINE, OPEN
from fanfold.store.tally import Tally
from fanfold.store.transaction import Ledger

DATABASE = "fanfold.db"
RESERVE = "reserve"

LOG_PAGES = 1000
"""Pages in the write-ahead log before it is folded back: 4 MiB, as much as the reserve."""

CACHE_KIB = 16 * 1024
"""Pages that the writer keeps: the leaves that a busy hour touches."""


@dataclass(frozen=True, slots=True)
class Opened:
    """All parts of an open store. Closing `parts` lets go of them, the lock last."""

    db: sqlite3.Connection
    readers: Readers
    files: DocumentFiles
    ledger: Ledger
    parts: ExitStack


def open_parts(directory: Path) -> Opened:
    """Open the store in this directory, which is made when it is missing. Blocks.

    Raises:
        CannotStart: the directory or the store in it cannot be used, or another gateway has it; says what to do.
    """
    path = directory / DATABASE
    _make(directory)
    migrations.check(path)
    _check_emptied(directory, path)
    with ExitStack() as parts:
        parts.enter_context(own(directory))
        try:
            return _open_anyhow(directory, path, parts)
        except (sqlite3.Error, OSError) as error:
            raise _cannot_start(path, error) from error


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(
            f"The data directory {directory} cannot be made: {error.strerror}. "
            "Check its path and who may write there, or choose another with --data."
        ) from error


def _check_emptied(directory: Path, path: Path) -> None:
    """A file without a byte is a new store's, but not beside what only a used one leaves there."""
    if path.exists() and path.stat().st_size == 0:
        documents = directory / DOCUMENTS
        if (directory / RESERVE).exists() or (documents.is_dir() and any(documents.iterdir())):
            raise migrations.damaged(path, "it is empty, but was in use")


def _open_anyhow(directory: Path, path: Path, lock: ExitStack) -> Opened:
    """Open it; on a full disk with the room that is kept for settles, which go on then as they would have."""
    reserve = Reserve(directory / RESERVE)
    try:
        return _open(directory, path, reserve, lock)
    except (sqlite3.Error, OSError, CannotStart) as error:
        if not is_disk_fault(error.__cause__ if isinstance(error, CannotStart) else error) or not reserve.free():
            raise
    return _open(directory, path, reserve, lock)


def _open(directory: Path, path: Path, reserve: Reserve, lock: ExitStack) -> Opened:
    with ExitStack() as parts:
        db = _connect(path)
        parts.callback(db.close)
        _set_up(db)
        migrations.migrate(db, path)
        ledger = Ledger(_count(db), Age(_age_s(db)), reserve, Place(path), _last_event_id(db), _last_seq(db))
        readers = Readers(path)
        parts.callback(readers.close)
        files = DocumentFiles(directory)
        files.make()
        files.drop_orphans(lambda name: _names_file(db, unquote(name)))
        ledger.reserve.restore()
        lock.push(parts.pop_all())
    return Opened(db, readers, files, ledger, lock.pop_all())


def _connect(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # documents are for nobody else to read
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def _set_up(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode = WAL").fetchall()
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA fullfsync = ON")  # macOS: its plain fsync leaves the data in the drive
    db.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}").fetchall()
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def _count(db: sqlite3.Connection) -> Tally:
    tally = Tally()
    waiting = f"SELECT printer, state, count(*) FROM jobs INDEXED BY jobs_open WHERE {OPEN} GROUP BY printer, state"
    for printer, state, count in db.execute(waiting):
        counts = {JobState.PENDING: tally.pending, JobState.HELD: tally.held}.get(JobState(state))
        if counts is not None:
            counts[PrinterId(printer)] = count
    for index, group in (("jobs_open", OPEN), ("jobs_finished", FINISHED)):
        kept = f"SELECT total(size_bytes) FROM jobs INDEXED BY {index} WHERE {group} AND document IN ({INLINE}, {FILE})"
        tally.kept_bytes += int(db.execute(kept).fetchone()[0])
    return tally


def _age_s(db: sqlite3.Connection) -> float:
    row = db.execute("SELECT age_s, boot_id, uptime_s, wall_s FROM life").fetchone()
    return 0.0 if row is None else carried_on(Reading(*row), read_clocks(0))


def _last_event_id(db: sqlite3.Connection) -> int:
    """Return the highest id ever given; its row may be gone."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return 0 if row is None else int(row[0])


def _last_seq(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM jobs").fetchone()[0])


def _names_file(db: sqlite3.Connection, job: str) -> bool:
    row = db.execute("SELECT document FROM jobs WHERE id = ?", (job,)).fetchone()
    return (DROPPED if row is None else row[0]) == FILE


def _cannot_start(path: Path, error: sqlite3.Error | OSError) -> CannotStart:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return migrations.damaged(path, str(error))
    return CannotStart(
        f"The store {path} cannot be opened: {error}. "
        "Check that its disk has room and is in order, and that this user may write the directory and all in it."
    )
