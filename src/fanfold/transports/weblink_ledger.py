"""What proves that a printer's jobs came out: its alerts counted, and its label counter. Pure; knows no line.

An alert `PQ JOB COMPLETED` comes once per printed format and carries no job's id (Zebra's Weblink guide; seen in the
field), so it may be another sender's. The counter moves with every label, whoever sent it. Only both together prove:
as many alerts as the jobs' formats call for, and a counter that moved by just their labels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from fanfold.wire import Prints

K = TypeVar("K")

MOST = 256
"""Jobs that wait for proof; a printer that is never quiet for so long proves nothing of the oldest."""


@dataclass(slots=True)
class Entry(Generic[K]):
    """One job that the printer has, or is being given."""

    key: K
    baseline: int | None = None
    """The counter just before its first byte; None: the printer did not say."""
    prints: Prints | None = None
    """What it asks for; None: not known yet, or it cannot be told."""
    closed: bool = False
    """The printer has all of it."""


@dataclass(slots=True)
class Ledger(Generic[K]):
    """One printer's jobs between delivered and proven, in their order."""

    _entries: list[Entry[K]] = field(default_factory=list)
    _alerts: int = 0
    _given_up: list[K] = field(default_factory=list)
    _seen: tuple[int, int] | None = None
    """Counter and alerts at the last reading that fitted."""

    def begin(self, key: K) -> Entry[K]:
        """Note that a job's first byte is about to leave."""
        if not self._entries:
            self._alerts = 0
        elif len(self._entries) >= MOST:
            self.clear()
        entry = Entry(key)
        self._entries.append(entry)
        self._seen = None
        return entry

    def before(self, entry: Entry[K]) -> int | None:
        """Return where the counter stands once all earlier jobs are out, and nothing of this one; None: not known."""
        earlier = self._entries[: self._entries.index(entry)] if entry in self._entries else []
        if not earlier:
            return entry.baseline
        known = [one.prints.labels for one in earlier if one.prints is not None]
        base = earlier[0].baseline
        return base + sum(known) if base is not None and len(known) == len(earlier) else None

    def withdraw(self, entry: Entry[K]) -> None:
        """Forget a job that was not delivered; what of it came out then shows as labels that do not add up."""
        if entry in self._entries:
            self._entries.remove(entry)
            self._seen = None

    def close(self, entry: Entry[K]) -> None:
        """Note that the printer has all of a job."""
        entry.closed = True
        self._pass_over()

    def alert(self) -> None:
        """Count an alert."""
        if self._entries:
            self._alerts += 1
            self._seen = None

    @property
    def due(self) -> bool:
        """Whether a reading of the counter may prove something now."""
        first = self._entries[0] if self._entries else None
        if first is None or not first.closed or first.prints is None or first.baseline is None:
            return False
        return self._alerts >= first.prints.formats

    @property
    def waiting(self) -> bool:
        """Whether any job waits for proof."""
        return any(entry.closed for entry in self._entries)

    def read(self, counter: int, *, quiet: bool | None) -> list[K]:
        """Take a reading and return the jobs that it proves, in order.

        `quiet`: the printer says that nothing is in its buffer (True), or something is (False); None: it did not say.
        Then a reading proves only if the next one is the same, with no alert between: what fitted by chance, because
        another's label came out first, does not stay so.
        """
        count = self._fitting(counter)
        if count and quiet is None and self._seen != (counter, self._alerts):
            self._seen = (counter, self._alerts)
            return []
        if count and quiet is not False:
            return self._prove(count, counter)
        if quiet or self._overshot(counter):
            self._drop_closed()  # nothing more will come of them, and it does not add up
        return []

    def lost(self, counter: int) -> list[K]:
        """Return, once the printer was reset and is quiet, the jobs of which labels are missing for certain."""
        lost: list[K] = []
        expected, entries = 0, [entry for entry in self._entries if entry.closed]
        base = entries[0].baseline if entries else None
        for entry in entries:
            if base is None or entry.prints is None:
                break
            expected += entry.prints.labels
            if counter - base < expected:
                lost.append(entry.key)
        self._drop_closed()
        self._given_up = [key for key in self._given_up if key not in lost]
        return lost

    def clear(self) -> None:
        """Forget all: it cannot be proven any more."""
        self._given_up += [entry.key for entry in self._entries if entry.closed]
        self._entries.clear()
        self._forget_counts()

    def given_up(self) -> list[K]:
        """Return the jobs that were forgotten without proof since this was asked last."""
        given_up, self._given_up = self._given_up, []
        return given_up

    def _fitting(self, counter: int) -> int:
        """Return how many of the first jobs the counter and the alerts together fit; 0: none."""
        base = self._entries[0].baseline if self._entries else None
        formats = labels = fitting = 0
        for number, entry in enumerate(self._entries, 1):
            if base is None or entry.prints is None or not entry.closed:
                break
            formats, labels = formats + entry.prints.formats, labels + entry.prints.labels
            if formats <= self._alerts and labels == counter - base:
                fitting = number
        return fitting

    def _overshot(self, counter: int) -> bool:
        """Whether more came out than all jobs ask for: somebody else prints too."""
        base = self._entries[0].baseline if self._entries else None
        known = [entry.prints.labels for entry in self._entries if entry.prints is not None]
        return base is not None and len(known) == len(self._entries) and counter - base > sum(known)

    def _prove(self, count: int, counter: int) -> list[K]:
        proven, self._entries = self._entries[:count], self._entries[count:]
        self._alerts = max(0, self._alerts - sum(entry.prints.formats for entry in proven if entry.prints))
        self._pass_over()
        if self._entries:
            self._entries[0].baseline = counter
        self._seen = None
        return [entry.key for entry in proven]

    def _drop_closed(self) -> None:
        while self._entries and self._entries[0].closed:
            self._give_up_first()
        self._forget_counts()

    def _pass_over(self) -> None:
        """Give up the first jobs of which nobody can tell what they ask for: they must not block those behind them."""
        while self._entries and self._entries[0].closed and not _judgeable(self._entries[0]):
            self._give_up_first()
            self._forget_counts()

    def _give_up_first(self) -> None:
        self._given_up.append(self._entries.pop(0).key)

    def _forget_counts(self) -> None:
        self._alerts, self._seen = 0, None


def _judgeable(entry: Entry[K]) -> bool:
    return entry.prints is not None and entry.prints.formats > 0
