"""The wall clock against what must be so."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fanfold.config import Settings
from fanfold.doctor.clocks import BUILT, clocks, wall
from fanfold.doctor.surroundings import Surroundings
from fanfold.store.opening import DATABASE
from tests.unit.doctor.findings import bad, codes

NOW = BUILT + timedelta(days=100)


@pytest.mark.parametrize(
    ("now", "written", "code"),
    [
        (NOW, None, "clock"),
        (NOW, NOW - timedelta(days=30), "clock"),
        (NOW, NOW + timedelta(minutes=4), "clock"),
        (NOW, NOW + timedelta(minutes=6), "clock-set-back"),
        (datetime(1970, 1, 1, tzinfo=UTC), None, "clock-wrong"),
        (datetime(2106, 2, 7, tzinfo=UTC), None, "clock-wrong"),
    ],
)
def test_the_wall_clock_is_judged_by_this_package_and_by_the_store(
    now: datetime, written: datetime | None, code: str
) -> None:
    assert wall(now, written).code == code


def test_a_store_written_in_the_future_is_seen(tmp_path: Path) -> None:
    (tmp_path / DATABASE).touch()
    around = Surroundings(Settings(data=tmp_path))
    assert "clock-set-back" not in codes(clocks(around))
    later = datetime.now(UTC).timestamp() + 86400
    os.utime(tmp_path / DATABASE, (later, later))
    assert bad(clocks(around)) == {"clock-set-back"}


def test_a_clock_that_follows_a_time_server_is_in_order(tmp_path: Path) -> None:
    (tmp_path / "run/systemd/timesync").mkdir(parents=True)
    (tmp_path / "run/systemd/timesync/synchronized").touch()
    assert "synchronised" in codes(clocks(Surroundings(root=tmp_path)))
