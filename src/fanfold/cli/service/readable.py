"""Whether the service's user could start this Fanfold, and nobody else change it: not in a home. Changes nothing."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterable
from pathlib import Path, PurePath

import fanfold
from fanfold.cli.service.plan import Plan


def unreadable(plan: Plan) -> str:
    """Return in words why another user than this one could not start this Fanfold; empty where it could."""
    if sys.platform == "win32" or not plan.is_machines:  # LocalSystem reads everything
        return ""
    package = Path(fanfold.__file__).parent
    for needed in (Path(plan.python[0]), Path(sys.prefix), Path(sys.base_prefix), package):
        for path in (needed, needed.resolve()):
            if closed := _closed(path):
                return (
                    f"this Fanfold is at {needed}, where the user {plan.account} cannot come: {closed} is closed to "
                    "others. Install it where all can read it, such as `python3 -m venv /opt/fanfold && "
                    "/opt/fanfold/bin/pip install fanfold`, and install the service with that one."
                )
    return ""


def changeable(needed: Iterable[PurePath], homes: PurePath) -> str:
    """Return in words which of these lies in a home, where its user may change what LocalSystem runs; else nothing."""
    found = next((path for path in needed if path.is_relative_to(homes)), None)
    if found is None:
        return ""
    return (
        f"Warning: {found} is in a user's home. Whatever he, or a program of his, changes there runs as LocalSystem, "
        "which may do anything. Install Python for all users, Fanfold with it, and the service with that one."
    )


def what_runs(plan: Plan) -> tuple[Path, ...]:
    """Return what the service is started with: its Python, and this Fanfold."""
    return Path(plan.python[0]), Path(sys.prefix), Path(fanfold.__file__).parent


def _closed(path: Path) -> Path | None:
    """Return the first on the way to it that others may not pass, or itself where they may not read it."""
    for one in reversed(path.parents):
        if not one.stat().st_mode & stat.S_IXOTH:
            return one
    needs = stat.S_IROTH | stat.S_IXOTH if path.is_dir() else stat.S_IROTH
    return None if path.stat().st_mode & needs == needs else path
