from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from fanfold.errors import CannotStart
from fanfold.messages import ListJobs, PrinterChanged, PrinterConnected, PrinterDisconnected, PrinterScanned
from fanfold.model import Evidence, JobState, Traits
from fanfold.store import migrations
from fanfold.store.base import KeptPrinter, Limits, Postbox
from fanfold.store.opening import DATABASE
from fanfold.store.sqlite import SqliteStore
from tests.contract.stores import bytes_of
from tests.databases.make import ENDS, FOLDER, PRINTER, REJECTED, TILL, WEBHOOK, document_of, job_of, letter_of

KEPT = sorted(FOLDER.glob("schema_*.db"))
STATES = (*ENDS, JobState.PROCESSING, JobState.PENDING)


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def test_a_database_of_every_schema_is_kept() -> None:
    assert [path.name for path in KEPT] == [f"schema_{number}.db" for number in range(1, len(migrations.schemas()) + 1)]


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.stem)
async def test_a_kept_database_opens_with_all_that_it_had(kept: Path, tmp_path: Path) -> None:
    shutil.copy(kept, tmp_path / DATABASE)
    store = await SqliteStore.open(tmp_path)
    for number, state in enumerate(STATES, 1):
        given = job_of(number, state) if version(kept) >= 4 else replace(job_of(number, state), user="")
        job = await store.job(given.id)
        assert job is not None
        document = document_of(state)
        expected = replace(
            given,
            state=state,
            changed_at=job.changed_at,
            size_bytes=document.size_bytes,
            sha256=document.sha256,
            attempt=0 if state is JobState.PENDING else 1,
        )
        if state in ENDS:
            expected = replace(
                expected,
                reasons=(ENDS[state], "second"),
                message=f"It is {state}.",
                evidence=Evidence.SENT,
                sent_bytes=11,
                foreign='{"id": 4}',
                reprints=1,
            )
        assert job == expected
        assert await bytes_of(await store.document(job.id)) == document.data
        events = await store.timeline(job.id)
        assert {event.external_id for event in events} == {given.external_id}
        timeline = [event.state for event in events]
        assert timeline == list(
            dict.fromkeys([JobState.PENDING, *([] if not job.attempt else [JobState.PROCESSING]), state])
        )
        again = await store.add(replace(given, id=given.id), document, Limits(0, 0), f"fingerprint-{state}")
        assert (again.fresh, again.job) == (False, job)
    assert (store.waiting(TILL), store.held(TILL)) == (1, 1)
    since_2 = version(kept) >= 2
    printer = PRINTER if version(kept) >= 3 else replace(PRINTER, traits=Traits())
    printer = printer if since_2 else replace(printer, identity="")
    assert list(await store.printers()) == [KeptPrinter(printer, 12.5, 99.25)]
    assert list(await store.origins()) == ["https://shop.example"]
    assert [event.message for event in await store.events(0) if isinstance(event, PrinterChanged)] == ["It is away."]
    assert store.last_event_id() == len(await store.events(0))
    assert 1000 <= store.age_s <= 1000 + 24 * 3600 + 60
    await (check_dialling_in if since_2 else check_nothing_dialled_in)(store)
    await store.sweep(0, 0)
    assert len((await store.jobs(ListJobs())).jobs) == 3
    await store.close()
    assert version(tmp_path / DATABASE) == len(migrations.schemas())


async def check_dialling_in(store: SqliteStore) -> None:
    came, went, scanned = (await store.events(0))[-3:]
    assert came == PrinterConnected(came.id, came.at, TILL, "raw")
    assert went == PrinterDisconnected(went.id, went.at, TILL, "raw", "It was silent.")
    assert scanned == PrinterScanned(scanned.id, scanned.at, TILL, "4006381333931", "device.scanner")
    assert list(await store.rejected()) == [REJECTED]
    assert await store.postbox(WEBHOOK) == Postbox(store.last_event_id(), waiting=2, dead=1)
    assert list(await store.next_letters(WEBHOOK)) == [replace(letter_of(2), id=2)]
    assert list(await store.dead_letters(WEBHOOK)) == [replace(letter_of(1, "No."), id=1)]


async def check_nothing_dialled_in(store: SqliteStore) -> None:
    assert list(await store.rejected()) == list(await store.webhooks()) == []
    await store.record(TILL, "scanned", ("device.scanner",), "", "4006381333931")
    await store.reject(REJECTED)
    await store.post(WEBHOOK, store.last_event_id(), [letter_of(1)])
    assert list(await store.next_letters(WEBHOOK)) == [replace(letter_of(1), id=1)]


def use_schemas(monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    known = [*migrations.schemas(), *more]

    def schemas() -> Sequence[str]:
        return known

    monkeypatch.setattr(migrations, "schemas", schemas)
    return len(known)


async def test_an_older_store_is_brought_to_the_newest_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(KEPT[0], tmp_path / DATABASE)
    newest = use_schemas(
        monkeypatch, "CREATE TABLE a (x); INSERT INTO a VALUES (1);", "ALTER TABLE a ADD COLUMN y; -- a comment"
    )
    await (await SqliteStore.open(tmp_path)).close()
    assert version(tmp_path / DATABASE) == newest
    with closing(sqlite3.connect(tmp_path / DATABASE)) as db:
        assert db.execute("SELECT x, y FROM a").fetchall() == [(1, None)]


async def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(KEPT[-1], tmp_path / DATABASE)
    before = version(tmp_path / DATABASE)
    newest = use_schemas(monkeypatch, "CREATE TABLE a (x); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(CannotStart) as why:
        await SqliteStore.open(tmp_path)
    assert f"schema {newest}" in why.value.says
    assert str(tmp_path / DATABASE) in why.value.says
    assert version(tmp_path / DATABASE) == before
    with closing(sqlite3.connect(tmp_path / DATABASE)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'a'").fetchone() == (0,)
    monkeypatch.undo()
    await (await SqliteStore.open(tmp_path)).close()


def test_an_sqlite_that_is_too_old_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 34, 1))
    with pytest.raises(CannotStart, match=r"3\.37\.0"):
        migrations.check(tmp_path / DATABASE)
