from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fanfold.errors import StoreFailed
from fanfold.messages import Event, JobChanged
from fanfold.model import JobState, Printer
from fanfold.store.opening import DATABASE
from fanfold.store.sqlite import SqliteStore
from fanfold.store.writer import GROUP
from fanfold.wire import Document
from tests.contract.stores import LABEL, LARGE, LIMITS, ON_TIME, TILL, Ear, added, change, claimed, new_job, settled


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path)
    yield store
    await store.close()


def trip(directory: Path, trigger: str) -> None:
    """Install a trigger from outside, so that some verbs truly fail."""
    with sqlite3.connect(directory / DATABASE) as db:
        db.execute(f"CREATE TRIGGER {trigger}")
    db.close()


NO_CURSED_JOBS = "cursed BEFORE INSERT ON jobs WHEN NEW.title = 'cursed' BEGIN SELECT RAISE(ABORT, 'cursed'); END"
NO_CURSED_HISTORY = (
    "cursed BEFORE INSERT ON events WHEN NEW.message = 'cursed' BEGIN SELECT RAISE(ABORT, 'cursed'); END"
)


async def test_many_adds_share_a_commit(store: SqliteStore) -> None:
    ear = Ear(store)
    await asyncio.gather(*(added(store) for _ in range(GROUP)))
    assert len(ear.commits) < GROUP / 4


async def test_adds_and_settles_never_share_a_commit(store: SqliteStore) -> None:
    jobs = [await added(store) for _ in range(30)]
    ear = Ear(store)
    await asyncio.gather(
        *(work for job in jobs for work in (added(store), store.settle(change(job, JobState.CANCELED))))
    )
    kinds = [{event.state for event in commit if isinstance(event, JobChanged)} for commit in ear.commits]
    assert all(len(kind) == 1 for kind in kinds)
    assert {JobState.PENDING} in kinds


async def test_settles_go_before_the_adds_that_were_asked_with_them(store: SqliteStore) -> None:
    job = await added(store)
    ear = Ear(store)
    # The first add keeps the writer busy while the others are asked.
    await asyncio.gather(
        added(store), *(added(store) for _ in range(GROUP * 2)), store.settle(change(job, JobState.CANCELED))
    )
    place = [JobState.CANCELED in {getattr(event, "state", None) for event in commit} for commit in ear.commits]
    assert place.index(True) < len(place) - 1


async def test_a_job_that_fails_costs_no_other(store: SqliteStore, tmp_path: Path) -> None:
    trip(tmp_path, NO_CURSED_JOBS)
    titles = ["fine", "cursed"] * 20
    jobs = [new_job(title=title) for title in titles]
    answers = await asyncio.gather(*(store.add(job, LABEL, LIMITS, "f") for job in jobs), return_exceptions=True)
    for job, answer in zip(jobs, answers, strict=True):
        assert isinstance(answer, StoreFailed) == (job.title == "cursed")
        assert (await store.job(job.id) is None) == (job.title == "cursed")
    assert store.waiting(TILL) == 20
    assert store._ledger.tally.kept_bytes == 20 * LABEL.size_bytes
    events = await store.events(0)
    assert [event.id for event in events] == list(range(1, 21))


async def test_a_settle_that_fails_costs_no_other(store: SqliteStore, tmp_path: Path) -> None:
    trip(tmp_path, NO_CURSED_HISTORY)
    jobs = [await added(store) for _ in range(20)]
    words = ["cursed" if number % 4 == 0 else "fine" for number in range(20)]
    answers = await asyncio.gather(
        *(store.settle(change(job, JobState.CANCELED, message=word)) for job, word in zip(jobs, words, strict=True)),
        return_exceptions=True,
    )
    for job, word, answer in zip(jobs, words, answers, strict=True):
        assert isinstance(answer, StoreFailed) == (word == "cursed")
        after = await store.job(job.id)
        assert after is not None
        assert (after.state is JobState.PENDING) == (word == "cursed")
    assert store.waiting(TILL) == 5
    assert {getattr(event, "message", None) for event in await store.events(0)} == {"", "fine"}


async def test_a_settle_that_fails_undoes_the_claim_with_it(store: SqliteStore, tmp_path: Path) -> None:
    trip(tmp_path, NO_CURSED_HISTORY)
    await added(store)
    await added(store)
    job = await claimed(store)
    with pytest.raises(StoreFailed, match="cursed"):
        await store.settle_and_claim(change(job, JobState.COMPLETED, message="cursed"), TILL, ON_TIME)
    assert store.waiting(TILL) == 1
    assert list(await store.unsettled()) == [job]


async def test_words_that_no_disk_can_keep_fail_alone(store: SqliteStore) -> None:
    lone_surrogate = "\ud800"
    answers = await asyncio.gather(
        added(store), added(store, title=lone_surrogate), added(store), return_exceptions=True
    )
    assert [isinstance(answer, StoreFailed) for answer in answers] == [False, True, False]


async def test_an_id_that_is_taken_fails_alone_and_spoils_nothing(store: SqliteStore) -> None:
    job = await added(store, document=LARGE)
    for document in (LABEL, LARGE):
        with pytest.raises(StoreFailed):
            await store.add(replace(new_job(), id=job.id), document, LIMITS, "f")
    kept = await store.document(job.id)
    assert kept is not None
    assert kept.path is not None
    assert kept.path.read_bytes() == LARGE.data


async def test_a_claim_for_nobody_is_given_back(store: SqliteStore) -> None:
    job = await added(store)
    back = returning(store)
    asked = asyncio.create_task(store.claim(TILL, ON_TIME))
    await asyncio.sleep(0)  # lets it ask
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert (await back).job == job.id
    assert store.waiting(TILL) == 1


async def test_the_claim_after_a_settle_is_given_back_but_the_settle_stands(store: SqliteStore) -> None:
    await added(store)
    following = await added(store)
    job = await claimed(store)
    back = returning(store)
    asked = asyncio.create_task(store.settle_and_claim(change(job, JobState.COMPLETED), TILL, ON_TIME))
    await asyncio.sleep(0)  # lets it ask
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert (await back).job == following.id
    done = await store.job(job.id)
    assert done is not None
    assert done.state is JobState.COMPLETED


def returning(store: SqliteStore) -> asyncio.Future[JobChanged]:
    """Return what will be the next event of a job that waits again."""
    heard: asyncio.Future[JobChanged] = asyncio.get_running_loop().create_future()

    def listen(events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, JobChanged) and event.state is JobState.PENDING and not heard.done():
                heard.set_result(event)

    store.watch(listen)
    return heard


async def test_a_settle_is_done_also_when_who_asked_goes_away(store: SqliteStore) -> None:
    await added(store)
    job = await claimed(store)
    asked = asyncio.create_task(store.settle(change(job, JobState.COMPLETED)))
    await asyncio.sleep(0)  # lets it ask
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await store.close()
    timeline = [getattr(event, "state", None) for event in store._recent.events(0, 10) or ()]
    assert timeline[-1] is JobState.COMPLETED


async def test_closing_finishes_what_was_asked(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    asked = [asyncio.create_task(added(store, document=document)) for document in [LABEL, LARGE] * 10]
    await asyncio.sleep(0)  # lets them ask
    await store.close()
    jobs = await asyncio.gather(*asked)
    store = await SqliteStore.open(tmp_path)
    assert [await store.job(job.id) for job in jobs] == jobs
    await store.close()


async def test_a_large_add_given_up_leaves_no_file_without_a_row(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    asked = asyncio.create_task(added(store, document=LARGE))
    await asyncio.sleep(0)  # lets it ask
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await store.close()
    assert len(list((tmp_path / "documents").iterdir())) == len(list(store._recent.events(0, 10) or ()))


async def test_a_flood_of_large_rows_does_not_make_one_large_commit(store: SqliteStore) -> None:
    ear = Ear(store)
    heavy = Document.of(bytes(250_000))
    await asyncio.gather(*(added(store, document=heavy) for _ in range(40)))
    assert max(len(commit) for commit in ear.commits) <= 4 * 1024**2 // 250_000


async def test_a_watcher_that_fails_keeps_no_answer_back(store: SqliteStore) -> None:
    def broken(events: object) -> None:
        raise RuntimeError(events)

    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))
    store.watch(broken)
    job = await added(store)
    await settled(store, job, JobState.CANCELED)
    await store.save_printer(Printer(TILL, "till", "file:/srv"))
    assert len(faults) == 2
