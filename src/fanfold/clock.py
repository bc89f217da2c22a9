"""The clock on which waiting is measured: it counts while the machine sleeps and does not jump with the wall clock."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", None)


def now() -> datetime:
    """Return the wall clock's time, aware, UTC: for people to read, never to measure by."""
    return datetime.now(UTC)


def uptime_s() -> float:
    """Return seconds on a clock that counts suspend; comparable only within one boot."""
    if _BOOTTIME is not None:
        return time.clock_gettime(_BOOTTIME)
    return time.monotonic()  # Windows and macOS: this one counts sleep there


def boot_id() -> str:
    """Return what tells this boot of the machine from others; empty where the system has no such thing."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""
