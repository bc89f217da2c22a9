"""The gateway killed between its calls to Windows, while the queue prints, and while it does not; Windows too."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from tests.crash.paper import Label
from tests.crash.scene import Scene, scene
from tests.peers.winspool import KEEPS_PRINTED, WORKS_OFFLINE

SMALL, LARGE = Label("small"), Label("large", 700 * 1024)
IN_WINDOWS = "queued-in-device"

STEPS = ("begun in Windows", "some bytes left", "about to end in Windows")
"""Before its end Windows has at most a part of it, which it throws away or ends by itself when its writer dies."""
LATER = ("ended in Windows", "handed over", "handing over noted", "all bytes left", "about to settle")

Rundown = Literal["abort", "end"]


@pytest.mark.parametrize(
    ("point", "rundown", "eager"),
    [
        ("about to begin in Windows", "abort", False),
        ("begun in Windows", "abort", False),
        ("begun in Windows", "end", False),
        ("some bytes left", "abort", False),
        ("some bytes left", "abort", True),
        ("some bytes left", "end", False),
        ("some bytes left", "end", True),
        ("about to end in Windows", "end", False),
    ],
)
async def test_what_windows_had_a_part_of_is_held(tmp_path: Path, point: str, rundown: Rundown, *, eager: bool) -> None:
    async with scene(tmp_path, "winspool") as stage:
        stage.windows.rundown, stage.queue.eager = rundown, eager
        await _dies(stage, point)
        await stage.gateway.run()
        await _ends(stage, "held")


@pytest.mark.parametrize("point", STEPS)
async def test_a_part_that_waits_in_windows_is_thrown_away_and_the_job_prints_once(tmp_path: Path, point: str) -> None:
    async with scene(tmp_path, "winspool") as stage:
        stage.windows.rundown = "end"
        stage.windows.change(stage.queue, prints=False)
        await _dies(stage, point)
        await stage.windows.left()
        whole = len(stage.queue.jobs[0].data) == len(LARGE.data)
        await stage.gateway.run()
        if whole:
            await stage.windows_looked_at()
        else:
            await stage.until_it_had(LARGE, IN_WINDOWS)
        stage.windows.change(stage.queue, prints=True)
        await _ends(stage, "completed")


@pytest.mark.parametrize("point", LATER[:-2])
async def test_a_job_that_windows_still_has_is_followed_to_its_end(tmp_path: Path, point: str) -> None:
    async with scene(tmp_path, "winspool") as stage:
        stage.windows.change(stage.queue, prints=False)
        await _dies(stage, point)
        await stage.gateway.run()
        await stage.windows_looked_at()
        stage.windows.change(stage.queue, prints=True)
        assert await _ends(stage, "completed") == 2, "delivered, by the word of Windows"


@pytest.mark.parametrize("point", LATER)
async def test_a_queue_that_keeps_printed_jobs_says_that_one_is_done(tmp_path: Path, point: str) -> None:
    async with scene(tmp_path, "winspool") as stage:
        stage.queue.attributes = KEEPS_PRINTED
        await _dies(stage, point)
        await stage.gateway.run()
        assert await _ends(stage, "completed") == 2


@pytest.mark.parametrize("loses_jobs", [True, False], ids=["its jobs are lost", "its jobs are kept"])
async def test_a_spooler_that_was_started_anew_too_is_not_believed_for_the_number(
    tmp_path: Path, *, loses_jobs: bool
) -> None:
    async with scene(tmp_path, "winspool") as stage:
        stage.windows.change(stage.queue, prints=False)
        await stage.gateway.run()
        await stage.offer(LARGE)
        await stage.until_it_had(LARGE, IN_WINDOWS)
        await stage.gateway.kill()
        stage.windows.restart(loses_jobs=loses_jobs)
        if loses_jobs:
            stranger = stage.ledger.paper.offer(Label("stranger"))
            assert stage.windows.put(stage.queue, "stranger's").id == 1
            stage.queue.jobs[0].data = bytearray(stranger.data)
        await stage.gateway.run()
        if loses_jobs:
            await stage.until_it_had(LARGE, "delivery-uncertain")
        else:
            await stage.windows_looked_at()
        stage.windows.change(stage.queue, prints=True)
        books = await stage.ends()
        assert stage.state(books, LARGE) == ("held" if loses_jobs else "completed")
        assert [sheet.name for sheet in stage.sheets()] == (["stranger"] if loses_jobs else ["large"])


async def test_what_waits_for_an_offline_printer_waits_with_us_over_every_death(tmp_path: Path) -> None:
    async with scene(tmp_path, "winspool") as stage:
        stage.windows.change(stage.queue, attributes=WORKS_OFFLINE)
        await stage.gateway.run()
        await stage.offer(LARGE)
        await stage.gateway.kill()
        assert stage.queue.jobs == []
        stage.windows.restart()
        await stage.gateway.run()
        stage.windows.change(stage.queue, attributes=0)
        assert await _ends(stage, "completed") == 2


async def _dies(stage: Scene, point: str) -> None:
    await stage.gateway.run("--die", point)
    await stage.offer(LARGE)
    await stage.gateway.died()


async def _ends(stage: Scene, state: str) -> int:
    """Whoever comes next prints too; return what is known of the job's paper."""
    await stage.offer(SMALL)
    books = await stage.ends()
    assert stage.complaints(books) == []
    assert stage.state(books, LARGE) == state
    assert stage.state(books, SMALL) == "completed"
    return stage.job(books, LARGE).evidence
