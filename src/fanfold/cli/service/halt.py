"""A stop that may be asked for before there is anything to stop, by any thread. Knows no gateway."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Halt:
    """Stops what it is given as soon as both have come: the wish, and what stops it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stop: Callable[[], None] | None = None
        self._is_wanted = False

    def wish(self) -> None:
        """Ask for the stop; more often does no harm."""
        with self._lock:
            self._is_wanted = True
            stop = self._stop
        if stop is not None:
            stop()

    def arm(self, stop: Callable[[], None]) -> None:
        """Give what stops it; called at once where the wish was there first."""
        with self._lock:
            self._stop = stop
            is_wanted = self._is_wanted
        if is_wanted:
            stop()
