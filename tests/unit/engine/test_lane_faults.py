"""What goes wrong beside a delivery never leaves its job between two states."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fanfold.errors import Interrupted, NotReached, StoreFailed
from fanfold.messages import CancelJob, PausePrinter, Refusal, ResumePrinter
from fanfold.model import Evidence, Job, JobId, JobState, OnLate, Printer, PrinterId, Reason
from fanfold.store.base import Lateness
from fanfold.store.memory import MemoryStore
from fanfold.transports.base import Found, Link, Report
from fanfold.wire import Document, Receipt
from tests.unit.engine.test_engine import raising
from tests.unit.engine.toy import Toy, house


@dataclass
class ToySpooler(Toy):
    """One that can be asked what became of a job, but does not answer now."""

    async def find(self, printer: Printer, job: Job, report: Report) -> Found:
        raise NotReached("the spooler is away", reasons=(Reason.OFFLINE,))

    async def recall(self, printer: Printer, job: Job) -> None:
        return None


@dataclass
class StalledSpooler(ToySpooler):
    """It still has the job, and its printer is out of paper until it is `refilled`."""

    refilled: asyncio.Event = field(default_factory=asyncio.Event)

    async def find(self, printer: Printer, job: Job, report: Report) -> Found:
        report.stalled("media-empty-error", "out of paper")
        await self.refilled.wait()
        report.resumed()
        return Found(receipt=Receipt(Evidence.DELIVERED))


@dataclass
class FaultyAtTheSecondReach(Toy):
    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        if self.opens == 1:
            self.opens += 1
            raise LookupError("a driver's fault")
        async with super().open(printer) as link:
            yield link


class NoPauses(MemoryStore):
    """A store whose disk refuses to keep that a printer is paused."""

    async def save_printer(self, printer: Printer) -> None:
        if printer.paused:
            raise StoreFailed("the disk is full")
        await super().save_printer(printer)


async def test_a_job_that_its_spooler_may_have_is_not_canceled_by_asking_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.engine.flight.RECALL_WAIT_S", 0.05)
    store = MemoryStore(tmp_path)
    async with house(tmp_path, store=store) as h:
        await h.do(PausePrinter("till"))
        job = await h.submit()
        lane = h.engine._roster.find("till")
        await store.claim(lane.printer.id, lane.patience.lateness)  # killed before it knew the spooler's number
    async with house(tmp_path, ToySpooler(), store) as h:
        await asyncio.sleep(0)
        refusal = await h.do(CancelJob(job.id))
        assert isinstance(refusal, Refusal)
        held = await h.end(job)
        assert held.state is JobState.HELD
        assert Reason.DELIVERY_UNCERTAIN in held.reasons


async def test_jobs_behind_one_that_its_spooler_cannot_be_asked_about_get_late(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    async with house(tmp_path, store=store) as h:
        await h.do(PausePrinter("till"))
        await h.submit()
        lane = h.engine._roster.find("till")
        await store.claim(lane.printer.id, lane.patience.lateness)
        await h.do(ResumePrinter("till"))
    async with house(tmp_path, ToySpooler(), store) as h:
        behind = await h.submit(start_within_s=0.2, on_late=OnLate.CANCEL)
        assert (await h.end(behind)).reasons == (Reason.TOO_LATE,)


async def test_jobs_behind_one_of_an_earlier_run_get_late_while_its_printer_is_stalled(tmp_path: Path) -> None:
    store, spooler = MemoryStore(tmp_path), StalledSpooler()
    async with house(tmp_path, store=store) as h:
        await h.do(PausePrinter("till"))
        job = await h.submit()
        lane = h.engine._roster.find("till")
        await store.claim(lane.printer.id, lane.patience.lateness)
        await h.do(ResumePrinter("till"))
    async with house(tmp_path, spooler, store) as h:
        behind = await h.end(await h.submit(start_within_s=0.05, on_late=OnLate.CANCEL))
        assert behind.state is JobState.CANCELED
        spooler.refilled.set()
        assert (await h.end(job)).state is JobState.COMPLETED


async def test_a_fault_while_the_next_job_is_prepared_does_not_touch_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.engine.lane.STORE_RETRY_S", 0.05)
    async with house(tmp_path, FaultyAtTheSecondReach()) as h:
        await h.do(PausePrinter("till"))
        jobs = [await h.submit(), await h.submit()]
        await h.do(ResumePrinter("till"))
        assert [(await h.end(job)).state for job in jobs] == [JobState.COMPLETED] * 2
        assert len(h.toy.paper) == 2


async def test_a_pause_that_cannot_be_kept_leaves_no_job_in_processing(tmp_path: Path) -> None:
    toy = Toy(deeds=[raising(Interrupted("the cable"), 3), raising(Interrupted("the cable"), 3)])
    async with house(tmp_path, toy, NoPauses(tmp_path)) as h:
        jobs = [await h.submit(), await h.submit(), await h.submit()]
        assert [(await h.end(job)).state for job in jobs[:2]] == [JobState.HELD] * 2
        assert len(toy.paper) == 0, "it is paused nevertheless"


async def test_a_printer_that_is_there_but_takes_no_job_is_not_hammered_and_counts_as_blocked(tmp_path: Path) -> None:
    full = raising(NotReached("no space left", reasons=(Reason.OFFLINE,)))
    async with house(tmp_path, Toy(deeds=[full] * 1000)) as h:
        job = await h.submit(start_within_s=0.5, on_late=OnLate.CANCEL)
        done = await h.end(job)
        assert (done.state, done.reasons) == (JobState.CANCELED, (Reason.TOO_LATE,))
        assert 1 < done.attempt <= 3, "each try waits longer than the one before"
        h.toy.deeds.clear()
        assert (await h.end(await h.submit(b"next"))).state is JobState.COMPLETED


async def test_a_document_that_is_lost_ends_its_own_job_only(tmp_path: Path) -> None:
    class Losing(MemoryStore):
        async def document(self, job: JobId) -> Document | None:
            found = await super().document(job)
            return replace(found, data=None, path=tmp_path / "gone") if found and job == lost.id else found

    async with house(tmp_path, store=Losing(tmp_path)) as h:
        await h.do(PausePrinter("till"))
        lost, behind = await h.submit(), await h.submit(b"behind")
        await h.do(ResumePrinter("till"))
        ended = await h.end(lost)
        assert (ended.state, "no longer" in ended.message) == (JobState.ABORTED, True)
        assert (await h.end(behind)).state is JobState.COMPLETED


class FaultyOnce(MemoryStore):
    """A store with a fault that shows once in each of two looks."""

    def __init__(self, incoming: Path) -> None:
        super().__init__(incoming)
        self.faulty = {"late", "held_since"}

    def _fault(self, where: str) -> None:
        if where in self.faulty:
            self.faulty.discard(where)
            raise LookupError(where)

    async def late(self, printer: PrinterId, lateness: Lateness) -> Sequence[Job]:
        self._fault("late")
        return await super().late(printer, lateness)

    async def held_since(self, printer: PrinterId, age_s: float) -> Sequence[Job]:
        self._fault("held_since")
        return await super().held_since(printer, age_s)


async def test_a_fault_in_a_watch_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfold.engine.patience.STORE_RETRY_S", 0.05)
    store = FaultyOnce(tmp_path)
    async with house(tmp_path, Toy(away="off"), store, max_wait_s=0.1, hold_max_s=0.1) as h:
        job = await h.submit()
        await h.until(job, JobState.CANCELED, Reason.HELD_TOO_LONG)
        assert not store.faulty
