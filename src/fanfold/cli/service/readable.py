"""Whether the service's user could start this Fanfold, and nobody else change it: not in a home. Changes nothing."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterable
from pathlib import Path, PurePath

import fanfold
from fanfold.cli.service.plan import Plan
from fanfold.cli.service.systemd import HIDDEN

_ELSEWHERE = (
    "Install it where all can read it: make a venv by `python3 -m venv /opt/fanfold`, install Fanfold there with "
    "/opt/fanfold/bin/pip as you installed this one, and install the service with that one."
)


def unreadable(plan: Plan) -> str:
    """Return in words why another user than this one could not start this Fanfold; empty where it could."""
    if sys.platform == "win32" or not plan.is_machines:  # LocalSystem reads everything
        return ""
    package = Path(fanfold.__file__).parent
    needed = (Path(plan.python[0]), Path(sys.prefix), Path(sys.base_prefix), package)
    for path in [way for one in needed for way in (one, one.resolve())]:
        if closed := _closed(path):
            who = f"the user {plan.account} cannot come: {closed} is closed to others"
            return f"this Fanfold is at {path}, where {who}. {_ELSEWHERE}"
        if sys.platform == "linux" and (folder := hidden([path])):
            return f"this Fanfold is at {path}, and the service is given another {folder} (PrivateTmp). {_ELSEWHERE}"
    return ""


def hidden(needed: Iterable[PurePath]) -> str | None:
    """Return the folder of those that the unit hides in which one of these lies; None where all are seen."""
    return next((folder for path in needed for folder in HIDDEN if path.is_relative_to(folder)), None)


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
