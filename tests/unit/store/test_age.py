from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold import clock
from fanfold.store.age import DAY_S, SAVE_EACH_S, Age, Reading, carried_on
from fanfold.store.sqlite import SqliteStore
from tests.contract.stores import Hands, added

SAVED = Reading(age_s=5000, boot_id="one", uptime_s=900, wall_s=1_700_000_000)
HOUR_S = 3600.0


def test_within_one_boot_the_uptime_decides_and_the_wall_clock_is_not_asked() -> None:
    now = Reading(0, "one", 900 + 40 * DAY_S, wall_s=0)
    assert carried_on(SAVED, now) == 5000 + 40 * DAY_S


def test_after_another_boot_the_wall_clock_is_asked() -> None:
    assert carried_on(SAVED, Reading(0, "two", 60, SAVED.wall_s + 2 * HOUR_S)) == 5000 + 2 * HOUR_S


def test_after_another_boot_the_uptime_is_the_least() -> None:
    assert carried_on(SAVED, Reading(0, "two", 60, SAVED.wall_s - HOUR_S)) == 5060


@pytest.mark.parametrize("wall_s", [4e9, 0.0])
def test_a_wall_clock_that_jumps_adds_a_day_at_most(wall_s: float) -> None:
    assert carried_on(SAVED, Reading(0, "two", 60, wall_s)) <= 5000 + DAY_S


def test_a_store_brought_to_a_machine_that_has_long_been_up_adds_a_day_at_most() -> None:
    assert carried_on(SAVED, Reading(0, "two", 300 * DAY_S, SAVED.wall_s + 60)) == 5000 + DAY_S


def test_without_boot_ids_a_lower_uptime_tells_the_other_boot() -> None:
    saved = replace(SAVED, boot_id="")
    assert carried_on(saved, Reading(0, "", 950, 0)) == 5050
    assert carried_on(saved, Reading(0, "", 100, SAVED.wall_s + 500)) == 5500


@given(
    st.sampled_from(["", "one", "two"]),
    st.floats(0, 1e9),
    st.floats(-1e10, 1e10),
)
def test_the_age_never_falls(boot_id: str, uptime_s: float, wall_s: float) -> None:
    assert carried_on(SAVED, Reading(0, boot_id, uptime_s, wall_s)) >= SAVED.age_s


def test_it_is_due_to_be_saved_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands()
    monkeypatch.setattr("fanfold.clock.uptime_s", hands.uptime_s)
    age = Age(100)
    assert not age.due()
    hands.turn(SAVE_EACH_S)
    assert age.due()
    age.saved(age.reading())
    assert not age.due()


async def test_the_age_goes_on_over_a_restart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hands = Hands()
    monkeypatch.setattr("fanfold.clock.uptime_s", hands.uptime_s)
    store = await SqliteStore.open(tmp_path)
    hands.turn(1000)
    await store.close()
    hands.turn(500)
    store = await SqliteStore.open(tmp_path)
    assert store.age_s == pytest.approx(1500)
    await store.close()


async def test_a_write_saves_the_age_now_and_then(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hands = Hands()
    monkeypatch.setattr("fanfold.clock.uptime_s", hands.uptime_s)
    store = await SqliteStore.open(tmp_path / "one")
    hands.turn(1000)
    await added(store)
    saved = store._ledger.age._saved_s
    assert saved == pytest.approx(1000)
    await store.close()


def test_the_clocks_are_there() -> None:
    assert clock.uptime_s() > 0
