from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from fanfold.errors import StoreFailed
from fanfold.model import JobState
from fanfold.store import letters as reading
from fanfold.store import outbox, upkeep
from fanfold.store.base import Postbox
from fanfold.store.opening import DATABASE
from fanfold.store.sqlite import SqliteStore
from fanfold.store.transaction import Transaction
from fanfold.store.writer import Urgency
from tests.contract.stores import TILL, added, change, letter

HOOK = "till"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path)
    yield store
    await store.close()


def rows(directory: Path, table: str) -> int:
    with closing(sqlite3.connect(directory / DATABASE)) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


# --- what outlives what ------------------------------------------------------------------------------------------


async def test_cursors_and_letters_outlive_a_restart(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    await store.post(HOOK, 3, [letter(1), letter(2), letter(3, "job:2", next_s=5)])
    await store.post("scans", 9)
    (other, first) = await store.next_letters(HOOK)
    await store.put_off([replace(other, tries=4, error="No.")], dead=True)
    await store.close()
    store = await SqliteStore.open(tmp_path)
    assert (await store.postbox(HOOK), await store.postbox("scans")) == (Postbox(3, 2, 1), Postbox(9))
    assert list(await store.next_letters(HOOK)) == [first]
    assert list(await store.dead_letters(HOOK)) == [replace(other, tries=4, error="No.")]
    await store.taken(HOOK, [first.id])
    await store.post(HOOK, 4, [letter(4)])
    assert [one.id for one in await store.next_letters(HOOK)] == [first.id + 1]
    await store.close()


async def test_a_post_that_fails_moves_no_cursor_and_costs_no_other(store: SqliteStore, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / DATABASE)) as db:
        when = "BEFORE INSERT ON letters WHEN NEW.kind = 'cursed' BEGIN SELECT RAISE(ABORT, 'cursed'); END"
        db.execute(f"CREATE TRIGGER cursed {when}")
    job = await added(store)
    await store.post(HOOK, 1)
    failed, settled, _ = await asyncio.gather(
        store.post(HOOK, 5, [letter(2), letter(5, kind="cursed")]),
        store.settle(change(job, JobState.CANCELED)),
        store.post("scans", 5, [letter(5)]),
        return_exceptions=True,
    )
    assert isinstance(failed, StoreFailed)
    assert settled == await store.job(job.id)
    assert (await store.postbox(HOOK), await store.postbox("scans")) == (Postbox(1), Postbox(5, waiting=1))
    assert list(await store.next_letters(HOOK)) == []


async def test_a_failed_read_of_the_outbox_is_told_as_the_stores_failure(store: SqliteStore) -> None:
    await store._writer.ask(Urgency.STEP, lambda tx: tx.db.execute("DROP TABLE letters").fetchall())
    for asked in (store.next_letters(HOOK), store.waiting_subjects(HOOK), store.dead_letters(HOOK)):
        with pytest.raises(StoreFailed):
            await asked


async def test_letters_of_a_webhook_that_a_crash_left_half_dropped_go_with_the_sweep(
    store: SqliteStore, tmp_path: Path
) -> None:
    await store.post(HOOK, 600, [letter(number, f"job:{number}") for number in range(600)])
    await store._writer.ask(Urgency.SETTLE, partial(outbox.drop_webhook, webhook=HOOK))
    await store.post(HOOK, 700, [letter(700)])
    assert [one.event for one in await store.next_letters(HOOK)] == [700]
    assert (rows(tmp_path, "letters"), rows(tmp_path, "webhooks")) == (601, 2)
    await store.sweep(1e9, 1e9)
    assert (rows(tmp_path, "letters"), rows(tmp_path, "webhooks")) == (1, 1)


async def test_a_dropped_webhook_that_a_crash_left_holds_no_event_back(store: SqliteStore) -> None:
    await store.post(HOOK, 0)
    await store.record(TILL, "idle", (), "")
    await store._writer.ask(Urgency.SETTLE, partial(outbox.drop_webhook, webhook=HOOK))
    dropped = await store._writer.ask(Urgency.STEP, partial(upkeep.drop_printer_events, until_s=store.age_s))
    assert dropped.count == 1


# --- what it costs -----------------------------------------------------------------------------------------------


async def test_posts_settles_and_claims_share_a_commit(store: SqliteStore) -> None:
    jobs = [await added(store) for _ in range(30)]
    said: list[str] = []
    store._writer._db.set_trace_callback(said.append)
    await asyncio.gather(
        *(store.settle(change(job, JobState.CANCELED)) for job in jobs),
        *(store.post(HOOK, number, [letter(number)]) for number in range(30)),
    )
    store._writer._db.set_trace_callback(None)
    assert said.count("COMMIT") < 6
    assert (await store.postbox(HOOK)).waiting == 30


async def test_a_flood_of_long_letters_does_not_make_one_long_commit(store: SqliteStore) -> None:
    said: list[str] = []
    store._writer._db.set_trace_callback(said.append)
    await asyncio.gather(*(store.post(HOOK, n, [letter(n, body=bytes(1024**2))]) for n in range(12)))
    store._writer._db.set_trace_callback(None)
    assert said.count("COMMIT") >= 3


def walks(steps: Sequence[str]) -> list[str]:
    """Return the steps that go through a whole table or index, or sort; a webhook's own few rows may."""
    return [step for step in steps if step.startswith(("SCAN letters", "SCAN events", "SCAN jobs", "USE TEMP B-TREE"))]


def explained(db: sqlite3.Connection, run: Callable[[], object]) -> list[str]:
    said: list[str] = []
    db.set_trace_callback(said.append)
    run()
    db.set_trace_callback(None)
    statements = [one for one in said if one.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]
    return [row[3] for one in statements for row in db.execute(f"EXPLAIN QUERY PLAN {one}")]


@pytest.mark.parametrize(
    "query",
    [
        reading.postbox,
        partial(reading.next_letters, limit=10),
        reading.waiting_subjects,
        partial(reading.dead_letters, limit=10),
    ],
)
async def test_no_look_walks_through_the_letters(store: SqliteStore, query: Callable[..., object]) -> None:
    steps = await store._readers.ask(lambda db: explained(db, lambda: query(db, webhook=HOOK)))
    assert steps
    assert walks(steps) == []


@pytest.mark.parametrize(
    "verb",
    [
        partial(outbox.post, webhook=HOOK, cursor=9, letters=[letter(8), letter(9)]),
        partial(outbox.taken, webhook=HOOK, letters=[1, 2]),
        partial(outbox.put_off, letters=[letter(1, id=1)], dead=True),
        partial(outbox.revive_some, webhook=HOOK, next_s=5),
        partial(outbox.drop_webhook, webhook=HOOK),
        outbox.drop_forgotten,
        partial(outbox.drop_dead, until_s=5),
        partial(upkeep.drop_jobs, until_s=5),
        partial(upkeep.drop_printer_events, until_s=5),
    ],
)
async def test_no_change_walks_through_the_letters(store: SqliteStore, verb: Callable[[Transaction], object]) -> None:
    await store.post(HOOK, 3, [letter(1), letter(2), letter(3, "job:2")])
    steps = await store._writer.ask(Urgency.STEP, lambda tx: explained(tx.db, lambda: verb(tx)))
    assert steps
    assert walks(steps) == []
