"""The last lines of the log, kept for the page: one more listener of `logging`. Knows no server and no engine."""

from __future__ import annotations

import logging
from collections import deque
from datetime import UTC, datetime

from fanfold.messages import LogLines

KEPT_LINES = 1000
LINE_CHARACTERS = 2000
"""A longer text is cut: the page shows lines, not dumps."""


class Logbook(logging.Handler):
    """A handler for `logging` that keeps lines with a number, a time, a level and a text. No traceback, no payload."""

    def __init__(self, kept_lines: int = KEPT_LINES) -> None:
        super().__init__()
        self._lines: deque[tuple[int, datetime, str, str]] = deque(maxlen=kept_lines)
        self._last = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; `logging` calls it under this handler's lock."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # the words and their arguments do not fit: the caller's slip, not ours
            self.handleError(record)
            return
        at = datetime.fromtimestamp(record.created, UTC)
        self._last += 1
        self._lines.append((self._last, at, record.levelname.lower(), _cut(text)))

    def read(self, after: int = 0) -> LogLines:
        """Return the kept lines whose numbers are above `after`."""
        self.acquire()
        try:
            return LogLines(tuple(line for line in self._lines if line[0] > after), self._last)
        finally:
            self.release()


def _cut(text: str) -> str:
    return text if len(text) <= LINE_CHARACTERS else text[: LINE_CHARACTERS - 1] + "…"
