"""What a printer proves of a job after the job was delivered: more, or that it was lost; and who waits for it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fanfold.engine import follow
from fanfold.engine.retry import Backoff
from fanfold.errors import Interrupted, NotReached
from fanfold.messages import AssumePrinted, Follow, JobShown, ReleaseJob, ShowJob
from fanfold.model import Evidence, Job, JobState, OnDoubt, Printer, Reason
from fanfold.store.memory import MemoryStore
from fanfold.transports.base import Found, Report
from fanfold.wire import Receipt
from tests.unit.engine.toy import House, Toy, ToyLink, house

PRINTED = Receipt(Evidence.PRINTED, "its counter moved by one label")


class Telling:
    """Deeds that keep their lane's ear for later."""

    def __init__(self, *, may_rise: bool = True, evidence: Evidence = Evidence.DELIVERED) -> None:
        self.reports: list[Report] = []
        self.began = asyncio.Event()
        self._receipt = Receipt(evidence, "it was read", may_rise=may_rise)

    async def __call__(self, link: ToyLink, work: Any, report: Report) -> Receipt:
        self.reports.append(report)
        self.began.set()
        link.sent = work.document.size_bytes
        return self._receipt


async def job_of(h: House, job: Job) -> Job:
    reply = await h.do(ShowJob(job.id))
    assert isinstance(reply, JobShown)
    return reply.job


async def states(h: House, job: Job) -> list[str]:
    return [row.state.value for row in await h.store.timeline(job.id)]


async def test_evidence_rises_when_the_printer_proves_more_and_its_reasons_stay(tmp_path: Path) -> None:
    telling = Telling()
    async with house(tmp_path, Toy(deeds=[telling])) as h:
        done = await h.end(await h.submit(), Evidence.DELIVERED)
        assert done.evidence is Evidence.DELIVERED
        await telling.reports[0].proved(PRINTED)
        risen = await job_of(h, done)
        assert (risen.state, risen.evidence, risen.reasons) == ("completed", Evidence.PRINTED, done.reasons)
        assert risen.message == "its counter moved by one label"
        assert risen.sent_bytes == done.sent_bytes


async def test_a_proof_that_is_no_news_leaves_no_trace(tmp_path: Path) -> None:
    telling = Telling()
    async with house(tmp_path, Toy(deeds=[telling])) as h:
        done = await h.end(await h.submit(), Evidence.DELIVERED)
        for _ in range(2):
            await telling.reports[0].proved(PRINTED)
        await telling.reports[0].proved(Receipt(Evidence.DELIVERED))
        await telling.reports[0].disproved("it lost power")
        assert await states(h, done) == ["pending", "processing", "completed", "completed"]
        assert (await job_of(h, done)).evidence is Evidence.PRINTED


async def test_a_proof_that_comes_before_the_end_is_written_waits_for_it(tmp_path: Path) -> None:
    proofs: list[asyncio.Task[None]] = []

    async def proves_at_once(link: ToyLink, work: Any, report: Report) -> Receipt:
        proofs.append(asyncio.ensure_future(report.proved(PRINTED)))
        await asyncio.sleep(0)
        return Receipt(Evidence.DELIVERED, may_rise=True)

    async with house(tmp_path, Toy(deeds=[proves_at_once])) as h:
        job = await h.end(await h.submit())
        await proofs[0]
        assert (job.state, job.evidence) == (JobState.COMPLETED, Evidence.PRINTED)
        assert await states(h, job) == ["pending", "processing", "completed", "completed"]


async def test_what_was_lost_after_all_is_held_in_doubt_with_the_words_for_it(tmp_path: Path) -> None:
    telling = Telling()
    async with house(tmp_path, Toy(deeds=[telling])) as h:
        done = await h.end(await h.submit(), Evidence.DELIVERED)
        await telling.reports[0].disproved("the printer was reset before it printed")
        held = await job_of(h, done)
        assert (held.state, held.evidence) == (JobState.HELD, Evidence.DELIVERED)
        assert Reason.DELIVERY_UNCERTAIN in held.reasons
        assert "the printer was reset" in held.message
        assert len(h.toy.paper) == 0


async def test_a_doubt_after_the_end_is_printed_again_where_that_is_the_rule_and_only_once(tmp_path: Path) -> None:
    telling, again = Telling(), Telling()
    async with house(tmp_path, Toy(deeds=[telling, again]), on_doubt=OnDoubt.REPRINT) as h:
        job = await h.end(await h.submit(), Evidence.DELIVERED)
        await telling.reports[0].disproved("it lost power")
        await again.began.wait()
        await again.reports[0].disproved("it lost power again")
        held = await job_of(h, job)
        assert (held.state, held.attempt, held.reprints) == (JobState.HELD, 2, 1)


async def test_where_doubts_are_assumed_printed_it_stays_completed_and_is_doubted_once(tmp_path: Path) -> None:
    telling = Telling()
    async with house(tmp_path, Toy(deeds=[telling]), on_doubt=OnDoubt.ASSUME_PRINTED) as h:
        job = await h.end(await h.submit(), Evidence.DELIVERED)
        for _ in range(2):
            await telling.reports[0].disproved("it lost power")
        assert Reason.ASSUMED_PRINTED in (await job_of(h, job)).reasons
        assert await states(h, job) == ["pending", "processing", "completed", "completed"]


async def test_a_persons_word_is_not_doubted_but_may_be_proved(tmp_path: Path) -> None:
    telling = Telling()
    async with house(tmp_path, Toy(deeds=[telling])) as h:
        job = await h.end(await h.submit(), Evidence.DELIVERED)
        await telling.reports[0].disproved("it lost power")
        await h.do(AssumePrinted(job.id))
        await telling.reports[0].disproved("it lost power")
        assert (await job_of(h, job)).state is JobState.COMPLETED
        await telling.reports[0].proved(PRINTED)
        proved = await job_of(h, job)
        assert (proved.evidence, proved.reasons) == (Evidence.PRINTED, (Reason.ASSUMED_PRINTED,))


async def test_news_of_an_earlier_attempt_say_nothing_of_a_later_one(tmp_path: Path) -> None:
    first, second = Telling(), Telling()
    async with house(tmp_path, Toy(deeds=[first, second])) as h:
        job = await h.end(await h.submit(), Evidence.DELIVERED)
        await first.reports[0].disproved("it lost power")
        await h.do(ReleaseJob(job.id))
        assert (await h.end(job, Evidence.DELIVERED)).attempt == 2
        await first.reports[0].proved(PRINTED)
        await first.reports[0].disproved("it lost power")
        now = await job_of(h, job)
        assert (now.state, now.evidence, now.attempt) == (JobState.COMPLETED, Evidence.DELIVERED, 2)


async def test_of_a_proof_and_a_doubt_that_come_at_once_the_first_stands(tmp_path: Path) -> None:
    telling = Telling()
    async with house(tmp_path, Toy(deeds=[telling])) as h:
        job = await h.end(await h.submit(), Evidence.DELIVERED)
        report = telling.reports[0]
        await asyncio.gather(report.proved(PRINTED), report.disproved("it lost power"))
        assert (await job_of(h, job)).state is JobState.COMPLETED


async def test_a_delivery_that_did_not_end_well_is_neither_proved_nor_doubted(tmp_path: Path) -> None:
    reports: list[Report] = []

    async def breaks(link: ToyLink, work: Any, report: Report) -> Receipt:
        reports.append(report)
        raise Interrupted("the line broke")

    async with house(tmp_path, Toy(deeds=[breaks])) as h:
        job = await h.end(await h.submit())
        before = await states(h, job)
        await reports[0].proved(PRINTED)
        await reports[0].disproved("it lost power")
        assert await states(h, job) == before


# --- who waits -----------------------------------------------------------------------------------------------------


async def followed(h: House, job: Job, until: Evidence, within_s: float | None = 10) -> Job:
    reply = await h.do(Follow(job.id, until, within_s))
    assert isinstance(reply, JobShown)
    return reply.job


async def test_who_waits_for_printed_goes_on_waiting_while_the_printer_may_still_prove_it(tmp_path: Path) -> None:
    telling = Telling()
    async with house(tmp_path, Toy(deeds=[telling])) as h:
        job = await h.submit()
        waiting = asyncio.ensure_future(followed(h, job, Evidence.PRINTED))
        await followed(h, job, Evidence.DELIVERED)
        late = asyncio.ensure_future(followed(h, job, Evidence.PRINTED))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not waiting.done()
        assert not late.done()
        await telling.reports[0].proved(PRINTED)
        assert (await waiting).evidence is (await late).evidence is Evidence.PRINTED
        assert (await followed(h, job, Evidence.PRINTED)).evidence is Evidence.PRINTED


async def test_who_waits_for_printed_is_told_at_once_where_nothing_can_rise(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[Telling(may_rise=False)])) as h:
        job = await followed(h, await h.submit(), Evidence.PRINTED, None)
        assert (job.state, job.evidence) == (JobState.COMPLETED, Evidence.DELIVERED)


async def test_who_waits_is_told_when_the_printer_gives_up_proving(tmp_path: Path) -> None:
    telling = Telling()
    async with house(tmp_path, Toy(deeds=[telling])) as h:
        job = await h.submit()
        waiting = asyncio.ensure_future(followed(h, job, Evidence.PRINTED, None))
        await followed(h, job, Evidence.DELIVERED)
        await telling.reports[0].proved(Receipt(Evidence.DELIVERED))
        assert (await waiting).evidence is Evidence.DELIVERED
        assert await states(h, job) == ["pending", "processing", "completed"]


async def test_who_waits_is_told_of_the_doubt(tmp_path: Path) -> None:
    telling = Telling()
    async with house(tmp_path, Toy(deeds=[telling])) as h:
        job = await h.submit()
        waiting = asyncio.ensure_future(followed(h, job, Evidence.PRINTED, None))
        await followed(h, job, Evidence.DELIVERED)
        await telling.reports[0].disproved("it lost power")
        assert (await waiting).state is JobState.HELD


async def test_who_waits_for_printed_waits_no_longer_than_was_said(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[Telling()])) as h:
        job = await followed(h, await h.submit(), Evidence.PRINTED, 0.05)
        assert (job.state, job.evidence) == (JobState.COMPLETED, Evidence.DELIVERED)


async def test_a_proof_in_two_steps_wakes_who_waits_for_each(tmp_path: Path) -> None:
    telling = Telling(evidence=Evidence.SENT)
    async with house(tmp_path, Toy(deeds=[telling])) as h:
        job = await h.submit()
        await followed(h, job, Evidence.SENT)
        delivered = asyncio.ensure_future(followed(h, job, Evidence.DELIVERED))
        printed = asyncio.ensure_future(followed(h, job, Evidence.PRINTED))
        await telling.began.wait()
        await telling.reports[0].proved(Receipt(Evidence.DELIVERED, may_rise=True))
        assert (await delivered).evidence is Evidence.DELIVERED
        assert not printed.done()
        await telling.reports[0].proved(PRINTED)
        assert (await printed).evidence is Evidence.PRINTED


async def test_of_very_many_jobs_that_may_rise_the_oldest_are_waited_for_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "MOST_RISING", 2)
    telling = Telling()
    async with house(tmp_path, Toy(deeds=[telling] * 3)) as h:
        jobs = [await h.submit() for _ in range(3)]
        waiting = asyncio.ensure_future(followed(h, jobs[0], Evidence.PRINTED, None))
        assert (await waiting).evidence is Evidence.DELIVERED
        newest = asyncio.ensure_future(followed(h, jobs[2], Evidence.PRINTED, None))
        await followed(h, jobs[2], Evidence.DELIVERED)
        assert not newest.done()
        await telling.reports[2].proved(PRINTED)
        await newest


# --- after a crash -------------------------------------------------------------------------------------------------


class Counting(Toy):
    """Says by its counter that nothing of an earlier run's job printed, once it is there."""

    is_there = False

    async def find(self, printer: Printer, job: Job, report: Report) -> Found:
        self.tried.set()
        if not self.is_there:
            raise NotReached("it has not dialled in", reasons=(Reason.OFFLINE,))
        return Found(untouched="by its counter nothing of it was printed")

    async def recall(self, printer: Printer, job: Job) -> None:
        return None


async def test_what_the_printer_proves_to_be_untouched_is_sent_again_at_once_when_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.engine.retry.FIRST_S", 3600.0)
    monkeypatch.setattr("fanfold.engine.leftovers.Backoff", lambda: Backoff(longest_s=3600.0))
    store = MemoryStore(tmp_path)
    async with house(tmp_path, Toy(away="off"), store=store) as h:
        job = await h.submit()
        lane = h.engine._roster.find("till")
        await h.toy.tried.wait()
        await store.claim(lane.printer.id, lane.patience.lateness)
    toy = Counting()
    async with house(tmp_path, toy, store) as h:
        await toy.tried.wait()
        toy.is_there = True
        await asyncio.sleep(0)
        h.engine._roster.find("till").came({})
        done = await h.end(job)
        assert (done.state, done.attempt) == (JobState.COMPLETED, 2)
        assert len(toy.paper) == 1
