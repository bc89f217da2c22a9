"""The jobs on disk, looked at while a gateway may run: nothing of the store is written, and no job's words are read."""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote, unquote

from fanfold.doctor import disks
from fanfold.doctor.finding import Area, Finder, Finding
from fanfold.doctor.surroundings import Surroundings
from fanfold.errors import CannotStart
from fanfold.store import migrations
from fanfold.store.documents import DOCUMENTS, INCOMING
from fanfold.store.opening import DATABASE, RESERVE
from fanfold.store.owner import LOCK
from fanfold.store.reserve import RESERVE_BYTES
from fanfold.store.rows import FILE

CHECK_S = 5.0
"""So long SQLite may look through the file; a store of a gigabyte takes about as long."""
SLOW_SYNC_S = 0.02
SYNCS = 5
LOW_BYTES = 256 * 1024**2
STEPS = 10_000
"""Of SQLite's machine between two looks at the clock: some milliseconds."""

_find = Finder(Area.STORE)


def store(around: Surroundings) -> Iterator[Finding]:
    """Look at the data directory and what is in it."""
    folder = around.assumed.data
    facts = {"data": str(folder)}
    try:
        is_there = folder.is_dir()
        path = folder / DATABASE
        has_store = is_there and path.exists()
    except OSError as error:
        mend = "Run the doctor as the user who runs the gateway, or as an administrator."
        yield _find.warning("data-closed", f"{folder} cannot be looked into: {error.strerror}.", mend, **facts)
        return
    if not is_there:
        yield _find.note("no-data", f"There is no {folder} yet; the gateway makes it at its first start.", **facts)
        there = next((one for one in folder.absolute().parents if one.is_dir()), folder)
        yield from room(there, around)
        return
    yield from disk(folder, around)
    if has_store:
        yield from _database(path, held_by(folder, around.root))
    else:
        yield _find.note("no-store", f"There is no store in {folder} yet.", **facts)


def disk(folder: Path, around: Surroundings) -> Iterator[Finding]:
    """Look at the disk below: its kind, its room, its speed."""
    found = list(room(folder, around))
    yield from found
    if all(one.code != "disk-full" for one in found) and around.may_use(folder):
        yield _speed(folder)


def room(folder: Path, around: Surroundings) -> Iterator[Finding]:
    """Look at the disk below without writing to it: its kind, its room."""
    kind = disks.kind_of(folder, around.root)
    if kind in disks.NETWORK:
        says = f"{folder} is on a disk of the network ({kind}), whose locks and syncs cannot be relied on."
        mend = "Give the gateway a directory of this machine's own disk: --data, or `data` in fanfold.toml."
        yield _find.problem("network-disk", says, mend, kind=kind)
    elif kind in disks.MEMORY:
        says = f"{folder} is in memory ({kind}): all jobs are lost when the machine stops."
        yield _find.warning("memory-disk", says, "Give the gateway a directory of a disk: --data.", kind=kind)
    usage = shutil.disk_usage(folder)
    facts = {"free_bytes": usage.free, "total_bytes": usage.total, "kind": kind}
    says = f"The disk of {folder} has {usage.free // 1024**2:,} MiB free."
    if usage.free < 2 * RESERVE_BYTES:
        yield _find.problem("disk-full", says, "Free some room; until then new jobs are refused.", **facts)
    else:
        yield (_find.warning if usage.free < LOW_BYTES else _find.ok)("room", says, **facts)


def _speed(folder: Path) -> Finding:
    try:
        took_s = sync_s(folder)
    except OSError as error:
        return _find.problem(
            "not-written", f"Nothing can be written to {folder}: {error.strerror}.", "See to its disk."
        )
    facts = {"sync_ms": round(took_s * 1000, 2)}
    says = f"The disk takes {took_s * 1000:.1f} ms to sync what was written."
    if took_s > SLOW_SYNC_S:
        mend = (
            "Each accepted job waits so long: a disk without moving parts, or a controller with a battery, is faster."
        )
        return _find.note("slow-disk", says, mend, **facts)
    return _find.ok("sync", says, **facts)


def sync_s(folder: Path) -> float:
    """Return how long the disk takes to sync a page: the median of a few. Leaves nothing behind. Raises OSError."""
    path = folder / f".doctor-{os.getpid()}"
    took: list[float] = []
    try:
        with path.open("xb", buffering=0) as file:
            for _ in range(SYNCS):
                file.write(bytes(4096))
                begun = time.perf_counter()
                os.fsync(file.fileno())
                took.append(time.perf_counter() - begun)
    finally:
        path.unlink(missing_ok=True)
    return statistics.median(took)


def held_by(folder: Path, root: Path = Path("/")) -> bool | None:
    """Tell whether a gateway has the store, without touching its lock; None: the system does not tell."""
    if sys.platform != "linux":
        return None
    try:
        inode = (folder / LOCK).stat().st_ino
        lines = (root / "proc/locks").read_text("ascii", "replace").splitlines()
    except OSError:
        return False if not (folder / LOCK).exists() else None
    return any("FLOCK" in line and line.split()[-3].endswith(f":{inode}") for line in lines if len(line.split()) > 5)


def _database(path: Path, is_held: bool | None) -> Iterator[Finding]:
    facts = {"file": str(path), "size_bytes": path.stat().st_size, "in_use": is_held}
    try:
        migrations.check(path)
    except CannotStart as error:
        yield _find.problem("store-refused", error.says, **facts)
        return
    if facts["size_bytes"] == 0:
        yield _find.note("store-empty", f"{path} is empty: no gateway has finished its first start.", **facts)
        return
    is_still = not _log(path).exists()
    found = list(_looked_into(path, is_held, facts))
    if is_still and _log(path).exists():  # what was read may be half of the old and half of the new
        yield _find.note("store-moved", f"A gateway opened {path} just when it was looked at.", "Look again.", **facts)
    else:
        yield from found


def _looked_into(path: Path, is_held: bool | None, facts: dict[str, object]) -> Iterator[Finding]:
    try:
        with closing(_opened(path)) as db:
            yield from _inside(db, path, facts)
            yield from _files(db, path.parent, is_held)
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            yield _damaged(path, str(error), facts)
        else:
            mend = "Run the doctor as the user who runs the gateway, or as an administrator."
            yield _find.warning("store-closed", f"{path} cannot be read: {error}.", mend, **facts)


def _opened(path: Path) -> sqlite3.Connection:
    """Open it to read only.

    Where it has no log, nobody has it open. SQLite would then make one, which stays and, made by root, would keep
    the gateway out: so it is told that the file does not change.
    """
    how = "mode=ro" if _log(path).exists() else "mode=ro&immutable=1"
    db = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=1, isolation_level=None)
    db.execute("PRAGMA query_only = ON")
    return db


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _inside(db: sqlite3.Connection, path: Path, facts: dict[str, object]) -> Iterator[Finding]:
    (schema,) = db.execute("PRAGMA user_version").fetchone()
    states = dict(db.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
    (kept,) = db.execute("SELECT total(size_bytes) FROM jobs WHERE document > 0").fetchone()
    shown = ", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "none"
    told = {**facts, "schema": schema, "jobs": states, "documents_bytes": int(kept)}
    says = f"{path} has schema {schema}, {path.stat().st_size // 1024:,} KiB. Jobs: {shown}."
    if schema < len(migrations.schemas()):
        says += f" Its next gateway brings it to schema {len(migrations.schemas())}."
    yield _find.ok("store", says, **told)
    yield _checked(db, path, facts)


def _checked(db: sqlite3.Connection, path: Path, facts: dict[str, object]) -> Finding:
    deadline_s = time.monotonic() + CHECK_S
    db.set_progress_handler(lambda: int(time.monotonic() > deadline_s), STEPS)
    try:
        said = [str(row[0]) for row in db.execute("PRAGMA quick_check(5)")]
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_INTERRUPT:
            raise
        says = f"{path} is too large to be looked through in {CHECK_S:g} s; what was seen is in order."
        return _find.note("partly-checked", says, **facts)
    finally:
        db.set_progress_handler(None, 0)
    if said == ["ok"]:
        return _find.ok("intact", f"{path} is in order, says SQLite.", **facts)
    return _damaged(path, "; ".join(said), facts)


def _damaged(path: Path, why: str, facts: dict[str, object]) -> Finding:
    mend = f"Stop the gateway, keep a copy of {path.parent}, then put a backup in its place."
    return _find.problem("damaged", f"{path} is damaged: {why}.", mend, **facts)


def _files(db: sqlite3.Connection, folder: Path, is_held: bool | None) -> Iterator[Finding]:
    """Compare the documents beside the database with its rows; a running gateway is ever between two of them."""
    there = _names(folder / DOCUMENTS)
    named = {str(row[0]) for row in db.execute("SELECT id FROM jobs WHERE document = ?", (FILE,))}
    lost = sum(not (folder / DOCUMENTS / quote(one, safe="")).exists() for one in named - there)
    orphans, incoming = len(there - named), len(_names(folder / INCOMING))
    facts = {"files": len(there), "lost": lost, "orphans": orphans, "incoming": incoming}
    if lost and not is_held:
        mend = "Look for them in a backup; those jobs cannot be printed otherwise."
        yield _find.problem("documents-lost", f"The documents of {lost} jobs are gone from {folder}.", mend, **facts)
    if (orphans or incoming) and not is_held:
        says = f"{orphans + incoming} files in {folder} belong to no job; the gateway removes them at its next start."
        yield _find.note("leftovers", says, **facts)
    with suppress(OSError):
        if (folder / RESERVE).stat().st_size != RESERVE_BYTES:
            mend = "Free some room on it; the gateway takes jobs again by itself."
            yield _find.warning("no-reserve", f"The disk of {folder} was full, and jobs are refused.", mend)


def _names(folder: Path) -> set[str]:
    try:
        return {unquote(path.name) for path in folder.iterdir()}
    except OSError:
        return set()
