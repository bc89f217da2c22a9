"""SIGKILL between each two steps of a delivery to a printer that dials in through nginx; then a look at the paper."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.paper import Label
from tests.crash.weblink_scene import PACE, weblink_scene

pytestmark = pytest.mark.real

SMALL, LARGE = Label("small", quantity=2), Label("large", 700 * 1024)
DELIVERED, PRINTED = 2, 3

POINTS = [
    ("reached", "completed"),
    ("claimed", "held"),
    ("counter asked", "held"),
    ("some bytes left", "held"),
    ("last frame left", "held"),
    ("ping behind it left", "held"),
    ("pong came", "held"),
    ("all bytes left", "held"),
    ("about to settle", "held"),
    ("settled", "completed"),
    ("counter read", "completed"),
    ("about to prove", "completed"),
    ("about to raise", "completed"),
    ("raised", "completed"),
]


@pytest.mark.parametrize(("point", "end"), POINTS)
async def test_a_job_in_its_lane_ends_once(tmp_path: Path, point: str, end: str) -> None:
    async with weblink_scene(tmp_path) as stage:
        await stage.gateway.run("--die", point)
        await stage.offer(LARGE)
        await stage.gateway.died()
        await stage.gateway.run()
        await stage.offer(SMALL)  # whoever comes next is not held up
        await stage.until_it_is(SMALL, "completed", PRINTED)
        books = await stage.ends()
        assert stage.complaints(books) == []
        assert stage.state(books, LARGE) == end


async def test_a_job_of_which_the_rest_is_on_its_way_ends_once(tmp_path: Path) -> None:
    async with weblink_scene(tmp_path, bytes_per_s=PACE) as stage:
        await stage.gateway.run("--die", "handing over noted")
        await stage.offer(LARGE)
        await stage.gateway.died()
        await stage.gateway.run()
        await stage.offer(SMALL)
        await stage.until_it_is(SMALL, "completed", PRINTED)
        assert stage.complaints(await stage.ends()) == []
