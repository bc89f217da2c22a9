"""Makes the database that is kept of the newest schema: jobs in every state, with all that a job may carry,
printers with what they told, and a webhook with letters.

    python -m tests.databases.make

Run it once per schema, when that schema is released; never again for an older one.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from fanfold.model import (
    Evidence,
    Job,
    JobId,
    JobState,
    OnDoubt,
    OnLate,
    Printer,
    PrinterId,
    PrinterOptions,
    Reason,
    Source,
    Traits,
)
from fanfold.store.base import Change, Lateness, Letter, Limits
from fanfold.store.migrations import schemas
from fanfold.store.opening import DATABASE
from fanfold.store.sqlite import SqliteStore
from fanfold.wire import Document

FOLDER = Path(__file__).parent

TILL = PrinterId("till")
NOW = Lateness(blocked_s=0, max_wait_s=3600, on_late=OnLate.HOLD)
AT = datetime(2026, 5, 4, 12, 30, 15, 123456, UTC)
PRINTER = Printer(
    TILL,
    "Receipts",
    "socket://192.0.2.7:9100",
    ("receipt",),
    Source.ADDED,
    PrinterOptions("escpos", ("raw",), "cp858", OnDoubt.REPRINT, OnLate.CANCEL, 1.5, 2.5, 3.5, 4.5),
    ("raw",),
    paused=True,
    paused_because="interrupted twice",
    info="TM-T20",
    identity="secret:7f3a",
    traits=Traits("Epson", "TM-T20", "J4X1", ("escpos",), 203, 72.0, "cp858", ("printer", "usb")),
)
WEBHOOK = "till"
REJECTED = "weblink:XXQLN123456789"

ENDS = {
    JobState.COMPLETED: Reason.COMPLETED_SUCCESSFULLY,
    JobState.ABORTED: Reason.ABORTED_BY_PRINTER,
    JobState.CANCELED: Reason.CANCELED_BY_USER,
    JobState.HELD: Reason.DELIVERY_UNCERTAIN,
}


def document_of(state: JobState) -> Document:
    """Return the document of the job that ends in this state."""
    return Document.of(f"^XA^FD{state}^FS^XZ".encode(), "application/vnd.zebra-zpl")


def job_of(number: int, state: JobState) -> Job:
    """Return the job, as it is added, that ends in this state."""
    return Job(
        JobId(f"019f0000-0000-7000-8000-{number:012x}"),
        TILL,
        JobState.PENDING,
        AT,
        AT,
        title=f"the {state} one",
        copies=number,
        media_type="application/vnd.zebra-zpl",
        language="zpl",
        dialect="native",
        owner="https://shop.example",
        key=f"key-{state}",
        external_id=f"order-{number}",
        start_within_s=120.5,
        on_late=OnLate.CANCEL,
        reprint_of=JobId("019f0000-0000-7000-8000-0000000000ff"),
        pulse_only=state is JobState.ABORTED,
        user="anna",
    )


def letter_of(event: int, error: str = "") -> Letter:
    """Return a letter of the job `job:1`, tried once where it has an error."""
    body = b'{"event": %d}' % event
    tried = AT if error else None
    return Letter(
        event, "job.changed", "job:1", "https://app.example/hook", body, AT, 10.5, 20.25, int(bool(error)), tried, error
    )


async def fill(store: SqliteStore) -> None:
    """Bring a job into every state, the pending one last."""
    for number, (state, reason) in enumerate(ENDS.items(), 1):
        await store.add(job_of(number, state), document_of(state), Limits(), f"fingerprint-{state}")
        job = await store.claim(TILL, NOW)
        assert job is not None
        change = Change(job.id, job.state, job.attempt, state, (reason, "second"), f"It is {state}.")
        change = replace(change, evidence=Evidence.SENT, sent_bytes=11, foreign='{"id": 4}', reprints=1)
        await store.settle(change)
    for number, state in enumerate((JobState.PROCESSING, JobState.PENDING), len(ENDS) + 1):
        await store.add(job_of(number, state), document_of(state), Limits(), f"fingerprint-{state}")
    await store.claim(TILL, NOW)
    await store.record(TILL, "stopped", ("offline-error",), "It is away.")
    await store.record(TILL, "connected", (), "", "raw")
    await store.record(TILL, "disconnected", (), "It was silent.", "raw")
    await store.record(TILL, "scanned", ("device.scanner",), "", "4006381333931")
    await store.save_printer(PRINTER)
    await store.save_blocked(TILL, 12.5, 99.25)
    await store.allow_origin("https://shop.example")
    await store.reject(REJECTED)
    await store.post(WEBHOOK, store.last_event_id(), [letter_of(1), letter_of(2), letter_of(3)])
    (dead,) = await store.next_letters(WEBHOOK)
    await store.put_off([replace(letter_of(1, "No."), id=dead.id)], dead=True)


async def main() -> None:
    """Write `schema_N.db` beside this file."""
    with tempfile.TemporaryDirectory() as place:
        store = await SqliteStore.open(Path(place))
        await fill(store)
        await store.close()
        with closing(sqlite3.connect(Path(place) / DATABASE)) as db:
            # Another boot's: it makes the age at the next opening the same on every machine, but for the waiting.
            db.execute("UPDATE life SET age_s = 1000, boot_id = 'the boot that made it', uptime_s = 1e12, wall_s = 4e9")
            db.commit()
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            db.execute("VACUUM")
        shutil.copy(Path(place) / DATABASE, FOLDER / f"schema_{len(schemas())}.db")


if __name__ == "__main__":
    asyncio.run(main())
