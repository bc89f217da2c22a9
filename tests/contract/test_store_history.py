"""What every store promises of events, lists, printers, origins and upkeep."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fanfold.errors import Refused
from fanfold.messages import (
    JobChanged,
    ListJobs,
    PrinterChanged,
    PrinterConnected,
    PrinterDisconnected,
    PrinterScanned,
)
from fanfold.model import (
    Evidence,
    JobId,
    JobState,
    OnDoubt,
    OnLate,
    Printer,
    PrinterId,
    PrinterOptions,
    Reason,
    Source,
)
from fanfold.store.base import KeptPrinter, Store
from fanfold.wire import Document
from tests.contract.stores import (
    BAR,
    KINDS,
    LABEL,
    LARGE,
    LIMITS,
    ON_TIME,
    TILL,
    Ear,
    Hands,
    added,
    bytes_of,
    change,
    claimed,
    finished,
    ids,
    new_job,
    settled,
    stores,
)

HELD = (JobState.HELD,)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr("fanfold.clock.uptime_s", hands.uptime_s)
    return hands


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path, hands: Hands) -> AsyncIterator[Store]:
    async for store in stores(request.param, tmp_path):
        yield store


# --- events ------------------------------------------------------------------------------------------------------


async def test_events_of_jobs_and_printers_are_one_sequence(store: Store) -> None:
    job = await added(store)
    await store.record(TILL, "stopped", ("paused", "offline-error"), "The cover is open.")
    await claimed(store)
    events = await store.events(0)
    assert [event.id for event in events] == sorted({event.id for event in events})
    first, second, third = events
    assert isinstance(second, PrinterChanged)
    assert (second.printer, second.state, second.reasons, second.message) == (
        TILL,
        "stopped",
        ("paused", "offline-error"),
        "The cover is open.",
    )
    assert isinstance(first, JobChanged)
    assert isinstance(third, JobChanged)
    assert first.job == third.job == job.id
    assert store.last_event_id() == third.id


async def test_printers_that_dial_in_make_events_of_their_own(store: Store) -> None:
    await store.record(TILL, "connected", (), "", "raw")
    await store.record(TILL, "disconnected", (), "It was silent for 90 s.", "raw")
    await store.record(TILL, "scanned", ("device.friendly\nname",), "", "4006381333931\r\n№")
    await store.record(TILL, "removed", (), "Nobody wants it.")
    came, went, scanned, removed = await store.events(0)
    assert came == PrinterConnected(came.id, came.at, TILL, "raw")
    assert went == PrinterDisconnected(went.id, went.at, TILL, "raw", "It was silent for 90 s.")
    assert scanned == PrinterScanned(scanned.id, scanned.at, TILL, "4006381333931\r\n№", "device.friendly\nname")
    assert removed == PrinterChanged(removed.id, removed.at, TILL, "removed", (), "Nobody wants it.")


async def test_events_of_a_job_carry_the_id_that_others_gave_it(store: Store) -> None:
    ear = Ear(store)
    named, nameless = await added(store, external_id="#17"), await added(store)
    for job, external_id in ((named, "#17"), (nameless, "")):
        (event,) = await store.timeline(job.id)
        assert event.external_id == external_id
        assert event in ear.events
    assert ear.events == list(await store.events(0))


async def test_events_are_read_on_from_any_of_them(store: Store) -> None:
    for _ in range(5):
        await added(store)
    all_of_them = list(await store.events(0))
    assert len(all_of_them) == 5
    for number, event in enumerate(all_of_them):
        assert list(await store.events(event.id)) == all_of_them[number + 1 :]
    assert list(await store.events(0, limit=2)) == all_of_them[:2]
    assert list(await store.events(store.last_event_id() + 100)) == []


async def test_watchers_hear_each_commit_before_its_verb_returns(store: Store) -> None:
    ear = Ear(store)
    job = await added(store)
    assert [getattr(event, "job", None) for event in ear.events] == [job.id]
    await store.record(BAR, "idle", (), "")
    assert ear.events == list(await store.events(0))


async def test_watchers_hear_events_in_the_order_of_their_ids(store: Store) -> None:
    ear = Ear(store)
    await asyncio.gather(
        *(added(store) for _ in range(40)), *(store.record(TILL, "idle", (), str(number)) for number in range(40))
    )
    heard = [event.id for event in ear.events]
    assert heard == sorted(heard)
    assert len(heard) == 80
    assert ear.events == list(await store.events(0))


async def test_a_change_that_says_nothing_new_writes_its_row(store: Store) -> None:
    job = await finished(store)
    await settled(store, job, JobState.COMPLETED, evidence=Evidence.SENT)
    assert len(await store.timeline(job.id)) == 4


# --- lists -------------------------------------------------------------------------------------------------------


async def test_lists_are_newest_first_and_paged(store: Store) -> None:
    jobs = [await added(store) for _ in range(7)]
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = await store.jobs(ListJobs(cursor=cursor, limit=3))
        seen += ids(page.jobs)
        cursor, pages = page.next, pages + 1
    assert seen == ids(reversed(jobs))
    assert pages == 3


async def test_a_full_last_page_has_no_next(store: Store) -> None:
    for _ in range(3):
        await added(store)
    assert (await store.jobs(ListJobs(limit=3))).next is None


async def test_jobs_that_come_meanwhile_do_not_shift_the_pages(store: Store) -> None:
    old = [await added(store) for _ in range(4)]
    first = await store.jobs(ListJobs(limit=2))
    await added(store)
    second = await store.jobs(ListJobs(limit=2, cursor=first.next))
    assert ids(first.jobs) + ids(second.jobs) == ids(reversed(old))


async def test_lists_are_filtered(store: Store) -> None:
    done = await finished(store)
    await added(store, BAR)
    canceled = await settled(store, await claimed(store, BAR), JobState.CANCELED, Reason.CANCELED_BY_USER, "other")
    await added(store)
    held = await settled(store, await claimed(store), JobState.HELD, Reason.DELIVERY_UNCERTAIN)
    waiting = await added(store, owner="https://shop.example")

    async def found(**filters: Any) -> list[JobId]:
        return ids((await store.jobs(ListJobs(**filters))).jobs)

    assert await found() == ids([waiting, held, canceled, done])
    assert await found(states=HELD) == [held.id]
    assert await found(states=(JobState.COMPLETED, JobState.PENDING)) == [waiting.id, done.id]
    assert await found(states=(JobState.CANCELED, JobState.HELD, JobState.COMPLETED)) == ids([held, canceled, done])
    assert await found(states=(JobState.PROCESSING,)) == []
    assert await found(printer=TILL) == ids([waiting, held, done])
    assert await found(printer=BAR, states=(JobState.CANCELED,)) == [canceled.id]
    assert await found(printer=BAR, states=HELD) == []
    assert await found(owner="https://shop.example") == [waiting.id]
    assert await found(reason="other") == [canceled.id]
    assert await found(reason="othe") == []
    assert await found(reason=Reason.DELIVERY_UNCERTAIN, states=HELD, owner="local", printer=TILL) == [held.id]


async def test_pages_of_several_states_are_merged_in_order(store: Store) -> None:
    expected = []
    for number in range(9):
        job = await added(store)
        if number % 3 == 0:
            job = await settled(store, await claimed(store), JobState.COMPLETED)
        elif number % 3 == 1:
            job = await settled(store, await claimed(store), JobState.CANCELED)
        else:
            job = await settled(store, await claimed(store), JobState.HELD)
        expected.append(job.id)
    states = (JobState.HELD, JobState.CANCELED, JobState.COMPLETED)
    first = await store.jobs(ListJobs(states, limit=4))
    second = await store.jobs(ListJobs(states, limit=5, cursor=first.next))
    assert ids(first.jobs) + ids(second.jobs) == expected[::-1]
    assert second.next is None


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "९", "9" * 30, "1; DROP TABLE jobs"])
async def test_a_cursor_that_no_page_gave_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(Refused) as refused:
        await store.jobs(ListJobs(cursor=cursor))
    assert (refused.value.code, refused.value.status) == ("bad-cursor", 400)


@pytest.mark.parametrize("limit", [-5, 0, 1])
async def test_a_page_has_one_job_at_least(store: Store, limit: int) -> None:
    await added(store)
    await added(store)
    assert len((await store.jobs(ListJobs(limit=limit))).jobs) == 1


# --- printers, origins -------------------------------------------------------------------------------------------

RECEIPTS = Printer(
    TILL,
    "Receipts",
    "socket://192.0.2.7:9100",
    ("receipt", "Kasse 1"),
    Source.CONFIGURED,
    PrinterOptions("escpos", ("raw", "image/png"), "cp858", OnDoubt.REPRINT, OnLate.CANCEL, 1.5, 2.5, 3.5, 4.5),
    ("raw",),
    paused=True,
    paused_because="interrupted twice",
    info="TM-T20",
    is_default=True,
    identity="secret:7f3a",
)


async def test_printers_are_kept_as_they_were_given(store: Store) -> None:
    plain = Printer(BAR, "bar", "file:/srv/out")
    await store.save_printer(RECEIPTS)
    await store.save_printer(plain)
    assert list(await store.printers()) == [KeptPrinter(RECEIPTS), KeptPrinter(plain)]


async def test_a_changed_printer_keeps_its_place_and_its_blocked_time(store: Store) -> None:
    await store.save_printer(RECEIPTS)
    await store.save_printer(Printer(BAR, "bar", "file:/srv/out"))
    await store.save_blocked(TILL, 12.5, 99.25)
    changed = replace(RECEIPTS, name="Receipts 2", aliases=(), paused=False)
    await store.save_printer(changed)
    assert (await store.printers())[0] == KeptPrinter(changed, 12.5, 99.25)
    await store.save_blocked(TILL, 13, None)
    assert (await store.printers())[0] == KeptPrinter(changed, 13, None)


async def test_a_dropped_printer_leaves_its_jobs(store: Store) -> None:
    await store.save_printer(RECEIPTS)
    job = await added(store)
    await store.drop_printer(TILL)
    await store.drop_printer(TILL)
    assert list(await store.printers()) == []
    assert await store.job(job.id) == job
    await store.save_blocked(PrinterId("nobody"), 1, None)
    assert list(await store.printers()) == []


async def test_origins_are_allowed_and_revoked(store: Store) -> None:
    for origin in ("https://b.example", "https://a.example", "https://b.example"):
        await store.allow_origin(origin)
    assert list(await store.origins()) == ["https://b.example", "https://a.example"]
    for _ in range(2):
        await store.revoke_origin("https://b.example")
    assert list(await store.origins()) == ["https://a.example"]


async def test_printers_are_rejected_and_let_try_again(store: Store) -> None:
    for uri in ("weblink:B", "weblink:A", "weblink:B"):
        await store.reject(uri)
    assert list(await store.rejected()) == ["weblink:B", "weblink:A"]
    for _ in range(2):
        await store.unreject("weblink:B")
    assert list(await store.rejected()) == ["weblink:A"]
    await store.reject("weblink:B")
    assert list(await store.rejected()) == ["weblink:A", "weblink:B"]


# --- upkeep ------------------------------------------------------------------------------------------------------


async def test_the_age_goes_with_the_clock(store: Store, hands: Hands) -> None:
    before_s = store.age_s
    hands.turn(1000)
    assert store.age_s - before_s == pytest.approx(1000)


@pytest.mark.parametrize("document", [LABEL, LARGE], ids=["small", "large"])
async def test_old_documents_go_first_then_the_rows(store: Store, hands: Hands, document: Document) -> None:
    await added(store, document=document)
    old = await settled(store, await claimed(store), JobState.COMPLETED)
    hands.turn(60)
    young, open_job = await finished(store), await added(store)
    assert await store.sweep(61, 600) == (0, 0)
    assert await store.sweep(60, 600) == (1, 0)
    assert await store.document(old.id) is None
    kept = await store.job(old.id)
    assert kept == replace(old, document_kept=False)
    assert await bytes_of(await store.document(young.id)) == LABEL.data
    assert await store.sweep(600, 60) == (0, 1)
    assert await store.job(old.id) is None
    assert list(await store.timeline(old.id)) == []
    assert ids((await store.jobs(ListJobs())).jobs) == ids([open_job, young])


async def test_rows_go_with_their_documents_when_those_were_to_stay_longer(store: Store, hands: Hands) -> None:
    job = await finished(store, key="k")
    hands.turn(60)
    assert await store.sweep(600, 60) == (0, 1)
    assert await store.document(job.id) is None
    assert await store.job_by_key("local", "k") is None
    assert (await store.add(new_job(key="k"), LABEL, LIMITS, "other")).fresh


async def test_open_jobs_are_never_swept(store: Store, hands: Hands) -> None:
    pending = await added(store)
    await added(store, BAR)
    processing = await claimed(store, BAR)
    held = await settled(store, pending, JobState.HELD)
    hands.turn(1e7)
    assert await store.sweep(0, 0) == (0, 0)
    assert await store.job(held.id) == held
    assert await store.job(processing.id) == processing


async def test_news_after_the_end_do_not_keep_a_job_longer(store: Store, hands: Hands) -> None:
    job = await finished(store)
    hands.turn(60)
    await settled(store, job, JobState.COMPLETED, evidence=Evidence.PRINTED)
    assert await store.sweep(60, 60) == (1, 1)


async def test_a_long_history_is_swept_in_steps(store: Store, hands: Hands) -> None:
    jobs = await asyncio.gather(*(added(store) for _ in range(700)))
    await asyncio.gather(*(store.settle(change(job, JobState.CANCELED)) for job in jobs))
    hands.turn(10)
    assert await store.sweep(5, 5) == (700, 700)
    assert (await store.jobs(ListJobs())).jobs == ()
    assert list(await store.events(0)) == []
    assert store.last_event_id() == 1400


async def test_event_ids_go_on_after_a_sweep(store: Store) -> None:
    await finished(store)
    last = store.last_event_id()
    await store.sweep(0, 0)
    await added(store)
    assert [event.id for event in await store.events(0)] == [last + 1]


async def test_a_verb_between_sweeps_sees_what_is_left(store: Store) -> None:
    await finished(store)
    waiting = await added(store)
    sweep, claim = await asyncio.gather(store.sweep(0, 0), store.claim(TILL, ON_TIME))
    assert sweep == (1, 1)
    assert claim is not None
    assert claim.id == waiting.id


async def test_events_of_printers_go_when_jobs_would(store: Store, hands: Hands) -> None:
    await store.record(TILL, "stopped", (), "old")
    await store.record(TILL, "connected", (), "", "raw")
    hands.turn(60)
    await store.record(TILL, "idle", (), "young")
    job = await added(store)
    await store.sweep(60, 61)
    assert len(await store.events(0)) == 4
    assert await store.sweep(60, 60) == (0, 0)
    await claimed(store)
    assert [event.id for event in await store.timeline(job.id)] == [4, 5]
