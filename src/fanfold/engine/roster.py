"""All printers and their lanes: configured, added and discovered, found by what people say. Knows no job."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from fanfold.config import Discovery, PrinterSetting
from fanfold.engine.lane import Desk, Lane
from fanfold.engine.options import checked_name, new_id, with_kinds
from fanfold.errors import Refused, StoreFailed
from fanfold.model import Job, Printer, PrinterId, Source
from fanfold.store.base import KeptPrinter
from fanfold.transports.base import Discovered, Discovers, Transport

log = logging.getLogger(__name__)

_RANK = {Source.CONFIGURED: 0, Source.ADDED: 1, Source.DISCOVERED: 2}


class Roster:
    """Lanes by printer id. Printers that nobody names any more keep their id in the store, for when they return."""

    def __init__(self, transports: Mapping[str, Transport], desk: Desk) -> None:
        self._transports, self._desk = transports, desk
        self._lanes: dict[PrinterId, Lane] = {}
        self._kept: dict[PrinterId, KeptPrinter] = {}
        self._said: dict[str, PrinterId] = {}
        self._meant: dict[str, PrinterId] = {}
        self._leftovers: dict[PrinterId, list[Job]] = {}
        self.turn = asyncio.Lock()
        """Held from a look at the printers until they are changed: else two could be given one name."""

    def __iter__(self) -> Iterator[Lane]:
        """Yield the lanes: configured printers first, then added, then discovered ones, by name."""
        return iter(sorted(self._lanes.values(), key=lambda lane: (_RANK[lane.printer.source], lane.printer.name)))

    def find(self, said: str) -> Lane:
        """Return the lane of the printer with that id, name or alias. Raises Refused `unknown-printer` 404."""
        lane = self.get(said)
        if lane is None:
            known = ", ".join(one.printer.name for one in self) or "none yet"
            says = f"There is no printer {said[:80]!r}. Known are: {known[:400]}."
            raise Refused(says, code="unknown-printer", status=404)
        return lane

    def get(self, said: str) -> Lane | None:
        """Return that lane, or None."""
        found = self._said.get(said) or self._said.get(said.strip().casefold())
        return self._lanes.get(found) if found else None

    def meant(self, said: str) -> Lane | None:
        """Return the lane to print on: as `get`, but what the configuration calls a printer wins over all else."""
        found = self._meant.get(said) or self._meant.get(said.strip().casefold())
        return self._lanes.get(found) if found else self.get(said)

    def by_id(self, printer: PrinterId) -> Lane | None:
        """Return the lane of the printer with that id."""
        return self._lanes.get(printer)

    def name_of(self, printer: PrinterId) -> str:
        """Return what people call that printer, also when it is gone."""
        if lane := self._lanes.get(printer):
            return lane.printer.name
        kept = self._kept.get(printer)
        return kept.printer.name if kept else printer

    def transport(self, uri: str) -> Transport:
        """Return the transport for that URI, which it finds well formed. Raises Refused `bad-uri` 422."""
        scheme = uri.partition(":")[0].lower()
        transport = self._transports.get(scheme)
        if transport is None:
            known = ", ".join(f"{one}:" for one in sorted(self._transports))
            says = f"The URI {uri[:80]!r} has no scheme that is known here. Known are {known}."
            raise Refused(says, code="bad-uri", status=422)
        transport.check(uri)
        return transport

    # changes

    async def start(self, configured: Iterable[PrinterSetting], unsettled: Sequence[Job]) -> None:
        """Bring back what the store keeps, then what the configuration names."""
        self._kept = {kept.printer.id: kept for kept in await self._desk.store.printers()}
        for job in unsettled:
            self._leftovers.setdefault(job.printer, []).append(job)
        for kept in list(self._kept.values()):
            if kept.printer.source is Source.ADDED or self._has_jobs(kept.printer.id):
                self._open(kept.printer)
                if kept.printer.source is Source.DISCOVERED:
                    self._lanes[kept.printer.id].vanished(gone=True)
        await self.configure(configured)

    async def configure(self, configured: Iterable[PrinterSetting]) -> list[str]:
        """Make the configured printers those of the configuration; return what changed, in words."""
        async with self.turn:
            return await self._configure(configured)

    def check(self, configured: Iterable[PrinterSetting]) -> None:
        """See that all of them could be printers, before any is made one. Raises Refused `bad-uri` 422."""
        for setting in configured:
            self.transport(setting.uri)

    async def _configure(self, configured: Iterable[PrinterSetting]) -> list[str]:
        notes, named = [], set()
        for setting in configured:
            printer = self._configured(setting)
            named.add(printer.id)
            lane = self._lanes.get(printer.id)
            if lane is None or lane.printer != printer:
                notes.append(f"printer {printer.name}: {'new' if lane is None else 'changed'}")
                await self.put(printer)
        for lane in list(self):
            if lane.printer.source is Source.CONFIGURED and lane.printer.id not in named:
                notes.append(f"printer {lane.printer.name}: no longer configured")
                await self._unname(lane)
        return notes

    async def put(self, printer: Printer) -> Lane:
        """Keep a printer, new or changed, and let its lane have it."""
        await self._desk.store.save_printer(printer)
        return self._open(printer)

    async def edit(self, lane: Lane, edit: Callable[[Printer], Printer]) -> Lane:
        """Change a printer; anew where it stopped itself while that was written. Raises Refused when it is gone."""
        while True:
            before = lane.printer
            await self._desk.store.save_printer(edit(before))
            if self._lanes.get(before.id) is not lane:
                raise _removed(lane)
            if lane.printer is before:
                return self._open(edit(before))

    async def take_away(self, lane: Lane) -> None:
        """Forget a printer; nobody finds it from now on, its lane ends, and then its id may be given again."""
        if self._lanes.get(lane.printer.id) is not lane:
            raise _removed(lane)
        self._close(lane)
        try:
            await lane.stop(0)
            await self._desk.store.drop_printer(lane.printer.id)
        except StoreFailed:
            self._kept[lane.printer.id] = KeptPrinter(lane.printer, lane.patience.blocked_s)
            self._open(lane.printer)
            raise
        self._kept.pop(lane.printer.id, None)

    def new(self, name: str, uri: str, source: Source) -> Printer:
        """Return a printer that is not there yet, with an id of its own. Raises Refused."""
        name = checked_name(name)
        if self._said.get(name.casefold()) is not None:
            says = f"A printer is called {name!r} already. Choose another name, or change or remove that one."
            raise Refused(says, code="name-taken", status=409)
        return Printer(new_id(name, self._kept.keys() | self._lanes.keys()), name, uri, source=source)

    async def discovered(self, scheme: str, found: Sequence[Discovered], rule: Discovery) -> None:
        """Take what a spooler lists now: new queues get a lane, those gone are offline until they return."""
        async with self.turn:
            await self._discover(scheme, found, rule)

    async def _discover(self, scheme: str, found: Sequence[Discovered], rule: Discovery) -> None:
        shown = [one for one in found if _is_shown(one, rule)]
        hidden = {one.uri for one in found} - {one.uri for one in shown}
        named = self._named(scheme)
        present = set()
        for one in shown:
            if lane := named.get(one.uri):
                hidden.add(one.uri)  # it has a better name already
                await self._learn(lane, one)
            else:
                present.add((await self._discovered(one)).printer.id)
        for lane in self:
            mine = lane.printer.source is Source.DISCOVERED and lane.printer.uri.partition(":")[0] == scheme
            if mine and lane.printer.uri in hidden and not self._has_jobs(lane.printer.id) and not lane.busy:
                await self._hide(lane)
            elif mine:
                lane.vanished(gone=lane.printer.id not in present)

    # within

    def _named(self, scheme: str) -> dict[str, Lane]:
        """Lanes of printers that people named, by the URI under which their spooler lists them."""
        finder: object = self._transports.get(scheme)
        of_scheme = [lane for lane in self if lane.printer.uri.partition(":")[0].lower() == scheme]
        named = [lane for lane in of_scheme if lane.printer.source is not Source.DISCOVERED]
        return {finder.listed_as(one.printer.uri): one for one in named} if isinstance(finder, Discovers) else {}

    def _configured(self, setting: PrinterSetting) -> Printer:
        transport = self.transport(setting.uri)
        known = self._known(setting.name)
        printer_id = known.id if known else new_id(setting.name, self._kept.keys() | self._lanes.keys())
        base = known or Printer(printer_id, setting.name, setting.uri)
        printer = replace(
            base, name=setting.name, uri=setting.uri, aliases=setting.aliases,
            source=Source.CONFIGURED, options=setting.options,
        )  # fmt: skip
        return with_kinds(printer, transport)

    def _known(self, name: str) -> Printer | None:
        """The printer that had this name before, so that it keeps its id and its jobs."""
        live = (lane.printer for lane in self)
        for printer in (*live, *(kept.printer for kept in self._kept.values())):
            if printer.name == name:
                return self._lanes[printer.id].printer if printer.id in self._lanes else printer
        return None

    async def _discovered(self, one: Discovered) -> Lane:
        known = next(
            (p for p in (k.printer for k in self._kept.values()) if p.uri == one.uri and p.source is Source.DISCOVERED),
            None,
        )
        live = self._lanes.get(known.id) if known else None
        base = live.printer if live else known
        if base is None:
            base = self._newly_discovered(one)
        printer = with_kinds(
            replace(base, info=one.info, is_default=one.is_default), self.transport(one.uri), one.kinds
        )
        if live is None or live.printer != printer:
            log.info("printer %s is there: %s", printer.name, printer.uri)
            live = await self.put(printer)
        return live

    async def _hide(self, lane: Lane) -> None:
        """Show it no more; it keeps its id in the store."""
        self._close(lane)
        await lane.stop(0)

    def _newly_discovered(self, one: Discovered) -> Printer:
        name = one.name if one.name not in self._said else f"{one.name} ({one.uri.partition(':')[0]})"
        return Printer(new_id(name, self._kept.keys() | self._lanes.keys()), name, one.uri, source=Source.DISCOVERED)

    async def _learn(self, lane: Lane, one: Discovered) -> None:
        printer = replace(lane.printer, info=one.info, is_default=one.is_default)
        printer = with_kinds(printer, lane.transport, one.kinds)
        if printer != lane.printer:
            await self.put(printer)

    async def _unname(self, lane: Lane) -> None:
        if self._has_jobs(lane.printer.id) or lane.busy:
            await self.put(replace(lane.printer, source=Source.ADDED))  # its jobs go on; remove it when it is empty
        else:
            await self.take_away(lane)

    def _open(self, printer: Printer) -> Lane:
        transport = self.transport(printer.uri)
        lane = self._lanes.get(printer.id)
        kept = self._kept.get(printer.id)
        self._kept[printer.id] = replace(kept, printer=printer) if kept else KeptPrinter(printer)
        if lane is None:
            leftovers = self._leftovers.pop(printer.id, [])
            lane = self._lanes[printer.id] = Lane(self._kept[printer.id], transport, self._desk, leftovers)
            lane.start()
        else:
            lane.change(printer, transport)
        self._renames()
        return lane

    def _close(self, lane: Lane) -> None:
        """Before anything is waited for: what is accepted for it after this is canceled by who accepts it."""
        self._lanes.pop(lane.printer.id, None)
        self._renames()

    def _has_jobs(self, printer: PrinterId) -> bool:
        store = self._desk.store
        return bool(store.waiting(printer) or store.held(printer) or self._leftovers.get(printer))

    def _renames(self) -> None:
        """Settle who answers to which name: ids first, then names, then aliases, configured printers before others."""
        lanes = list(self)
        said: dict[str, PrinterId] = {}
        for names in ([(lane.printer.id,) for lane in lanes], [(lane.printer.name,) for lane in lanes]):
            for lane, own in zip(lanes, names, strict=True):
                _claim(said, own, lane.printer.id)
        for lane in lanes:
            _claim(said, lane.printer.aliases, lane.printer.id)
        self._said = said
        self._meant = {}
        for lane in lanes:
            if lane.printer.source is Source.CONFIGURED:
                _claim(self._meant, (lane.printer.name, *lane.printer.aliases), lane.printer.id)


def _claim(said: dict[str, PrinterId], names: Iterable[str], printer: PrinterId) -> None:
    for name in names:
        said.setdefault(name, printer)
        said.setdefault(name.casefold(), printer)


def _removed(lane: Lane) -> Refused:
    return Refused(f"The printer {lane.printer.name} was removed meanwhile.", code="unknown-printer", status=404)


def _is_shown(one: Discovered, rule: Discovery) -> bool:
    if any(fnmatchcase(one.name, glob) for glob in rule.exclude):
        return False
    if rule.include:
        return any(fnmatchcase(one.name, glob) for glob in rule.include)
    return not one.is_temporary
