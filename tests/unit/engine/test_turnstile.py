"""Jobs and questions at one printer: never both at a time, neither held up by the other for longer than is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fanfold.engine import turnstile
from fanfold.engine.turnstile import Turnstile
from fanfold.errors import NotReached
from fanfold.messages import AskPrinter, CancelJob, JobShown, PrinterSaid, Refusal
from fanfold.model import JobState, Printer
from fanfold.transports.base import Link, Report
from fanfold.wire import Work
from tests.unit.engine.toy import House, Toy, ToyLink, house


@dataclass
class Single(Toy):
    """Takes one visitor at a time, and knows who was there; answers when `says` is set."""

    inside: int = 0
    visits: list[str] = field(default_factory=list)
    asked: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    says: asyncio.Event = field(default_factory=asyncio.Event)
    deaf: bool = False

    @asynccontextmanager
    async def open(self, printer: Printer) -> AsyncIterator[Link]:
        async with self._visit("job"), super().open(printer) as link:
            yield link

    async def ask(self, printer: Printer, question: bytes, *, channel: str = "", within_s: float) -> bytes:
        async with self._visit("question"):
            self.asked.release()
            async with asyncio.timeout(None if self.deaf else within_s):
                await self.says.wait()
            return b"fine"

    @asynccontextmanager
    async def _visit(self, who: str) -> AsyncIterator[None]:
        assert not self.inside, f"a {who} came while somebody was there"
        self.inside += 1
        self.visits.append(who)
        try:
            yield
        finally:
            self.inside -= 1


def asking(h: House, within_s: float = 10) -> asyncio.Task[Any]:
    return asyncio.ensure_future(h.do(AskPrinter("till", b"?", within_s=within_s)))


def held(until: asyncio.Event, begun: asyncio.Event) -> Any:
    async def deed(link: ToyLink, work: Work, report: Report) -> None:
        begun.set()
        await until.wait()

    return deed


async def test_a_job_waits_for_a_question_and_prints_then(tmp_path: Path) -> None:
    async with house(tmp_path, toy := Single()) as h:
        question = asking(h)
        await toy.asked.acquire()
        job = await h.submit()
        for _ in range(20):
            await asyncio.sleep(0)
        assert (toy.visits, toy.paper) == (["question"], [])
        toy.says.set()
        assert await question == PrinterSaid(b"fine")
        assert (await h.end(job)).state is JobState.COMPLETED
        assert (await h.end(job)).attempt == 1
        assert toy.visits == ["question", "job"]


async def test_a_question_goes_between_two_jobs_however_many_wait(tmp_path: Path) -> None:
    begun, until = asyncio.Event(), asyncio.Event()
    toy = Single(deeds=[held(until, begun)])
    toy.says.set()
    async with house(tmp_path, toy) as h:
        jobs = [await h.submit(b"%d" % number) for number in range(5)]
        await begun.wait()
        question = asking(h)
        for _ in range(5):
            await asyncio.sleep(0)
        until.set()
        assert await question == PrinterSaid(b"fine")
        for job in jobs:
            assert (await h.end(job)).state is JobState.COMPLETED
        assert toy.visits == ["job", "question", "job", "job", "job", "job"]
        assert [document for _, document in toy.paper] == [b"0", b"1", b"2", b"3", b"4"]


async def test_a_question_that_a_job_keeps_waiting_is_not_asked(tmp_path: Path) -> None:
    begun, until = asyncio.Event(), asyncio.Event()
    async with house(tmp_path, toy := Single(deeds=[held(until, begun)])) as h:
        job = await h.submit()
        await begun.wait()
        refusal = await asking(h, within_s=0.05)
        assert isinstance(refusal, Refusal)
        assert (refusal.code, refusal.status) == ("printer-away", 503)
        assert "in hand" in refusal.says
        until.set()
        assert (await h.end(job)).state is JobState.COMPLETED
        assert toy.visits == ["job"]


@pytest.mark.parametrize("deaf", [False, True], ids=["it keeps its time", "its driver does not"])
async def test_a_silent_printer_keeps_jobs_no_longer_than_the_question_may_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, deaf: bool
) -> None:
    monkeypatch.setattr(turnstile, "GRACE_S", 0.05)
    async with house(tmp_path, toy := Single(deaf=deaf)) as h:
        question = asking(h, within_s=0.1)
        await toy.asked.acquire()
        job = await h.submit()
        refusal = await question
        assert isinstance(refusal, Refusal)
        assert (refusal.code, refusal.status) == ("no-answer", 504)
        assert (await h.end(job)).state is JobState.COMPLETED


async def test_questions_that_come_together_share_their_time(tmp_path: Path) -> None:
    async with house(tmp_path, toy := Single()) as h:
        questions = [asking(h, within_s=0.2) for _ in range(3)]
        await toy.asked.acquire()
        job = await h.submit()
        replies = await asyncio.gather(*questions)
        assert {reply.code for reply in replies} <= {"no-answer", "printer-away"}
        assert (await h.end(job)).state is JobState.COMPLETED
        assert toy.visits[-1] == "job"


async def test_a_job_can_be_canceled_while_its_printer_is_asked(tmp_path: Path) -> None:
    async with house(tmp_path, toy := Single()) as h:
        question = asking(h)
        await toy.asked.acquire()
        job = await h.submit()
        shown = await h.do(CancelJob(job.id))
        assert isinstance(shown, JobShown)
        assert shown.job.state is JobState.CANCELED
        toy.says.set()
        assert await question == PrinterSaid(b"fine")
        assert toy.paper == []


async def test_a_stop_does_not_wait_for_an_answer_and_keeps_what_waits(tmp_path: Path) -> None:
    async with house(tmp_path, toy := Single()) as h:
        question = asking(h, within_s=200)
        await toy.asked.acquire()
        job = await h.submit()
        await h.engine.stop()
        refusal = await question
        assert isinstance(refusal, Refusal)
        assert refusal.code == "printer-away"
        kept = await h.store.job(job.id)
        assert kept is not None
        assert (kept.state, kept.attempt) == (JobState.PENDING, 0)
        assert toy.inside == 0


async def test_a_caller_who_leaves_takes_his_question_along(tmp_path: Path) -> None:
    async with house(tmp_path, toy := Single()) as h:
        question = asking(h, within_s=200)
        await toy.asked.acquire()
        question.cancel()
        await asyncio.wait({question})
        assert toy.inside == 0
        assert (await h.end(await h.submit())).state is JobState.COMPLETED


async def test_a_printer_that_is_away_can_be_asked_while_its_jobs_wait_to_try_again(tmp_path: Path) -> None:
    toy = Single(away="it is off")
    toy.says.set()
    async with house(tmp_path, toy) as h:
        await h.submit()
        await toy.tried.wait()
        assert await asking(h) == PrinterSaid(b"fine")


async def test_jobs_and_questions_in_any_number_never_meet_and_all_come_through(tmp_path: Path) -> None:
    toy = Single()
    toy.says.set()
    async with house(tmp_path, toy) as h:
        jobs, questions = [], []
        for number in range(30):
            jobs.append(await h.submit(b"%d" % number))
            if number % 3 == 0:
                questions.append(asking(h))
        assert await asyncio.gather(*questions) == [PrinterSaid(b"fine")] * 10
        for job in jobs:
            assert ((await h.end(job)).state, (await h.end(job)).attempt) == (JobState.COMPLETED, 1)
        assert [document for _, document in toy.paper] == [b"%d" % number for number in range(30)]
        assert toy.visits.count("question") == 10


async def test_one_that_waits_and_gives_up_leaves_the_way_to_the_next() -> None:
    gate = Turnstile(asyncio.Event())

    async def answer(left_s: float) -> float:
        return left_s

    async with gate.for_jobs:
        first = asyncio.ensure_future(gate.ask(answer, 5))
        second = asyncio.ensure_future(gate.ask(answer, 5))
        await asyncio.sleep(0)
        assert gate.is_wanted
        first.cancel()
        await asyncio.wait({first})
    assert 0 < await second <= 5
    assert not gate.is_wanted


async def test_who_asks_after_the_stop_is_told_so_and_nothing_is_asked() -> None:
    stopped = asyncio.Event()
    stopped.set()
    asked = asyncio.Event()

    async def never(left_s: float) -> None:
        asked.set()
        await asyncio.Event().wait()

    with pytest.raises(NotReached, match="stopped"):
        await Turnstile(stopped).ask(never, 5)
    assert not asked.is_set()


async def test_a_question_that_waits_for_a_job_when_all_stops_is_told_so_at_once_and_not_asked() -> None:
    stopped, asked = asyncio.Event(), asyncio.Event()
    gate = Turnstile(stopped)

    async def never(left_s: float) -> None:
        asked.set()

    async with gate.for_jobs:
        question = asyncio.ensure_future(gate.ask(never, 300))
        await asyncio.sleep(0)
        stopped.set()
        with pytest.raises(NotReached, match="stopped"):
            await question
    assert not asked.is_set()
    assert not gate.is_wanted
