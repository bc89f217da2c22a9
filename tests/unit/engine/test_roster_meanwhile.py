"""Printers that come, change and go while other things happen to them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fanfold.errors import Refused, StoreFailed
from fanfold.messages import (
    Accepted,
    AddPrinter,
    CancelJob,
    ChangePrinter,
    Done,
    PausePrinter,
    PrinterShown,
    Refusal,
    RemovePrinter,
    ShowPrinter,
    Submit,
)
from fanfold.model import JobState, Printer, PrinterId, Reason
from fanfold.store.memory import MemoryStore
from fanfold.wire import Document
from tests.unit.engine.test_engine import stuck
from tests.unit.engine.toy import Toy, house


class Interrupted(MemoryStore):
    """A store during whose writes something else happens."""

    meanwhile: Callable[[], Awaitable[Any]] | None = None
    fails = False

    async def add(self, *given: Any) -> Any:
        added = await super().add(*given)
        await self._let_it_happen()
        return added

    async def save_printer(self, printer: Printer) -> None:
        await asyncio.sleep(0)
        await super().save_printer(printer)
        await self._let_it_happen()

    async def drop_printer(self, printer: PrinterId) -> None:
        if self.fails:
            raise StoreFailed("the disk is full")
        await super().drop_printer(printer)

    async def _let_it_happen(self) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()


async def test_of_many_that_add_a_name_at_once_one_gets_it(tmp_path: Path) -> None:
    async with house(tmp_path, store=Interrupted(tmp_path)) as h:
        replies = await asyncio.gather(*(h.do(AddPrinter("till two", f"toy:{n}")) for n in range(20)))
        (added,) = [reply for reply in replies if isinstance(reply, PrinterShown)]
        assert {reply.code for reply in replies if isinstance(reply, Refusal)} == {"name-taken"}
        shown = await h.do(ShowPrinter("till two"))
        assert isinstance(shown, PrinterShown)
        assert shown.view.printer.uri == added.view.printer.uri


async def test_changes_that_come_at_once_all_stand(tmp_path: Path) -> None:
    async with house(tmp_path, store=Interrupted(tmp_path)) as h:
        await h.do(AddPrinter("door", "toy:3"))
        await asyncio.gather(h.do(PausePrinter("door")), h.do(ChangePrinter("door", aliases=("gate",))))
        shown = await h.do(ShowPrinter("gate"))
        assert isinstance(shown, PrinterShown)
        assert shown.view.printer.paused


async def test_a_printer_that_stops_itself_while_it_is_changed_stays_stopped(tmp_path: Path) -> None:
    store = Interrupted(tmp_path)
    async with house(tmp_path, store=store) as h:
        await h.do(AddPrinter("door", "toy:3"))
        lane = h.engine._roster.find("door")

        async def stop_itself() -> None:
            lane.printer = replace(lane.printer, paused=True, paused_because="two jobs were interrupted")

        store.meanwhile = stop_itself
        shown = await h.do(ChangePrinter("door", aliases=("gate",)))
        assert isinstance(shown, PrinterShown)
        assert (shown.view.printer.paused, shown.view.printer.aliases) == (True, ("gate",))


async def test_a_job_accepted_while_its_printer_is_removed_is_canceled_and_not_forgotten(tmp_path: Path) -> None:
    store = Interrupted(tmp_path)
    async with house(tmp_path, Toy(away="it is off"), store) as h:
        await h.do(AddPrinter("door", "toy:3"))
        lane = h.engine._roster.find("door")
        store.meanwhile = lambda: h.engine._roster.take_away(lane)
        reply = await h.do(Submit("door", Document.of(b"x")))
        assert isinstance(reply, Accepted)
        assert reply.job.state is JobState.CANCELED
        assert "removed" in reply.job.message


async def test_a_printer_that_could_not_be_forgotten_goes_on(tmp_path: Path) -> None:
    store = Interrupted(tmp_path)
    async with house(tmp_path, store=store) as h:
        await h.do(AddPrinter("door", "toy:3"))
        store.fails = True
        assert (await h.refused(RemovePrinter("door"))).code == "store-failed"
        job = await h.submit(printer="door")
        assert (await h.end(job)).state is JobState.COMPLETED


async def test_of_two_that_remove_a_printer_none_takes_away_its_successor(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.do(AddPrinter("door", "toy:3"))
        lane = h.engine._roster.find("door")
        assert isinstance(await h.do(RemovePrinter("door")), Done)
        await h.do(AddPrinter("door", "toy:4"))
        with pytest.raises(Refused, match="removed meanwhile"):
            await h.engine._roster.take_away(lane)
        assert isinstance(await h.do(ShowPrinter("door")), PrinterShown)


async def test_what_was_in_flight_is_a_doubt_also_when_its_printer_is_configured_no_more(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    async with house(tmp_path, store=store) as h:
        await h.do(PausePrinter("till"))
        job = await h.submit()
        lane = h.engine._roster.find("till")
        await store.claim(lane.printer.id, lane.patience.lateness)
    async with house(tmp_path, Toy(), store, without="till") as h:
        held = await h.end(job)
        assert (held.state, Reason.RESTARTED in held.reasons) == (JobState.HELD, True)
        assert isinstance(await h.do(ShowPrinter("till")), PrinterShown)


async def test_a_job_in_flight_whose_printer_is_not_there_can_be_canceled_in_doubt(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[stuck()])) as h:
        await h.do(AddPrinter("door", "toy:3"))
        job = await h.submit(printer="door")
        await h.until(job, JobState.PROCESSING)
        lane = h.engine._roster._lanes.pop(PrinterId("door"))
        await h.do(CancelJob(job.id))
        canceled = await h.end(job)
        assert (canceled.state, Reason.DELIVERY_UNCERTAIN in canceled.reasons) == (JobState.CANCELED, True)
        await lane.stop(0)
