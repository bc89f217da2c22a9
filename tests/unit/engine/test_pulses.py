"""A job that only opens a cash drawer opens it now or never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from fanfold.errors import Declined, Interrupted
from fanfold.languages.escpos import EscPos
from fanfold.messages import PausePrinter, ReleaseJob, ResumePrinter
from fanfold.model import Evidence, JobState, OnDoubt, OnLate, Printer, Reason
from fanfold.store.memory import MemoryStore
from fanfold.transports.base import Link, Report
from fanfold.wire import Receipt, Work
from tests.unit.engine.test_engine import raising, stuck
from tests.unit.engine.toy import House, Toy, house

PULSE = b"\x1b@\x1bp\x00\x19\xfa"


@dataclass
class SpoolerLink:
    """Hands the bytes on at once, and then only asks what became of them."""

    toy: Spooler
    sent_bytes: int = 0

    async def deliver(self, work: Work, report: Report) -> Receipt:
        self.sent_bytes = work.document.size_bytes
        await report.sent("7")
        await self.toy.recalled.wait()
        raise Declined("canceled at the spooler")

    async def recall(self) -> None:
        self.toy.recalled.set()


@dataclass
class Spooler(Toy):
    """A spooler whose own printer is away: what it has prints when that comes back."""

    recalled: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        yield SpoolerLink(self)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfold.engine.upkeep.PULSE_WAIT_S", 0.2)
    monkeypatch.setattr("fanfold.engine.upkeep.SHORTEST_ROUND_S", 0.02)


def till(folder: Path, toy: Toy | None = None, **more: Any) -> AbstractAsyncContextManager[House]:
    return house(folder, toy, languages=(EscPos(),), **more)


async def test_a_pulse_opens_the_drawer(tmp_path: Path) -> None:
    async with till(tmp_path) as h:
        job = await h.submit(PULSE)
        assert job.pulse_only
        assert (await h.end(job)).state is JobState.COMPLETED


async def test_whatever_a_pulse_waits_for_it_does_not_wait_long(tmp_path: Path) -> None:
    async with till(tmp_path) as h:
        await h.do(PausePrinter("till"))
        done = await h.end(await h.submit(PULSE, start_within_s=3600.0, on_late=OnLate.PRINT))
        assert (done.state, done.reasons) == (JobState.CANCELED, (Reason.TOO_LATE,))
        await h.do(ResumePrinter("till"))
        await h.end(await h.submit(b"next"))
        assert [data for _, data in h.toy.paper] == [b"next"]


async def test_behind_a_long_job_a_pulse_does_not_wait_long_either(tmp_path: Path) -> None:
    async with till(tmp_path, Toy(deeds=[stuck()])) as h:
        await h.submit(b"long")
        assert (await h.end(await h.submit(PULSE))).state is JobState.CANCELED


async def test_a_pulse_that_its_printer_does_not_read_is_called_off(tmp_path: Path) -> None:
    async with till(tmp_path, Toy(deeds=[stuck(0)])) as h:
        done = await h.end(await h.submit(PULSE))
        assert (done.state, done.reasons) == (JobState.CANCELED, (Reason.TOO_LATE,))


async def test_a_pulse_that_lies_in_a_spooler_is_asked_back(tmp_path: Path) -> None:
    async with till(tmp_path, Spooler()) as h:
        done = await h.end(await h.submit(PULSE))
        assert (done.state, done.reasons) == (JobState.CANCELED, (Reason.TOO_LATE,))
        assert "spooler" in done.message


async def test_a_pulse_that_the_printer_has_is_left_to_its_end(tmp_path: Path) -> None:
    watched = asyncio.Event()

    async def slow_to_close(link: Any, work: Work, report: Report) -> Receipt:
        link.sent = work.document.size_bytes
        await report.sent()
        await watched.wait()
        return Receipt(Evidence.SENT)

    async with till(tmp_path, Toy(deeds=[slow_to_close])) as h:
        job = await h.submit(PULSE)
        await h.until(job, JobState.PROCESSING, Reason.SENT_ON)
        other = await h.submit(PULSE)
        assert (await h.end(other)).state is JobState.CANCELED, "the time of both is over"
        watched.set()
        assert (await h.end(job)).state is JobState.COMPLETED


async def test_no_rule_sends_a_pulse_again(tmp_path: Path) -> None:
    async with till(tmp_path, Toy(deeds=[raising(Interrupted("x"), 3)]), on_doubt=OnDoubt.REPRINT) as h:
        held = await h.end(await h.submit(PULSE))
        assert (held.state, held.attempt) == (JobState.HELD, 1)
        assert h.toy.paper == []


async def test_a_person_may_release_a_held_pulse(tmp_path: Path) -> None:
    async with till(tmp_path, Toy(deeds=[raising(Interrupted("x"), 3)])) as h:
        job = await h.end(await h.submit(PULSE))
        await h.do(ReleaseJob(job.id))
        assert (await h.end(job)).state is JobState.COMPLETED
        assert [data for _, data in h.toy.paper] == [PULSE]


async def test_a_pulse_of_an_earlier_run_is_not_sent(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    async with till(tmp_path, store=store) as h:
        await h.do(PausePrinter("till"))
        old = await h.submit(PULSE)
        await h.engine.stop()
        await store.save_printer(_running(h))
    async with till(tmp_path, store=store) as h:
        assert (await h.end(old)).state is JobState.CANCELED
        await h.end(await h.submit(b"next"))
        assert [data for _, data in h.toy.paper] == [b"next"]


def _running(h: House) -> Printer:
    return replace(h.engine._roster.find("till").printer, paused=False)
