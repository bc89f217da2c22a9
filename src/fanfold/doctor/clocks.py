"""The clocks that waiting, certificates and people depend on. Asks no other machine for the time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fanfold import clock
from fanfold.doctor.finding import Area, Finder, Finding
from fanfold.doctor.surroundings import Surroundings
from fanfold.store.opening import DATABASE

BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""No Fanfold with a doctor is older."""
FAR = timedelta(days=20 * 365)
SLACK = timedelta(minutes=5)
"""What time servers may set a clock back by without anybody's harm."""
WITHIN_S = 3.0
_SET = "Set the machine's clock, and have it follow a time server: `timedatectl set-ntp true`."

_find = Finder(Area.CLOCKS)


def clocks(around: Surroundings) -> Iterator[Finding]:
    """Look at the wall clock, the one that counts sleep, and what sets them."""
    yield wall(clock.now(), _last_written(around.assumed.data))
    yield _asleep()
    if sys.platform == "linux":
        yield from _synchronised(around)


def wall(now: datetime, written: datetime | None) -> Finding:
    """Say whether the wall clock can be right, given when the store was last written by it."""
    shown = now.strftime("%Y-%m-%d %H:%M:%S UTC")
    facts = {"now": now.isoformat(), "written": written.isoformat() if written else None}
    if not BUILT < now < BUILT + FAR:
        says = f"The clock says {shown}, which cannot be: certificates will not be believed, and times are wrong."
        return _find.problem("clock-wrong", says, _SET, **facts)
    if written is not None and written > now + SLACK:
        says = f"The clock says {shown}, but the store was written at {written:%Y-%m-%d %H:%M:%S UTC}: it was set back."
        return _find.warning("clock-set-back", says, f"{_SET} No job is lost or late by it.", **facts)
    return _find.ok("clock", f"The clock says {shown}.", **facts)


def _last_written(folder: Path) -> datetime | None:
    times: list[float] = []
    for name in (DATABASE, f"{DATABASE}-wal"):
        with suppress(OSError):
            times.append((folder / name).stat().st_mtime)
    return datetime.fromtimestamp(max(times), UTC) if times else None


def _asleep() -> Finding:
    if hasattr(time, "CLOCK_BOOTTIME") or sys.platform in ("win32", "darwin"):
        return _find.ok("sleep-counted", "Waiting is measured by a clock that goes on while the machine sleeps.")
    says = "This system has no clock that goes on while the machine sleeps: jobs wait longer by that time."
    return _find.note("sleep-not-counted", says)


def _synchronised(around: Surroundings) -> Iterator[Finding]:
    is_synchronised = around.under("/run/systemd/timesync/synchronized").exists() or _timedatectl()
    if is_synchronised:
        yield _find.ok("synchronised", "The clock follows a time server.", synchronised=True)
    elif is_synchronised is None:
        yield _find.ok("synchronised-unknown", "Whether the clock follows a time server is not known here.")
    else:
        says = "The clock follows no time server, says systemd."
        yield _find.note("not-synchronised", says, "Run: timedatectl set-ntp true", synchronised=False)


def _timedatectl() -> bool | None:
    """Return what systemd knows of it; None: nothing."""
    path = shutil.which("timedatectl")
    if path is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  # its words are ours, and no shell is between
            [path, "show", "--property=NTPSynchronized", "--value"],
            capture_output=True, text=True, timeout=WITHIN_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(done.stdout.strip())
