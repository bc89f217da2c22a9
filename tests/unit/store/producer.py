"""A program that adds and moves jobs as fast as it can, and says what was acknowledged, until it is killed.

    python -m tests.unit.store.producer DIRECTORY

A line `added ID` or `done ID` is printed after the store said so, never before.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from fanfold.model import Evidence, JobState
from fanfold.store.sqlite import SqliteStore
from tests.contract.stores import BAR, LABEL, LARGE, ON_TIME, TILL, added, change


def say(word: str, job: str) -> None:
    sys.stdout.write(f"{word} {job}\n")
    sys.stdout.flush()


async def produce(store: SqliteStore, number: int) -> None:
    """Add small jobs for one printer and, every other producer, a large one now and then for another."""
    for turn in range(sys.maxsize):
        large = number % 8 == 0 and turn % 10 == 9
        job = await added(store, BAR if large else TILL, LARGE if large else LABEL)
        say("added", job.id)


async def finish(store: SqliteStore) -> None:
    """Bring jobs to their end, one after the other."""
    job = None
    while True:
        if job is None:
            job = await store.claim(TILL, ON_TIME)
            await asyncio.sleep(0)
            continue
        done = change(job, JobState.COMPLETED, evidence=Evidence.DELIVERED)
        settled, job = await store.settle_and_claim(done, TILL, ON_TIME)
        if settled is not None:
            say("done", settled.id)


async def main(directory: Path) -> None:
    store = await SqliteStore.open(directory)
    await asyncio.gather(finish(store), *(produce(store, number) for number in range(32)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
