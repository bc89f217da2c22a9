"""How long to wait before a printer that was not reached is tried again. Pure: counts in, seconds out."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_S = 0.2
LONGEST_S = 5.0
"""A till that switches its printer on expects the receipt within a few seconds."""
LONGEST_TOLD_S = 30.0
"""One that dials in says so when it is there: thousands of them that are away shall cost next to nothing."""
LONGEST_BUSY_S = 1.0
"""A printer that another host uses is free again soon, and both hosts compete for it."""


@dataclass(slots=True)
class Backoff:
    """Doubles from FIRST_S; starts afresh after a success."""

    failures: int = 0
    longest_s: float = LONGEST_S

    def next_s(self, *, busy: bool) -> float:
        """Count a failure and return how long to wait. `busy`: the printer is there, but serves another."""
        wait_s = FIRST_S * 2.0 ** min(self.failures, 10)
        self.failures += 1
        return min(wait_s, LONGEST_BUSY_S if busy else self.longest_s)

    def reset(self) -> None:
        """Note a success."""
        self.failures = 0
