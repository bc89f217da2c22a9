"""A real disk that is small: a tmpfs mounted for one test. Knows no store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = "12m"

NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
"""In a namespace of one's own anybody may mount."""


def why_not(*before: str) -> str:
    """Return why a small disk cannot be mounted (by a program started so), empty if it can."""
    if not sys.platform.startswith("linux"):
        return "there is no tmpfs on this system"
    # A mount over a folder that is always there, in a namespace that ends with the program: nothing of it stays.
    mount = ("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt")
    try:
        ran = subprocess.run([*before, *mount], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return "" if ran.returncode == 0 else ran.stderr.strip()


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """Mount a small disk at the place."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


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


def run_in_namespace(test: str, place: Path) -> None:
    """Run one test, by its pytest id, where we may mount, its folders at the place; raise what it says if it fails."""
    pytest = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", place, test)
    ran = subprocess.run(
        [*NAMESPACE, *pytest], capture_output=True, text=True, check=False, env=os.environ | {"CI": "true"}
    )
    if ran.returncode != 0:
        raise AssertionError(ran.stdout + ran.stderr)
