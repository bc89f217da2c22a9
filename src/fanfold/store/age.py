"""The store's age: a clock that goes on over restarts and does not jump. Knows nothing of what is measured by it.

Why it is so: docs/decisions/0001-the-stores-age.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from fanfold import clock

SAVE_EACH_S = 30.0
"""So much is lost at most when the machine, not only the gateway, goes down at once."""

DAY_S = 24 * 3600.0
"""At most so much is added for a time that only clocks of other boots can tell."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The age at one moment, with the clocks of that moment."""

    age_s: float
    boot_id: str
    uptime_s: float
    wall_s: float


def read_clocks(age_s: float) -> Reading:
    """Return this age with the clocks as they stand now."""
    return Reading(age_s, clock.boot_id(), clock.uptime_s(), clock.now().timestamp())


def carried_on(saved: Reading, now: Reading) -> float:
    """Return the age at `now` (whose own age counts nothing) of a store that was last saved as `saved`."""
    passed_s = now.uptime_s - saved.uptime_s
    if saved.boot_id == now.boot_id and passed_s >= 0:
        return saved.age_s + passed_s
    wall_s = max(0.0, now.wall_s - saved.wall_s)
    return saved.age_s + min(DAY_S, max(now.uptime_s, wall_s))


class Age:
    """The age while the store is open. May be read from any thread."""

    def __init__(self, age_s: float) -> None:
        """Go on from this age now."""
        self._from_s = age_s - clock.uptime_s()
        self._saved_s = age_s

    def now_s(self) -> float:
        """Return the age now."""
        return self._from_s + clock.uptime_s()

    def due(self) -> bool:
        """Tell whether it is time to save it."""
        return self.now_s() - self._saved_s >= SAVE_EACH_S

    def reading(self) -> Reading:
        """Return what is to be saved now."""
        return read_clocks(self.now_s())

    def saved(self, reading: Reading) -> None:
        """Take note that this was saved."""
        self._saved_s = reading.age_s
