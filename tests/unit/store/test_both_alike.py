from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanfold.errors import Refused
from fanfold.messages import Event, ListJobs
from fanfold.model import Evidence, Job, JobId, JobState, OnLate
from fanfold.store.base import Change, Lateness, Limits, Store
from tests.contract.stores import BAR, KINDS, LABEL, TILL, new_job, open_store

PRINTERS = st.sampled_from([TILL, BAR])
LIMITS = Limits(waiting_jobs=4, store_bytes=10 * LABEL.size_bytes)
BLOCKED = st.sampled_from([0.0, 5.0, 50.0])
THEN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Add:
    """Add the job of that number."""

    job: Job
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Claim the next job of a printer."""

    printer: str
    lateness: Lateness


@dataclass(frozen=True, slots=True)
class Settle:
    """Settle the job that was added as that number (modulo their count), whether its state is so or not."""

    number: int
    change: Change


@dataclass(frozen=True, slots=True)
class Sweep:
    """Sweep all that is finished: documents, or rows too."""

    rows: bool


lateness = st.builds(
    Lateness, BLOCKED, st.sampled_from([0.0, 10.0, float("inf")]), st.sampled_from([OnLate.HOLD, OnLate.PRINT])
)
SAMPLE = new_job()
jobs = st.builds(
    lambda printer, key, within, rule, start: replace(
        SAMPLE, printer=printer, key=key, start_within_s=within, on_late=rule, blocked_at_start_s=start
    ),
    PRINTERS,
    st.sampled_from([None, None, "a", "b"]),
    st.sampled_from([None, 0.0, 5.0, 20.0]),
    st.sampled_from([None, *OnLate]),
    BLOCKED,
)
"""All under one id: each gets its own, by its place, when it is added."""
changes = st.builds(
    Change,
    st.just(SAMPLE.id),
    st.sampled_from(JobState),
    st.integers(0, 2),
    st.sampled_from(JobState),
    st.sampled_from([(), ("one",), ("one", "two")]),
    st.sampled_from(["", "why"]),
    st.none() | st.sampled_from(Evidence),
    st.none() | st.integers(0, 9),
    st.none() | st.just("{}"),
    st.none() | st.integers(0, 1),
    st.none() | BLOCKED,
    st.none() | BLOCKED,
    st.none() | st.sampled_from(OnLate),
)
steps = st.lists(
    st.builds(Add, jobs, st.sampled_from(["f", "f", "g"]))
    | st.builds(Claim, PRINTERS, lateness)
    | st.builds(Settle, st.integers(0, 20), changes)
    | st.builds(Sweep, st.booleans()),
    max_size=30,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_whatever_is_asked_both_stores_say_the_same(asked: Sequence[object]) -> None:
    asked = [numbered(step, place) for place, step in enumerate(asked)]
    answers = {kind: asyncio.run(answered(kind, asked)) for kind in KINDS}
    assert answers["memory"] == answers["sqlite"]


def numbered(step: object, place: int) -> object:
    return replace(step, job=replace(step.job, id=JobId(f"job-{place}"))) if isinstance(step, Add) else step


async def answered(kind: str, asked: Sequence[object]) -> list[object]:
    with tempfile.TemporaryDirectory() as place:
        store = await open_store(kind, Path(place))
        added: list[Job] = []
        answers = [await answer(store, step, added) for step in asked]
        answers += [await store.jobs(ListJobs(limit=1000)), await store.unsettled(), list(await store.events(0))]
        for job in added:
            answers += [await store.job(job.id), await store.timeline(job.id), await store.document(job.id)]
        for printer in (TILL, BAR):
            now = Lateness(30, 10, OnLate.CANCEL)
            answers += [store.waiting(printer), store.held(printer), await store.held_since(printer, store.age_s)]
            answers += [await store.late(printer, now), await store.next_late_s(printer, now)]
        await store.close()
        return [timeless(given) for given in answers]


async def answer(store: Store, step: object, added: list[Job]) -> object:
    match step:
        case Add(job, fingerprint):
            try:
                given = await store.add(job, LABEL, LIMITS, fingerprint)
            except Refused as refused:
                return refused.code, refused.status, refused.says
            added.append(job)
            return given.job, given.fresh
        case Claim(printer, now):
            return await store.claim(TILL if printer == TILL else BAR, now)
        case Settle(number, change):
            if not added:
                return None
            return await store.settle(replace(change, job=added[number % len(added)].id))
        case Sweep(rows):
            return await store.sweep(0, 0 if rows else 3600)
        case _:
            raise AssertionError(step)


def timeless(given: object) -> object:
    """Return the answer without the moments, which differ."""
    match given:
        case Job():
            return replace(given, changed_at=THEN)
        case list() | tuple():
            return [timeless(one) for one in given]
        case _ if isinstance(given, Event):
            return replace(given, at=THEN)
        case _ if hasattr(given, "jobs"):
            return [timeless(list(given.jobs)), getattr(given, "next", None)]
        case _:
            return given
