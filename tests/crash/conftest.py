"""Marks all that kills, and gives it time."""

from __future__ import annotations

from pathlib import Path

import pytest

CRASH_S = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.crash)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(CRASH_S, method="signal"))  # so that what runs is ended
