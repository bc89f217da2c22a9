"""What prints in a simulated printer: formats wait, labels come out one by one, faults hold them. Knows no channel."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fanfold.simulate.weblink.alerts import BLOCKING


@dataclass(slots=True)
class Batch:
    """A format and how many of its labels are yet to come."""

    data: bytes
    left: int


class Pace(Protocol):
    """Where the press reads how long a label takes."""

    @property
    def label_s(self) -> float:
        """Seconds for each label."""
        ...


class Press:
    """Prints in the order in which formats came. `done` learns of each format whose labels are all out.

    `labels` counts what came out for formats; `odometer` also counts what was printed otherwise.
    """

    __slots__ = ("_done", "_moved", "_pace", "_timer", "conditions", "labels", "odometer", "waiting", "waiting_bytes")

    def __init__(self, pace: Callable[[], Pace], done: Callable[[bytes], None], moved: Callable[[], None]) -> None:
        self._pace, self._done, self._moved = pace, done, moved
        self._timer: asyncio.TimerHandle | None = None
        self.conditions: set[str] = set()
        self.waiting: deque[Batch] = deque()
        self.waiting_bytes = 0
        self.labels = 0
        self.odometer = 0

    @property
    def blocked(self) -> bool:
        """Whether nothing comes out for now."""
        return not self.conditions.isdisjoint(BLOCKING)

    def print(self, data: bytes, copies: int) -> None:
        """Put a format behind the others."""
        self.waiting.append(Batch(data, copies))
        self.waiting_bytes += len(data)
        self.turn()

    @property
    def left(self) -> int:
        """How many labels are yet to come."""
        return sum(batch.left for batch in self.waiting)

    def turn(self) -> None:
        """Go on, if there is something to print and nothing in the way."""
        while self.waiting and self._timer is None and not self.blocked:
            label_s = self._pace().label_s
            if label_s > 0:
                self._timer = asyncio.get_running_loop().call_later(label_s, self._came_out)
            else:
                self._count(self.waiting[0].left)

    def forget(self) -> int:
        """Lose what waits, as without power; return how many labels never came out."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lost = self.left
        self.waiting.clear()
        self.waiting_bytes = 0
        return lost

    def _came_out(self) -> None:
        self._timer = None
        if self.waiting:
            self._count(1)
        self.turn()

    def _count(self, labels: int) -> None:
        batch = self.waiting[0]
        batch.left -= labels
        self.labels += labels
        self.odometer += labels
        if not batch.left:
            self.waiting.popleft()
            self.waiting_bytes -= len(batch.data)
            self._done(batch.data)
        self._moved()
