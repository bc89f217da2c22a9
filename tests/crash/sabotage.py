"""Gateways that break a promise on purpose, so that tests can prove that the checker notices. For the launcher only."""

# ruff: noqa: B010  # setattr says what is done here: another's method is replaced

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from fanfold.engine import flight, lane
from fanfold.model import Evidence, Job, JobState, OnLate
from fanfold.store.base import Added, Change, Limits
from fanfold.store.sqlite import SqliteStore
from fanfold.wire import Document, Receipt

COMMIT_LATE_S = 60.0


def prints_again_after_a_crash() -> None:
    """What was in flight goes back to the line, as if nothing of it had left."""
    honest = SqliteStore.unsettled

    async def unsettled(self: SqliteStore) -> Sequence[Job]:
        for job in await honest(self):
            await self.settle(Change(job.id, job.state, job.attempt, JobState.PENDING))
        return ()

    setattr(SqliteStore, "unsettled", unsettled)


def acknowledges_before_the_commit() -> None:
    """A job is acknowledged at once and written later."""
    honest = SqliteStore.add
    later: set[asyncio.Task[Added]] = set()

    async def write(self: SqliteStore, *what: Any) -> Added:
        await asyncio.sleep(COMMIT_LATE_S)
        return await honest(self, *what)

    async def add(self: SqliteStore, job: Job, document: Document, limits: Limits, fingerprint: str) -> Added:
        later.add(asyncio.create_task(write(self, job, document, limits, fingerprint)))
        return Added(job, fresh=True)

    setattr(SqliteStore, "add", add)


def completes_without_printing() -> None:
    """Jobs are called delivered and nothing is sent."""

    async def bring(self: lane.Lane, *_: Any) -> Receipt:
        return Receipt(Evidence.DELIVERED, "so it says")

    setattr(lane.Lane, "_bring", bring)


def prints_again_in_doubt() -> None:
    """What was interrupted goes back to the line, whatever the printer's rule is."""

    def in_doubt(job: Job, *_: Any, **__: Any) -> Change:
        return Change(job.id, job.state, job.attempt, JobState.PENDING, evidence=Evidence.NONE)

    setattr(flight, "in_doubt", in_doubt)


def forgets_keys() -> None:
    """A job that is sent again with the same key is another job."""
    honest = SqliteStore.add

    async def add(self: SqliteStore, job: Job, *more: Any) -> Added:
        return await honest(self, replace(job, key=None), *more)

    setattr(SqliteStore, "add", add)


def prints_what_it_called_off() -> None:
    """A job whose page is told that it is canceled waits on, and prints."""
    honest = SqliteStore.settle

    async def settle(self: SqliteStore, change: Change) -> Job | None:
        if change.to_state is not JobState.CANCELED:
            return await honest(self, change)
        job = await honest(self, replace(change, to_state=JobState.PENDING, on_late=OnLate.PRINT))
        return job and replace(job, state=JobState.CANCELED)

    setattr(SqliteStore, "settle", settle)


WAYS: dict[str, Callable[[], None]] = {
    way.__name__: way
    for way in (
        prints_again_after_a_crash,
        acknowledges_before_the_commit,
        completes_without_printing,
        prints_again_in_doubt,
        forgets_keys,
        prints_what_it_called_off,
    )
}
