"""How quick the store is: alone, under many producers, and with a long history. Prints a table; asserts nothing.

python bench/store.py [--history 1000000] [--seconds 3]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from fanfold import clock
from fanfold.messages import ListJobs
from fanfold.model import Evidence, Job, JobId, JobState, OnLate, PrinterId, new_job_id
from fanfold.store.base import Change, Lateness, Limits
from fanfold.store.opening import DATABASE
from fanfold.store.sqlite import SqliteStore
from fanfold.wire import Document

PRODUCERS = 64
PRINTERS = tuple(PrinterId(f"printer-{number}") for number in range(16))
LIMITS = Limits(waiting_jobs=1_000_000, store_bytes=1 << 40)
NEVER_LATE = Lateness(0, 43200, OnLate.HOLD)
DOCUMENT = Document.of(b"^XA^FO50,50^FDfanfold^FS^XZ".ljust(1024), "application/vnd.zebra-zpl")


def new_job(printer: PrinterId) -> Job:
    now = clock.now()
    return Job(
        new_job_id(),
        printer,
        JobState.PENDING,
        now,
        now,
        title="label",
        media_type=DOCUMENT.media_type,
        language="zpl",
        size_bytes=DOCUMENT.size_bytes,
        sha256=DOCUMENT.sha256,
        dialect="native",
        owner="local",
    )


def done(job: Job) -> Change:
    return Change(
        job.id,
        JobState.PROCESSING,
        job.attempt,
        JobState.COMPLETED,
        ("job-completed-successfully",),
        evidence=Evidence.DELIVERED,
        sent_bytes=job.size_bytes,
    )


async def add(store: SqliteStore, printer: PrinterId) -> Job:
    return (await store.add(new_job(printer), DOCUMENT, LIMITS, "f")).job


async def alone(verb: Callable[[], Awaitable[object]], seconds: float) -> str:
    took = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        await verb()
        took.append((time.perf_counter() - start) * 1000)
    p99 = statistics.quantiles(took, n=100)[98] if len(took) > 1 else took[0]
    return f"p50 {statistics.median(took):8.3f} ms   p99 {p99:8.3f} ms"


async def many(work: Callable[[int, float], Awaitable[int]], seconds: float) -> str:
    start = time.perf_counter()
    counts = await asyncio.gather(*(work(number, start + seconds) for number in range(PRODUCERS)))
    return f"{sum(counts) / (time.perf_counter() - start):10,.0f} /s"


async def adds(store: SqliteStore, seconds: float) -> str:
    async def produce(number: int, end: float) -> int:
        count = 0
        while time.perf_counter() < end:
            await add(store, PRINTERS[number % len(PRINTERS)])
            count += 1
        return count

    return await many(produce, seconds)


async def cycles(store: SqliteStore, seconds: float) -> str:
    """Producers wait for their job's end; a lane per printer settles one job and claims the next in one go."""
    ends: dict[JobId, asyncio.Event] = {}
    doors = {printer: asyncio.Event() for printer in PRINTERS}

    async def lane(printer: PrinterId) -> None:
        while True:
            await doors[printer].wait()
            doors[printer].clear()
            job = await store.claim(printer, NEVER_LATE)
            while job is not None:
                await store.document(job.id)
                settled, job = await store.settle_and_claim(done(job), printer, NEVER_LATE)
                assert settled is not None
                ends.pop(settled.id).set()

    async def produce(number: int, end: float) -> int:
        printer, count = PRINTERS[number % len(PRINTERS)], 0
        while time.perf_counter() < end:
            job, over = new_job(printer), asyncio.Event()
            ends[job.id] = over
            await store.add(job, DOCUMENT, LIMITS, "f")
            doors[printer].set()
            await over.wait()
            count += 1
        return count

    async with asyncio.TaskGroup() as lanes:
        tasks = [lanes.create_task(lane(printer)) for printer in PRINTERS]
        rate = await many(produce, seconds)
        for task in tasks:
            task.cancel()
    return rate


async def drain(store: SqliteStore) -> None:
    """Finish what the adds left, so that the next measure begins with no line."""

    async def empty(printer: PrinterId) -> None:
        job = await store.claim(printer, NEVER_LATE)
        while job is not None:
            _, job = await store.settle_and_claim(done(job), printer, NEVER_LATE)

    await asyncio.gather(*map(empty, PRINTERS))


def fill(path: Path, count: int) -> None:
    """Write so many finished jobs with three transitions each, past the store's own verbs."""
    db = sqlite3.connect(path)
    names = [row[1] for row in db.execute("PRAGMA table_info(jobs)")]
    now = time.time_ns() // 1000
    db.execute(
        "CREATE TEMP TABLE n AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT ?) "
        "SELECT x FROM c",
        (count,),
    )
    values = {
        "seq": "x", "id": "printf('019f0000-%04x-7%03x-8000-%012x', x / 65536, x % 4096, x)",
        "printer": f"'printer-' || (x % {len(PRINTERS)})", "state": "'completed'", "created_at": str(now),
        "changed_at": str(now), "reasons": "'job-completed-successfully'", "message": "''", "evidence": "2",
        "attempt": "1", "sent_bytes": "1024", "title": "'label'", "copies": "1",
        "media_type": "'application/vnd.zebra-zpl'", "language": "'zpl'", "size_bytes": "1024",
        "sha256": "hex(randomblob(32))", "document": "0", "dialect": "'native'", "owner": "'local'",
        "client_key": "NULL", "external_id": "NULL", "start_within_s": "NULL", "on_late": "NULL",
        "blocked_at_start_s": "0", "foreign_id": "NULL", "reprint_of": "NULL", "reprints": "0", "pulse_only": "0",
        "fingerprint": "hex(randomblob(32))", "since_s": "x / 1e6", "user": "''",
    }  # fmt: skip
    db.execute(f"INSERT INTO jobs ({', '.join(names)}) SELECT {', '.join(values[name] for name in names)} FROM n")
    for number, state in enumerate(("pending", "processing", "completed")):
        db.execute(
            "INSERT INTO events (id, at, job, state, reasons, message, evidence, attempt, sent_bytes) "
            f"SELECT 3 * x - 2 + {number}, {now}, x, '{state}', '', '', 2, 1, 1024 FROM n"
        )
    db.commit()
    db.close()


async def measure(directory: Path, seconds: float) -> None:
    start = time.perf_counter()
    store = await SqliteStore.open(directory)
    print(f"  open                         {(time.perf_counter() - start) * 1000:8.0f} ms")
    watched: list[int] = []
    store.watch(lambda events: watched.append(len(events)))
    first = (await store.jobs(ListJobs(limit=1))).jobs

    async def cycle() -> None:
        await add(store, PRINTERS[0])
        job = await store.claim(PRINTERS[0], NEVER_LATE)
        assert job is not None
        await store.settle(done(job))

    print("  add, alone                  ", await alone(lambda: add(store, PRINTERS[0]), seconds / 3))
    await drain(store)
    print("  add, claim, settle, alone   ", await alone(cycle, seconds / 3))
    print(f"  add, {PRODUCERS} producers           ", await adds(store, seconds))
    await drain(store)
    print(f"  full cycles, {PRODUCERS} producers   ", await cycles(store, seconds))
    if first:
        print("  job(), cold                 ", await alone(lambda: store.job(first[0].id), 0.3))
        print("  timeline()                  ", await alone(lambda: store.timeline(first[0].id), 0.3))
    print("  jobs(state=held)            ", await alone(lambda: store.jobs(ListJobs((JobState.HELD,))), 0.3))
    print("  jobs(), first page of 100   ", await alone(lambda: store.jobs(ListJobs()), 0.3))
    await store.close()


async def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--history", type=int, default=1_000_000)
    asked.add_argument("--seconds", type=float, default=3)
    asked.add_argument("--directory", type=Path, help="where to make the stores; default: the temporary directory")
    args = asked.parse_args()
    for history in dict.fromkeys((0, args.history)):
        with tempfile.TemporaryDirectory(dir=args.directory, prefix="fanfold-bench-") as place:
            directory = Path(place)
            print(f"{history:,} finished jobs in the store:")
            if history:
                await (await SqliteStore.open(directory)).close()
                fill(directory / DATABASE, history)
                os.sync()  # else the measure shares the disk with what was just written
            await measure(directory, args.seconds)


if __name__ == "__main__":
    asyncio.run(main())
