"""How far a line was some while ago, from looks taken now and then. Pure; the time comes with each look."""

from __future__ import annotations

from collections import deque

EVERY = 16
"""Into so many parts the while is cut: of looks that are closer together the newest is kept."""


class Looks:
    """Remembers what was seen within the last while, and the newest before it."""

    def __init__(self, while_s: float) -> None:
        self._while_s = while_s
        self._looks: deque[tuple[float, int]] = deque([(float("-inf"), 0)])

    def note(self, now_s: float, count: int) -> None:
        """Note what is seen now."""
        if len(self._looks) > 1 and self._looks[-1][0] - self._looks[-2][0] < self._while_s / EVERY:
            self._looks.pop()
        self._looks.append((now_s, count))
        self._forget(now_s)

    def before(self, now_s: float) -> int:
        """Return what was seen a while ago, or longer; 0 where nothing was."""
        self._forget(now_s)
        at_s, count = self._looks[0]
        return count if now_s - at_s >= self._while_s else 0

    def _forget(self, now_s: float) -> None:
        while len(self._looks) > 1 and now_s - self._looks[1][0] >= self._while_s:
            self._looks.popleft()
