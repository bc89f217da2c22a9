"""A job that Windows has: followed to its end, and found again after a crash."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import Declined, Interrupted, NotReached
from fanfold.model import Evidence, Reason
from fanfold.transports.base import Found
from fanfold.transports.winspool import desk as desks
from fanfold.transports.winspool.mark import Mark
from fanfold.transports.winspool.spooler import JobFacts
from fanfold.transports.winspool.transport import WinspoolTransport
from tests.peers.deliveries import ZPL, Under, deliver, job_of, printer_at, under_way, work_of
from tests.peers.ledger import Ledger
from tests.peers.processes import until
from tests.peers.winspool import (
    DELETING,
    KEEPS_PRINTED,
    NO_SERVER,
    PAUSED,
    PRINTED,
    PRINTING,
    SPOOLING,
    WORKS_OFFLINE,
    FakeJob,
    FakeQueue,
    FakeSpooler,
)

URI = "winspool:Zebra"
ERROR, OFFLINE, PAPEROUT, COMPLETE = 0x2, 0x20, 0x40, 0x1000


@dataclass
class Stage:
    queue: FakeQueue
    spooler: FakeSpooler
    transport: WinspoolTransport

    async def looked(self) -> None:
        """Wait until the jobs were looked at once more, twice to be sure that the look began after now."""
        seen = self.spooler.calls.count("EnumJobs") + 2

        async def often_enough() -> bool:
            return self.spooler.calls.count("EnumJobs") >= seen

        await until(often_enough, "the next look")


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(desks, "LOOK_S", 0.5)
    monkeypatch.setattr(desks, "LAST_S", 0.05)
    queue = FakeQueue("Zebra", prints=False)
    spooler = FakeSpooler(queue)
    transport = WinspoolTransport(spooler)
    yield Stage(queue, spooler, transport)
    await transport.close()


@asynccontextmanager
async def waiting(stage: Stage) -> AsyncIterator[Under]:
    """A job that is in the queue, and seen there."""
    async with under_way(stage.transport, URI) as under:
        await under.ledger.is_sent.wait()
        await stage.looked()
        yield under


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (ERROR | PRINTING, "other-error"), (OFFLINE, "offline-error"), (PAPEROUT, "media-empty-error"),
        (0x200, "other-error"), (0x400, "other-error"), (PAUSED, "job-held-in-device"),
    ],
)  # fmt: skip
async def test_a_job_that_is_stuck_is_a_stall_with_its_words_and_goes_on(
    stage: Stage, status: int, reason: str
) -> None:
    async with waiting(stage) as under:
        stage.spooler.mark(stage.queue, status, "Bitte Papier einlegen")
        assert "job 1 in the Windows queue Zebra" in await under.ledger.stall(reason)
        stage.spooler.mark(stage.queue, PRINTING)
        await stage.looked()
        assert under.ledger.stalls[-1] == ("", "")
        stage.spooler.change(stage.queue, prints=True)
        assert (await under.task).evidence is Evidence.DELIVERED


async def test_what_its_queue_and_the_jobs_before_it_suffer_is_a_stall_too(stage: Stage) -> None:
    stage.spooler.put(stage.queue, "Invoice")
    async with waiting(stage) as under:
        stage.spooler.mark(stage.queue, PAPEROUT)
        assert "'Invoice', is stuck before it" in await under.ledger.stall("media-empty-error")
        stage.spooler.mark(stage.queue, 0)
        stage.spooler.change(stage.queue, attributes=WORKS_OFFLINE)
        assert "offline" in await under.ledger.stall(Reason.OFFLINE)


@pytest.mark.parametrize("bits", [PRINTED, COMPLETE, PRINTED | PRINTING])
async def test_a_queue_that_keeps_printed_jobs_says_by_a_bit_that_one_is_done(stage: Stage, bits: int) -> None:
    stage.queue.attributes = KEEPS_PRINTED
    async with waiting(stage) as under:
        stage.queue.jobs[0].status = bits
        assert (await under.task).evidence is Evidence.DELIVERED
        assert len(stage.queue.jobs) == 1, "and it is left there"


async def test_where_windows_does_not_tell_of_jobs_it_is_sent_and_no_more(stage: Stage) -> None:
    stage.queue.is_blind = True
    receipt = await deliver(stage.transport, URI, work_of(ZPL))
    assert receipt.evidence is Evidence.SENT
    assert "does not tell" in receipt.message


async def test_a_list_that_never_showed_the_job_proves_nothing_when_it_does_not_show_it(stage: Stage) -> None:
    stage.spooler.jobs = lambda handle: []  # type: ignore[method-assign]
    assert (await deliver(stage.transport, URI, work_of(ZPL))).evidence is Evidence.SENT


async def test_a_list_that_fails_later_leaves_it_at_sent(stage: Stage) -> None:
    async with waiting(stage) as under:
        stage.queue.is_blind = True
        assert (await under.task).evidence is Evidence.SENT


async def test_a_job_that_somebody_deletes_before_it_printed_is_declined(stage: Stage) -> None:
    async with waiting(stage) as under:
        stage.queue.jobs[0].status |= DELETING
        with pytest.raises(Declined, match="before it went to the printer") as deleted:
            await under.task
    assert deleted.value.reasons == (Reason.CANCELED_BY_USER,)


async def test_a_job_that_somebody_deletes_while_it_prints_is_a_doubt(stage: Stage) -> None:
    for bits, pages in ((PRINTING, 0), (0, 1)):
        async with waiting(stage) as under:
            stage.queue.jobs[0].status, stage.queue.jobs[0].pages = bits | DELETING, pages
            with pytest.raises(Interrupted, match="while it was being printed"):
                await under.task
        stage.queue.jobs.clear()


async def test_a_job_that_leaves_an_offline_queue_is_a_doubt_because_nothing_can_have_printed(stage: Stage) -> None:
    async with waiting(stage) as under:
        stage.spooler.change(stage.queue, attributes=WORKS_OFFLINE)
        await stage.looked()
        stage.queue.jobs.clear()
        with pytest.raises(Interrupted, match="somebody may have deleted it"):
            await under.task


async def test_a_job_that_leaves_when_the_queue_is_online_again_was_handed_over(stage: Stage) -> None:
    async with waiting(stage) as under:
        stage.spooler.change(stage.queue, attributes=WORKS_OFFLINE)
        await under.ledger.stall(Reason.OFFLINE)
        stage.spooler.change(stage.queue, attributes=0, prints=True)
        assert (await under.task).evidence is Evidence.DELIVERED


async def test_a_job_that_leaves_while_it_is_called_failed_is_a_doubt(stage: Stage) -> None:
    async with waiting(stage) as under:
        stage.spooler.mark(stage.queue, ERROR | PRINTING)
        await stage.looked()
        stage.queue.jobs.clear()
        with pytest.raises(Interrupted, match="while Windows called it failed"):
            await under.task


async def test_a_number_that_is_somebody_elses_by_now_is_a_doubt(stage: Stage) -> None:
    async with waiting(stage) as under:
        stage.queue.jobs[:] = [FakeJob(1, "Somebody else's", "RAW", status=0)]
        with pytest.raises(Interrupted, match="another job under number 1"):
            await under.task


async def test_a_spooler_that_lost_the_job_when_it_was_started_anew_is_a_doubt(stage: Stage) -> None:
    async with waiting(stage) as under:
        stage.spooler.restart(loses_jobs=True)
        with pytest.raises(Interrupted, match="started anew"):
            await under.task


async def test_a_job_that_the_spooler_kept_over_its_restart_is_followed_on(stage: Stage) -> None:
    async with waiting(stage) as under:
        stage.spooler.restart()
        await stage.looked()
        stage.spooler.change(stage.queue, prints=True)
        assert (await under.task).evidence is Evidence.DELIVERED


async def test_a_spooler_that_is_away_for_a_while_is_a_stall(stage: Stage) -> None:
    async with waiting(stage) as under:
        stage.spooler.fails = dict.fromkeys(("GetPrinter", "OpenPrinter"), NO_SERVER)
        assert "1722" in await under.ledger.stall(Reason.OFFLINE)
        stage.spooler.fails = {}
        await stage.looked()
        stage.spooler.change(stage.queue, prints=True)
        assert (await under.task).evidence is Evidence.DELIVERED


async def test_a_queue_that_is_deleted_with_the_job_is_a_doubt(stage: Stage) -> None:
    async with waiting(stage) as under:
        stage.spooler.remove(stage.queue)
        with pytest.raises(Interrupted, match="was deleted while it had the job"):
            await under.task


async def test_a_spooler_that_gives_jobs_its_own_titles_is_followed_by_those(stage: Stage) -> None:
    stage.queue.renames = "Remote Downlevel Document"
    async with waiting(stage) as under:
        assert Mark.load(under.ledger.foreign or "").title == "Remote Downlevel Document"
        stage.spooler.change(stage.queue, prints=True)
        assert (await under.task).evidence is Evidence.DELIVERED


async def test_of_two_jobs_with_one_number_and_title_the_time_tells_which_is_ours(stage: Stage) -> None:
    stage.queue.renames = "Remote Downlevel Document"
    async with waiting(stage) as under:
        later = FakeJob(1, "Remote Downlevel Document", "RAW", status=0, submitted="2026-01-01T00:00:09.000Z")
        stage.queue.jobs[:] = [later]
        with pytest.raises(Interrupted, match="another job under number 1"):
            await under.task


async def test_while_no_job_is_there_no_handle_keeps_the_queue_from_being_deleted(stage: Stage) -> None:
    stage.queue.prints = True
    await deliver(stage.transport, URI, work_of(ZPL))

    async def closed() -> bool:
        return not stage.spooler._handles

    await until(closed, "the last handle")


# after a crash


@pytest.fixture
async def crashed(stage: Stage) -> Under:
    """A job that is in the queue, of a run that is no more."""
    async with waiting(stage) as under:
        pass
    return under


async def found(stage: Stage, under: Under, *, foreign: bool = True, ledger: Ledger | None = None) -> Found:
    job = replace(job_of(under.work, under.ledger.foreign if foreign else None), size_bytes=len(ZPL))
    return await stage.transport.find(printer_at(URI), job, ledger or Ledger())


@pytest.mark.parametrize("foreign", [True, False], ids=["by its mark", "by its title"])
async def test_a_job_that_is_still_there_is_followed_to_its_end(stage: Stage, crashed: Under, *, foreign: bool) -> None:
    stage.spooler.change(stage.queue, prints=True, dawdles=True)

    class Finishes(Ledger):
        def resumed(self) -> None:
            stage.spooler.finish(stage.queue)

    answer = await found(stage, crashed, foreign=foreign, ledger=Finishes())
    assert answer.receipt is not None
    assert answer.receipt.evidence is Evidence.DELIVERED


@pytest.mark.parametrize("foreign", [True, False], ids=["by its mark", "by its title"])
@pytest.mark.parametrize("how", ["gone", "restarted", "blind", "no queue", "lent"])
async def test_what_cannot_be_told_is_never_a_success(stage: Stage, crashed: Under, how: str, *, foreign: bool) -> None:
    match how:
        case "gone":
            stage.queue.jobs.clear()
        case "restarted":
            stage.spooler.restart(loses_jobs=True)
            stage.spooler.put(stage.queue, "a stranger's")
        case "blind":
            stage.queue.is_blind = True
        case "no queue":
            stage.spooler.remove(stage.queue)
        case "lent":
            stage.queue.jobs[0].title = "a stranger's"
    answer = await found(stage, crashed, foreign=foreign)
    assert answer.uncertain
    assert (answer.receipt, answer.untouched, answer.declined) == (None, "", "")


async def test_a_spooler_that_does_not_answer_is_asked_again_later(stage: Stage, crashed: Under) -> None:
    stage.spooler.fails["OpenPrinter"] = NO_SERVER
    with pytest.raises(NotReached):
        await found(stage, crashed)


@pytest.mark.parametrize(("status", "size"), [(SPOOLING, len(ZPL)), (0, len(ZPL) - 1), (PAUSED, 0)])
async def test_a_part_of_a_document_is_thrown_away_and_may_be_sent_again(
    stage: Stage, crashed: Under, status: int, size: int
) -> None:
    stage.queue.jobs[0].status, stage.queue.jobs[0].data = status, bytearray(size)
    assert (await found(stage, crashed, foreign=False)).untouched
    assert stage.queue.jobs == []


async def test_one_of_two_copies_is_a_part(stage: Stage, crashed: Under) -> None:
    job = replace(job_of(crashed.work, None), size_bytes=len(ZPL), copies=2)
    assert (await stage.transport.find(printer_at(URI), job, Ledger())).untouched
    assert stage.queue.jobs == []


async def test_a_job_that_went_to_the_copy_of_a_queue_is_looked_for_and_taken_back_there(stage: Stage) -> None:
    copy = stage.spooler.add(FakeQueue("Zebra (Copy 1)", port="USB002", prints=False))
    async with under_way(stage.transport, "winspool:Zebra (Copy 1)") as under:
        await under.ledger.is_sent.wait()
    job = replace(job_of(under.work, under.ledger.foreign), size_bytes=len(ZPL))
    finding = asyncio.ensure_future(stage.transport.find(printer_at(URI), job, Ledger()))
    await stage.looked()
    await stage.transport.recall(printer_at(URI), job)
    assert "nothing of it had gone" in (await finding).declined
    assert copy.jobs == []


async def test_a_part_that_had_begun_to_print_is_a_doubt(stage: Stage, crashed: Under) -> None:
    stage.queue.jobs[0].status, stage.queue.jobs[0].data = SPOOLING | PRINTING, bytearray(5)
    assert (await found(stage, crashed, foreign=False)).uncertain


async def test_a_part_that_stays_whatever_is_done_is_a_doubt(stage: Stage, crashed: Under) -> None:
    stage.queue.jobs[0].status, stage.queue.lies = SPOOLING, True
    assert (await found(stage, crashed, foreign=False)).uncertain


async def test_one_that_was_printing_when_it_was_found_and_is_deleted_then_is_a_doubt(
    stage: Stage, crashed: Under, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.spooler.mark(stage.queue, PRINTING)

    enum_jobs = stage.spooler.jobs

    def deleted_after_this(handle: int) -> Sequence[JobFacts]:
        shown = enum_jobs(handle)
        stage.queue.jobs[0].status = DELETING
        return shown

    monkeypatch.setattr(stage.spooler, "jobs", deleted_after_this)
    answer = await found(stage, crashed)
    assert "while it was being printed" in answer.uncertain
    assert not answer.declined


@pytest.mark.parametrize("foreign", [True, False], ids=["by its mark", "by its title"])
async def test_a_job_of_an_earlier_run_is_taken_back(stage: Stage, crashed: Under, *, foreign: bool) -> None:
    job = replace(job_of(crashed.work, crashed.ledger.foreign if foreign else None), size_bytes=len(ZPL))
    finding = asyncio.ensure_future(stage.transport.find(printer_at(URI), job, Ledger()))
    await stage.looked()
    await stage.transport.recall(printer_at(URI), job)
    assert "nothing of it had gone" in (await finding).declined
    assert stage.queue.jobs == []


async def test_a_strangers_job_that_got_our_number_is_neither_paused_nor_deleted(stage: Stage, crashed: Under) -> None:
    stage.spooler.restart(loses_jobs=True)
    strangers = stage.spooler.put(stage.queue, "a stranger's")
    job = job_of(crashed.work, crashed.ledger.foreign)
    assert job.foreign is not None
    assert Mark.load(job.foreign).job_id == strangers.id
    await stage.transport.recall(printer_at(URI), job)
    assert (stage.queue.jobs, strangers.status) == ([strangers], 0)
    assert "SetJob" not in stage.spooler.calls


@pytest.mark.parametrize("foreign", ["", "{}", "[]", "nonsense", '{"queue": 1}', json.dumps({"server": "x"})])
async def test_a_mark_of_something_else_is_a_doubt(stage: Stage, crashed: Under, foreign: str) -> None:
    crashed.ledger.foreign = foreign or "null"
    assert (await found(stage, crashed)).uncertain
    await stage.transport.recall(printer_at(URI), job_of(crashed.work, crashed.ledger.foreign))


@given(st.text())
def test_any_text_is_a_mark_or_refused(text: str) -> None:
    with suppress(ValueError):
        Mark.load(text)
