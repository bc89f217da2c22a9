"""Which devices showed themselves to scouts and spoolers, and one of them made a printer. Adds none by itself."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from fanfold import clock, marks
from fanfold.engine.background import Background
from fanfold.engine.lookout_entries import Entries
from fanfold.engine.lookout_merge import Cluster, Sighting
from fanfold.engine.names import address
from fanfold.engine.pause import until_set
from fanfold.engine.printers import PrinterDesk
from fanfold.engine.roster import Roster
from fanfold.errors import NotReached, Refused
from fanfold.messages import AddDiscovered, AddPrinter, Device, Devices, PrinterShown
from fanfold.model import PrinterId
from fanfold.transports.base import Discovered, Scouts

log = logging.getLogger(__name__)

MOST_DEVICES = 512
"""More than any one network has; what comes then is a flood, or nothing that a list would help with."""
LONGEST_WAIT_S = 30.0
LOOK_S = 10.0
"""A scout keeps its own time; one that does not is waited for no longer."""


class Lookout:
    """The engine's hand for devices that nobody named yet."""

    def __init__(self, scouts: Sequence[Scouts], roster: Roster, printers: PrinterDesk, background: Background) -> None:
        self._scouts, self._roster, self._printers, self._background = scouts, roster, printers, background
        self._last: dict[str, Sequence[Discovered]] = {}
        self._looks: dict[str, asyncio.Future[Sequence[Discovered]]] = {}
        self._known = Entries()
        self._since_s: float | None = None
        """When somebody first asked."""
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Let nobody wait any more: who does is told what was seen so far."""
        self._stopped.set()
        for look in self._looks.values():
            look.cancel()

    async def seen(self, wait_s: float = 0) -> Devices:
        """List the devices that showed themselves; who asks first has the scouts begin, and waits so long for them."""
        notes = await self._look()
        if self._since_s is None:
            self._since_s = clock.uptime_s()
        left_s = self._since_s + min(wait_s, LONGEST_WAIT_S) - clock.uptime_s()
        if self._scouts and left_s > 0:
            await until_set(self._stopped, left_s)
            notes = notes if self._stopped.is_set() else await self._look()
        known = self._by_mark()
        entries = await self._entries()
        shown = entries.first(MOST_DEVICES)
        return Devices(tuple(_with_printers(*one, known) for one in shown), (*notes, *entries.crowd(MOST_DEVICES)))

    async def add(self, ask: AddDiscovered) -> PrinterShown:
        """Make a printer of a device. Raises Refused."""
        device, cluster = await self._find(ask.device)
        return await self._printers.add_as(partial(self._wanted, ask, device, cluster), device.traits, device.info)

    # what is seen

    async def _look(self) -> list[str]:
        """Ask all scouts who is there now; return in words who could not look."""
        answers = await asyncio.gather(*(self._sightings_of(one) for one in self._scouts), return_exceptions=True)
        notes = []
        for scout, answer in zip(self._scouts, answers, strict=True):
            match answer:
                case NotReached():
                    notes.append(answer.says)
                case Exception():
                    self._background.fault(f"looking for printers by {scout.way}", answer)
                    notes.append(f"printers were not looked for by {scout.way}: a fault of ours, which the log tells")
                case BaseException():
                    raise answer
                case _:
                    self._last[scout.way] = answer
        return notes

    async def _sightings_of(self, scout: Scouts) -> Sequence[Discovered]:
        """Look; one look is for all who ask meanwhile, so that no hundred hang at one cable. Raises NotReached."""
        if self._stopped.is_set():
            raise NotReached("the gateway is being stopped")
        look = self._looks.get(scout.way)
        if look is None or look.done():
            look = self._looks[scout.way] = asyncio.ensure_future(scout.sightings())
            look.add_done_callback(_noticed)
        await asyncio.wait({look}, timeout=LOOK_S)
        if not look.done() or look.cancelled():
            says = (
                f"printers are looked for by {scout.way}, but nothing came of it within {LOOK_S:g} s; ask again later"
            )
            raise NotReached(says)
        return look.result()

    async def _entries(self) -> Entries:
        """All devices; put together anew only when something else is seen, and then not on the loop."""
        seen = tuple(self._sightings())
        if seen != self._known.seen:
            self._known = await asyncio.to_thread(Entries.of, seen, self._is_printable)
        return self._known

    def _sightings(self) -> Iterator[Sighting]:
        for scheme, listed in self._roster.listed.items():
            yield from (Sighting(one, scheme, is_queue=True) for one in listed)
        for way in sorted(self._last, key=lambda way: (way == "mdns", way)):  # a flood drives nobody out
            yield from (Sighting(one, way) for one in self._last[way])

    def _is_printable(self, uri: str) -> bool:
        try:
            self._roster.transport(uri)
        except Refused:
            return False  # no transport of ours, or a URI that a stranger made up
        return True

    def _by_mark(self) -> dict[str, list[PrinterId]]:
        """The printers that there are, by what a device would have in common with them."""
        known: dict[str, list[PrinterId]] = defaultdict(list)
        for lane in self._roster:
            uri = lane.printer.uri
            for mark in {f"uri:{address(uri)}", f"uri:{self._roster.listed_as(uri)}", *marks.of_uri(uri)}:
                known[mark].append(lane.printer.id)
        return known

    # what is added

    async def _find(self, said: str) -> tuple[Device, Cluster]:
        await self._look()
        if (found := (await self._entries()).find(said)) is not None:
            return found
        says = f"There is no device {said[:80]!r}, or not any more. `fanfold printers discover` lists who is there."
        raise Refused(says, code="unknown-device", status=404)

    def _wanted(self, ask: AddDiscovered, device: Device, cluster: Cluster) -> AddPrinter:
        """The printer that it is to be. Raises Refused."""
        device = _with_printers(device, cluster, self._by_mark())
        uri = ask.uri or self._free_way(device)
        if not any(way.uri == uri for way in device.ways):
            ways = ", ".join(way.uri for way in device.ways)
            says = f"{device.name} was not seen at {uri[:80]!r}. It was at {ways}; add others by their URI alone."
            raise Refused(says, code="bad-uri", status=422)
        self._check_free(uri)
        return AddPrinter(ask.name or self._free_name(device.name), uri)

    def _free_way(self, device: Device) -> str:
        """The best of its ways; for a device that is a printer already one has to be named."""
        if device.printers:
            names = ", ".join(self._roster.name_of(one) for one in device.printers)
            says = (
                f"{device.name} is a printer already: {names}. To add another way to it, say by which URI "
                "(`--by URI`, or `uri` in the API)."
            )
            raise Refused(says, code="printer-known", status=409)
        return device.ways[0].uri

    def _check_free(self, uri: str) -> None:
        mine, known = {f"uri:{uri}", *marks.of_uri(uri)}, self._by_mark()
        taken = [one for mark in mine for one in known.get(mark, ())]
        if taken:
            says = f"{uri[:80]} is a printer already: {self._roster.name_of(taken[0])}."
            raise Refused(says, code="printer-known", status=409)

    def _free_name(self, name: str) -> str:
        """What it calls itself, with a number where another is called so."""
        number, free = 1, name
        while self._roster.get(free) is not None:
            number += 1
            free = f"{name} ({number})"
        return free


def _noticed(look: asyncio.Future[Sequence[Discovered]]) -> None:
    """Take note of a fault that nobody waits for any more: else Python complains of it."""
    if not look.cancelled():
        look.exception()


def _with_printers(device: Device, cluster: Cluster, known: Mapping[str, Sequence[PrinterId]]) -> Device:
    ids = {one for mark in known if mark in cluster.marks for one in known[mark]}
    return replace(device, printers=tuple(sorted(ids))) if ids else device
