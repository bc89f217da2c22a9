"""A USB printer's plug and the gateway's life, pulled in the same job; then a look at the store and at the paper."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.crash.books import Books
from tests.crash.paper import Label
from tests.crash.scene import Scene, scene

SMALL, LARGE = Label("small"), Label("large", 700 * 1024)
HALF = 300 * 1024


async def offer_and_pull(stage: Scene) -> None:
    """Have the plug pulled in the middle of the large label."""
    stage.usb.dies_after = HALF
    await stage.offer(LARGE)
    await stage.until_it_had(LARGE, "delivery-uncertain")
    stage.usb.dies_after = None


def words(books: Books, stage: Scene) -> str:
    return stage.job(books, LARGE).steps[-1].message


async def test_a_plug_that_is_pulled_is_a_doubt_with_a_count_and_the_printer_prints_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, "usb") as stage:
        await stage.gateway.run()
        await offer_and_pull(stage)
        await stage.offer(SMALL)
        stage.usb.plug()
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert (stage.state(books, LARGE), stage.state(books, SMALL)) == ("held", "completed")
        counts = re.search(
            rf"taken (\d+) of {len(LARGE.data)} bytes, and perhaps up to (\d+) more", words(books, stage)
        )
        assert counts
        assert int(counts[1]) <= HALF <= int(counts[1]) + int(counts[2])


async def test_a_printer_that_is_away_costs_a_job_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path, "usb") as stage:
        await stage.usb.unplug()
        await stage.gateway.run()
        await stage.offer(SMALL)
        stage.usb.plug()
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert stage.state(books, SMALL) == "completed"
        assert stage.job(books, SMALL).steps[-1].attempt == 1


@pytest.mark.parametrize("point", ["about to hold", "held"])
async def test_a_gateway_that_dies_of_the_same_doubt_does_not_print_again(tmp_path: Path, point: str) -> None:
    async with scene(tmp_path, "usb") as stage:
        await stage.gateway.run("--die", point)
        stage.usb.dies_after = HALF
        await stage.offer(LARGE)
        await stage.gateway.died()
        stage.usb.dies_after = None
        stage.usb.plug()
        await stage.gateway.run()
        await stage.offer(SMALL)
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert (stage.state(books, LARGE), stage.state(books, SMALL)) == ("held", "completed")


async def test_a_gateway_killed_while_its_printer_reads_nothing_leaves_a_doubt_and_a_free_printer(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, "usb") as stage:
        stage.usb.reads.clear()
        await stage.gateway.run()
        await stage.offer(LARGE)
        await stage.until_it_had(LARGE, "printer-not-reading")
        await stage.gateway.kill()
        await stage.usb.free()
        stage.usb.reads.set()
        await stage.gateway.run()
        await stage.offer(SMALL)
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert (stage.state(books, LARGE), stage.state(books, SMALL)) == ("held", "completed")
        assert [len(data) for data in stage.usb.printed] == [len(SMALL.data)]


async def test_without_paper_a_job_waits_and_goes_by_itself(tmp_path: Path) -> None:
    async with scene(tmp_path, "usb") as stage:
        stage.usb.status = 0x30
        await stage.gateway.run()
        await stage.offer(SMALL)
        async with asyncio.timeout(20):
            await stage.usb.claimed(2)
        (printer,) = (await stage.gateway.ask("GET", "/v1/printers"))["printers"]
        assert printer["reasons"] == ["media-empty-error"]
        assert printer["reachable"] == "up"
        stage.usb.status = 0x18
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert stage.state(books, SMALL) == "completed"
