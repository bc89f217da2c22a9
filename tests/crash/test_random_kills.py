"""SIGKILL at random under load, over thirty rounds: eight clients, and printers of all moods.

They are away, stalled and resetting; those that dial in run out of paper and power, are cut off, and lose their nginx.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.crash.load import bad_day, shop
from tests.crash.yard import SERIALS

pytestmark = pytest.mark.real

ROUNDS = 32
DELIVERED, PRINTED = 2, 3


@pytest.mark.timeout(240, method="signal")
async def test_no_job_is_lost_and_none_printed_twice(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    async with shop(tmp_path, seed) as one:
        books = await bad_day(one, ROUNDS)
        assert one.complaints(books) == [], f"seed {seed}; the store and the log are in {tmp_path}"
        states = {state: books.count(state) for state in ("completed", "held", "canceled")}
        assert all(states.values()), f"the day was not bad enough to prove anything: {states}, seed {seed}"
        dialled = [job for job in books.jobs if job.printer in SERIALS]
        known = {job.evidence for job in dialled if job.state == "completed"}
        assert known == {DELIVERED, PRINTED}, f"seed {seed}"
        assert any(job.state == "held" for job in dialled), f"seed {seed}"
        assert len(books.jobs) > len(one.crowd.ledger.acknowledged) > 10 * ROUNDS, f"seed {seed}"
