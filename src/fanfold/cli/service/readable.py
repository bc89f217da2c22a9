"""Whether the service's user could start this Fanfold: one that lies in somebody's home he cannot. Changes nothing."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

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


def _closed(path: Path) -> Path | None:
    """Return the first on the way to it that others may not pass, or itself where they may not read it."""
    for one in reversed(path.parents):
        if not one.stat().st_mode & stat.S_IXOTH:
            return one
    needs = stat.S_IROTH | stat.S_IXOTH if path.is_dir() else stat.S_IROTH
    return None if path.stat().st_mode & needs == needs else path
