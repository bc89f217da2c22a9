"""SIGKILL between the steps of a job on a serial port and to an LPD server, cables pulled; then a look at the paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.crash.paper import Label
from tests.crash.wire_scene import WIRES, wire_scene

SMALL, LARGE = Label("small"), Label("large", 700 * 1024)

LANE = [
    ("reached", "completed"),
    ("claimed", "held"),
    ("some bytes left", "held"),
    ("all bytes left", "held"),
    ("about to settle", "held"),
    ("settled", "completed"),
]
"""The point, and how the job ends after the next start: neither wire can be asked what became of it."""

SENT = 1


@pytest.mark.parametrize("kind", WIRES)
@pytest.mark.parametrize(("point", "end"), LANE)
async def test_a_job_in_its_lane_ends_once(tmp_path: Path, point: str, end: str, kind: str) -> None:
    async with wire_scene(tmp_path, kind) as stage:
        await stage.gateway.run("--die", point)
        await stage.offer(LARGE)
        await stage.gateway.died()
        await stage.gateway.run()
        await stage.offer(SMALL)  # whoever comes next is not held up
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert stage.state(books, LARGE) == end
        assert stage.state(books, SMALL) == "completed"
        assert stage.job(books, SMALL).evidence == SENT


@pytest.mark.parametrize("kind", WIRES)
async def test_a_printer_that_goes_in_the_midst_leaves_a_doubt_with_a_count(tmp_path: Path, kind: str) -> None:
    async with wire_scene(tmp_path, kind) as stage:
        stage.holds_at(100_000)
        await stage.gateway.run()
        await stage.offer(LARGE)
        await stage.breaks_off(100_000)
        await stage.until_it_had(LARGE, "delivery-uncertain")
        await stage.offer(SMALL)
        await stage.comes_back()
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert (stage.state(books, LARGE), stage.state(books, SMALL)) == ("held", "completed")
        words = stage.job(books, LARGE).steps[-1].message
        count = re.search(rf"(\d+) of {len(LARGE.data)} bytes(?:, and perhaps up to (\d+) more)?", words)
        assert count
        assert 0 < int(count[1]) < len(LARGE.data)
        assert 100_000 <= int(count[1]) + int(count[2] or 0) <= len(LARGE.data)


@pytest.mark.parametrize("kind", WIRES)
async def test_a_printer_that_is_away_costs_a_job_nothing(tmp_path: Path, kind: str) -> None:
    async with wire_scene(tmp_path, kind) as stage:
        await stage.goes_away()
        await stage.gateway.run()
        await stage.offer(SMALL)
        await stage.comes_back()
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert stage.state(books, SMALL) == "completed"
        assert stage.job(books, SMALL).steps[-1].attempt == 1


@pytest.mark.parametrize("kind", WIRES)
async def test_the_judge_catches_a_gateway_that_prints_again_after_a_crash(tmp_path: Path, kind: str) -> None:
    async with wire_scene(tmp_path, kind) as stage:
        await stage.gateway.run("--die", "about to settle")
        await stage.offer(SMALL)
        await stage.gateway.died()
        await stage.gateway.run("--sabotage", "prints_again_after_a_crash")
        assert any("small: on paper twice" in words for words in stage.complaints(await stage.ends()))
