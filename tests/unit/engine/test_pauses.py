"""A pause lets jobs wait from that moment on, and the waiting counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fanfold.messages import PausePrinter, ResumePrinter, ShowPrinter
from fanfold.model import JobState, OnLate, Printer, Reason
from fanfold.transports.base import Link
from tests.unit.engine.toy import Toy, ToyLink, house


@dataclass
class SlowToReach(Toy):
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        self.tried.set()
        await self.reached.wait()
        async with super().open(printer) as link:
            yield link


async def test_behind_a_pause_that_came_while_a_job_was_sent_jobs_get_late(tmp_path: Path) -> None:
    over = asyncio.Event()

    async def sending(link: ToyLink, work: object, report: object) -> None:
        await over.wait()

    async with house(tmp_path, Toy(deeds=[sending])) as h:
        job = await h.submit()
        await h.until(job, JobState.PROCESSING)
        behind = await h.submit(start_within_s=0.2, on_late=OnLate.CANCEL)
        await h.do(PausePrinter("till"))
        over.set()
        assert (await h.end(job)).state is JobState.COMPLETED
        assert (await h.end(behind)).reasons == (Reason.TOO_LATE,)
        shown = await h.do(ShowPrinter("till"))
        assert shown.view.status.reasons == (Reason.PAUSED,)  # type: ignore[union-attr]


async def test_a_printer_that_is_paused_while_it_is_reached_prints_nothing(tmp_path: Path) -> None:
    toy = SlowToReach()
    async with house(tmp_path, toy) as h:
        job = await h.submit()
        await toy.tried.wait()
        await h.do(PausePrinter("till"))
        toy.reached.set()
        other = await h.submit(printer="bar")
        assert (await h.end(other)).state is JobState.COMPLETED
        assert [printed for printed, _ in toy.paper] == [other.id]
        await h.do(ResumePrinter("till"))
        assert (await h.end(job)).state is JobState.COMPLETED
