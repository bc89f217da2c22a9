from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from fanfold.errors import CannotStart, Refused, StoreFailed
from fanfold.model import Evidence, Job, JobState
from fanfold.store.base import Postbox
from fanfold.store.documents import DOCUMENTS
from fanfold.store.opening import DATABASE, RESERVE
from fanfold.store.owner import LOCK
from fanfold.store.reserve import RESERVE_BYTES
from fanfold.store.sqlite import SqliteStore
from fanfold.wire import Document
from tests.contract.stores import LABEL, LIMITS, ON_TIME, TILL, added, change, claimed, ids, letter, new_job, settled
from tests.unit.store.full_disk import fill

SCHEMA_1 = Path(__file__).parents[2] / "databases" / "schema_1.db"


class Seconds:
    """The reserve's own clock, turned by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    seconds = Seconds()
    monkeypatch.setattr("fanfold.store.reserve.time", seconds)
    return seconds


async def add_until_refused(store: SqliteStore) -> tuple[list[Job], Refused]:
    jobs = []
    while True:
        try:
            jobs.append(await added(store, document=Document.of(bytes(100_000))))
        except Refused as refused:
            return jobs, refused


async def settle_until_the_reserve_goes(store: SqliteStore, jobs: list[Job]) -> None:
    for job in jobs:
        if store.trouble:
            return
        await settled(store, job, JobState.HELD, message="x" * 5000)
    pytest.fail("the reserve was never needed")


async def post_until_failed(store: SqliteStore) -> int:
    posted = 0
    while True:
        try:
            await store.post("till", posted + 1, [letter(posted + 1, body=bytes(50_000))])
            posted += 1
        except StoreFailed:
            return posted


async def test_a_full_disk_refuses_new_jobs_and_keeps_the_old(disk: Path) -> None:
    store = await SqliteStore.open(disk)
    jobs, refused = await add_until_refused(store)
    assert (refused.code, refused.status) == ("store-full", 507)
    assert len(jobs) > 10
    assert store.waiting(TILL) == len(jobs)
    await store.close()
    store = await SqliteStore.open(disk)
    assert store.waiting(TILL) == len(jobs)
    assert await store.job(jobs[-1].id) == jobs[-1]
    await store.close()


async def test_a_store_opens_on_a_full_disk_by_giving_up_its_reserve(disk: Path, seconds: Seconds) -> None:
    store = await SqliteStore.open(disk)
    jobs = [await added(store) for _ in range(3)]
    await store.close()
    (disk / LOCK).write_bytes(b"")  # it has no block of its own now
    filling = fill(disk)
    store = await SqliteStore.open(disk)
    assert store.waiting(TILL) == len(jobs)
    assert "full" in store.trouble
    with pytest.raises(Refused, match="full"):
        await added(store)
    for job in jobs:
        await settled(store, job, JobState.CANCELED)
    filling.unlink()
    seconds.now_s += 1
    await added(store)
    assert (disk / RESERVE).stat().st_size == RESERVE_BYTES
    await store.close()


async def test_a_store_that_was_killed_opens_on_a_full_disk_too(disk: Path, tmp_path: Path) -> None:
    store = await SqliteStore.open(disk)
    job = await added(store)
    copy = tmp_path / "as it was"
    shutil.copytree(disk, copy)  # with its log, as a kill leaves it
    await store.close()
    shutil.copytree(copy, disk, dirs_exist_ok=True)
    (disk / f"{DATABASE}-shm").unlink()
    fill(disk)
    store = await SqliteStore.open(disk)
    await settled(store, job, JobState.CANCELED)
    await store.close()


async def test_an_older_store_is_brought_up_on_a_full_disk(disk: Path) -> None:
    (disk / RESERVE).write_bytes(os.urandom(RESERVE_BYTES))
    shutil.copy(SCHEMA_1, disk / DATABASE)
    (disk / LOCK).write_bytes(b"")
    fill(disk)
    store = await SqliteStore.open(disk)
    assert "full" in store.trouble
    await store.close()


async def test_a_store_that_cannot_open_without_a_reserve_says_so_and_opens_when_there_is_room(disk: Path) -> None:
    store = await SqliteStore.open(disk)
    jobs = [await added(store) for _ in range(3)]
    await store.close()
    (disk / LOCK).write_bytes(b"")
    (disk / RESERVE).write_bytes(b"")
    filling = fill(disk)
    with pytest.raises(CannotStart, match="room"):
        await SqliteStore.open(disk)
    filling.unlink()
    store = await SqliteStore.open(disk)
    assert store.waiting(TILL) == len(jobs)
    await store.close()


async def test_where_there_is_no_room_for_a_new_store_the_refusal_says_so(disk: Path) -> None:
    fill(disk)
    with pytest.raises(CannotStart, match=r"cannot be (opened|written|made).*room"):
        await SqliteStore.open(disk / "data")


@pytest.mark.parametrize("as_file", [False, True], ids=["in memory", "in incoming"])
async def test_a_document_that_does_not_fit_leaves_nothing_behind(disk: Path, *, as_file: bool) -> None:
    store = await SqliteStore.open(disk)
    data = bytes(3 * 1024**2)
    document = Document.of(data)
    if as_file:
        path = store.incoming / "body"
        path.write_bytes(data)
        document = Document(document.size_bytes, document.sha256, path=path)
    filling = fill(disk)
    with pytest.raises(Refused) as refused:
        await store.add(new_job(), document, LIMITS, "f")
    assert (refused.value.code, refused.value.status) == ("store-full", 507)
    assert list((disk / DOCUMENTS).iterdir()) == list(store.incoming.iterdir()) == []
    assert (store.waiting(TILL), store._ledger.tally.kept_bytes) == (0, 0)
    filling.unlink()
    await added(store)
    await store.close()


async def test_settles_go_on_when_the_disk_is_full(disk: Path, seconds: Seconds) -> None:
    store = await SqliteStore.open(disk)
    assert (disk / RESERVE).stat().st_blocks * 512 >= RESERVE_BYTES
    known = await added(store, key="known")
    jobs = [known] + [await added(store) for _ in range(300)]
    filling = fill(disk)
    while not store.trouble:
        job = await claimed(store)
        job = await settled(store, job, JobState.PROCESSING, evidence=Evidence.SENT, foreign="x" * 2000)
        await settled(store, job, JobState.COMPLETED, evidence=Evidence.DELIVERED)
    assert str(disk) in store.trouble
    assert "full" in store.trouble
    assert (disk / RESERVE).stat().st_size == 0

    with pytest.raises(Refused) as refused:
        await store.add(new_job(), LABEL, LIMITS, "f")
    assert (refused.value.code, refused.value.status, refused.value.says) == ("store-full", 507, store.trouble)
    with pytest.raises(Refused, match="full"):
        await store.add(new_job(), Document.of(bytes(300_000)), LIMITS, "f")
    assert (await store.add(new_job(key="known"), LABEL, LIMITS, "fingerprint")).job.id == known.id

    waiting = store.waiting(TILL)
    for _ in range(waiting):
        await settled(store, await claimed(store), JobState.COMPLETED, evidence=Evidence.DELIVERED)
    assert await store.claim(TILL, ON_TIME) is None
    await store.record(TILL, "idle", (), "")

    filling.unlink()
    with pytest.raises(Refused):
        await store.add(new_job(), LABEL, LIMITS, "f")
    seconds.now_s += 1
    assert (await store.add(new_job(), LABEL, LIMITS, "f")).fresh
    assert store.trouble == ""
    assert (disk / RESERVE).stat().st_size == RESERVE_BYTES
    await store.close()

    store = await SqliteStore.open(disk)
    assert {(await store.job(job) or known).state for job in ids(jobs)} == {JobState.COMPLETED}
    await store.close()


async def test_letters_never_use_the_room_that_settles_need(disk: Path, seconds: Seconds) -> None:
    store = await SqliteStore.open(disk)
    for _ in range(300):
        await added(store)
    filling = fill(disk)
    posted = await post_until_failed(store)
    asked = (store.post("till", 1000, [letter(1000, body=bytes(50_000))]), store.claim(TILL, ON_TIME))
    refused, job = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(refused, StoreFailed)
    assert "no room for the letters of the webhook till" in refused.says
    assert isinstance(job, Job)
    await settled(store, job, JobState.COMPLETED)
    assert (await store.postbox("till")).waiting == posted
    await store.post("till", 7)
    assert await store.postbox("till") == Postbox(7, waiting=posted)
    while await store.claim(TILL, ON_TIME) is not None:
        pass
    filling.unlink()
    seconds.now_s += 1
    await store.post("till", 1000, [letter(1000)])
    assert await store.postbox("till") == Postbox(1000, waiting=posted + 1)
    await store.close()


async def test_the_sweep_takes_the_reserve_again(disk: Path, seconds: Seconds) -> None:
    store = await SqliteStore.open(disk)
    jobs = [await added(store) for _ in range(100)]
    filling = fill(disk)
    await settle_until_the_reserve_goes(store, jobs)
    seconds.now_s += 1
    filling.unlink()
    await store.sweep(3600, 3600)
    assert store.trouble == ""
    await store.close()


async def test_a_start_on_a_full_disk_says_so_and_settles(disk: Path) -> None:
    store = await SqliteStore.open(disk)
    job = await added(store)
    await store.close()
    (disk / RESERVE).unlink()
    fill(disk, spare_bytes=512 * 1024)
    store = await SqliteStore.open(disk)
    assert "full" in store.trouble
    with pytest.raises(Refused):
        await added(store)
    await settled(store, job, JobState.CANCELED)
    await store.close()


async def test_a_disk_without_any_room_fails_the_settle_and_keeps_the_job(disk: Path) -> None:
    store = await SqliteStore.open(disk)
    jobs = [await added(store) for _ in range(50)]
    fill(disk)
    store._ledger.reserve.free()
    fill(disk)
    answers = await asyncio.gather(
        *(store.settle(change(job, JobState.HELD, message="x" * 500_000)) for job in jobs), return_exceptions=True
    )
    failed = [answer for answer in answers if isinstance(answer, StoreFailed)]
    assert failed
    held = sum(isinstance(answer, Job) for answer in answers)
    assert (store.waiting(TILL), store.held(TILL)) == (50 - held, held)
    (disk / "filling").unlink()
    for job in jobs:
        after = await store.job(job.id)
        assert after is not None
        if after.state is JobState.PENDING:
            await settled(store, after, JobState.CANCELED)
    await store.close()
