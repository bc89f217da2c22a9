"""Who was turned away, as lines in the log: who, what and why, and never more lines than a person can read."""

from __future__ import annotations

import logging
from collections.abc import Callable

from fanfold.messages import Refusal
from fanfold.server.arrival import Arrival, short

log = logging.getLogger("fanfold.access")

WINDOW_S = 60.0
LINES_PER_WINDOW = 20
"""A page that knocks in a loop fills no disk and hides no other line."""


class Refusals:
    """Writes one line for each refusal; over LINES_PER_WINDOW in a minute it counts, and says the count later."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._window_began_s = clock()
        self._written = 0
        self._passed_over = 0

    def note(self, arrival: Arrival, refusal: Refusal) -> None:
        """Write of a refusal."""
        self._write(
            "Refused (%d %s): %s %s from %s, origin %s. %s",
            refusal.status, refusal.code, short(arrival.method), arrival.shown, arrival.peer or "nobody known",
            short(", ".join(arrival.headers.get("origin", ())) or "none"), refusal.says,
        )  # fmt: skip

    def note_handshake(self, where: str, why: str) -> None:
        """Write of a TLS handshake that failed, before anything was asked."""
        self._write("A TLS handshake at %s failed: %s.", where, short(why))

    def _write(self, line: str, *words: object) -> None:
        self._turn_page()
        if self._written >= LINES_PER_WINDOW:
            self._passed_over += 1
            return
        self._written += 1
        log.warning(line, *words)
        if self._written == LINES_PER_WINDOW:
            log.warning("Further refusals of this minute are counted, not written one by one.")

    def _turn_page(self) -> None:
        if self._clock() - self._window_began_s < WINDOW_S:
            return
        if self._passed_over:
            log.warning("%d more requests were refused in the minute before.", self._passed_over)
        self._window_began_s, self._written, self._passed_over = self._clock(), 0, 0
