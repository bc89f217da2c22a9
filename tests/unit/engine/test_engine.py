"""The engine on the memory store, with a transport that does what the test says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fanfold.errors import Declined, Interrupted, NotReached, StoreFailed
from fanfold.messages import (
    Accepted,
    AssumePrinted,
    CancelJob,
    Done,
    JobChanged,
    ListJobs,
    ListPrinters,
    PausePrinter,
    Printers,
    ReleaseJob,
    RemovePrinter,
    ReprintJob,
    ResumePrinter,
    ShowJob,
    ShowPrinter,
    Submit,
)
from fanfold.model import Evidence, Job, JobId, JobState, OnDoubt, OnLate, Reason
from fanfold.store.base import Change
from fanfold.store.memory import MemoryStore
from fanfold.wire import Document, Receipt
from tests.unit.engine.toy import Toy, ToyLink, house


def raising(error: Exception, sent_bytes: int = 0) -> Any:
    async def deed(link: ToyLink, work: object, report: object) -> None:
        link.sent = sent_bytes
        raise error

    return deed


def stuck(sent_bytes: int = 3) -> Any:
    async def deed(link: ToyLink, work: object, report: Any) -> None:
        link.sent = sent_bytes
        report.progress(sent_bytes)
        report.stalled(Reason.STALLED, f"it takes nothing; {sent_bytes} bytes left")
        await asyncio.Event().wait()

    return deed


async def test_a_job_is_printed_once_and_says_what_that_proves(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        job = await h.submit(b"label", copies=2)
        done = await h.end(job, Evidence.DELIVERED)
        assert (done.state, done.evidence, done.attempt) == (JobState.COMPLETED, Evidence.DELIVERED, 1)
        assert h.toy.paper == [(job.id, b"labellabel")]
        shown = await h.do(ShowJob(job.id))
        assert [row.state.value for row in shown.timeline] == ["pending", "processing", "completed"]  # type: ignore[union-attr]


async def test_jobs_keep_their_order(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        jobs = [await h.submit(b"%d" % n) for n in range(30)]
        await h.end(jobs[-1])
        assert [data for _, data in h.toy.paper] == [b"%d" % n for n in range(30)]


async def test_an_alias_and_an_id_name_the_printer_and_an_unknown_name_is_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        assert (await h.submit(printer="receipt")).printer == "till"
        refusal = await h.refused(Submit("nope", Document.of(b"x")))
        assert (refusal.code, refusal.status) == ("unknown-printer", 404)
        assert "till" in refusal.says


async def test_a_printer_that_is_away_costs_no_attempt(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(away="unplugged")) as h:
        job = await h.submit()
        await h.toy.tried.wait()
        shown = await h.do(ShowPrinter("till"))
        assert shown.view.waiting_jobs == 1  # type: ignore[union-attr]
        waiting = (await h.do(ShowJob(job.id))).job  # type: ignore[union-attr]
        assert (waiting.state, waiting.reasons, waiting.message) == ("pending", (Reason.OFFLINE,), "unplugged")  # type: ignore[union-attr]
        h.toy.away = ""
        done = await h.end(job)
        assert (done.state, done.attempt) == (JobState.COMPLETED, 1)
        assert h.toy.opens > 1


async def test_another_printer_is_not_delayed_by_one_that_takes_nothing(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[stuck()])) as h:
        await h.until(await h.submit(), JobState.PROCESSING, Reason.STALLED)
        other = await h.submit(printer="bar")
        assert (await h.end(other)).state is JobState.COMPLETED


async def test_an_interrupted_job_is_held_in_doubt_and_blocks_nothing(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[raising(Interrupted("the cable fell out"), 7)])) as h:
        job, behind = await h.submit(), await h.submit(b"behind")
        held = await h.end(job)
        assert (held.state, held.sent_bytes) == (JobState.HELD, 7)
        assert Reason.DELIVERY_UNCERTAIN in held.reasons
        assert "may have printed" in held.message
        assert (await h.end(behind)).state is JobState.COMPLETED
        assert [job_id for job_id, _ in h.toy.paper] == [behind.id]


async def test_a_fault_of_the_driver_is_a_doubt_and_not_the_end_of_the_lane(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[raising(ZeroDivisionError())])) as h:
        job, behind = await h.submit(), await h.submit(b"behind")
        assert (await h.end(job)).state is JobState.HELD
        assert (await h.end(behind)).state is JobState.COMPLETED


async def test_in_doubt_the_rule_reprint_prints_again_at_most_once(tmp_path: Path) -> None:
    doubts = [raising(Interrupted("once"), 3), raising(Interrupted("twice"), 3)]
    async with house(tmp_path, Toy(deeds=doubts), on_doubt=OnDoubt.REPRINT) as h:
        job = await h.submit()
        held = await h.end(job)
        assert (held.state, held.attempt, held.reprints) == (JobState.HELD, 2, 1)
        assert h.toy.paper == []


async def test_in_doubt_the_rule_assume_printed_completes_without_more_evidence(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[raising(Interrupted("x"))]), on_doubt=OnDoubt.ASSUME_PRINTED) as h:
        done = await h.end(await h.submit())
        assert (done.state, done.evidence) == (JobState.COMPLETED, Evidence.NONE)
        assert Reason.ASSUMED_PRINTED in done.reasons


async def test_two_interruptions_in_a_row_stop_the_printer_until_it_is_resumed(tmp_path: Path) -> None:
    doubts = [raising(Interrupted("loose plug")), raising(Interrupted("loose plug"))]
    async with house(tmp_path, Toy(deeds=doubts)) as h:
        jobs = [await h.submit() for _ in range(3)]
        await h.end(jobs[1])
        shown = await h.do(ShowPrinter("till"))
        assert shown.view.printer.paused  # type: ignore[union-attr]
        assert Reason.INTERRUPTED_TWICE in shown.view.status.reasons  # type: ignore[union-attr]
        assert (await h.store.job(jobs[2].id)).state is JobState.PENDING  # type: ignore[union-attr]
        await h.do(ResumePrinter("till"))
        assert (await h.end(jobs[2])).state is JobState.COMPLETED


async def test_a_declined_job_is_aborted_with_the_printers_words(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[raising(Declined("no such tray"))])) as h:
        done = await h.end(await h.submit())
        assert (done.state, done.message) == (JobState.ABORTED, "no such tray")


async def test_a_delivery_that_reached_nothing_is_tried_again(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[raising(NotReached("gone just now"))])) as h:
        done = await h.end(await h.submit())
        assert (done.state, done.attempt) == (JobState.COMPLETED, 2)
        assert len(h.toy.paper) == 1


async def test_a_waiting_job_can_be_canceled_and_prints_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.do(PausePrinter("till"))
        job = await h.submit()
        shown = await h.do(CancelJob(job.id))
        assert shown.job.state is JobState.CANCELED  # type: ignore[union-attr]
        await h.do(ResumePrinter("till"))
        await h.end(await h.submit(b"next"))
        assert [data for _, data in h.toy.paper] == [b"next"]
        assert (await h.refused(CancelJob(job.id))).code == "already-finished"


async def test_a_stalled_job_can_be_canceled_at_once_and_says_how_many_bytes_left(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[stuck(5)])) as h:
        job = await h.submit()
        stalled = await h.until(job, JobState.PROCESSING, Reason.STALLED)
        assert "5 bytes" in stalled.message
        shown = await h.do(CancelJob(job.id))
        assert (shown.job.state, shown.job.sent_bytes) == (JobState.CANCELED, 5)  # type: ignore[union-attr]
        assert (await h.end(await h.submit(b"next"))).state is JobState.COMPLETED


async def test_a_job_that_waits_too_long_for_a_printer_that_is_away_is_held(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(away="off"), max_wait_s=0.3) as h:
        held = await h.end(await h.submit())
        assert (held.state, held.reasons) == (JobState.HELD, (Reason.TOO_LATE,))
        h.toy.away = ""
        assert (await h.end(await h.submit(b"fresh"))).state is JobState.COMPLETED
        assert [data for _, data in h.toy.paper] == [b"fresh"]
        await h.do(ReleaseJob(held.id))
        assert (await h.end(held)).state is JobState.COMPLETED


async def test_a_job_may_say_how_long_it_can_wait_and_what_then(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(away="off")) as h:
        job = await h.submit(start_within_s=0.2, on_late=OnLate.CANCEL)
        done = await h.end(job)
        assert (done.state, done.reasons) == (JobState.CANCELED, (Reason.TOO_LATE,))
        assert "nothing of it was printed" in done.message


async def test_the_queue_ahead_makes_no_job_late(tmp_path: Path) -> None:
    async def slow(link: ToyLink, work: object, report: object) -> None:
        await asyncio.sleep(0.1)

    async with house(tmp_path, Toy(deeds=[slow] * 5)) as h:
        jobs = [await h.submit(start_within_s=0.15, on_late=OnLate.CANCEL) for _ in range(5)]
        assert {(await h.end(job)).state for job in jobs} == {JobState.COMPLETED}


async def test_a_stalled_printer_makes_the_jobs_behind_late(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[stuck()])) as h:
        await h.submit()
        behind = await h.submit(start_within_s=0.2, on_late=OnLate.CANCEL)
        assert (await h.end(behind)).state is JobState.CANCELED


async def test_a_held_job_is_released_once(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[raising(Interrupted("x"))])) as h:
        job = await h.end(await h.submit())
        first, second = await asyncio.gather(h.do(ReleaseJob(job.id)), h.do(ReleaseJob(job.id)))
        assert getattr(second, "status", None) == 409 or getattr(first, "status", None) == 409
        assert (await h.end(job)).state is JobState.COMPLETED
        assert len(h.toy.paper) == 1


class Pondering(MemoryStore):
    """A store in which two who look at the same moment see the same."""

    async def job(self, job: JobId) -> Job | None:
        found = await super().job(job)
        await asyncio.sleep(0)
        return found


@pytest.mark.parametrize("verb", [ReleaseJob, AssumePrinted])
async def test_of_two_decisions_at_the_same_moment_one_wins_and_the_other_is_told(tmp_path: Path, verb: Any) -> None:
    async with house(tmp_path, Toy(deeds=[raising(Interrupted("x"))]), Pondering(tmp_path)) as h:
        job = await h.end(await h.submit())
        replies = await asyncio.gather(h.do(verb(job.id)), h.do(ReleaseJob(job.id)))
        assert sorted(getattr(reply, "status", 200) for reply in replies) == [200, 409]


async def test_a_held_job_can_be_assumed_printed_or_canceled(tmp_path: Path) -> None:
    doubt = raising(Interrupted("x"))

    async def fine(link: ToyLink, work: object, report: object) -> None:
        return None

    async with house(tmp_path, Toy(deeds=[doubt, fine, doubt])) as h:
        one, _, two = [await h.submit() for _ in range(3)]
        await h.end(one)
        await h.end(two)
        assumed = await h.do(AssumePrinted(one.id))
        assert assumed.job.state is JobState.COMPLETED  # type: ignore[union-attr]
        canceled = await h.do(CancelJob(two.id))
        assert Reason.DELIVERY_UNCERTAIN in canceled.job.reasons  # type: ignore[union-attr]
        assert (await h.refused(AssumePrinted(two.id))).code == "not-held"


async def test_a_reprint_is_a_new_job_of_the_same_document(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        job = await h.end(await h.submit(b"again"))
        accepted = await h.do(ReprintJob(job.id))
        assert isinstance(accepted, Accepted)
        assert accepted.job.reprint_of == job.id
        await h.end(accepted.job)
        assert [data for _, data in h.toy.paper] == [b"again", b"again"]
        await h.store.sweep(0, 1e9)
        assert (await h.refused(ReprintJob(job.id))).status == 410


async def test_a_key_names_one_job(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        ask = Submit("till", Document.of(b"once"), key="k1")
        replies = await asyncio.gather(*(h.do(ask) for _ in range(5)))
        assert len({reply.job.id for reply in replies}) == 1  # type: ignore[union-attr]
        await h.end(replies[0].job)  # type: ignore[union-attr, arg-type]
        assert len(h.toy.paper) == 1
        other = await h.refused(replace(ask, document=Document.of(b"other")))
        assert (other.code, other.status) == ("key-reused", 409)


async def test_bad_numbers_are_refused_with_words(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        for more in ({"copies": 0}, {"copies": 5000}, {"start_within_s": -1.0}, {"key": ""}):
            refusal = await h.refused(Submit("till", Document.of(b"x"), **more))
            assert refusal.status == 422
        assert (await h.refused(Submit("till", Document.of(b"")))).code == "empty-document"


async def test_text_is_put_into_the_printers_encoding_or_refused(tmp_path: Path) -> None:
    async with house(tmp_path, encoding="cp858") as h:
        await h.end((await h.do(Submit("till", "5 €"))).job)  # type: ignore[union-attr, arg-type]
        assert h.toy.paper[0][1] == "5 €".encode("cp858")
        assert (await h.refused(Submit("till", "漢"))).code == "bad-encoding"


@pytest.mark.parametrize("encoding", ["klingon", "a\0b", "undefined", "base64", "idna"])
async def test_what_is_no_encoding_for_a_text_is_refused(tmp_path: Path, encoding: str) -> None:
    async with house(tmp_path) as h:
        assert (await h.refused(Submit("till", "x" * 100 + ".", encoding=encoding))).code == "bad-encoding"


async def test_new_work_is_refused_while_shutting_down(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.engine.closing = True
        assert (await h.refused(Submit("till", Document.of(b"x")))).code == "shutting-down"


async def test_a_stop_holds_what_was_being_sent_and_keeps_what_waits(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    async with house(tmp_path, Toy(deeds=[stuck(4)]), store) as h:
        sending, waiting = await h.submit(), await h.submit()
        await h.until(sending, JobState.PROCESSING, Reason.STALLED)
    held, pending = await store.job(sending.id), await store.job(waiting.id)
    assert held is not None
    assert pending is not None
    assert (held.state, held.sent_bytes) == (JobState.HELD, 4)
    assert Reason.DELIVERY_UNCERTAIN in held.reasons
    assert pending.state is JobState.PENDING
    async with house(tmp_path, Toy(), store) as h:
        assert (await h.end(waiting)).state is JobState.COMPLETED
        assert [job for job, _ in h.toy.paper] == [waiting.id]


async def test_a_stop_lets_what_is_being_sent_end_and_takes_nothing_new_meanwhile(tmp_path: Path) -> None:
    nearly_done = asyncio.Event()

    async def slow(link: ToyLink, work: object, report: object) -> None:
        await nearly_done.wait()

    store = MemoryStore(tmp_path)
    async with house(tmp_path, Toy(deeds=[slow]), store, drain_s=10) as h:
        job = await h.submit()
        await h.until(job, JobState.PROCESSING)
        stopping = asyncio.ensure_future(h.engine.stop())
        for _ in range(20):
            await asyncio.sleep(0)
        assert (await h.refused(Submit("till", Document.of(b"x")))).code == "shutting-down"
        nearly_done.set()
        await stopping
    done = await store.job(job.id)
    assert done is not None
    assert done.state is JobState.COMPLETED


async def test_what_an_earlier_run_left_in_flight_is_a_doubt(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    async with house(tmp_path, store=store) as h:
        await h.do(PausePrinter("till"))
        job = await h.submit()
        lane = h.engine._roster.find("till")
        claimed = await store.claim(lane.printer.id, lane.patience.lateness)
        assert claimed is not None
        await store.settle(Change(claimed.id, claimed.state, 1, claimed.state, (Reason.STALLED,), sent_bytes=5))
    async with house(tmp_path, Toy(), store) as h:
        held = await h.end(job)
        assert (held.state, Reason.RESTARTED in held.reasons, held.sent_bytes) == (JobState.HELD, True, 5)
        assert h.toy.paper == []


class FailingStore(MemoryStore):
    """A store whose disk refuses some settles."""

    failures = 0

    async def settle(self, change: Change) -> Any:
        if change.to_state is JobState.COMPLETED and self.failures:
            self.failures -= 1
            raise StoreFailed("the disk is full")
        return await super().settle(change)


async def test_an_end_that_cannot_be_written_stops_that_lane_in_words_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanfold.engine.lane.STORE_RETRY_S", 0.05)
    store = FailingStore(tmp_path)
    store.failures = 3
    async with house(tmp_path, store=store) as h:
        job = await h.submit()
        behind = await h.submit(b"behind")
        other = await h.submit(printer="bar")
        assert (await h.end(other)).state is JobState.COMPLETED
        assert (await h.end(job)).state is JobState.COMPLETED
        assert (await h.end(behind)).state is JobState.COMPLETED
        assert len(h.toy.paper) == 3
        told = [event async for event in _all(h) if getattr(event, "reasons", ()) == (Reason.STORE_FAILED,)]
        assert told
        assert "disk is full" in told[0].message


async def _all(h: Any) -> Any:
    for event in await h.store.events(0):
        yield event


async def test_removing_a_printer_is_for_added_ones_only(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        assert (await h.refused(RemovePrinter("till"))).code == "printer-configured"


async def test_evidence_sent_is_on_disk_before_the_job_is_followed(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def spooled(link: ToyLink, work: Any, report: Any) -> Receipt:
        await report.sent('{"id": 7}')
        seen.append(await store.job(work.job))
        return Receipt(Evidence.DELIVERED)

    store = MemoryStore(tmp_path)
    async with house(tmp_path, Toy(deeds=[spooled]), store) as h:
        done = await h.end(await h.submit())
        assert (seen[0].evidence, seen[0].foreign) == (Evidence.SENT, '{"id": 7}')
        assert done.evidence is Evidence.DELIVERED


async def test_a_held_job_ends_as_canceled_when_nobody_decides(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[raising(Interrupted("x"))]), hold_max_s=0.1) as h:
        job = await h.end(await h.submit())
        done = await h.until(job, JobState.CANCELED, Reason.HELD_TOO_LONG)
        assert Reason.DELIVERY_UNCERTAIN in done.reasons


async def test_unknown_jobs_are_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        for command in (CancelJob, ReleaseJob, AssumePrinted, ReprintJob, ShowJob):
            assert (await h.refused(command(JobId("nope")))).code == "unknown-job"


async def test_a_slow_listener_misses_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        reading = h.engine.events(0)
        await h.submit()
        first = await anext(reading)
        jobs = [await h.submit() for _ in range(20)]
        await h.end(jobs[-1])
        ids = [first.id]
        async with asyncio.timeout(5):
            async for event in reading:
                ids.append(event.id)
                if isinstance(event, JobChanged) and event.job == jobs[-1].id and event.state == "completed":
                    break
        assert ids == sorted(set(ids))
        assert len([one for one in await h.store.events(0) if one.id <= ids[-1]]) == len(ids)


async def test_printers_are_listed_with_what_is_known(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        listed = await h.do(ListPrinters())
        assert isinstance(listed, Printers)
        assert [view.printer.name for view in listed.printers] == ["bar", "till"]
        assert {view.status.state.value for view in listed.printers} == {"unknown"}
        assert not isinstance(await h.do(ListJobs()), Done)


async def test_a_stall_ends_when_the_link_says_so_though_no_byte_moved(tmp_path: Path) -> None:
    paper_is_in, goes_on, printed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def out_of_paper_for_a_while(link: ToyLink, work: Any, report: Any) -> None:
        report.progress(3)
        report.stalled("media-empty-error", "out of paper")
        await paper_is_in.wait()
        report.resumed()
        goes_on.set()
        await printed.wait()

    async with house(tmp_path, Toy(deeds=[out_of_paper_for_a_while])) as h:
        job = await h.submit()
        await h.until(job, JobState.PROCESSING, "media-empty-error")
        lane = h.engine._roster.find("till")
        stalled = lane.patience.running
        paper_is_in.set()
        await goes_on.wait()
        assert (stalled, lane.patience.running) == (True, False)
        assert lane.standing.status.reasons == ()
        printed.set()
        assert (await h.end(job)).state is JobState.COMPLETED


async def test_a_persons_word_is_no_evidence(tmp_path: Path) -> None:
    async with house(tmp_path, Toy(deeds=[raising(Interrupted("x"), 3)])) as h:
        job = await h.end(await h.submit())
        assumed = await h.do(AssumePrinted(job.id))
        assert (assumed.job.evidence, assumed.job.reasons) == (Evidence.NONE, (Reason.ASSUMED_PRINTED,))  # type: ignore[union-attr]


async def test_jobs_are_counted_once_per_state_they_come_into(tmp_path: Path) -> None:
    async def spooled(link: ToyLink, work: Any, report: Any) -> Receipt:
        await report.sent("7")  # a row in the same state
        return Receipt(Evidence.DELIVERED)

    async with house(tmp_path, Toy(deeds=[spooled, raising(Interrupted("x"))])) as h:
        for _ in range(2):
            await h.end(await h.submit())
        entered = {state.value: number for state, number in h.engine.entered.items() if number}
        assert entered == {"pending": 2, "processing": 2, "completed": 1, "held": 1}
