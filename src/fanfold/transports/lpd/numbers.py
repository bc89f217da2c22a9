"""Numbers for LPD jobs: none is given twice in a row, not even by two runs of the gateway. Knows no job."""

from __future__ import annotations

import secrets
import threading
from contextlib import suppress
from pathlib import Path

from fanfold.transports.lpd.files import NUMBERS


class Numbers:
    """Counts from 0 to 999 and around; the last number is kept in a file.

    A server that still has a job of this host's by the same number may take the new one's files for that one's.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._turn = threading.Lock()
        self._last: int | None = None

    def next(self) -> int:
        """Return the number after the last one, from whichever thread."""
        with self._turn:
            last = self._last if self._last is not None else self._kept()
            self._last = (last + 1) % NUMBERS
            with suppress(OSError):  # a full disk must not keep a label from printing; the next run begins anywhere
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.write_text(f"{self._last}\n")
            return self._last

    def _kept(self) -> int:
        with suppress(OSError, ValueError):
            return int(self._file.read_text()[:8]) % NUMBERS
        return secrets.randbelow(NUMBERS)
