"""The bench writes jobs past the store's verbs, so it has to know every column that the store has."""

from __future__ import annotations

from pathlib import Path

from bench.store import fill
from fanfold.messages import ListJobs
from fanfold.model import JobState
from fanfold.store.opening import DATABASE
from fanfold.store.sqlite import SqliteStore


async def test_a_store_that_the_bench_filled_is_read_like_any_other(tmp_path: Path) -> None:
    await (await SqliteStore.open(tmp_path)).close()
    fill(tmp_path / DATABASE, 20)
    store = await SqliteStore.open(tmp_path)
    try:
        jobs = (await store.jobs(ListJobs(limit=50))).jobs
    finally:
        await store.close()
    assert [job.state for job in jobs] == [JobState.COMPLETED] * 20
