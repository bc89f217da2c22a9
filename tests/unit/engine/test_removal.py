"""What becomes of a printer's jobs when it is removed."""

from __future__ import annotations

from pathlib import Path

from fanfold.errors import Interrupted
from fanfold.messages import AddPrinter, Done, ListPrinters, PausePrinter, Printers, RemovePrinter
from fanfold.model import JobState, Reason
from tests.unit.engine.test_engine import raising, stuck
from tests.unit.engine.toy import Toy, house


async def test_a_removed_printer_leaves_no_job_that_nobody_could_end(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[raising(Interrupted("x"), 3), stuck(4)])) as h:
        await h.do(AddPrinter("extra", "toy:3"))
        held = await h.end(await h.submit(printer="extra"))
        sending = await h.submit(printer="extra")
        await h.until(sending, JobState.PROCESSING, Reason.STALLED)
        waiting = await h.submit(printer="extra")
        assert await h.do(RemovePrinter("extra")) == Done(("printer extra removed, 3 of its jobs canceled",))
        ended = [await h.store.job(job.id) for job in (held, sending, waiting)]
        assert {job.state for job in ended if job} == {JobState.CANCELED}
        assert ended[0] is not None
        assert Reason.DELIVERY_UNCERTAIN in ended[0].reasons, "the doubt stays on record"
        assert ended[1] is not None
        assert ended[1].sent_bytes == 4
        printers = await h.do(ListPrinters())
        assert isinstance(printers, Printers)
        assert "extra" not in {view.printer.name for view in printers.printers}


async def test_a_removed_printers_name_is_free_again(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.do(AddPrinter("extra", "toy:3"))
        await h.do(PausePrinter("extra"))
        await h.do(RemovePrinter("extra"))
        assert (await h.refused(RemovePrinter("extra"))).code == "unknown-printer"
        await h.do(AddPrinter("extra", "toy:4"))
        assert (await h.end(await h.submit(printer="extra"))).state is JobState.COMPLETED
