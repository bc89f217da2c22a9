"""A real disk that is small: a tmpfs mounted for one test. Knows no store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE_MIB = 12


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """Mount a small disk at the place; skip the test where that may not be done (fail under CI=true)."""
    place.mkdir()
    why = _mount(place)
    if why:
        says = f"a small disk cannot be mounted here: {why}"
        pytest.fail(says) if os.environ.get("CI") == "true" else pytest.skip(says)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def _mount(place: Path) -> str:
    if not sys.platform.startswith("linux"):
        return "there is no tmpfs on this system"
    size = f"size={SIZE_MIB}m,mode=700"
    ran = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", place], capture_output=True, text=True, check=False
    )
    return "" if ran.returncode == 0 else ran.stderr.strip()


def fill(disk: Path, spare_bytes: int = 0) -> Path:
    """Write a file until nothing more fits, then give back so much; return the file."""
    path = disk / "filling"
    with path.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(file.tell() // 4096 * 4096 - spare_bytes)
    return path
