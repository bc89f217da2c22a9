"""The queues of Windows as they come and go, and which of them is meant by a name. Knows no job and no link."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from fanfold import marks
from fanfold.errors import NotReached
from fanfold.model import Reason
from fanfold.transports.base import Discovered
from fanfold.transports.winspool.address import has_uri, uri_of
from fanfold.transports.winspool.aside import Aside
from fanfold.transports.winspool.desk import Desk
from fanfold.transports.winspool.queues import info_of, traits_of, why_not_raw
from fanfold.transports.winspool.spooler import Attribute, CallFailed, Listed, QueueFacts, QueueStatus, Spooler
from fanfold.transports.winspool.twins import (
    Pair,
    Standing,
    copied_from,
    copies,
    device_of,
    may_come_back,
    stand_ins,
    together,
)

LIST_S = 5.0
"""How long the quick list may take; Windows reads it from its own books, and asks no print server."""
FACTS_AGE_S = 60.0
"""How old a queue's port, driver and place may be; whether one is online is asked at each look where it matters."""
MOST_GONE = 256
"""Queues at USB that are there no more, and are remembered: the last ones, and more than any machine has ports."""
_AWAY = QueueStatus.OFFLINE | QueueStatus.NOT_AVAILABLE


@dataclass(frozen=True, slots=True)
class Entry:
    """One queue, present or seen earlier in this run."""

    listed: Listed
    facts: QueueFacts
    read_s: float
    """When its facts were, on the monotonic clock."""
    present: bool = True

    @property
    def online(self) -> bool:
        """Whether nothing says that it is away."""
        return Attribute.WORK_OFFLINE not in self.facts.attributes and not _AWAY & self.facts.status

    @property
    def standing(self) -> Standing:
        """What decides who it is."""
        return Standing(self.listed.name, self.facts.driver, self.facts.port, self.online, self.present)


class Census:
    """Looks at the list; remembers, in this run, what a queue was like that is gone."""

    def __init__(self, spooler: Spooler, desk: Callable[[str], Desk]) -> None:
        self._spooler, self._desk = spooler, desk
        self._thread = Aside("fanfold-winspool-list")
        self._entries: dict[str, Entry] = {}
        """By name, in small letters: to Windows they are the same."""
        self._default = ""
        self._devices: Mapping[str, str] = {}
        self._apart: set[Pair] = set()
        self._same: Mapping[str, str] = {}
        self._stand_ins: Mapping[str, str] = {}
        self._turn = asyncio.Lock()
        self._looked_s = float("-inf")

    def spelled(self, name: str) -> str:
        """Return the name as Windows spells it, where it has it."""
        entry = self._entries.get(name.casefold())
        return entry.listed.name if entry else name

    def meant(self, name: str) -> str:
        """Return the queue to print on: another one where its printer was plugged in elsewhere."""
        spelled = self.spelled(name)
        return self._stand_ins.get(spelled, spelled)

    async def renewed(self, age_s: float) -> None:
        """Look, unless the last look is younger. Raises NotReached."""
        async with self._turn:
            if time.monotonic() - self._looked_s >= age_s:
                await self._look()

    def discovered(self) -> Sequence[Discovered]:
        """Return what the last look saw; a copy of a queue is not another printer."""
        shown = [one for one in self._entries.values() if one.listed.name not in self._same]
        return tuple(self._as_found(one) for one in shown if one.present or one.listed.name in self._stand_ins)

    def close(self) -> None:
        """Let the thread end when it can. Idempotent."""
        self._thread.end()

    # looking

    async def _look(self) -> None:
        try:
            listed, default = await self._thread.within(self._list, LIST_S)
        except (CallFailed, OSError) as failed:  # TimeoutError among them
            why = str(failed) or f"Windows has not answered for {LIST_S:g} s"
            says = f"The queues of Windows cannot be listed: {why}. See that the service Print Spooler runs"
            raise NotReached(says, reasons=(Reason.OFFLINE,)) from failed
        self._default = default
        await self._take(listed)
        self._looked_s = time.monotonic()

    def _list(self) -> tuple[Sequence[Listed], str]:
        return self._spooler.queues(), self._spooler.default()

    async def _take(self, listed: Sequence[Listed]) -> None:
        there = {one.name.casefold(): one for one in listed if has_uri(one.name)}
        gone = self._remembered(there.keys())
        self._entries = {**gone, **{key: one for key, one in self._entries.items() if key in there}}
        families = _families(there.keys() | gone.keys())
        stale = [one for key, one in there.items() if self._is_stale(key, in_family=key in families)]
        for one, facts in zip(stale, await asyncio.gather(*map(self._facts, stale)), strict=True):
            self._entries[one.name.casefold()] = Entry(one, facts, time.monotonic())
        if families:
            self._devices = await self._ports()
        self._judge()

    def _remembered(self, there: AbstractSet[str]) -> dict[str, Entry]:
        """The queues that are gone and may come back as a copy; who was gone longest stands first.

        All others are forgotten: each session of a remote desktop brings new ones.
        """
        gone = [(key, one) for key, one in self._entries.items() if key not in there and may_come_back(one.facts.port)]
        return {key: replace(one, present=False) for key, one in gone[-MOST_GONE:]}

    def _is_stale(self, key: str, *, in_family: bool) -> bool:
        known = self._entries.get(key)
        return known is None or not known.present or in_family or time.monotonic() - known.read_s > FACTS_AGE_S

    async def _facts(self, one: Listed) -> QueueFacts:
        """Return what Windows says of it; its name alone where Windows says nothing now."""
        desk = self._desk(one.name)
        async with desk.visited():
            facts = await desk.facts()
        return replace(facts, name=one.name) if facts else QueueFacts(one.name, attributes=one.attributes)

    async def _ports(self) -> Mapping[str, str]:
        try:
            found = await self._thread.within(self._spooler.usb_devices, LIST_S)
        except (CallFailed, OSError):
            return {}  # then the names decide
        return {port.upper(): instance for port, instance in found.items()}

    def _judge(self) -> None:
        standings = [one.standing for one in self._entries.values()]
        apart = self._apart | together(standings)
        self._apart = {pair for pair in apart if pair <= self._entries.keys()}
        self._same = copies(standings, self._devices, self._apart)
        self._stand_ins = stand_ins(standings, self._same)

    def _as_found(self, one: Entry) -> Discovered:
        name = one.listed.name
        used = self._entries[self.meant(name).casefold()].facts
        device = device_of(self._devices.get(used.port.upper(), ""))
        return Discovered(
            name, uri_of(name), ("raw",), info_of(used),
            is_default=self._is_default(name), is_temporary=bool(why_not_raw(used)), traits=traits_of(used),
            marks=marks.of_uri(f"usb://{device.kind}/{device.serial}") if device and device.serial else (),
        )  # fmt: skip

    def _is_default(self, name: str) -> bool:
        default = self.spelled(self._default) if self._default else ""
        return bool(default) and self._same.get(default, default) == name


def _families(names: AbstractSet[str]) -> set[str]:
    """The names that are another's copy, and those others."""
    found = {name: of[0].casefold() for name in names if (of := copied_from(name))}
    return {name for copy, first in found.items() if first in names for name in (copy, first)}
