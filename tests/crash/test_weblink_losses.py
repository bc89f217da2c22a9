"""What a printer that dials in, nginx or the net take away, with the gateway killed meanwhile or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.gateway import SIDE_SECRET
from tests.crash.paper import Label
from tests.crash.weblink_scene import PACE, SERIAL, WeblinkScene, weblink_scene
from tests.crash.zebra import Zebra

pytestmark = pytest.mark.real

SMALL, LARGE, TWO = Label("small"), Label("large", 700 * 1024), Label("two", 64 * 1024, quantity=2)
DELIVERED, PRINTED = 2, 3
SOON_S = 1.4
"""After so long a silence a line counts as dead here."""


@pytest.fixture(params=["gateway lives", "gateway dies"])
def dies(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "gateway dies")


async def test_a_job_that_the_printer_had_is_found_printed_by_its_counter(tmp_path: Path) -> None:
    async with weblink_scene(tmp_path, bytes_per_s=PACE) as stage:
        await stage.reads_unsaid(TWO)
        await stage.gateway.kill()
        await stage.gateway.run()
        await _is_printed(stage)


@pytest.mark.parametrize("again", ["found in flight", "counter read", "about to settle", "settled"])
async def test_a_job_in_flight_survives_a_start_that_is_killed_too(tmp_path: Path, again: str) -> None:
    async with weblink_scene(tmp_path, bytes_per_s=PACE) as stage:
        await stage.reads_unsaid(TWO)
        await stage.gateway.kill()
        await stage.gateway.start("--die", again)
        await stage.gateway.died()
        await stage.gateway.run()
        await _is_printed(stage)


async def _is_printed(stage: WeblinkScene) -> None:
    books = await stage.ends()
    assert stage.complaints(books) == []
    job = stage.job(books, TWO)
    assert (job.state, job.evidence) == ("completed", PRINTED)


async def test_a_job_that_went_with_the_power_is_printed_if_the_counter_says_that_nothing_was(
    tmp_path: Path, *, dies: bool
) -> None:
    async with weblink_scene(tmp_path, bytes_per_s=PACE) as stage:
        stage.zebra.fault("PAPER OUT")
        await stage.reads_unsaid(TWO)
        await _power_is_cut(stage, dies=dies)
        stage.zebra.mend("PAPER OUT")
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert stage.state(books, TWO) == "completed"


async def test_a_job_of_which_the_printer_had_printed_some_is_held(tmp_path: Path, *, dies: bool) -> None:
    async with weblink_scene(tmp_path, bytes_per_s=PACE, label_s=0.4) as stage:
        await stage.reads_unsaid(TWO)
        await stage.zebra.labels_out(1)
        await _power_is_cut(stage, dies=dies)
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert stage.state(books, TWO) == "held"


async def _power_is_cut(stage: WeblinkScene, *, dies: bool) -> None:
    stage.zebra.power_off()
    if dies:
        await stage.gateway.kill()
        await stage.gateway.run()
    stage.zebra.power_on()
    stage.zebra.switch(answers_pings=True)


async def test_labels_that_were_delivered_and_lost_with_the_power_are_held_and_not_completed(tmp_path: Path) -> None:
    async with weblink_scene(tmp_path) as stage:
        await _lost_with_the_power(stage)
        job = await stage.until_it_is(TWO, "held")
        assert "labels are missing" in job.steps[-1].message
        await stage.offer(SMALL)
        await stage.until_it_is(SMALL, "completed", PRINTED)
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert not [sheet for sheet in stage.zebra.sheets(stage.ledger.paper, "") if sheet.name == TWO.name]


@pytest.mark.parametrize(
    ("point", "end"), [("about to doubt", "completed"), ("about to hold", "completed"), ("held", "held")]
)
async def test_labels_that_were_lost_with_the_power_are_never_called_printed_though_the_gateway_died(
    tmp_path: Path, point: str, end: str
) -> None:
    async with weblink_scene(tmp_path) as stage:
        await _lost_with_the_power(stage, "--die", point)
        await stage.gateway.died()
        await stage.gateway.run()
        await stage.offer(SMALL)
        await stage.until_it_is(SMALL, "completed", PRINTED)
        books = await stage.ends()
        assert stage.complaints(books) == []
        job = stage.job(books, TWO)
        assert (job.state, job.evidence) == (end, DELIVERED)


async def test_labels_from_elsewhere_are_not_taken_for_those_that_went_with_the_power(tmp_path: Path) -> None:
    async with weblink_scene(tmp_path) as stage:
        await _lost_with_the_power(stage)
        await stage.zebra.connected()
        stage.zebra.print_elsewhere(TWO.quantity)
        assert await stage.knows(TWO) == "delivered"
        books = await stage.ends()
        assert stage.complaints(books) == []


async def _lost_with_the_power(stage: WeblinkScene, *how: str) -> None:
    stage.zebra.fault("PAPER OUT")
    await stage.gateway.run(*how)
    await stage.offer(TWO)
    await stage.until_it_is(TWO, "completed", DELIVERED)
    stage.zebra.power_off()
    stage.zebra.power_on()
    stage.zebra.mend("PAPER OUT")


async def test_a_printer_that_dies_half_open_under_a_job_holds_up_nobody(tmp_path: Path, *, dies: bool) -> None:
    async with weblink_scene(tmp_path, dead_after_s=SOON_S, bytes_per_s=PACE) as stage:
        await _under_way(stage)
        stage.zebra.freeze()
        if dies:
            await stage.gateway.kill()
            await stage.gateway.run()
        stage.zebra.power_off()  # what it had read is lost
        stage.zebra.power_on()
        await _goes_on(stage)


async def test_a_wire_that_is_cut_under_a_job_and_healed_holds_up_nobody(tmp_path: Path, *, dies: bool) -> None:
    async with weblink_scene(tmp_path, dead_after_s=SOON_S, bytes_per_s=PACE, ping_s=0.2) as stage:
        await _under_way(stage)
        stage.wire.cut()
        if dies:
            await stage.gateway.kill()
            await stage.gateway.run()
        await stage.zebra.alone()  # its pings were not answered
        stage.wire.heal()
        await _goes_on(stage)


async def test_bytes_that_come_late_over_an_old_line_make_no_second_label(tmp_path: Path, *, dies: bool) -> None:
    async with weblink_scene(tmp_path, dead_after_s=SOON_S) as stage:
        await stage.is_cut_off(LARGE)
        if dies:
            await stage.gateway.kill()
            await stage.gateway.run()
        stage.wire.reroute()
        stage.zebra.drop("main")  # it noticed there first
        await stage.offer(SMALL)
        await stage.until_it_is(SMALL, "completed", PRINTED)
        stage.wire.heal()
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert LARGE.name in {sheet.name for sheet in stage.zebra.sheets(stage.ledger.paper, "")}, "it came late"


async def test_a_killed_nginx_holds_up_nobody(tmp_path: Path, *, dies: bool) -> None:
    async with weblink_scene(tmp_path, bytes_per_s=PACE) as stage:
        await _under_way(stage)
        await stage.nginx.kill()
        if dies:
            await stage.gateway.kill()
            await stage.gateway.run()
        await stage.nginx.start()
        await _goes_on(stage)


async def test_a_stranger_who_names_a_serial_gets_no_job_of_its_printer(tmp_path: Path) -> None:
    async with weblink_scene(tmp_path) as stage:
        await stage.gateway.run()
        await stage.zebra.opened("raw")
        stage.zebra.power_off()
        door = f"http://127.0.0.1:{stage.gateway.side_door}/weblink/{SIDE_SECRET}"
        async with Zebra(door, SERIAL) as stranger:
            await stranger.until(lambda: stranger.dials > 1)
            await stage.offer(SMALL)
            await stranger.until(lambda: stranger.dials > 3)
            stage.zebra.power_on()
            books = await stage.ends()
            assert stage.complaints(books) == []
            assert stage.state(books, SMALL) == "completed"
            assert not stranger.received


async def _under_way(stage: WeblinkScene) -> None:
    """Let the printer have read a part of a job."""
    await stage.gateway.run()
    await stage.offer(LARGE)
    await stage.zebra.bytes_in(LARGE.size_bytes // 10)


async def _goes_on(stage: WeblinkScene) -> None:
    await stage.offer(SMALL)
    await stage.until_it_is(SMALL, "completed", PRINTED)
    books = await stage.ends()
    assert stage.complaints(books) == []
    assert stage.state(books, LARGE) in {"held", "completed"}
