from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from functools import partial
from itertools import chain, combinations
from pathlib import Path

import pytest

from fanfold.messages import ListJobs
from fanfold.model import JobId, JobState
from fanfold.store import queries
from fanfold.store.readers import READERS
from fanfold.store.sqlite import SqliteStore
from tests.contract.stores import ON_TIME, TILL, finished

ANY = JobId("any")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path)
    yield store
    await store.close()


async def plans(store: SqliteStore, query: Callable[[sqlite3.Connection], object]) -> list[str]:
    """Return how SQLite would go about all statements of a query."""
    statements: list[str] = []

    def explained(db: sqlite3.Connection) -> list[str]:
        db.set_trace_callback(statements.append)
        query(db)
        db.set_trace_callback(None)
        return [row[3] for statement in statements for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]

    return await store._readers.ask(explained)


@pytest.mark.parametrize(
    "query",
    [
        partial(queries.job, job=ANY),
        partial(queries.job_by_key, owner="local", key="k"),
        partial(queries.timeline, job=ANY),
        partial(queries.document, job=ANY),
        partial(queries.events, after=5, limit=10),
        partial(queries.late, printer=TILL, lateness=ON_TIME),
        partial(queries.next_late_s, printer=TILL, lateness=ON_TIME),
        partial(queries.held_since, printer=TILL, age_s=5),
    ],
    ids=lambda query: query.func.__name__,
)
async def test_no_query_walks_through_the_history(
    store: SqliteStore, query: Callable[[sqlite3.Connection], object]
) -> None:
    steps = await plans(store, query)
    assert steps
    assert [step for step in steps if step.startswith(("SCAN", "USE TEMP B-TREE"))] == []


async def test_jobs_in_flight_are_looked_for_among_the_open_ones_only(store: SqliteStore) -> None:
    steps = await plans(store, queries.unsettled)
    assert all("jobs_open" in step for step in steps if "jobs" in step)


EVERY_CHOICE = list(chain.from_iterable(combinations(JobState, size) for size in range(len(JobState) + 1)))


@pytest.mark.parametrize("printer", [None, TILL])
async def test_every_choice_of_states_can_be_listed(store: SqliteStore, printer: str | None) -> None:
    job = await finished(store)
    for states in EVERY_CHOICE:
        page = await store.jobs(ListJobs(states, printer))
        assert (job in page.jobs) == (not states or JobState.COMPLETED in states)


@pytest.mark.parametrize("states", [(JobState.HELD,), (JobState.CANCELED,), (JobState.ABORTED, JobState.PENDING)])
@pytest.mark.parametrize("printer", [None, TILL])
async def test_rare_states_are_found_without_the_completed_ones(
    store: SqliteStore, states: tuple[JobState, ...], printer: str | None
) -> None:
    steps = await plans(store, partial(queries.jobs, query=ListJobs(states, printer)))
    looks = [step for step in steps if "jobs" in step]
    assert looks
    assert all("jobs_open" in step or "jobs_unprinted" in step for step in looks)


async def test_a_reader_cannot_write(store: SqliteStore) -> None:
    def write(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM jobs")

    with pytest.raises(Exception, match="readonly"):
        await store._readers.ask(write)


async def test_queries_leave_no_transaction_open(store: SqliteStore) -> None:
    await finished(store)
    for _ in range(READERS):
        await store._readers.ask(partial(queries.job, job=ANY))
    busy, _, _ = await store._readers.ask(lambda db: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())
    assert not busy
