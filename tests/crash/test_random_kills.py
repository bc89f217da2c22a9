"""SIGKILL at random under load: eight clients, printers that are away, stalled and resetting, over thirty rounds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.crash.load import bad_day, shop

ROUNDS = 32


@pytest.mark.timeout(240, method="signal")
async def test_no_job_is_lost_and_none_printed_twice(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    async with shop(tmp_path, seed) as one:
        books = await bad_day(one, ROUNDS)
        assert one.complaints(books) == [], f"seed {seed}; the store and the log are in {tmp_path}"
        states = {state: books.count(state) for state in ("completed", "held", "canceled")}
        assert all(states.values()), f"the day was not bad enough to prove anything: {states}, seed {seed}"
        assert len(books.jobs) > len(one.crowd.ledger.acknowledged) > 10 * ROUNDS, f"seed {seed}"
