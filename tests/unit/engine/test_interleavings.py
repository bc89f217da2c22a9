"""Cancel, expire, release, deliver and crash in any order and at once: one winner each time, and an honest history."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanfold.errors import Declined, Interrupted, NotReached
from fanfold.messages import AssumePrinted, CancelJob, JobChanged, PausePrinter, ReleaseJob, ResumePrinter
from fanfold.model import Evidence, Job, JobState, OnLate, Reason
from fanfold.store.memory import MemoryStore
from tests.unit.engine.toy import House, Toy, ToyLink, house

P, R, H, C, A, X = (
    JobState.PENDING,
    JobState.PROCESSING,
    JobState.HELD,
    JobState.COMPLETED,
    JobState.ABORTED,
    JobState.CANCELED,
)
LEGAL = {(P, R), (P, X), (P, H), (R, R), (R, P), (R, H), (R, C), (R, A), (R, X), (H, P), (H, C), (H, X), (C, C)}


async def fine(link: ToyLink, work: Any, report: Any) -> None:
    await asyncio.sleep(0)


async def lingering(link: ToyLink, work: Any, report: Any) -> None:
    link.sent = 1
    report.progress(1)
    await asyncio.sleep(0.01)


def broken(error: Exception) -> Callable[..., Awaitable[None]]:
    async def deed(link: ToyLink, work: Any, report: Any) -> None:
        await asyncio.sleep(0)
        raise error

    return deed


async def printed_then_cut(link: ToyLink, work: Any, report: Any) -> None:
    link.toy.paper.append((work.job, work.document.data))
    await asyncio.sleep(0.002)  # here a crash finds a job whose paper is out already
    raise Interrupted("cut after the last byte")


DEEDS = {
    "printed then cut": printed_then_cut,
    "fine": fine,
    "lingering": lingering,
    "interrupted": broken(Interrupted("cut")),
    "not-reached": broken(NotReached("gone")),
    "declined": broken(Declined("no")),
    "fault": broken(ZeroDivisionError()),
}
ACTS = st.sampled_from(["cancel", "release", "assume", "pause", "resume", "away", "back", "rest", "crash"])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    deeds=st.lists(st.sampled_from(sorted(DEEDS)), min_size=1, max_size=6),
    rounds=st.lists(st.lists(ACTS, min_size=1, max_size=4), max_size=5),
    patience=st.sampled_from([None, 0.005]),
)
async def test_whatever_meets_there_is_one_winner(
    deeds: list[str], rounds: list[list[str]], patience: float | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, toy = MemoryStore(Path(folder)), Toy(deeds=[DEEDS[name] for name in deeds])
        jobs, lives, released = [], [*_lives(rounds)], 0
        for number, life in enumerate(lives):
            async with house(Path(folder), toy, store, drain_s=0) as h:
                if number == 0:
                    jobs = [await h.submit(b"%d" % n, start_within_s=patience, on_late=_rule(n)) for n in range(2)]
                for acts in life:
                    released += await _together(h, toy, acts, jobs)
                if number < len(lives) - 1:
                    await h.engine._background.close()  # as a crash: nothing is drained, nothing is settled
        await _settle_all(Path(folder), toy, store, jobs)
        for job in jobs:
            await _check(store, toy, job, released)


def _rule(number: int) -> OnLate | None:
    return (None, OnLate.CANCEL)[number % 2]


def _lives(rounds: list[list[str]]) -> list[list[list[str]]]:
    """The rounds, cut where the gateway crashes."""
    lives: list[list[list[str]]] = [[]]
    for acts in rounds:
        lives[-1].append([act for act in acts if act != "crash"])
        if "crash" in acts:
            lives.append([])
    return lives


async def _together(h: House, toy: Toy, acts: list[str], jobs: list[Job]) -> int:
    replies = await asyncio.gather(*(_act(h, toy, act, job) for act in acts for job in jobs))
    return sum(replies)


async def _act(h: House, toy: Toy, act: str, job: Job) -> int:
    """Do it; count a release that was granted."""
    match act:
        case "cancel":
            await h.do(CancelJob(job.id))
        case "release":
            return type(await h.do(ReleaseJob(job.id))).__name__ == "JobShown"
        case "assume":
            await h.do(AssumePrinted(job.id))
        case "pause":
            await h.do(PausePrinter("till"))
        case "resume":
            await h.do(ResumePrinter("till"))
        case "away" | "back":
            toy.away = "off" if act == "away" else ""
        case _:
            await asyncio.sleep(0.003)
    return 0


async def _settle_all(folder: Path, toy: Toy, store: MemoryStore, jobs: list[Job]) -> None:
    toy.away, toy.deeds = "", []
    async with house(folder, toy, store) as h:
        await h.do(ResumePrinter("till"))
        for job in jobs:
            await h.end(job, Evidence.PRINTED)


async def _check(store: MemoryStore, toy: Toy, job: Job, released: int) -> None:
    rows = await store.timeline(job.id)
    states = [row.state for row in rows]
    assert states[0] is P
    assert all(pair in LEGAL for pair in pairwise(states)), states
    assert sum(state.finished for state in states) <= 1, states
    ids = [row.id for row in rows]
    assert ids == sorted(set(ids))
    printed = sum(1 for job_id, _ in toy.paper if job_id == job.id)
    assert printed <= 1 + released, states
    _check_end(rows[-1], printed)


def _check_end(last: JobChanged, printed: int) -> None:
    assert last.state.finished or last.state is H
    if last.state is C and Reason.ASSUMED_PRINTED not in last.reasons:
        assert printed >= 1
        assert last.evidence is Evidence.DELIVERED
