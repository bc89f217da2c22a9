from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from fanfold.errors import CannotStart, StoreFailed
from fanfold.model import JobState
from fanfold.store import migrations
from fanfold.store.documents import DOCUMENTS, INCOMING
from fanfold.store.opening import DATABASE
from fanfold.store.owner import LOCK
from fanfold.store.sqlite import SqliteStore
from tests.contract.stores import (
    LARGE,
    TILL,
    added,
    bytes_of,
    claimed,
    finished,
    settled,
)


async def made(directory: Path) -> Path:
    """Make a store with something in it, and return its file."""
    store = await SqliteStore.open(directory)
    for _ in range(200):
        await added(store)
    await store.close()
    return directory / DATABASE


async def refused(directory: Path) -> str:
    with pytest.raises(CannotStart) as why:
        await SqliteStore.open(directory)
    return why.value.says


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file() and path.name != LOCK}


async def test_a_store_is_made_where_there_is_none(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "data"
    store = await SqliteStore.open(directory)
    assert store.incoming.is_dir()
    assert store.trouble == ""
    assert (store.age_s >= 0, store.last_event_id()) == (True, 0)
    await store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes; the user's folder is private there")
async def test_documents_are_for_nobody_else_to_read(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "data")
    await added(store, document=LARGE)
    for path in (tmp_path / "data", tmp_path / "data" / DOCUMENTS, tmp_path / "data" / INCOMING):
        assert path.stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "data").glob(f"{DATABASE}*"):
        assert path.stat().st_mode & 0o777 == 0o600
    await store.close()


async def test_all_is_there_after_a_restart(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    done = await finished(store)
    waiting = await added(store, document=LARGE)
    held = await added(store)
    held = await settled(store, held, JobState.HELD)
    last = store.last_event_id()
    events = list(await store.events(0))
    await store.close()

    store = await SqliteStore.open(tmp_path)
    assert [await store.job(job.id) for job in (done, waiting, held)] == [done, waiting, held]
    assert await bytes_of(await store.document(waiting.id)) == LARGE.data
    assert (store.waiting(TILL), store.held(TILL), store.last_event_id()) == (1, 1, last)
    assert list(await store.events(0)) == events
    assert (await claimed(store)).id == waiting.id
    assert store.last_event_id() == last + 1
    await store.close()


async def test_event_ids_are_not_given_again_after_a_sweep_and_a_restart(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    await finished(store)
    last = store.last_event_id()
    await store.sweep(0, 0)
    await store.close()
    store = await SqliteStore.open(tmp_path)
    assert store.last_event_id() == last
    await store.close()


async def test_kept_bytes_are_counted_anew_at_the_start(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    await finished(store)
    await added(store, document=LARGE)
    kept = store._ledger.tally.kept_bytes
    await store.close()
    store = await SqliteStore.open(tmp_path)
    assert store._ledger.tally.kept_bytes == kept > LARGE.size_bytes
    await store.close()


async def test_what_a_crash_left_behind_is_removed(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    job = await added(store, document=LARGE)
    (store.incoming / "half").write_bytes(b"half a body")
    orphan = tmp_path / DOCUMENTS / "019f0000-0000-7000-8000-000000000000"
    orphan.write_bytes(b"no row names it")
    await store.close()
    store = await SqliteStore.open(tmp_path)
    assert list(store.incoming.iterdir()) == []
    assert not orphan.exists()
    assert await bytes_of(await store.document(job.id)) == LARGE.data
    await store.close()


# --- one owner ---------------------------------------------------------------------------------------------------


async def test_a_second_gateway_is_refused_in_words(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    says = await refused(tmp_path)
    assert str(tmp_path) in says
    assert f"process {os.getpid()}" in says
    assert "--data" in says
    await added(store)
    await store.close()
    await (await SqliteStore.open(tmp_path)).close()


async def test_the_lock_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from fanfold.store.sqlite import SqliteStore\n"
        "async def main():\n"
        "    store = await SqliteStore.open(pathlib.Path(sys.argv[1]))\n"
        "    print('open', flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert other.stdout is not None
    assert await other.stdout.readline() == b"open\n"
    assert f"process {other.pid}" in await refused(tmp_path)
    other.kill()
    await other.wait()
    await (await SqliteStore.open(tmp_path)).close()


async def test_a_store_that_failed_to_open_lets_go_of_its_lock(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"no database at all".ljust(200))
    await refused(tmp_path)
    (tmp_path / DATABASE).unlink()
    await (await SqliteStore.open(tmp_path)).close()


# --- stores that cannot be used ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rubbish", [b"x", b"no database at all".ljust(5000), bytes(5000)])
async def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / DATABASE).write_bytes(rubbish)
    says = await refused(tmp_path)
    assert str(tmp_path / DATABASE) in says
    assert "damaged" in says
    assert contents(tmp_path) == {DATABASE: rubbish}


async def test_a_damaged_store_is_refused(tmp_path: Path) -> None:
    path = await made(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    says = await refused(tmp_path)
    assert str(path) in says
    assert "damaged" in says
    assert "backup" in says


async def test_a_store_cut_short_is_refused(tmp_path: Path) -> None:
    path = await made(tmp_path)
    with path.open("r+b") as file:
        file.truncate(8192)
    assert "damaged" in await refused(tmp_path)


async def test_a_store_of_a_newer_fanfold_is_left_alone(tmp_path: Path) -> None:
    path = await made(tmp_path)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = contents(tmp_path)
    says = await refused(tmp_path)
    assert str(path) in says
    assert "schema 99" in says
    assert f"up to {len(migrations.schemas())}" in says
    assert contents(tmp_path) == before


async def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA application_id = 7")
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    before = contents(tmp_path)
    assert "another program" in await refused(tmp_path)
    assert contents(tmp_path) == before


async def test_a_database_of_another_program_without_a_name_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    before = contents(tmp_path)
    assert "another program" in await refused(tmp_path)
    assert contents(tmp_path) == before


async def test_a_store_that_lost_all_its_bytes_is_refused_and_its_documents_stay(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    await added(store, document=LARGE)
    await store.close()
    (tmp_path / DATABASE).write_bytes(b"")
    assert "damaged" in await refused(tmp_path)
    assert len(list((tmp_path / DOCUMENTS).iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")
async def test_a_store_whose_file_is_taken_away_keeps_nothing_more_and_says_so(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "data")
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreFailed, match="not there any more"):
        await added(store)
    assert str(tmp_path / "data" / DATABASE) in store.trouble
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / DATABASE).write_bytes(b"another")
    with pytest.raises(StoreFailed, match="another file"):
        await added(store)
    (tmp_path / "data" / DATABASE).unlink()
    (tmp_path / "data").rmdir()
    (tmp_path / "elsewhere").rename(tmp_path / "data")
    await added(store)
    assert store.trouble == ""
    await store.close()


async def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("I am a file")
    says = await refused(tmp_path / "data")
    assert str(tmp_path / "data") in says
    assert "--data" in says


async def test_a_database_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE).mkdir()
    assert str(tmp_path / DATABASE) in await refused(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o500, 0o000], ids=["unwritable", "unreadable"])
async def test_a_directory_that_is_not_ours_to_write_is_refused(tmp_path: Path, mode: int) -> None:
    directory = tmp_path / "data"
    await made(directory)
    directory.chmod(mode)
    try:
        says = open_without_privileges(directory) if os.geteuid() == 0 else await refused(directory)
    finally:
        directory.chmod(0o700)
    assert str(directory) in says
    assert "permissions" in says or "may write the directory" in says


def open_without_privileges(directory: Path) -> str:
    """Open in a process to which modes say no even as root; return the words it ended with."""
    script = (
        "import asyncio, pathlib, sys\n"
        "from fanfold.errors import CannotStart\n"
        "from fanfold.store.sqlite import SqliteStore\n"
        "try:\n"
        "    asyncio.run(SqliteStore.open(pathlib.Path(sys.argv[1])))\n"
        "except CannotStart as error:\n"
        "    print(error.says)\n"
    )
    without = "-dac_override,-dac_read_search"
    ran = subprocess.run(
        ["setpriv", f"--bounding-set={without}", f"--inh-caps={without}", sys.executable, "-c", script, str(directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout, ran.stderr
    return ran.stdout
