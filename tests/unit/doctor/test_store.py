"""The store as the doctor sees it: of a real gateway's making, in order, damaged, in use, and not even touched."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from fanfold.config import Settings
from fanfold.doctor import disks
from fanfold.doctor import store as inside
from fanfold.doctor.finding import Finding, Severity
from fanfold.doctor.store import disk, held_by, store, sync_s
from fanfold.doctor.surroundings import Surroundings
from fanfold.store.opening import DATABASE, RESERVE
from fanfold.store.sqlite import SqliteStore
from tests.databases.make import FOLDER
from tests.unit.doctor.findings import bad, codes

LATEST = max(FOLDER.glob("schema_*.db"))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A data directory with a store of jobs in every state, whose one large document is in its place."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    shutil.copy(LATEST, folder / DATABASE)
    (folder / "documents").mkdir()
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        (job,) = db.execute("UPDATE jobs SET document = 2 WHERE seq = 1 RETURNING id").fetchone()
        db.commit()
    (folder / "documents" / job).write_bytes(b"^XA")
    return folder


def look(folder: Path, **more: object) -> list[Finding]:
    return list(store(Surroundings(Settings(data=folder), **more)))  # type: ignore[arg-type]


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_store_in_order_is_told_with_its_jobs_by_state(kept: Path) -> None:
    found = look(kept)
    assert bad(found) <= {"memory-disk", "room"}
    facts = codes(found)["store"].facts
    assert facts["jobs"]["completed"] >= 1
    assert facts["schema"] == int(LATEST.stem.removeprefix("schema_"))
    assert codes(found)["intact"].severity is Severity.OK
    assert "sync" in codes(found) or "slow-disk" in codes(found)


def test_the_room_is_told_also_where_there_is_no_data_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "not" / "yet"
    assert "room" in codes(look(missing))
    asked = []

    def usage(path: Path) -> object:
        asked.append(path)
        return SimpleNamespace(free=1024, total=10**9)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    found = codes(look(missing))
    assert found["disk-full"].severity is Severity.PROBLEM
    assert (asked, "sync" in found, list(tmp_path.iterdir())) == ([tmp_path], False, [])


def test_the_look_leaves_no_trace(kept: Path) -> None:
    before = snapshot(kept)
    look(kept)
    assert snapshot(kept) == before


def test_no_title_and_no_document_is_in_what_is_told(kept: Path) -> None:
    with closing(sqlite3.connect(kept / DATABASE)) as db:
        words = {str(one) for row in db.execute("SELECT title, client_key, sha256 FROM jobs") for one in row if one}
    assert words
    told = repr(look(kept))
    assert not [one for one in words if one in told]


async def test_a_store_that_a_gateway_has_open_is_read_beside_it(tmp_path: Path) -> None:
    opened = await SqliteStore.open(tmp_path)
    try:
        assert held_by(tmp_path) in (True, None)
        found = look(tmp_path)
    finally:
        await opened.close()
    assert bad(found) <= {"memory-disk", "room"}
    assert codes(found)["store"].facts["in_use"] in (True, None)
    assert held_by(tmp_path) in (False, None)


def test_a_gateway_that_comes_amid_the_look_makes_no_false_alarm(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = inside._opened

    def opened_then_written(path: Path) -> sqlite3.Connection:
        db = opened(path)
        path.with_name(f"{DATABASE}-wal").touch()
        data = path.read_bytes()
        path.write_bytes(data[:4096] + os.urandom(len(data) - 4096))
        return db

    monkeypatch.setattr(inside, "_opened", opened_then_written)
    found = codes(look(kept))
    assert "store-moved" in found
    assert "damaged" not in found


def test_a_store_that_a_killed_gateway_left_is_read_with_its_log(tmp_path: Path) -> None:
    folder, left = tmp_path / "data", tmp_path / "left"
    folder.mkdir()
    left.mkdir()
    shutil.copy(LATEST, folder / DATABASE)
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("UPDATE jobs SET state = 'aborted', document = 0")
        db.commit()
        for name in (DATABASE, f"{DATABASE}-wal"):
            shutil.copy(folder / name, left / name)
    assert set(codes(look(left))["store"].facts["jobs"]) == {"aborted"}


def test_a_damaged_store_is_a_problem(kept: Path) -> None:
    path = kept / DATABASE
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = os.urandom(64)
    path.write_bytes(data)
    found = codes(look(kept))
    assert found["damaged"].severity is Severity.PROBLEM
    assert "backup" in found["damaged"].mend


@pytest.mark.parametrize("text", [b"hello, this is no database", b"SQLite format 3\x00" + bytes(100)])
def test_what_is_no_store_of_ours_is_told_as_serve_would(kept: Path, text: bytes) -> None:
    (kept / DATABASE).write_bytes(text)
    assert bad(look(kept)) & {"store-refused", "damaged"}


def test_documents_that_are_gone_are_a_problem_and_those_of_no_job_a_note(kept: Path) -> None:
    for path in (kept / "documents").iterdir():
        path.unlink()
    assert codes(look(kept))["documents-lost"].facts["lost"] >= 1
    (kept / "documents" / "nobody").write_bytes(b"x")
    assert codes(look(kept))["leftovers"].facts["orphans"] == 1


def test_a_spent_reserve_is_a_warning(kept: Path) -> None:
    (kept / RESERVE).write_bytes(b"")
    assert "no-reserve" in bad(look(kept))


def test_a_directory_that_is_not_there_yet_is_a_note(tmp_path: Path) -> None:
    assert next(iter(look(tmp_path / "none"))).code == "no-data"


def test_an_empty_directory_has_no_store(tmp_path: Path) -> None:
    assert "no-store" in codes(look(tmp_path))


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    (tmp_path / "root/proc").mkdir(parents=True)
    return tmp_path / "root"


@pytest.mark.parametrize(
    ("kind", "code"), [("nfs4", "network-disk"), ("cifs", "network-disk"), ("tmpfs", "memory-disk"), ("ext4", None)]
)
def test_the_kind_of_disk_is_told(machine: Path, tmp_path: Path, kind: str, code: str | None) -> None:
    folder = tmp_path / "my data"
    folder.mkdir()
    where = str(folder).replace(" ", "\\040")
    (machine / "proc/mounts").write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/x {where} {kind} rw 0 0\n")
    found = codes(disk(folder, Surroundings(root=machine)))
    assert ({"network-disk", "memory-disk"} & set(found)) == ({code} if code else set())
    assert disks.kind_of(folder / "deeper", machine) == kind


def test_the_lock_is_looked_at_and_not_taken(machine: Path, tmp_path: Path) -> None:
    lock = tmp_path / "gateway.lock"
    lock.write_text("1\n")
    line = f"1: FLOCK  ADVISORY  WRITE 4711 fe:00:{lock.stat().st_ino} 0 EOF\n"
    (machine / "proc/locks").write_text(line)
    assert held_by(tmp_path, machine) is True
    (machine / "proc/locks").write_text(line.replace("FLOCK", "POSIX"))
    assert held_by(tmp_path, machine) is False
    (machine / "proc/locks").unlink()
    assert held_by(tmp_path, machine) is None


def test_the_disk_is_measured_and_nothing_stays(tmp_path: Path) -> None:
    assert sync_s(tmp_path) > 0
    assert not list(tmp_path.iterdir())


def test_a_directory_of_somebody_elses_is_not_written_to(kept: Path) -> None:
    assert not {"sync", "slow-disk"} & set(codes(look(kept, may_use=lambda path: False)))
