"""What there is to say of visitors, as lines in the log: never more than a person can read. Knows no protocol."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

WINDOW_S = 60.0
LINES_PER_WINDOW = 30
"""A flood of visitors fills no disk and hides no other line."""


class Complaints:
    """Writes a line for each complaint; over LINES_PER_WINDOW in a minute it counts, and says the count later."""

    def __init__(
        self, log: logging.Logger, now_s: Callable[[], float] = time.monotonic, *, level: int = logging.WARNING
    ) -> None:
        self._log, self._now_s, self._level = log, now_s, level
        self._began_s = now_s()
        self._written = self._passed_over = 0

    def note(self, peer: str, says: str) -> None:
        """Write what there is to say of a visitor."""
        if self._now_s() - self._began_s >= WINDOW_S:
            if self._passed_over:
                self._log.log(self._level, "%d more such visitors in the minute before.", self._passed_over)
            self._began_s, self._written, self._passed_over = self._now_s(), 0, 0
        if self._written >= LINES_PER_WINDOW:
            self._passed_over += 1
            return
        self._written += 1
        self._log.log(self._level, "From %s: %s.", peer or "nobody known", _shown(says))
        if self._written == LINES_PER_WINDOW:
            self._log.log(self._level, "Further such visitors of this minute are counted, not written one by one.")


def _shown(says: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in says[:300])
