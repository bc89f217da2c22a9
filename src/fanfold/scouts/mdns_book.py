"""Which services were heard of in the network, and which are to be looked up next: bounded in number and work. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fanfold.transports.base import Discovered

MOST_SERVICES = 1024
"""Some 300 printers. Those that came first stay: who floods the network shall not drive out what was there."""
AT_ONCE, ROUND_S = 32, 0.25
"""So many are read in a round; 150 services are there within 1.5 s, and a flood costs about 2 % of a core."""
AGAIN_S = 5.0
"""A service that changes all the time is read again this often."""
ASK_AFTER_S = (0.0, 1.0, 3.0)
"""When to ask for what a service lacks, after it was read in vain; then it is left until it says something."""


@dataclass(slots=True)
class Entry:
    """One service: its type, its whole name as it came, and what was read of it."""

    type: str
    name: str
    host: str = ""
    """Where it was last read to be."""
    found: Discovered | None = None
    asked: int = 0
    due_s: float | None = None
    """When to read it; None: nothing is new."""
    read_s: float | None = None


class Book:
    """The services that were heard of, the first first."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._due: dict[str, Entry] = {}

    def __iter__(self) -> Iterator[Discovered]:
        """Yield the printers that were read."""
        return (entry.found for entry in self._entries.values() if entry.found is not None)

    def __len__(self) -> int:
        return len(self._entries)

    def heard(self, type_: str, name: str, now_s: float) -> bool:
        """Note that a service is there, or says something new; tell whether it is kept."""
        key = name.lower()
        entry = self._entries.get(key)
        if entry is None:
            if len(self._entries) >= MOST_SERVICES:
                return False
            entry = self._entries[key] = Entry(type_, name)
        entry.asked = 0
        self._put_off(entry, now_s if entry.read_s is None else max(now_s, entry.read_s + AGAIN_S))
        return True

    def gone(self, name: str) -> None:
        """Note that a service is there no more: it said so, or its time was over."""
        self._entries.pop(name.lower(), None)
        self._due.pop(name.lower(), None)

    def due(self, now_s: float) -> list[Entry]:
        """Take those that are to be read now."""
        ready = [entry for entry in self._due.values() if entry.due_s is not None and entry.due_s <= now_s]
        for entry in ready[:AT_ONCE]:
            entry.due_s = None
            del self._due[entry.name.lower()]
        return ready[:AT_ONCE]

    def read(self, entry: Entry, host: str, found: Discovered | None, now_s: float) -> None:
        """Keep what was read."""
        entry.host, entry.found, entry.read_s = host, found, now_s

    def again(self, host: str, now_s: float) -> None:
        """Read all services of a host anew: it can be named otherwise from now on."""
        for entry in self._entries.values():
            if entry.host == host:
                self._put_off(entry, now_s)

    def lacks(self, entry: Entry, now_s: float) -> bool:
        """Note that records of a service are missing; tell whether to ask for them."""
        if entry.asked >= len(ASK_AFTER_S) or entry.name.lower() not in self._entries:
            return False
        entry.asked += 1
        if entry.asked < len(ASK_AFTER_S):
            self._put_off(entry, now_s + ASK_AFTER_S[entry.asked])
        return True

    def wait_s(self, now_s: float) -> float | None:
        """Return how long there is nothing to read; None: until something is heard."""
        first = min((entry.due_s for entry in self._due.values() if entry.due_s is not None), default=None)
        return None if first is None else max(0.0, first - now_s)

    def _put_off(self, entry: Entry, due_s: float) -> None:
        entry.due_s = due_s
        self._due[entry.name.lower()] = entry
