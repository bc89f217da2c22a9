"""How long jobs wait, over restarts too, and under which keys and limits they are taken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fanfold.config import Limits
from fanfold.engine.engine import Engine
from fanfold.errors import Interrupted, NotReached
from fanfold.languages.escpos import EscPos
from fanfold.languages.pages import Pdf
from fanfold.messages import (
    Accepted,
    AddPrinter,
    CancelJob,
    ChangePrinter,
    PausePrinter,
    ReleaseJob,
    RemovePrinter,
    Submit,
)
from fanfold.model import JobState, OnDoubt, OnLate, PrinterId, Reason
from fanfold.store.base import Store
from fanfold.store.memory import MemoryStore
from fanfold.store.sqlite import SqliteStore
from fanfold.wire import Document
from tests.contract.stores import Hands
from tests.peers.processes import until
from tests.unit.engine.test_engine import raising
from tests.unit.engine.toy import LOCAL, Toy, house


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr("fanfold.clock.uptime_s", hands.uptime_s)
    return hands


async def reopened(store: Store, folder: Path) -> Store:
    if isinstance(store, SqliteStore):
        await store.close()
        return await SqliteStore.open(folder / "data")
    return store


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_printer_that_wakes_after_a_restart_does_not_print_last_nights_jobs(
    tmp_path: Path, hands: Hands, kind: str
) -> None:
    store: Store = MemoryStore(tmp_path) if kind == "memory" else await SqliteStore.open(tmp_path / "data")
    async with house(tmp_path, Toy(away="off"), store, max_wait_s=3600) as h:
        late = await h.submit(b"last night's")
        patient = await h.submit(b"no hurry", start_within_s=7 * 3600)
        lane = h.engine._roster.find("till")
        await _blocked_on_disk(store, lane.printer.id)
    hands.turn(6 * 3600)
    store = await reopened(store, tmp_path)
    async with house(tmp_path, Toy(), store, max_wait_s=3600) as h:
        held = await h.end(late)
        assert (held.state, held.reasons, held.attempt) == (JobState.HELD, (Reason.TOO_LATE,), 0)
        assert (await h.end(patient)).state is JobState.COMPLETED
        assert [data for _, data in h.toy.paper] == [b"no hurry"]
    await store.close()


async def _blocked_on_disk(store: Store, printer: str) -> None:
    """Wait until the store knows that the printer is away: from then on a kill changes nothing."""

    async def known() -> bool:
        kept = {one.printer.id: one.blocked_since_s for one in await store.printers()}
        return kept[PrinterId(printer)] is not None

    await until(known, "the note that the printer is away")


async def test_a_gateway_that_was_down_makes_no_job_late_when_the_printer_was_there(
    tmp_path: Path, hands: Hands
) -> None:
    store = MemoryStore(tmp_path)
    async with house(tmp_path, store=store) as h:
        job = await h.submit(b"in the line", printer="bar")
        await h.engine.stop()
    kept = await store.job(job.id)
    assert kept is not None
    hands.turn(48 * 3600)
    async with house(tmp_path, Toy(), store) as h:
        assert (await h.end(job)).state is JobState.COMPLETED


async def test_under_the_rule_print_a_late_job_prints_when_the_printer_wakes(tmp_path: Path, hands: Hands) -> None:
    async with house(tmp_path, Toy(away="off"), max_wait_s=5, on_late=OnLate.PRINT) as h:
        job = await h.submit(b"whenever")
        canceled = await h.submit(b"now", on_late=OnLate.CANCEL, start_within_s=1)
        await h.toy.tried.wait()
        hands.turn(24 * 3600)
        h.toy.away = ""
        assert (await h.end(job)).state is JobState.COMPLETED
        assert (await h.end(canceled)).state is JobState.CANCELED
        assert [data for _, data in h.toy.paper] == [b"whenever"]


async def test_a_released_job_may_wait_afresh(tmp_path: Path, hands: Hands) -> None:
    async with house(tmp_path, Toy(away="off"), max_wait_s=5) as h:
        job = await h.submit()
        await h.toy.tried.wait()
        hands.turn(6)
        await h.submit(b"looked at again")
        held = await h.end(job)
        assert held.state is JobState.HELD
        await h.do(ReleaseJob(job.id))
        h.toy.away = ""
        assert (await h.end(job)).state is JobState.COMPLETED


async def test_a_job_printed_again_in_doubt_that_gets_late_is_not_said_to_be_untouched(
    tmp_path: Path, hands: Hands
) -> None:
    async def broken_and_gone(link: Any, work: object, report: object) -> None:
        link.sent, link.toy.away = 3, "off"
        raise Interrupted("cable")

    async with house(tmp_path, Toy(deeds=[broken_and_gone]), on_doubt=OnDoubt.REPRINT) as h:
        job = await h.submit(start_within_s=2, on_late=OnLate.CANCEL)
        again = await h.until(job, JobState.PENDING, Reason.REPRINTED_IN_DOUBT)
        assert again.reprints == 1
        h.toy.tried.clear()
        await h.toy.tried.wait()
        hands.turn(3)
        await h.submit(b"looked at again")
        done = await h.end(job)
        assert (done.state, done.reasons) == (JobState.CANCELED, (Reason.TOO_LATE, Reason.DELIVERY_UNCERTAIN))
        assert "may have printed before" in done.message


async def test_a_job_that_was_in_doubt_is_never_said_to_be_untouched(tmp_path: Path) -> None:
    async def gone(link: Any, work: object, report: object) -> None:
        link.toy.away = "off"
        raise NotReached("not this time", reasons=(Reason.OFFLINE,))

    async with house(tmp_path, Toy(deeds=[raising(Interrupted("cable"), 3), gone])) as h:
        job = await h.end(await h.submit())
        await h.do(ReleaseJob(job.id))
        await h.until(job, JobState.PENDING, Reason.OFFLINE)
        shown = await h.do(CancelJob(job.id))
        assert shown.job.reasons == (Reason.CANCELED_BY_USER, Reason.DELIVERY_UNCERTAIN)  # type: ignore[union-attr]
        assert "may have printed before" in shown.job.message  # type: ignore[union-attr]


# keys


@pytest.mark.parametrize(
    "changes",
    [
        {"printer": "bar"},
        {"copies": 2},
        {"title": "other"},
        {"start_within_s": 7.0},
        {"on_late": OnLate.PRINT},
        {"document": Document.of(b"other")},
        {"document": Document.of(b"once", "application/vnd.zebra-zpl")},
        {"document": "once"},
        {"encoding": "cp437", "document": "once"},
    ],
)
async def test_a_key_with_another_printer_option_or_document_is_refused(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    async with house(tmp_path) as h:
        ask = Submit("till", Document.of(b"once"), key="k1")
        await h.do(ask)
        refusal = await h.refused(replace(ask, **changes))
        assert (refusal.code, refusal.status) == ("key-reused", 409)


async def test_a_key_is_the_owners_and_not_the_connections(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        ask = Submit("till", Document.of(b"once"), key="k1")
        first = await h.engine.do(ask, LOCAL)
        reconnected = await h.engine.do(ask, replace(LOCAL, client="c99"))
        stranger = await h.engine.do(ask, replace(LOCAL, owner="https://shop.example"))
        assert isinstance(first, Accepted)
        assert isinstance(reconnected, Accepted)
        assert isinstance(stranger, Accepted)
        assert (reconnected.job.id, reconnected.fresh) == (first.job.id, False)
        assert (stranger.job.id == first.job.id, stranger.fresh) == (False, True)


async def test_a_key_answers_also_when_its_printer_is_set_up_otherwise_by_now(tmp_path: Path) -> None:
    async with house(tmp_path, languages=(Pdf(), EscPos())) as h:
        await h.do(AddPrinter("extra", "toy:3"))
        text, page = Submit("extra", "5 €", key="text"), Submit("extra", Document.of(b"%PDF-1.7"), key="page")
        first = [await h.do(ask) for ask in (text, page)]
        await h.do(ChangePrinter("extra", options={"encoding": "cp858", "accepts": ["raw"], "language": "escpos"}))
        again = [await h.do(ask) for ask in (text, page)]
        assert [reply.job.id for reply in again] == [reply.job.id for reply in first]  # type: ignore[union-attr]
        assert (await h.refused(replace(page, key="new"))).code == "kind-not-accepted"


async def test_a_key_answers_also_when_its_printer_is_gone(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.do(AddPrinter("extra", "toy:3"))
        ask = Submit("extra", Document.of(b"once"), key="k1")
        first = await h.do(ask)
        await h.end(first.job)  # type: ignore[union-attr, arg-type]
        await h.do(RemovePrinter("extra"))
        again = await h.do(ask)
        assert again.job.id == first.job.id  # type: ignore[union-attr]
        for other in ({"key": "k2"}, {"copies": 2}, {"title": "another"}, {"document": Document.of(b"other")}):
            assert (await h.refused(replace(ask, **other))).code == "unknown-printer"


# limits


def limited(engine: Engine, **limits: int) -> None:
    engine._take(replace(engine.settings, limits=Limits(**limits)))


async def test_over_a_limit_a_job_is_refused_before_it_is_accepted_and_those_before_stay(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.do(PausePrinter("till"))
        kept = await h.submit(b"kept")
        limited(h.engine, waiting_jobs=1)
        assert (await h.refused(Submit("till", Document.of(b"one too many")))).status == 429
        assert (await h.end(await h.submit(b"x", printer="bar"))).state is JobState.COMPLETED
        limited(h.engine, store_bytes=10)
        assert (await h.refused(Submit("till", Document.of(b"too much here")))).status == 507
        limited(h.engine, document_bytes=3)
        assert (await h.refused(Submit("till", Document.of(b"large")))).status == 413
        assert (await h.refused(Submit("till", "large"))).status == 413
        found = await h.store.job(kept.id)
        assert found is not None
        assert found.state is JobState.PENDING


async def test_a_printers_pause_outlives_a_restart(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    async with house(tmp_path, Toy(deeds=[raising(Interrupted("x"))] * 2), store) as h:
        jobs = [await h.submit() for _ in range(3)]
        await h.end(jobs[1])
        await h.until(jobs[1], JobState.HELD)
    async with house(tmp_path, Toy(), store) as h:
        assert h.engine._roster.find("till").printer.paused
        assert (await h.end(await h.submit(printer="bar"))).state is JobState.COMPLETED
        assert h.toy.paper[0][0] != jobs[2].id
