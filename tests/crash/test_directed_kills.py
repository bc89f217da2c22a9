"""SIGKILL between each two steps of a job's way, on each kind of printer; then a look at the store and at the paper."""

from __future__ import annotations

from pathlib import Path

import pytest

from fanfold.simulate.moods import Ready, Stalled
from tests.crash.paper import Label
from tests.crash.scene import Scene, scene

SMALL, LARGE = Label("small"), Label("large", 700 * 1024)
"""The large one is a file beside the store, and more than one write to a printer."""

ACCEPTING = [
    ("asked", SMALL, False),
    ("asked", LARGE, False),
    ("document in its place", LARGE, False),
    ("committed", SMALL, True),
    ("committed", LARGE, True),
    ("kept", SMALL, True),
    ("kept", LARGE, True),
]
"""The point, the label, and whether the store has its job by then."""

LANE = [
    ("reached", "completed", ("socket", "file", "cups", "usb", "winspool")),
    ("claimed", "held", ("socket", "file", "cups", "usb", "winspool")),
    ("some bytes left", "held", ("socket", "cups", "usb", "winspool")),
    ("file written", "held", ("file",)),
    ("file in its place", "held", ("file",)),
    ("handed over", "completed", ("cups",)),
    ("handed over", "held", ("winspool",)),
    ("handing over noted", "completed", ("cups",)),
    ("handing over noted", "held", ("winspool",)),
    ("all bytes left", "held", ("socket", "file", "usb", "winspool")),
    ("all bytes left", "completed", ("cups",)),
    ("about to settle", "held", ("socket", "file", "usb", "winspool")),
    ("about to settle", "completed", ("cups",)),
    ("settled", "completed", ("socket", "file", "cups", "usb", "winspool")),
]
"""The point, how the job ends after the next start, and on which printers: CUPS can be asked, others are a doubt.

Windows forgets what it printed; what it still has is in test_winspool_kills.
"""


@pytest.mark.parametrize("retries", [True, False], ids=["its client asks again", "its client lets it be"])
@pytest.mark.parametrize(("point", "label", "is_kept"), ACCEPTING, ids=lambda value: getattr(value, "name", None))
async def test_a_job_is_kept_once_or_not_at_all(
    tmp_path: Path, point: str, label: Label, *, is_kept: bool, retries: bool
) -> None:
    async with scene(tmp_path) as stage:
        await stage.gateway.run("--die", point)
        await stage.offer(label)
        await stage.gateway.died()
        assert not stage.ledger.acknowledged
        await stage.gateway.run()
        if retries:
            await stage.offer(label)
            assert stage.ledger.acknowledged
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert [job.state for job in books.jobs] == ["completed"] * (is_kept or retries)
        files = list((stage.gateway.data / "documents").iterdir())
        assert len(files) == (label is LARGE and (is_kept or retries))


@pytest.mark.parametrize(("point", "end", "kind"), [(point, end, kind) for point, end, kinds in LANE for kind in kinds])
async def test_a_job_in_its_lane_ends_once(tmp_path: Path, point: str, end: str, kind: str) -> None:
    async with scene(tmp_path, kind) as stage:
        await stage.gateway.run("--die", point)
        await stage.offer(LARGE)
        await stage.gateway.died()
        await stage.gateway.run()
        await stage.offer(SMALL)  # whoever comes next is not held up
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert stage.state(books, LARGE) == end
        assert stage.state(books, SMALL) == "completed"


async def test_of_two_jobs_in_one_transaction_the_first_is_done_and_the_second_in_doubt(tmp_path: Path) -> None:
    labels = [Label(f"label-{number}") for number in range(3)]
    async with scene(tmp_path, mood=Stalled()) as stage:
        await stage.gateway.run("--die", "settled and next claimed")
        for label in labels:
            await stage.offer(label)
        await stage.printer.become(Ready())
        await stage.gateway.died()
        await stage.gateway.run()
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert [stage.state(books, label) for label in labels] == ["completed", "held", "completed"]


@pytest.mark.parametrize("again", ["found in flight", "about to hold", "held"])
async def test_a_job_in_flight_survives_a_start_that_is_killed_too(tmp_path: Path, again: str) -> None:
    async with scene(tmp_path) as stage:
        await _dies_in_flight(stage)
        await stage.gateway.start("--die", again)
        await stage.gateway.died()
        await stage.gateway.run()
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert stage.state(books, LARGE) == "held"


@pytest.mark.parametrize("again", ["found in flight", "about to settle", "settled"])
async def test_a_job_in_cups_survives_a_start_that_is_killed_too(tmp_path: Path, again: str) -> None:
    async with scene(tmp_path, "cups") as stage:
        await _dies_in_flight(stage)
        await stage.gateway.start("--die", again)
        await stage.gateway.died()
        await stage.gateway.run()
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert stage.state(books, LARGE) == "completed"


async def _dies_in_flight(stage: Scene) -> None:
    await stage.gateway.run("--die", "all bytes left")
    await stage.offer(LARGE)
    await stage.gateway.died()
