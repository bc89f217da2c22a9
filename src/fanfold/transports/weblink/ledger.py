"""What proves that a printer's jobs came out: its alerts counted, and its label counter. Pure; knows no line.

An alert `PQ JOB COMPLETED` comes once per printed format and carries no job's id (Zebra's Weblink guide; seen in the
field), so it may be another sender's. The counter moves with every label, whoever sent it. Only both together prove:
as many alerts as the jobs' formats call for, and a counter that moved by just their labels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import Generic, TypeVar

from fanfold.wire import Prints

K = TypeVar("K")

MOST = 1024
"""Jobs that wait for proof; a printer that is never quiet for so long proves nothing of the oldest."""


@dataclass(eq=False, slots=True)
class Entry(Generic[K]):
    """One job that the printer has, or is being given."""

    key: K
    baseline: int | None = None
    """The counter just before its first byte; None: the printer did not say, or not yet."""
    is_mute: bool = False
    """The printer does not say it."""
    prints: Prints | None = None
    """What it asks for; None: not known yet, or it cannot be told."""
    closed: bool = False
    """The printer has all of it."""
    at_risk: bool = False
    """The printer was lost and came back since: it may have forgotten it."""
    is_behind: bool = False
    """Labels of jobs before it, nobody knows how many, may have come out after its baseline was read."""

    @property
    def can_be_proven(self) -> bool:
        """Whether it prints something, and it is known how much."""
        return self.prints is not None and self.prints.formats > 0


@dataclass(slots=True)
class Ledger(Generic[K]):
    """One printer's jobs between delivered and proven, in their order."""

    _entries: list[Entry[K]] = field(default_factory=list)
    _alerts: int = 0
    _alerts_before: int = 0
    """Those that came before the printer was lost; later ones may be for what somebody else sent to one that forgot."""
    _given_up: list[K] = field(default_factory=list)
    _seen: tuple[int, int] | None = None
    """Counter and alerts at the last reading that fitted."""
    _leaves_labels: bool = False
    """Labels of jobs that were given up may still be in the printer's buffer."""

    # jobs

    def begin(self, key: K) -> Entry[K]:
        """Note that a job's first byte is about to leave."""
        if not self._entries:
            self._alerts = 0
        elif len(self._entries) >= MOST:
            self.drop()
        entry = Entry(key, is_behind=self._leaves_labels)
        self._entries.append(entry)
        self._seen = None
        return entry

    def told(self, entry: Entry[K], counter: int | None) -> None:
        """Note the counter just before a job's first byte; None: the printer does not say it."""
        entry.baseline, entry.is_mute = counter, counter is None
        self._pass_over()

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
            self._leave_labels(entry)
            self._seen = None
            self._pass_over()

    def close(self, entry: Entry[K]) -> bool:
        """Note that the printer has all of a job; tell whether it may still be proven."""
        entry.closed = True
        if not entry.can_be_proven and self._entries[:1] == [entry]:
            self.withdraw(entry)
            return False
        self._pass_over()
        return entry.can_be_proven and entry in self._entries

    # what is told

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
        if count < (len(self._known()) if quiet else 0) or self._is_at_risk(count, quiet=quiet):
            count = 0  # labels of later ones may be what looks like those of the first
        if count and quiet is None and self._seen != (counter, self._alerts):
            self._seen = (counter, self._alerts)
            return []
        if count and quiet is not False:
            return self._prove(count, counter)
        if self._overshot(counter):
            self.drop()
        return []

    # jobs that will not be proven

    def shaken(self) -> None:
        """Note that the printer came back after a loss: it may have forgotten what it had."""
        if not any(entry.at_risk for entry in self._entries):
            self._alerts_before = self._alerts
        for entry in self._entries:
            entry.at_risk = entry.closed

    def lost(self, counter: int) -> list[K]:
        """Return the jobs at risk of which labels are missing, the printer being quiet; then all it has is forgotten.

        The last of them are missing: it prints in turn, and what it got after the loss it did not lose. Those at risk
        of which none is missing are forgotten too: the labels may be somebody else's.
        """
        base = self._entries[0].baseline if self._entries else None
        known = self._known()
        if base is None:
            return []
        missing, lost = base + sum(_labels(entry) for entry in known) - counter, list[K]()
        for entry in reversed(known):
            if entry.at_risk and missing > 0:
                missing -= _labels(entry)
                lost.insert(0, entry.key)
        if any(entry.at_risk for entry in known):
            self.drop()
            self._given_up = [key for key in self._given_up if key not in lost]
        return lost

    def drop(self) -> None:
        """Forget all that the printer has: it cannot be proven any more."""
        while self._entries and self._entries[0].closed:
            self._give_up_first()
        self._forget_counts()

    def emptied(self) -> None:
        """Note that the printer says that nothing is in its buffer, and no job is under way."""
        self._leaves_labels = False

    def given_up(self) -> list[K]:
        """Return the jobs that were forgotten without proof since this was asked last."""
        given_up, self._given_up = self._given_up, []
        return given_up

    # within

    def _fitting(self, counter: int) -> int:
        """Return how many of the first jobs the counter and the alerts together fit; 0: none."""
        base = self._entries[0].baseline if self._entries else None
        formats = labels = fitting = 0
        for number, entry in enumerate(self._entries, 1):
            if base is None or entry.prints is None or not entry.closed:
                break
            formats, labels = formats + entry.prints.formats, labels + entry.prints.labels
            if entry.at_risk and formats > self._alerts_before:
                break
            if formats <= self._alerts and labels == counter - base:
                fitting = number
        return fitting

    def _known(self) -> list[Entry[K]]:
        """The first jobs that the printer has, as far as it is known what they ask for."""
        return [*takewhile(lambda entry: entry.closed and entry.prints is not None, self._entries)]

    def _is_at_risk(self, count: int, *, quiet: bool | None) -> bool:
        """Whether labels of other jobs may be what looks like those of the first: of later ones, or of earlier ones.

        Later ones where one of the first may be lost and the printer has got more since; earlier ones where nobody
        knows how many those left, and one of the first may be lost or still to come.
        """
        first = self._entries[:count]
        has_more = any(entry.closed for entry in self._entries[count:])
        if any(entry.at_risk and (has_more or entry.is_behind) for entry in first):
            return True
        return not quiet and any(entry.is_behind for entry in first)

    def _overshot(self, counter: int) -> bool:
        """Whether more came out than all jobs ask for: somebody else prints too."""
        base = self._entries[0].baseline if self._entries else None
        known = [entry.prints.labels for entry in self._entries if entry.prints is not None]
        return base is not None and len(known) == len(self._entries) and counter - base > sum(known)

    def _prove(self, count: int, counter: int) -> list[K]:
        proven, self._entries = self._entries[:count], self._entries[count:]
        formats = sum(entry.prints.formats for entry in proven if entry.prints)
        self._alerts = max(0, self._alerts - formats)
        self._alerts_before = max(0, self._alerts_before - formats)
        if self._entries:
            first = self._entries[0]
            first.baseline = max(counter, first.baseline or 0)
        self._pass_over()
        self._seen = None
        self._given_up += [entry.key for entry in proven if not entry.can_be_proven]
        return [entry.key for entry in proven if entry.can_be_proven]

    def _pass_over(self) -> None:
        """Give up the first jobs that nothing can prove: they must not block those behind them."""
        while self._entries and (first := self._entries[0]).closed and not _judgeable(first):
            self._give_up_first()
            if first.prints is None or first.prints.formats:
                self._forget_counts()  # some of the alerts may be its own

    def _give_up_first(self) -> None:
        entry = self._entries.pop(0)
        self._given_up.append(entry.key)
        self._leave_labels(entry)

    def _leave_labels(self, entry: Entry[K]) -> None:
        """Note that a job is known no more of which labels may still come; one that prints nothing leaves none."""
        if entry.prints is not None and not entry.prints.formats:
            return
        self._leaves_labels = True
        for behind in self._entries:
            behind.is_behind = True

    def _forget_counts(self) -> None:
        self._alerts, self._seen = 0, None


def _labels(entry: Entry[K]) -> int:
    return entry.prints.labels if entry.prints else 0


def _judgeable(entry: Entry[K]) -> bool:
    return entry.can_be_proven and not (entry.is_mute and entry.baseline is None)
