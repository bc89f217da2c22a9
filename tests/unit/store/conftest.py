"""Sends tests that need a small disk to where one may be mounted. Knows no store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.unit.store.full_disk import NAMESPACE, run_in_namespace, small_disk, why_not


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a small disk; where that may not be done, the test does not run here (see below)."""
    with nullcontext(tmp_path) if why_not() else small_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run the test here, or in a namespace of its own, or skip it with the reason (fail under CI=true)."""
    if "disk" not in pyfuncitem.fixturenames or not why_not():
        return None
    if why := why_not(*NAMESPACE):
        says = f"a small disk cannot be mounted here: {why}"
        pytest.fail(says) if os.environ.get("CI") == "true" else pytest.skip(says)
    place = Path(str(pyfuncitem.funcargs["tmp_path"])) / "within"
    run_in_namespace(f"{pyfuncitem.path}::{pyfuncitem.name}", place)
    return True
