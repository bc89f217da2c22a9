"""The proof of the judge for printers that dial in: gateways that break one promise each, and each one is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.gateway import SIDE_SECRET
from tests.crash.paper import Label
from tests.crash.scene import PRINTER
from tests.crash.test_sabotage import says
from tests.crash.weblink_scene import PACE, SERIAL, WeblinkScene, weblink_scene
from tests.crash.zebra import Zebra

pytestmark = pytest.mark.real

LARGE, TWO = Label("large", 700 * 1024), Label("two", 64 * 1024, quantity=2)
DELIVERED, PRINTED = 2, 3
SOON_S = 1.4


async def test_calling_written_bytes_delivered_is_caught(tmp_path: Path) -> None:
    async with weblink_scene(tmp_path, bytes_per_s=PACE) as stage:
        await stage.gateway.run("--sabotage", "delivers_at_the_last_frame")
        await stage.offer(LARGE)
        await stage.until_it_is(LARGE, "completed")
        stage.zebra.power_off()
        found = stage.complaints(await stage.ends())
        assert says(found, "large: called delivered, but its printer never had all of it")


async def test_taking_the_pong_for_the_paper_is_caught(tmp_path: Path) -> None:
    async with weblink_scene(tmp_path) as stage:
        stage.zebra.fault("PAPER OUT")
        await stage.gateway.run("--sabotage", "calls_delivered_printed")
        await stage.offer(TWO)
        await _is_called_printed_and_is_not(stage)


@pytest.mark.parametrize(
    ("way", "foreign_labels"), [("an_alert_alone_proves", 1), ("does_not_ask_what_is_left_to_print", 2)]
)
async def test_taking_a_foreign_label_for_ours_is_caught(tmp_path: Path, way: str, foreign_labels: int) -> None:
    async with weblink_scene(tmp_path) as stage:
        stage.zebra.fault("PAPER OUT")
        await stage.gateway.run("--sabotage", way)
        await stage.offer(TWO)
        await stage.until_it_is(TWO, "completed", DELIVERED)
        stage.zebra.print_elsewhere(foreign_labels)
        await _is_called_printed_and_is_not(stage)


async def _is_called_printed_and_is_not(stage: WeblinkScene) -> None:
    await stage.until_it_is(TWO, "completed", PRINTED)
    stage.zebra.power_off()
    assert says(stage.complaints(await stage.ends()), "two: called printed, but not whole on paper")


async def test_sending_again_when_raw_was_lost_is_caught(tmp_path: Path) -> None:
    async with weblink_scene(tmp_path, bytes_per_s=PACE) as stage:
        await stage.reads_unsaid(TWO, "--sabotage", "sends_again_when_raw_is_lost")
        stage.zebra.drop("raw")
        await _is_printed_twice(stage)


async def test_taking_an_extra_main_for_a_new_beginning_is_caught(tmp_path: Path) -> None:
    async with weblink_scene(tmp_path, bytes_per_s=PACE) as stage:
        await stage.reads_unsaid(TWO, "--sabotage", "an_extra_main_begins_anew")
        stage.zebra.switch(duplicates_mains=True)
        await stage.zebra.connected(2)
        stage.zebra.switch(duplicates_mains=False)
        await _is_printed_twice(stage)


async def _is_printed_twice(stage: WeblinkScene) -> None:
    stage.zebra.switch(answers_pings=True)
    assert says(stage.complaints(await stage.ends()), "two: on paper twice (whole and whole)")


async def test_believing_that_lost_bytes_stay_lost_is_caught(tmp_path: Path) -> None:
    async with weblink_scene(tmp_path, dead_after_s=SOON_S) as stage:
        await stage.is_cut_off(LARGE, "--sabotage", "believes_that_lost_bytes_stay_lost")
        stage.wire.reroute()
        stage.zebra.drop("main")
        await stage.until_it_is(LARGE, "completed")
        stage.wire.heal()
        assert says(stage.complaints(await stage.ends()), "large: on paper twice (whole and whole)")


async def test_letting_anybody_be_any_printer_is_caught(tmp_path: Path) -> None:
    async with weblink_scene(tmp_path) as stage:
        await stage.gateway.run("--sabotage", "lets_anybody_be_any_printer")
        await stage.zebra.opened("raw")
        stage.zebra.power_off()
        door = f"http://127.0.0.1:{stage.gateway.side_door}/weblink/{SIDE_SECRET}"
        async with Zebra(door, SERIAL) as stranger:
            await stage.offer(TWO)
            books = await stage.ends()
            found = stage.complaints(books)
            assert says(found, "two: called delivered, but its printer never had all of it")
            assert stranger.sheets(stage.ledger.paper, PRINTER)
