"""A file that only takes up room, so that there is some to give when the disk is full. Knows nothing of jobs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from pathlib import Path

from fanfold.store.documents import FULL

RESERVE_BYTES = 4 * 1024**2
"""As large as the write-ahead log grows before it is folded back (1000 pages of 4 KiB): settles then go on for ever."""

RETRY_S = 1.0
"""How long a full disk is believed to be so, before it is asked again."""


class Reserve:
    """The room kept for settles. Used by the writer's thread only, but for `says`."""

    def __init__(self, path: Path) -> None:
        """Keep it at this path; `restore` makes it."""
        self._path = path
        self._tried_s = -RETRY_S
        self._held = path.exists() and path.stat().st_size == RESERVE_BYTES
        self.says = ""
        """Why new jobs are refused, in words; empty while the reserve is there."""

    def free(self) -> bool:
        """Give the room to the disk; return whether there was any to give."""
        self._tried_s = time.monotonic()
        if was_held := self._held:
            os.truncate(self._path, 0)
        self._lost("no space left")
        return was_held

    def restore(self) -> bool:
        """Take the room again if there is enough, asking at most once a second; return whether it is held."""
        if not self._held and time.monotonic() - self._tried_s >= RETRY_S:
            self._tried_s = time.monotonic()
            self._try()
        return self._held

    def _try(self) -> None:
        try:
            if shutil.disk_usage(self._path.parent).free < RESERVE_BYTES:
                return self._lost("no space left")
            self._take()
        except OSError as error:
            self._path.unlink(missing_ok=True)
            return self._lost(error.strerror or str(error))
        self._held, self.says = True, ""
        return None

    def _take(self) -> None:
        with self._path.open("wb") as file:
            file.write(os.urandom(RESERVE_BYTES))  # random, for file systems that store zeros as nothing
            file.flush()
            os.fsync(file.fileno())

    def _lost(self, because: str) -> None:
        self._held = False
        self.says = (
            f"The disk of {self._path.parent} is full ({because}): new jobs are refused, accepted ones go on. "
            f"Free at least {2 * RESERVE_BYTES // 1024**2} MiB there; Fanfold then takes jobs again by itself."
        )


def is_disk_fault(error: BaseException | None) -> bool:
    """Tell whether more room may be all that was missing: SQLite calls a full disk an I/O error too."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
    return isinstance(error, OSError) and error.errno in FULL
