"""Stores of every kind, and jobs to put in them. Knows no test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from fanfold import clock
from fanfold.messages import Event
from fanfold.model import Evidence, Job, JobId, JobState, OnLate, PrinterId, new_job_id
from fanfold.store.base import Change, Lateness, Letter, Limits, Outbox, Store
from fanfold.store.memory import MemoryStore
from fanfold.store.sqlite import SqliteStore
from fanfold.wire import Document

KINDS = ("memory", "sqlite")


class Whole(Store, Outbox, Protocol):
    """All that a store is."""


TILL = PrinterId("till")
BAR = PrinterId("bar")
LIMITS = Limits()
ON_TIME = Lateness(blocked_s=0, max_wait_s=3600, on_late=OnLate.HOLD)
LABEL = Document.of(b"^XA^FDhello^FS^XZ", "application/vnd.zebra-zpl")
LARGE = Document.of(bytes(range(256)) * 2000, "application/pdf")
"""Over what lies in the store's own file."""


async def open_store(kind: str, directory: Path) -> Whole:
    if kind == "sqlite":
        return await SqliteStore.open(directory / "data")
    incoming = directory / "incoming"
    incoming.mkdir()
    return MemoryStore(incoming)


def new_job(printer: PrinterId = TILL, **facts: Any) -> Job:
    at = datetime(2026, 5, 4, 12, 30, 15, 123456, UTC)
    basis = Job(new_job_id(), printer, JobState.PENDING, at, at, size_bytes=LABEL.size_bytes, sha256=LABEL.sha256)
    return replace(basis, **{"media_type": LABEL.media_type, "owner": "local"} | facts)


async def added(store: Store, printer: PrinterId = TILL, document: Document = LABEL, **facts: Any) -> Job:
    answer = await store.add(new_job(printer, **facts), document, LIMITS, "fingerprint")
    assert answer.fresh
    return answer.job


async def claimed(store: Store, printer: PrinterId = TILL) -> Job:
    job = await store.claim(printer, ON_TIME)
    assert job is not None
    return job


def change(job: Job, to_state: JobState, *reasons: str, **facts: Any) -> Change:
    return Change(job.id, job.state, job.attempt, to_state, reasons, **facts)


async def settled(store: Store, job: Job, to_state: JobState, *reasons: str, **facts: Any) -> Job:
    after = await store.settle(change(job, to_state, *reasons, **facts))
    assert after is not None
    return after


async def finished(store: Store, printer: PrinterId = TILL, **facts: Any) -> Job:
    await added(store, printer, **facts)
    return await settled(store, await claimed(store, printer), JobState.COMPLETED, evidence=Evidence.DELIVERED)


def letter(event: int, subject: str = "job:1", **facts: Any) -> Letter:
    at = datetime(2026, 5, 4, 12, 30, 15, 123456, UTC)
    basis = Letter(event, "job.changed", subject, "https://app.example/hook", b'{"n": %d}' % event, at, 10.5, 20.25)
    return replace(basis, **facts)


async def bytes_of(document: Document | None) -> bytes:
    assert document is not None
    return b"".join([chunk async for chunk in document.chunks()])


def ids(jobs: Any) -> list[JobId]:
    return [job.id for job in jobs]


class Ear:
    """Hears every commit's events."""

    def __init__(self, store: Store) -> None:
        self.commits: list[list[Event]] = []
        store.watch(lambda events: self.commits.append(list(events)))

    @property
    def events(self) -> list[Event]:
        return [event for commit in self.commits for event in commit]


class Hands:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.at_s = float(round(clock.uptime_s()))  # whole, so that sums of seconds are exact

    def uptime_s(self) -> float:
        return self.at_s

    def turn(self, by_s: float) -> None:
        self.at_s += by_s


async def stores(kind: str, directory: Path) -> AsyncIterator[Whole]:
    store = await open_store(kind, directory)
    yield store
    await store.close()
